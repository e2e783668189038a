import type { BucketCounts } from '#core/numbers/log-buckets.ts';
import { readNear, readWide, type WideColumns } from '#core/numbers/wide.ts';
import { accountedTotal } from '#core/stats/accounted.ts';
import { coveredTotal } from '#core/stats/additive.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { Stats, TimedValue } from '#core/stats/stats.ts';

/**
 * A slot of a table as Stats whose parts are read when a statistic asks for them: a window is mostly asked for a few of
 * them, and wide numbers cost a BigInt each. It is a cursor: `at` moves it to the next slot.
 */
export class SlotStats implements Stats {
  readonly #table: StatsTable;
  #slot = 0;

  constructor(table: StatsTable) {
    this.#table = table;
  }

  at(slot: number): this {
    this.#slot = slot;
    return this;
  }

  get count(): number {
    return this.#table.count[this.#slot]!;
  }

  get sum(): bigint {
    return readWideSoon(this.#table.sum, this.#slot);
  }

  get squares(): bigint {
    return readWideSoon(this.#table.squares, this.#slot);
  }

  get increase(): bigint {
    return readWideSoon(this.#table.increase, this.#slot);
  }

  get integral(): bigint {
    return readWideSoon(this.#table.integral, this.#slot);
  }

  get coveredMs(): bigint {
    return coveredTotal(this.#table, this.#slot);
  }

  get accountedMs(): bigint {
    return accountedTotal(this.#table, this.#slot);
  }

  get unchecked(): number {
    return this.#table.unchecked[this.#slot]!;
  }

  get min(): number | null {
    const min = this.#table.min[this.#slot]!;
    return min === Number.POSITIVE_INFINITY ? null : min;
  }

  get max(): number | null {
    const max = this.#table.max[this.#slot]!;
    return max === Number.NEGATIVE_INFINITY ? null : max;
  }

  get first(): TimedValue | null {
    return timedValue(this.#table.firstMs[this.#slot]!, this.#table.firstValue[this.#slot]!);
  }

  get last(): TimedValue | null {
    return timedValue(this.#table.lastMs[this.#slot]!, this.#table.lastValue[this.#slot]!);
  }

  get histogram(): BucketCounts | null {
    const histogram = this.#table.histograms[this.#slot];
    return histogram === undefined || histogram.length === 0 ? null : histogram.entries();
  }
}

function timedValue(ms: number, value: number): TimedValue | null {
  return Number.isFinite(ms) ? { ms, value } : null;
}

/** As readWide, by one conversion where the number is small. */
function readWideSoon(columns: WideColumns, slot: number): bigint {
  const near = readNear(columns, slot);
  return Number.isSafeInteger(near) ? BigInt(near) : readWide(columns, slot);
}
