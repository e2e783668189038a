/**
 * What the columns of a block tell of one another. A row says the same several times: of a single reading all but one
 * column follow from its value and its time, and of a few readings they nearly do. So a number is written as its distance
 * from what is *foretold* of it by columns that were written before, which is mostly 0 or small.
 *
 * Who reads a block foretells the same numbers by the same steps, and adds the distances. So nothing here needs to be
 * right, or exact, for the numbers to be exact; it only must not depend on what a reader can't know. IEEE 754 doubles give
 * the same bits on every machine. A change of any formula is another version of the block.
 */
import { columnRoom, type Foretold, isSafe } from './block-columns.ts';
import type { Tails } from './tails.ts';

/** The slices of the rows of a block: when each begins, and how long they are, as safe integers. Zeros where that isn't known. */
export interface BlockGrid {
  readonly startMs: Float64Array;
  readonly sliceMs: number;
  /** Where a row has one: those of the rows. */
  readonly tails?: Tails | undefined;
}

/** The columns of a block that others are foretold from, as they are known while it is written or read. */
export class RowFacts {
  rows = 0;
  grid: BlockGrid = { startMs: new Float64Array(0), sliceMs: 0 };
  /** 1 where the row has min, max, first and last. What the columns of these hold where it has none is not read. */
  readonly selected = columnRoom();
  readonly count = columnRoom();
  readonly min = columnRoom();
  readonly max = columnRoom();
  readonly first = columnRoom();
  readonly last = columnRoom();
  readonly firstMs = columnRoom();
  readonly lastMs = columnRoom();
  /** 0 where they are no safe integers. */
  readonly coveredMs = columnRoom();
  /** NaN where they are no safe integers. */
  readonly sum = columnRoom();

  /** Whether the row's slice is the one behind that of the row before it, or behind its tail. */
  follows(i: number): boolean {
    const { startMs, sliceMs, tails } = this.grid;
    if (i === 0 || sliceMs === 0) return false;
    const slices = tails === undefined ? 1 : 1 + tails.slices[i - 1]!;
    return startMs[i]! - startMs[i - 1]! === slices * sliceMs;
  }

  /** Last values: in the middle between least and largest. */
  foretellLast(into: Float64Array): void {
    const { rows, min, max } = this;
    for (let i = 0; i < rows; i++) into[i] = min[i]! + Math.floor((max[i]! - min[i]!) / 2);
  }

  /** First values: near the last one of the slice before. */
  foretellFirst(into: Float64Array): void {
    const { rows, min, max, last } = this;
    for (let i = 0; i < rows; i++) {
      const near = last[this.follows(i) ? i - 1 : i]!;
      const low = min[i]!;
      const high = max[i]!;
      into[i] = near < low ? low : near > high ? high : near;
    }
  }

  /** Sums: so many values in the middle between least and largest. */
  foretellSum(into: Float64Array): void {
    const { rows, count, min, max } = this;
    for (let i = 0; i < rows; i++) into[i] = safeOr0(Math.floor((count[i]! * (min[i]! + max[i]!)) / 2));
  }

  /**
   * Squares. With n values, m the least, d their distances from it: Σ v² = m · (2 Σ v − n·m) + Σ d², of which one d is 0 and
   * one is the range r. The n − 2 others have the mean a: of three values that is all, and of more their variance is
   * a · (r − a) at most, and a third of that where they spread evenly.
   */
  foretellSquares({ times, by, plus }: Foretold): void {
    const { rows, count, min, max, sum } = this;
    for (let i = 0; i < rows; i++) {
      const n = count[i]!;
      const m = min[i]!;
      const range = max[i]! - m;
      const others = sum[i]! - n * m - range;
      const mean = n > 2 ? others / (n - 2) : 0;
      const variances = n > 3 ? ((n - 3) * mean * (range - mean)) / 3 : 0;
      times[i] = m;
      by[i] = safeOr0(2 * sum[i]! - n * m);
      plus[i] = safeOr0(Math.floor(range * range + others * mean + variances));
    }
  }

  /** Increases: what the last value is above the last one of the slice before. */
  foretellIncrease({ times, by, plus }: Foretold): void {
    const { rows, first, last } = this;
    for (let i = 0; i < rows; i++) {
      times[i] = 0;
      by[i] = 0;
      plus[i] = safeOr0(last[i]! - (this.follows(i) ? last[i - 1]! : first[i]!));
    }
  }

  /**
   * Integrals. Of one series at even distances h: the last value before the slice was held up to the first reading, each
   * reading but the last one for h, and the last one for the rest of the covered time c. That is
   * last · c + (before − last) · lead + h · (Σ v − n · last). More time than a slice is covered by several
   * series: then by the mean.
   */
  foretellIntegral({ times, by, plus }: Foretold): void {
    const { rows, count, sum, last, firstMs, lastMs, coveredMs } = this;
    const { startMs, sliceMs } = this.grid;
    for (let i = 0; i < rows; i++) {
      const covered = coveredMs[i]!;
      const n = count[i]!;
      const isOfOne = covered <= sliceMs;
      times[i] = isOfOne ? last[i]! : 0;
      by[i] = isOfOne ? covered : 0;
      let more = 0;
      if (!isOfOne) more = (sum[i]! / n) * covered;
      else {
        if (n > 1) more = ((lastMs[i]! - firstMs[i]!) / (n - 1)) * (sum[i]! - n * last[i]!);
        if (this.follows(i)) more += (last[i - 1]! - last[i]!) * Math.min(covered, firstMs[i]! - startMs[i]!);
      }
      plus[i] = safeOr0(Math.round(more));
    }
  }
}

function safeOr0(value: number): number {
  return isSafe(value) ? value : 0;
}
