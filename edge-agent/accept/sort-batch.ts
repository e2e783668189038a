/** Readings of a batch, and to which series each entry belongs, by its dense number. */
export interface UnsortedReadings {
  readonly count: number;
  readonly entry: Int32Array;
  readonly seriesOf: readonly number[];
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
}

/** The same, series after series, within a series by time, equal times in source order. */
export interface SortedReadings {
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  /** The series that the batch touches; the readings of `series[i]` stand at `starts[i]` to `starts[i + 1] - 1`. */
  readonly series: Int32Array;
  readonly starts: Int32Array;
}

/** A batch of fewer rows than one for so many series is sorted by comparing: nothing is gone through that it doesn't touch. */
const SERIES_PER_ROW_MAX = 32;

/**
 * Sorts readings by (series, time), stable. Counting sort by series; a series is sorted by time only if it is out of
 * order, since files and devices almost always deliver in order. What it gives is its own memory, lent until the next call.
 */
export class BatchSorter {
  #entry = new Int32Array(0);
  #timeMs = new Float64Array(0);
  #value = new Float64Array(0);

  /** Series numbers are below `seriesCount`. */
  sort(readings: UnsortedReadings, seriesCount: number): SortedReadings {
    const { count } = readings;
    if (count > this.#entry.length) {
      this.#entry = new Int32Array(count);
      this.#timeMs = new Float64Array(count);
      this.#value = new Float64Array(count);
    }
    return count * SERIES_PER_ROW_MAX < seriesCount
      ? this.#byComparing(readings)
      : this.#byCounting(readings, seriesCount);
  }

  #byCounting({ count, seriesOf, ...from }: UnsortedReadings, seriesCount: number): SortedReadings {
    const ends = new Int32Array(seriesCount + 1);
    for (let row = 0; row < count; row++) ends[seriesOf[from.entry[row]!]! + 1]!++;
    let touched = 0;
    for (let number = 0; number < seriesCount; number++) {
      if (ends[number + 1]! > 0) touched++;
      ends[number + 1] = ends[number + 1]! + ends[number]!;
    }
    const series = new Int32Array(touched);
    const starts = new Int32Array(touched + 1);
    for (let number = 0, i = 0; number < seriesCount; number++) {
      if (ends[number + 1] === ends[number]) continue;
      series[i] = number;
      starts[i++] = ends[number]!;
    }
    starts[touched] = count;
    const [entry, timeMs, value] = [this.#entry, this.#timeMs, this.#value];
    for (let row = 0; row < count; row++) {
      const number = seriesOf[from.entry[row]!]!;
      const at = ends[number]!;
      ends[number] = at + 1;
      entry[at] = from.entry[row]!;
      timeMs[at] = from.timeMs[row]!;
      value[at] = from.value[row]!;
    }
    for (let i = 0; i < touched; i++) this.#sortByTime(starts[i]!, starts[i + 1]!);
    return { entry, timeMs, value, series, starts };
  }

  #byComparing({ count, entry, seriesOf, timeMs, value }: UnsortedReadings): SortedReadings {
    const numberOf = (row: number): number => seriesOf[entry[row]!]!;
    const order = Int32Array.from({ length: count }, (_, row) => row);
    order.sort((a, b) => numberOf(a) - numberOf(b) || timeMs[a]! - timeMs[b]! || a - b);
    for (const [i, row] of order.entries()) {
      this.#entry[i] = entry[row]!;
      this.#timeMs[i] = timeMs[row]!;
      this.#value[i] = value[row]!;
    }
    const isFirst = (i: number): boolean => i === 0 || numberOf(order[i]!) !== numberOf(order[i - 1]!);
    const starts = [...order.keys()].filter(isFirst);
    return {
      entry: this.#entry,
      timeMs: this.#timeMs,
      value: this.#value,
      series: Int32Array.from(starts, (start) => numberOf(order[start]!)),
      starts: Int32Array.from([...starts, count]),
    };
  }

  #sortByTime(from: number, to: number): void {
    const timeMs = this.#timeMs;
    let at = from + 1;
    while (at < to && timeMs[at]! >= timeMs[at - 1]!) at++;
    if (at >= to) return;
    const [entry, times, value] = [this.#entry.slice(from, to), timeMs.slice(from, to), this.#value.slice(from, to)];
    const order = Int32Array.from(times, (_, i) => i);
    order.sort((a, b) => times[a]! - times[b]! || a - b);
    for (const [i, row] of order.entries()) {
      this.#entry[from + i] = entry[row]!;
      timeMs[from + i] = times[row]!;
      this.#value[from + i] = value[row]!;
    }
  }
}
