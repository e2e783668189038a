import { joinKeys, prefixRange, readUintKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import type { SeriesJournal } from './series-journal.ts';

/** Series of one record: a commit writes the records of those that it put into frames, and none of all the others. */
export const SEALS_PER_RECORD = 64;

const SEALED = stringKey('sealed');

/**
 * Up to where each series is in frames, on disk, and which series have readings that are in none yet. What a commit costs
 * goes by the series that it touches, however many there are.
 *
 * ```
 * sealed         sealedMs of series 0 to 63, as float64. Before format 4 of an agent's state: of all series
 * sealed/<n>     of series 64·n to 64·n + 63, n from 1 on
 * ```
 */
export class StoredSeals {
  readonly #series: readonly SeriesJournal[];
  /** What is on disk of each. */
  readonly #stored: number[] = [];
  /** The series that have a tail, and those that may have been sealed since what is on disk. */
  readonly #open = new Set<number>();
  /** Records that the next commit writes in any case. */
  readonly #unwritten = new Set<number>();

  /** `series` is the journal's memory as it grows. */
  constructor(series: readonly SeriesJournal[]) {
    this.#series = series;
  }

  /** Takes up what is stored, once readings are. */
  async load(table: Table): Promise<void> {
    for await (const [key, bytes] of table.scan(prefixRange(SEALED))) {
      const record = key.length === SEALED.length ? 0 : readUintKey(key, SEALED.length);
      const sealed = new Float64Array(Uint8Array.from(bytes).buffer);
      for (const [i, sealedMs] of sealed.entries()) {
        const number = record * SEALS_PER_RECORD + i;
        this.#series[number]!.sealedMs = this.#stored[number] = sealedMs;
      }
      // One of all series is divided.
      for (let n = SEALS_PER_RECORD; n < sealed.length; n += SEALS_PER_RECORD) {
        this.#unwritten.add(0);
        this.#unwritten.add(n / SEALS_PER_RECORD);
      }
    }
    for (const [number, { lastMs, sealedMs }] of this.#series.entries()) if (lastMs > sealedMs) this.#open.add(number);
  }

  /** Whether all readings that were stored are in frames. */
  get areAll(): boolean {
    return this.#open.size === 0;
  }

  /** Notes that readings of a series were taken. */
  took(series: number): void {
    this.#open.add(series);
  }

  /** The series that may have readings in no frame yet, in ascending order. */
  open(): Int32Array {
    return Int32Array.from(this.#open).sort();
  }

  /** The earliest reading that is in no frame yet, +Infinity where all are. */
  earliestMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const number of this.#open) {
      const series = this.#series[number]!;
      if (series.lastMs > series.sealedMs) earliestMs = Math.min(earliestMs, series.times[series.tailStart]!);
    }
    return earliestMs;
  }

  /** The writes that make durable up to where series are in frames. */
  record(): TableOperation[] {
    for (const number of this.#open) {
      const { sealedMs, lastMs } = this.#series[number]!;
      if (sealedMs !== this.#storedMs(number)) {
        this.#stored[number] = sealedMs;
        this.#unwritten.add(Math.floor(number / SEALS_PER_RECORD));
      }
      if (lastMs <= sealedMs) this.#open.delete(number);
    }
    const operations = Array.from(this.#unwritten, (record): TableOperation => {
      const first = record * SEALS_PER_RECORD;
      const count = Math.min(SEALS_PER_RECORD, this.#series.length - first);
      const sealed = new Float64Array(count);
      for (let i = 0; i < count; i++) sealed[i] = this.#storedMs(first + i);
      const key = record === 0 ? SEALED : joinKeys(SEALED, uintKey(record));
      return { kind: 'put', key, value: new Uint8Array(sealed.buffer) };
    });
    this.#unwritten.clear();
    return operations;
  }

  #storedMs(series: number): number {
    return this.#stored[series] ?? Number.NEGATIVE_INFINITY;
  }
}
