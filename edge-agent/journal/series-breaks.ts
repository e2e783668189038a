import type { LinkCorrection, RememberedReading } from './link-correction.ts';

/**
 * A time at which whoever speaks for a series was gone (docs/design.md#break): what a gauge held before it holds up to it,
 * and no further. A reading at that very time comes after it.
 */
export interface Break {
  readonly entry: number;
  readonly atMs: number;
}

/** A break of a series by its number. */
export interface SeriesBreak extends Break {
  readonly series: number;
}

/** A break, and the reading whose held time up to it is in a frame; null where there is none, or none yet. */
interface KeptBreak extends Break {
  shipped: RememberedReading | null;
}

/** Which reading of the series, as far as it is in frames, is the last one before a time; null where none is. */
export type LastInFrames = (timeMs: number) => RememberedReading | null;

/**
 * The breaks of one series, in order of time. Links never lead across one. Instead of it, the last reading before a break
 * has a link that ends there, with its own value at both ends, once it is in a frame.
 *
 * Law: after `settle`, the sum of all corrections that it gave is one link for each break that directly follows a reading
 * which is in a frame, whatever came in whatever order.
 */
export class SeriesBreaks {
  readonly #breaks: KeptBreak[] = [];
  /** Nothing has changed before this time since it was last settled. */
  #touchedMs = Number.POSITIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#breaks.length === 0;
  }

  get count(): number {
    return this.#breaks.length;
  }

  /** Whether a link between two times would lead across one: one lies in (fromMs, toMs]. */
  lieBetween(fromMs: number, toMs: number): boolean {
    return this.nextAfter(fromMs) <= toMs;
  }

  /** The first one after a time; infinity where there is none. */
  nextAfter(timeMs: number): number {
    return this.#breaks[this.#indexAfter(timeMs)]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Adds one; false where it is known. */
  add({ entry, atMs }: Break): boolean {
    const index = this.#indexAfter(atMs);
    if (this.#breaks[index - 1]?.atMs === atMs) return false;
    this.#breaks.splice(index, 0, { entry, atMs, shipped: null });
    this.touch(atMs);
    return true;
  }

  /** Readings from this time on have come, have changed, or are in frames now. */
  touch(fromMs: number): void {
    if (fromMs < this.#touchedMs) this.#touchedMs = fromMs;
  }

  /** Lets go of those up to a time, and gives them. */
  forget(timeMs: number): readonly Break[] {
    return this.#breaks.splice(0, this.#indexAfter(timeMs));
  }

  /** What has to be shipped of held time that ends at a break, since what was touched. */
  settle(lastBefore: LastInFrames): readonly LinkCorrection[] {
    if (this.#touchedMs === Number.POSITIVE_INFINITY) return [];
    const corrections: LinkCorrection[] = [];
    for (let i = this.#indexAfter(this.#touchedMs - 1); i < this.#breaks.length; i++) {
      const one = this.#breaks[i]!;
      const held = this.#heldUpTo(i, lastBefore);
      if (isSame(one.shipped, held)) continue;
      if (one.shipped !== null) corrections.push(linkTo(one, one.shipped, -1));
      if (held !== null) corrections.push(linkTo(one, held, 1));
      one.shipped = held;
    }
    this.#touchedMs = Number.POSITIVE_INFINITY;
    return corrections;
  }

  /** Takes up what was shipped when what the journal holds was stored: each commit is settled. */
  restore(lastBefore: LastInFrames): void {
    for (const [i, one] of this.#breaks.entries()) one.shipped = this.#heldUpTo(i, lastBefore);
    this.#touchedMs = Number.POSITIVE_INFINITY;
  }

  #heldUpTo(index: number, lastBefore: LastInFrames): RememberedReading | null {
    const last = lastBefore(this.#breaks[index]!.atMs);
    const before = this.#breaks[index - 1];
    return last !== null && before !== undefined && before.atMs > last.timeMs ? null : last;
  }

  /** Index of the first one after a time. */
  #indexAfter(timeMs: number): number {
    let low = 0;
    let high = this.#breaks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#breaks[middle]!.atMs <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isSame(a: RememberedReading | null, b: RememberedReading | null): boolean {
  return a === b || (a !== null && b !== null && a.timeMs === b.timeMs && a.value === b.value);
}

function linkTo({ entry, atMs }: Break, { timeMs, value }: RememberedReading, sign: 1 | -1): LinkCorrection {
  return { entry, sign, fromMs: timeMs, fromValue: value, toMs: atMs, toValue: value };
}
