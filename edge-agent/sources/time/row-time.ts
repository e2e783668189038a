import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import { quote } from '../batch-columns.ts';
import type { FieldTable } from '../rows/field-table.ts';
import { type LocalOrder, NO_ORDER, type OrderSnapshot } from './local-order.ts';
import { openLocalOrder, openTimeText } from './open-time.ts';
import type { TimeSection } from './time-section.ts';
import { SPACE, type TimeText } from './time-text.ts';

/** The longest text of a time, all its columns joined. */
const TIME_BYTES_MAX = 256;

/** The order that all rows of a wide file share. */
const ONE_ORDER = '';

/** How the rows of a file belong together: those of each series by themselves, or all of them. */
export type RowOrder = 'per-series' | 'shared';

/**
 * The instants of rows, from the columns that hold their times. Where a local time comes twice and each series has an
 * order of its own, the row's instant is decided for each of its readings, by `ofSeries`.
 */
export class RowTime {
  readonly #columns: Int32Array;
  readonly #joined = new Uint8Array(TIME_BYTES_MAX);
  readonly #text: TimeText;
  readonly #zoneName: string;
  readonly #order: LocalOrder | null;
  readonly #orderPerSeries: boolean;
  /** The wall clock of a row that comes twice; NaN for all other rows. */
  #twiceLocalMs = Number.NaN;
  /** Why the last call of `read` gave no instant: a phrase that quotes what was read. */
  fault = '';

  constructor(section: TimeSection, positions: ReadonlyMap<string, number>, order: RowOrder) {
    this.#columns = Int32Array.from(section.columns, (name) => positions.get(name)!);
    this.#text = openTimeText(section.format, section.rest);
    this.#zoneName = section.zone;
    this.#order = openLocalOrder(section.zone);
    this.#orderPerSeries = order === 'per-series';
  }

  /**
   * The instant of a row. NaN where `isTwice` is then true: `ofSeries` decides. NaN alone where there is none, and
   * `fault` says why.
   */
  read(bytes: Uint8Array, fields: FieldTable): number {
    this.#twiceLocalMs = Number.NaN;
    let source = bytes;
    let start = 0;
    let end = 0;
    if (this.#columns.length === 1) {
      start = fields.starts[this.#columns[0]!]!;
      end = fields.ends[this.#columns[0]!]!;
    } else {
      source = this.#joined;
      end = this.#join(bytes, fields);
      if (end < 0) {
        this.fault = `the time is longer than ${TIME_BYTES_MAX} bytes`;
        return Number.NaN;
      }
    }
    const readMs = this.#text.parse(source, start, end);
    if (Number.isNaN(readMs)) return this.#refuse(source, start, end, this.#text.fault);
    if (readMs < INSTANT_MIN_MS || readMs > INSTANT_MAX_MS) {
      return this.#refuse(source, start, end, 'lies outside the years 0 to 9999; `time.format` may name another unit');
    }
    const order = this.#order;
    if (order === null) return readMs;
    if (!this.#text.local) {
      if (order.remembers && !this.#orderPerSeries) order.leave(ONE_ORDER, readMs);
      return readMs;
    }
    const plainMs = order.plain(readMs);
    if (!Number.isNaN(plainMs)) {
      if (order.remembers && !this.#orderPerSeries) order.leave(ONE_ORDER, plainMs);
      return plainMs;
    }
    if (order.isGap(readMs)) {
      const why = `does not exist in ${this.#zoneName}: the clocks were set forward over it`;
      return this.#refuse(source, start, end, why);
    }
    this.#twiceLocalMs = readMs;
    return this.#orderPerSeries ? Number.NaN : order.twice(readMs, ONE_ORDER);
  }

  /** Whether the time of the last row comes twice, so that order tells which is meant. */
  get isTwice(): boolean {
    return !Number.isNaN(this.#twiceLocalMs);
  }

  /** Whether `ofSeries` has anything to do with a row at `rowMs`: false nearly always. */
  needsSeries(rowMs: number): boolean {
    return this.#order !== null && this.#orderPerSeries && (Number.isNaN(rowMs) || this.#order.remembers);
  }

  /** The instant of the last row, whose `read` gave `rowMs`, as the next row of a series; without a value too. */
  ofSeries(rowMs: number, series: string): number {
    if (Number.isNaN(rowMs)) return this.#order!.twice(this.#twiceLocalMs, series);
    this.#order!.leave(series, rowMs);
    return rowMs;
  }

  /** Says that a reading was made with the instant that was given last. */
  countReading(): void {
    if (this.isTwice) this.#order!.countReading();
  }

  /** Whether digits finer than a millisecond were cut from the last time read. */
  get cut(): boolean {
    return this.#text.cut;
  }

  /** Says that no row follows. */
  end(): void {
    this.#order?.end();
  }

  /** How many readings have been found ambiguous since the last call. */
  takeAmbiguous(): number {
    return this.#order?.takeAmbiguous() ?? 0;
  }

  snapshot(): OrderSnapshot {
    return this.#order?.snapshot() ?? NO_ORDER;
  }

  restore(snapshot: OrderSnapshot): void {
    this.#order?.restore(snapshot);
  }

  /** Copies the columns, joined by one space, to the front of `#joined`; gives their length or -1. */
  #join(bytes: Uint8Array, fields: FieldTable): number {
    const joined = this.#joined;
    const columns = this.#columns;
    let length = 0;
    for (let i = 0; i < columns.length; i++) {
      const end = fields.ends[columns[i]!]!;
      let at = fields.starts[columns[i]!]!;
      if (length + 1 + end - at > TIME_BYTES_MAX) return -1;
      if (i > 0) joined[length++] = SPACE;
      while (at < end) joined[length++] = bytes[at++]!;
    }
    return length;
  }

  #refuse(bytes: Uint8Array, start: number, end: number, fault: string): number {
    this.fault = `time ${JSON.stringify(quote(bytes, start, end))} ${fault}`;
    return Number.NaN;
  }
}
