/**
 * Sums of milliseconds, as doubles and the rests that they could not hold.
 *
 * The double is the one nearest to the total and the rest the total less that, which is one form for each total. Both are
 * integers; together they hold up to some 2^105 ms.
 */

/** What doubles could not hold, by slot: of almost all nothing, so only the others take memory. */
export class Rests {
  readonly #rests = new Map<number, number>();

  at(slot: number): number {
    return this.#rests.size === 0 ? 0 : (this.#rests.get(slot) ?? 0);
  }

  set(slot: number, rest: number): void {
    if (rest !== 0) this.#rests.set(slot, rest);
    else if (this.#rests.size > 0) this.#rests.delete(slot);
  }

  /** Makes the slots from `start` up to `end` hold none. */
  clear(start: number, end: number): void {
    if (this.#rests.size === 0) return;
    for (const slot of this.#rests.keys()) if (slot >= start && slot < end) this.#rests.delete(slot);
  }

  /** Gives the rests of `count` slots from `from` on to those from `to` on, which are others. */
  move(from: number, to: number, count: number): void {
    for (const [slot, rest] of this.#rests) {
      if (slot >= from && slot < from + count) this.#rests.set(to + slot - from, rest);
    }
  }
}

/** The rest is at most half a unit in the last place of the double, and must itself be a safe integer. */
const TOTAL_LIMIT = 1n << 105n;

/**
 * Adds ms + rest to the total in a column and its rests, by Knuth's and Dekker's error-free transformations: TwoSum, then FastTwoSum.
 * Where the double is a safe integer there is no rest, so mostly these aren't even looked at.
 */
export function addMs(column: Float64Array, rests: Rests, slot: number, ms: number, rest: number): void {
  const before = column[slot]!;
  const rounded = before + ms;
  if (rest === 0 && isSafe(before) && isSafe(rounded)) {
    column[slot] = rounded;
    return;
  }
  const restBefore = rests.at(slot) + rest;
  const added = rounded - before;
  const error = before - (rounded - added) + (ms - added);
  const low = restBefore + error;
  const high = rounded + low;
  column[slot] = high;
  rests.set(slot, low - (high - rounded));
}

/** Adds the total of another slot `sign` times. */
export function mergeMs(
  column: Float64Array,
  rests: Rests,
  slot: number,
  from: Float64Array,
  fromRests: Rests,
  fromSlot: number,
  sign: 1 | -1,
): void {
  const ms = from[fromSlot]!;
  addMs(column, rests, slot, sign * ms, isSafe(ms) ? 0 : sign * fromRests.at(fromSlot));
}

function isSafe(ms: number): boolean {
  return ms <= Number.MAX_SAFE_INTEGER && ms >= -Number.MAX_SAFE_INTEGER;
}

/** The whole total in ms. */
export function totalMs(column: Float64Array, rests: Rests, slot: number): bigint {
  return BigInt(column[slot]!) + BigInt(rests.at(slot));
}

/** Sets a total; false, and nothing changed, where it is beyond what the two columns hold. */
export function setMs(column: Float64Array, rests: Rests, slot: number, total: bigint): boolean {
  if (total >= TOTAL_LIMIT || total <= -TOTAL_LIMIT) return false;
  const nearest = Number(total);
  column[slot] = nearest;
  rests.set(slot, Number(total - BigInt(nearest)));
  return true;
}
