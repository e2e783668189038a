/** Rows of a batch, put in order: series after series, within a series by time, equal times in source order. */
export interface SortedBatch {
  /** Row numbers of the batch in the new order. */
  readonly order: Int32Array;
  /** The series that the batch touches; the rows of `series[i]` stand at `order[starts[i]]` to `order[starts[i + 1] - 1]`. */
  readonly series: Int32Array;
  readonly starts: Int32Array;
}

/** A batch of fewer rows than one for so many series is sorted by comparing: nothing is gone through that it doesn't touch. */
const SERIES_PER_ROW_MAX = 32;

/**
 * Sorts rows by (series, time), stable. Counting sort by series; a series is sorted by time only if it is out of order,
 * since files and devices almost always deliver in order.
 *
 * `seriesOfRow` holds dense series numbers below `seriesCount`.
 */
export function sortBatch(
  count: number,
  seriesOfRow: Int32Array,
  timeMs: Float64Array,
  seriesCount: number,
): SortedBatch {
  if (count * SERIES_PER_ROW_MAX < seriesCount) return sortFew(count, seriesOfRow, timeMs);
  const ends = new Int32Array(seriesCount + 1);
  for (let row = 0; row < count; row++) ends[seriesOfRow[row]! + 1]!++;
  let touched = 0;
  for (let series = 0; series < seriesCount; series++) {
    if (ends[series + 1]! > 0) touched++;
    ends[series + 1] = ends[series + 1]! + ends[series]!;
  }
  const series = new Int32Array(touched);
  const starts = new Int32Array(touched + 1);
  for (let number = 0, i = 0; number < seriesCount; number++) {
    if (ends[number + 1] === ends[number]) continue;
    series[i] = number;
    starts[i++] = ends[number]!;
  }
  starts[touched] = count;
  const order = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const number = seriesOfRow[row]!;
    order[ends[number]!] = row;
    ends[number] = ends[number]! + 1;
  }
  for (let i = 0; i < touched; i++) sortByTime(order, starts[i]!, starts[i + 1]!, timeMs);
  return { order, series, starts };
}

function sortFew(count: number, seriesOfRow: Int32Array, timeMs: Float64Array): SortedBatch {
  const order = Int32Array.from({ length: count }, (_, row) => row);
  order.sort((a, b) => seriesOfRow[a]! - seriesOfRow[b]! || timeMs[a]! - timeMs[b]! || a - b);
  const isFirst = (row: number, i: number): boolean => i === 0 || seriesOfRow[row] !== seriesOfRow[order[i - 1]!];
  const starts = [...order.keys()].filter((i) => isFirst(order[i]!, i));
  const series = Int32Array.from(starts, (start) => seriesOfRow[order[start]!]!);
  return { order, series, starts: Int32Array.from([...starts, count]) };
}

function sortByTime(order: Int32Array, from: number, to: number, timeMs: Float64Array): void {
  for (let i = from + 1; i < to; i++) {
    if (timeMs[order[i]!]! >= timeMs[order[i - 1]!]!) continue;
    order.subarray(from, to).sort((a, b) => timeMs[a]! - timeMs[b]! || a - b);
    return;
  }
}
