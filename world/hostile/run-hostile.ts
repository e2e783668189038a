import { Draws } from '../platform/draws.ts';
import { BYTE_DOORS } from './byte-doors.ts';
import type { Door } from './door.ts';
import { MQTT_DOORS } from './mqtt-doors.ts';
import { mutate } from './mutate.ts';
import { poll } from './poll-door.ts';
import { sparkplug } from './sparkplug-door.ts';
import { TEXT_DOORS } from './text-doors.ts';

export const DOORS: readonly Door[] = [...BYTE_DOORS, ...MQTT_DOORS, sparkplug, poll, ...TEXT_DOORS];

/** Cases between two looks at the memory. */
const MEMORY_EVERY_CASES = 512;

export interface HostileOptions {
  readonly seed: number;
  /** Case numbers of each door, from `from` up to but not including `to`. */
  readonly from: number;
  readonly to: number;
  readonly doors?: readonly Door[];
  readonly done?: (cases: number) => void;
}

export interface HostileFailure {
  readonly door: string;
  readonly case: number;
  readonly error: unknown;
}

export interface HostileReport {
  cases: number;
  refused: number;
  accepted: number;
  readonly failed: HostileFailure[];
  /** The most that the process has held at once, as far as was looked. */
  memoryMb: number;
  /** The longest that one case took. */
  slowest: { door: string; case: number; ms: number };
}

/** Sends mutated inputs to every door in turn; what one case is follows from seed, door and number alone. */
export async function runHostile({ seed, from, to, doors = DOORS, done }: HostileOptions): Promise<HostileReport> {
  const slowest = { door: '', case: 0, ms: 0 };
  const report: HostileReport = { cases: 0, refused: 0, accepted: 0, failed: [], memoryMb: 0, slowest };
  for (let number = from; number < to; number++) {
    for (const door of doors) {
      const bytes = caseOf(door, seed, number);
      const startMs = performance.now();
      try {
        report[await door.open(bytes)]++;
      } catch (error) {
        report.failed.push({ door: door.name, case: number, error });
      }
      const ms = performance.now() - startMs;
      if (ms > report.slowest.ms) report.slowest = { door: door.name, case: number, ms };
      if (report.cases++ % MEMORY_EVERY_CASES === 0) {
        report.memoryMb = Math.max(report.memoryMb, process.memoryUsage.rss() / 2 ** 20);
        done?.(report.cases);
      }
    }
  }
  return report;
}

/** How many of the inputs that can be sealed are. */
const SEALED_SHARE = 0.75;

/** The input of a case. */
export function caseOf(door: Door, seed: number, number: number): Uint8Array {
  const draws = new Draws(seed, `${door.name} ${number}`);
  const bytes = mutate(draws, door.samples);
  return door.seal !== undefined && draws.chance(SEALED_SHARE) ? door.seal(bytes) : bytes;
}
