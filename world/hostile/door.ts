import { strict as assert } from 'node:assert';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import type { ReadingBatch } from '#edge-agent/sources/source.ts';

/** What became of an input: nothing else may. Whatever a door throws that it doesn't document is a fault of ours. */
export type Outcome = 'accepted' | 'refused';

/** A place where bytes of others are read. */
export interface Door {
  readonly name: string;
  /** Inputs that it accepts, which mutated ones are made from. */
  readonly samples: readonly Uint8Array[];
  /** Makes right what would refuse most inputs before they are looked at, as an enemy would: a checksum, an encoding. */
  readonly seal?: (bytes: Uint8Array) => Uint8Array;
  /**
   * Reads an input with the code that reads it in the product. Asserts what holds of each that is accepted: that it is
   * written and read again as the same, that its parts add up. Throws, where that or something unforeseen happens.
   */
  readonly open: (bytes: Uint8Array) => Outcome | Promise<Outcome>;
}

/** A batch holds what can be a reading, and nothing else. */
export function checkBatch({ count, timeMs, value }: Pick<ReadingBatch, 'count' | 'timeMs' | 'value'>): void {
  for (let i = 0; i < count; i++) {
    assert(Number.isSafeInteger(value[i]), `value ${value[i]} is a scaled integer`);
    const atMs = timeMs[i]!;
    assert(Number.isInteger(atMs) && atMs >= INSTANT_MIN_MS && atMs <= INSTANT_MAX_MS, `time ${atMs} is an instant`);
  }
}
