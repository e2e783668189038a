import { strict as assert } from 'node:assert';
import type { LinkCorrection, RememberedReading } from './link-correction.ts';
import { SeriesBreaks } from './series-breaks.ts';

const CAPACITY_MIN = 16;

/**
 * What the agent remembers of one series: its accepted readings in order of time, from some time on.
 *
 * The readings after `sealedMs` are the *tail*: journaled, but not yet in a frame. Everything up to it has been given
 * to a frame, so a change there has to be shipped as a correction. `forgottenMs` is the time up to which the journal has
 * let go: an unknown reading at or before it cannot be told from a repeat.
 */
export class SeriesJournal {
  times = new Float64Array(CAPACITY_MIN);
  values = new Float64Array(CAPACITY_MIN);
  /** Dictionary entry of each reading: tags may change in the life of a series. */
  entries = new Int32Array(CAPACITY_MIN);
  length = 0;
  sealedMs = Number.NEGATIVE_INFINITY;
  forgottenMs = Number.NEGATIVE_INFINITY;
  /** Value of the reading at `forgottenMs`: still the neighbour of what came after it. */
  forgottenValue = 0;
  readonly breaks = new SeriesBreaks();

  get lastMs(): number {
    return this.length === 0 ? Number.NEGATIVE_INFINITY : this.times[this.length - 1]!;
  }

  /** Index of the first reading at or after `timeMs`; `length` when there is none. */
  indexFrom(timeMs: number): number {
    const { times } = this;
    let low = 0;
    let high = this.length;
    if (high > 0 && times[high - 1]! < timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first reading of the tail; `length` when the tail is empty. */
  get tailStart(): number {
    if (this.sealedMs === Number.NEGATIVE_INFINITY) return 0;
    const index = this.indexFrom(this.sealedMs);
    return index < this.length && this.times[index] === this.sealedMs ? index + 1 : index;
  }

  /** The value of the reading at `timeMs`; undefined where none is remembered. */
  valueAt(timeMs: number): number | undefined {
    const index = this.indexFrom(timeMs);
    return index < this.length && this.times[index] === timeMs ? this.values[index] : undefined;
  }

  at(index: number): RememberedReading {
    assert(index >= 0 && index < this.length);
    return { timeMs: this.times[index]!, value: this.values[index]! };
  }

  /** The reading that the one at `index` is linked to: the one before it, unless the series broke off between them. */
  before(index: number): RememberedReading | null {
    const before = this.neighbourOf(index);
    if (before === null || this.breaks.isEmpty) return before;
    return this.breaks.lieBetween(before.timeMs, this.times[index]!) ? null : before;
  }

  /**
   * The reading before the one at `index`, or null where there was none. Readings that came late, before what the
   * journal has forgotten, are no neighbours of what came after it: the forgotten one is.
   */
  neighbourOf(index: number): RememberedReading | null {
    const timeMs = index > 0 ? this.times[index - 1]! : Number.NEGATIVE_INFINITY;
    if (timeMs > this.forgottenMs) return { timeMs, value: this.values[index - 1]! };
    if (this.forgottenMs === Number.NEGATIVE_INFINITY) return null;
    return { timeMs: this.forgottenMs, value: this.forgottenValue };
  }

  append(timeMs: number, value: number, entry: number): void {
    if (this.length === this.times.length) this.#grow(this.length + 1);
    this.times[this.length] = timeMs;
    this.values[this.length] = value;
    this.entries[this.length] = entry;
    this.length++;
  }

  /** Appends the readings [from, to) of the arrays, of ascending times after all that it holds. */
  extend(
    times: ArrayLike<number>,
    values: ArrayLike<number>,
    entries: ArrayLike<number>,
    from: number,
    to: number,
  ): void {
    this.#grow(this.length + to - from);
    const { times: ownTimes, values: ownValues, entries: ownEntries } = this;
    let at = this.length;
    for (let i = from; i < to; i++, at++) {
      ownTimes[at] = times[i]!;
      ownValues[at] = values[i]!;
      ownEntries[at] = entries[i]!;
    }
    this.length = at;
  }

  /** Takes in readings in ascending order of times that it does not hold yet; one pass from the back. */
  merge(
    times: ArrayLike<number>,
    values: ArrayLike<number>,
    entries: ArrayLike<number>,
    from: number,
    to: number,
  ): void {
    let source = to - 1;
    let kept = this.length - 1;
    this.#grow(this.length + to - from);
    this.length += to - from;
    for (let target = this.length - 1; source >= from; target--) {
      const takesKept = kept >= 0 && this.times[kept]! > times[source]!;
      this.times[target] = takesKept ? this.times[kept]! : times[source]!;
      this.values[target] = takesKept ? this.values[kept]! : values[source]!;
      this.entries[target] = takesKept ? this.entries[kept]! : entries[source]!;
      if (takesKept) kept--;
      else source--;
    }
  }

  /** What has to be shipped of held time that ends where the series broke off. */
  settleBreaks(): readonly LinkCorrection[] {
    return this.breaks.settle(this.#lastInFrames);
  }

  /** Takes up what was shipped of held time that ends at breaks, once all is here that was stored. */
  restoreBreaks(): void {
    this.breaks.restore(this.#lastInFrames);
  }

  readonly #lastInFrames = (timeMs: number): RememberedReading | null => {
    const last = this.neighbourOf(this.indexFrom(timeMs));
    return last !== null && last.timeMs <= this.sealedMs ? last : null;
  };

  /** Lets go of all readings up to `timeMs`, but never of the last one nor of the tail. */
  forget(timeMs: number): void {
    const count = Math.min(this.indexFrom(timeMs + 1), this.length - 1, this.tailStart - 1);
    if (count <= 0) return;
    const lastForgottenMs = this.times[count - 1]!;
    if (lastForgottenMs > this.forgottenMs) {
      this.forgottenMs = lastForgottenMs;
      this.forgottenValue = this.values[count - 1]!;
    }
    // What stays is not moved until its room is needed, so that forgetting takes no time for what is remembered.
    this.times = this.times.subarray(count);
    this.values = this.values.subarray(count);
    this.entries = this.entries.subarray(count);
    this.length -= count;
  }

  /** Makes room for readings up to the length: what was forgotten gives its own where that is as much as is remembered. */
  #grow(length: number): void {
    if (length <= this.times.length) return;
    const { buffer, byteOffset } = this.times;
    const forgotten = byteOffset / Float64Array.BYTES_PER_ELEMENT;
    const fits = forgotten >= this.length && length <= forgotten + this.times.length;
    const capacity = Math.max(length, this.times.length * 2);
    const times = fits ? new Float64Array(buffer) : new Float64Array(capacity);
    const values = fits ? new Float64Array(this.values.buffer) : new Float64Array(capacity);
    const entries = fits ? new Int32Array(this.entries.buffer) : new Int32Array(capacity);
    times.set(this.times.subarray(0, this.length));
    values.set(this.values.subarray(0, this.length));
    entries.set(this.entries.subarray(0, this.length));
    this.times = times;
    this.values = values;
    this.entries = entries;
  }
}
