import { strict as assert } from 'node:assert';

/** Something whose speed is to be kept. */
export interface Piece {
  readonly name: string;
  /** Does the same each time; some 10 ms of work. */
  readonly run: () => void | Promise<void>;
}

/** How many times as long the fixed loop takes as each piece, by its name: greater is faster. */
export type Ratios = Readonly<Record<string, number>>;

const WARM_UPS = 30;
/** A piece is slower than it was where its ratio is below this share of the one that is kept. */
export const KEPT_SHARE = 2 / 3;

/**
 * Measures pieces against the fixed loop, round by round in turn: the quickest of each counts, in time of this process on cores, so
 * that whoever else uses the machine takes nothing away but what they do to its caches.
 */
export async function measureRatios(pieces: readonly Piece[], rounds: number): Promise<Ratios> {
  const fixed: Piece = { name: 'fixed', run: () => keep(runFixedLoop()) };
  const quickest = new Map<Piece, number>();
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const piece of [fixed, ...pieces]) {
      const startMicros = coreMicros();
      await piece.run();
      const took = coreMicros() - startMicros;
      if (round >= 0) quickest.set(piece, Math.min(took, quickest.get(piece) ?? Number.POSITIVE_INFINITY));
    }
  }
  const ofFixed = quickest.get(fixed)!;
  return Object.fromEntries(pieces.map((piece) => [piece.name, Number((ofFixed / quickest.get(piece)!).toFixed(3))]));
}

/** What has become slower by a third or more than what is kept, as sentences. A piece that isn't kept yet is one too. */
export function slowerThan(kept: Ratios, now: Ratios): readonly string[] {
  const unkept = Object.keys(now).filter((name) => kept[name] === undefined);
  return [
    ...unkept.map((name) => `${name} has no ratio that is kept; npm run baseline writes it`),
    ...Object.entries(kept).flatMap(([name, ratio]) => {
      const measured = now[name];
      if (measured === undefined) return [`${name} is kept, and was not measured`];
      return measured < ratio * KEPT_SHARE ? [`${name} has fallen from ${ratio} to ${measured} of the fixed loop`] : [];
    }),
  ];
}

function coreMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

let kept = 0;

/** Uses a result, so that it has to be computed. */
function keep(value: number): void {
  kept ^= value;
  assert(Number.isInteger(kept), 'the fixed loop gives integers');
}

const PASSES = 1_000;
const STEPS = 4_000;

/**
 * Work that never changes, to measure other work against: steps of Marsaglia's xorshift, each of which needs the one before. It
 * touches no memory, since what the compiler makes of that depends on what else the process has done. Passes are short, so
 * that their function is compiled whole. Gives a number, so that none of it can be left out.
 */
function runFixedLoop(): number {
  let state = 1;
  for (let pass = 0; pass < PASSES; pass++) state = stepped(state);
  return state;
}

function stepped(from: number): number {
  let state = from | 0;
  for (let i = 0; i < STEPS; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
