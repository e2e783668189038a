import { Draws } from '../platform/draws.ts';
import type { Door, Outcome } from './door.ts';
import { mutate } from './mutate.ts';

/**
 * What one input may take of a processor, in ms, however busy the machine is: it is a few kilobytes, and what works on it
 * for longer stops everything else that the process does.
 */
export const CASE_CPU_MS_MAX = 1_000;

/** Cases between two looks at the memory. */
const MEMORY_EVERY_CASES = 512;

export interface HostileOptions {
  readonly seed: number;
  /** Case numbers of each door, from `from` up to but not including `to`. */
  readonly from: number;
  readonly to: number;
  readonly doors: readonly Door[];
  /** The number of the door that the first case begins with. */
  readonly firstDoor?: number;
  readonly hears?: HostileEars;
}

/** Who follows what becomes of each case. */
export interface HostileEars {
  readonly began: (door: number, number: number) => void;
  readonly ended: (outcome: Outcome | HostileFailure) => void;
}

export interface HostileFailure {
  readonly door: string;
  readonly case: number;
  readonly error: unknown;
}

/** An input took more of a processor than any may. */
export class CaseTooSlow extends Error {
  override readonly name = 'CaseTooSlow';
  constructor(ms: number) {
    super(`it took ${Math.round(ms)} ms of a processor, and ${CASE_CPU_MS_MAX} are allowed`);
  }
}

export interface HostileReport {
  cases: number;
  refused: number;
  accepted: number;
  readonly failed: HostileFailure[];
  /** The most that the process has held at once, as far as was looked. */
  memoryMb: number;
  /** The case that took most of a processor. */
  slowest: { door: string; case: number; ms: number };
}

/** Sends mutated inputs to every door in turn; what one case is follows from seed, door and number alone. */
export async function runHostile(options: HostileOptions): Promise<HostileReport> {
  const { seed, from, to, doors, firstDoor = 0, hears } = options;
  const slowest = { door: '', case: 0, ms: 0 };
  const report: HostileReport = { cases: 0, refused: 0, accepted: 0, failed: [], memoryMb: 0, slowest };
  for (let number = from, at = firstDoor; number < to; number++, at = 0) {
    for (; at < doors.length; at++) {
      const door = doors[at]!;
      const bytes = caseOf(door, seed, number);
      hears?.began(at, number);
      const startMs = cpuMs();
      const outcome = await tried(door, bytes, startMs).catch((error: unknown): HostileFailure => ({
        door: door.name,
        case: number,
        error,
      }));
      const ms = cpuMs() - startMs;
      if (typeof outcome === 'string') report[outcome]++;
      else report.failed.push(outcome);
      if (ms > report.slowest.ms) report.slowest = { door: door.name, case: number, ms };
      hears?.ended(outcome);
      if (report.cases++ % MEMORY_EVERY_CASES === 0)
        report.memoryMb = Math.max(report.memoryMb, process.memoryUsage.rss() / 2 ** 20);
    }
  }
  return report;
}

async function tried(door: Door, bytes: Uint8Array, startMs: number): Promise<Outcome> {
  const outcome = await door.open(bytes);
  const ms = cpuMs() - startMs;
  if (ms > CASE_CPU_MS_MAX) throw new CaseTooSlow(ms);
  return outcome;
}

/** What this thread has taken of a processor, in ms. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** How many of the inputs that can be sealed are. */
const SEALED_SHARE = 0.75;

/** The input of a case. */
export function caseOf(door: Door, seed: number, number: number): Uint8Array {
  const draws = new Draws(seed, `${door.name} ${number}`);
  const bytes = mutate(draws, door.samples);
  return door.seal !== undefined && draws.chance(SEALED_SHARE) ? door.seal(bytes) : bytes;
}
