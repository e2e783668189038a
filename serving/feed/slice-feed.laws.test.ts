/** Whoever follows a view by its slices has what the API answers, whatever happens on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedMark, SliceFollower, SlicePiece } from '#backbone/answers/slice-feed.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { readStats } from '#core/stats/stats.ts';
import { answerWindows } from '../answers/answer-windows.ts';
import { ViewReader } from '../http/view-reader.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import { openIndexOf, POWER, World } from '../world.fixtures.ts';
import { IndexFeed } from './slice-feed.ts';
import { sliceQuery } from './slice-query.ts';

const RUNS = 150;
const MINUTE_MS = 60_000;
const DEVICES = ['a@r1', 'b@r1', 'c@r2'];
const AGENTS = ['one', 'two'];

/** What becomes of a piece that was taken: of one that stays open nothing is known until the end, or a crash. */
type Outcome = 'kept' | 'refused' | 'open';

type Step =
  | {
      readonly kind: 'deliver';
      readonly agent: number;
      readonly device: number;
      readonly minute: number;
      readonly value: number;
      readonly marks: boolean;
    }
  | { readonly kind: 'heartbeat'; readonly agent: number; readonly minute: number }
  | { readonly kind: 'lose' | 'retire'; readonly agent: number }
  | { readonly kind: 'end'; readonly device: number; readonly minute: number }
  | { readonly kind: 'take-back'; readonly device: number; readonly n: number }
  | { readonly kind: 'batch' }
  | { readonly kind: 'tell'; readonly outcome: Outcome }
  | { readonly kind: 'restart'; readonly isRemembered: boolean }
  | { readonly kind: 'remember' };

const minute = fc.nat(40);
const agent = fc.nat(AGENTS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      agent,
      device: fc.nat(DEVICES.length - 1),
      minute,
      value: fc.integer({ min: -50, max: 50 }),
      marks: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), agent, minute }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lose' as const, 'retire' as const), agent }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('end' as const), device: fc.nat(DEVICES.length - 1), minute }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('take-back' as const),
      device: fc.nat(DEVICES.length - 1),
      n: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'batch' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('tell' as const),
      outcome: fc.constantFrom<Outcome>('kept', 'refused', 'open'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), isRemembered: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remember' as const) }) },
);

/** A series has one writer. */
function writerOf(device: number): string {
  return AGENTS[device % AGENTS.length]!;
}

/** What somebody has of a view who is told of it, as a store would keep it. */
class Copy {
  readonly slices = new Map<string, string>();
  readonly open: SlicePiece[] = [];

  /** Takes the next piece; false where there is none. */
  async take(follower: SliceFollower, outcome: Outcome): Promise<boolean> {
    if (follower.startsOver) {
      this.slices.clear();
      follower.cleared();
    }
    const piece = await follower.next();
    if (piece === undefined) return false;
    // Of what is not acknowledged nothing may have been written, or all.
    if (outcome === 'open') {
      this.open.push(piece);
      return true;
    }
    for (const { tags, startMs, value, completeness, final, pending, revision, state } of piece.slices()) {
      const exact = Buffer.from(state()).toString('hex');
      const values = follower.followed!.statistics.map((_, i) => value(i));
      this.slices.set(
        JSON.stringify([startMs, tags]),
        JSON.stringify([values, completeness, final, pending, revision, exact]),
      );
    }
    for (const { tags, startMs } of piece.gone) this.slices.delete(JSON.stringify([startMs, tags]));
    if (outcome === 'kept') piece.done();
    else piece.putBack();
    return true;
  }
}

/** What the API says of every slice. */
async function answered(index: ServingIndex, reader: ViewReader, world: World): Promise<ReadonlyMap<string, string>> {
  const source = index.source(world.view.name)!;
  const query = sliceQuery(reader.about(source));
  const { table, windows } = await answerWindows(index, source, query);
  const { told, metric } = query;
  return new Map(
    [...windows].map(({ startMs, tags, slot, completeness, final, pending, revision }) => {
      const values = told.map((one) => one.compute(readStats(table, slot), metric));
      const exact = Buffer.from(encodeRow(table, slot)).toString('hex');
      return [JSON.stringify([startMs, tags]), JSON.stringify([values, completeness, final, pending, revision, exact])];
    }),
  );
}

async function play(steps: readonly Step[]): Promise<void> {
  const world = await World.open();
  const copy = new Copy();
  let remembered: FeedMark | undefined;
  let index = await openIndexOf(world);
  const open = (): { reader: ViewReader; follower: SliceFollower } => {
    const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
    return { reader, follower: new IndexFeed(reader).follow(world.view.name, remembered, () => undefined) };
  };
  let { reader, follower } = open();
  const taken = new Set<string>();
  for (const [at, one] of steps.entries()) {
    switch (one.kind) {
      case 'deliver': {
        // (series, time) names at most one reading.
        const place = `${one.device}/${one.minute}`;
        if (taken.has(place)) break;
        taken.add(place);
        const writer = writerOf(one.device);
        const reading = { device: DEVICES[one.device]!, atMs: one.minute * MINUTE_MS, value: one.value };
        await world.deliverLinked(writer, [reading], one.marks ? (one.minute + 1) * MINUTE_MS : null);
        break;
      }
      case 'heartbeat':
        await world.heartbeat(AGENTS[one.agent]!, one.minute * MINUTE_MS);
        break;
      case 'lose':
        world.lose(AGENTS[one.agent]!);
        break;
      case 'retire':
        await world.retire(AGENTS[one.agent]!);
        break;
      case 'end':
        await world.endSeries(writerOf(one.device), DEVICES[one.device]!, one.minute * MINUTE_MS);
        break;
      case 'take-back':
        await world.takeBack(writerOf(one.device), DEVICES[one.device]!, one.n);
        break;
      case 'batch':
        await world.batch(at);
        await index.settled(world.view.name);
        break;
      case 'tell':
        await copy.take(follower, one.outcome);
        break;
      case 'remember':
        remembered = JSON.parse(JSON.stringify(follower.mark() ?? null)) as FeedMark;
        break;
      case 'restart':
        if (one.isRemembered) remembered = JSON.parse(JSON.stringify(follower.mark() ?? null)) as FeedMark;
        copy.open.length = 0;
        follower[Symbol.dispose]();
        await index[Symbol.asyncDispose]();
        index = await openIndexOf(world);
        ({ reader, follower } = open());
        break;
    }
  }
  for (const piece of copy.open) piece.putBack();
  while (await copy.take(follower, 'kept'));
  expect(follower.isWhole).toBe(true);
  expect(follower.untold).toBe(0);
  expect(copy.slices).toEqual(await answered(index, reader, world));
  follower[Symbol.dispose]();
  await index[Symbol.asyncDispose]();
}

describe('a view that is followed by its slices', () => {
  it('is what the API answers, however it is told, with restarts, batches and marks that are old', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), play), {
      numRuns: RUNS,
    });
  });

  const TOLD: Step = { kind: 'tell', outcome: 'kept' };
  const TOLD_AND_MARKED: readonly Step[] = [{ kind: 'batch' }, TOLD, TOLD, TOLD, { kind: 'remember' }];
  const CRASH: Step = { kind: 'restart', isRemembered: false };

  function delivered(device: number, minuteOf: number): Step {
    return { kind: 'deliver', agent: 0, device, minute: minuteOf, value: 0, marks: false };
  }

  it('is told of a slice that comes to hold nothing, also where that came after the mark', async () => {
    const back: Step = { kind: 'take-back', device: 0, n: 1 };
    await play([delivered(0, 0), delivered(0, 3), TOLD, TOLD, back]);
    await play([delivered(0, 0), delivered(0, 3), ...TOLD_AND_MARKED, back, CRASH]);
    await play([delivered(0, 0), delivered(0, 3), ...TOLD_AND_MARKED, back, { kind: 'batch' }, CRASH]);
  });

  it('is told again where an agent that was retired since the mark has come back, and misses something', async () => {
    const back: readonly Step[] = [{ kind: 'retire', agent: 0 }, TOLD, delivered(0, 1), { kind: 'lose', agent: 0 }];
    await play([delivered(2, 0), delivered(0, 0), ...TOLD_AND_MARKED, ...back, CRASH]);
  });

  it('is told again where an agent brings what it misses into a group after the mark', async () => {
    const missing: readonly Step[] = [delivered(1, 0), { kind: 'lose', agent: 0 }, delivered(2, 0)];
    await play([...missing, ...TOLD_AND_MARKED, delivered(0, 16), CRASH]);
  });

  it('is told again where a series was ended after the mark', async () => {
    const begun: readonly Step[] = [delivered(0, 0), { kind: 'heartbeat', agent: 0, minute: 9 }, delivered(0, 5)];
    await play([...begun, ...TOLD_AND_MARKED, { kind: 'end', device: 0, minute: 2 }, CRASH]);
  });

  it('is followed on from a mark that is older than batch results and changes', async () => {
    const some = fc.array(step, { minLength: 1, maxLength: 15 });
    const steps = fc
      .tuple(some, some)
      .map(([before, after]): readonly Step[] => [
        ...before,
        ...TOLD_AND_MARKED,
        ...after.filter(({ kind }) => kind !== 'remember'),
        CRASH,
      ]);
    await fc.assert(fc.asyncProperty(steps, play), { numRuns: RUNS });
  });
});
