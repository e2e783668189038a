import { addCalendar } from '#core/time/calendar.ts';
import { DAY_MS } from '#core/time/civil.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import { openZone, type Zone } from '#core/time/zone.ts';
import { SPACE } from '../ascii.ts';
import { quote } from '../batch-columns.ts';
import type { FieldTable } from '../rows/key-table.ts';
import { MissingTexts } from '../rows/value-text.ts';
import { DayPeriods, wholeDay } from './day-periods.ts';
import { formatRemedy } from './likely-formats.ts';
import { type LocalOrder, NO_ORDER, type OrderSnapshot, type Pass } from './local-order.ts';
import { openLocalOrder, openTimeText, type TimeSection } from './time-section.ts';
import type { TimeText } from './time-text.ts';

/** The longest text of a time, all its columns joined. */
const TIME_BYTES_MAX = 256;

/** The order that all rows of a wide file share. */
const ONE_ORDER = '';

/** How far from a time as it is read its instant may lie, by its zone alone. */
const ZONE_ROOM_MS = 2 * DAY_MS;

/** Refused times for which other formats are tried: who reads reasons reads the first ones, and each costs some 0.1 ms. */
const TRIED_TEXTS_MAX = 32;

/** How the rows of a file belong together: those of each series by themselves, or all of them. */
export type RowOrder = 'per-series' | 'shared';

/**
 * The instants of rows, from the columns that hold their times. Where a local time comes twice and each series has an
 * order of its own, the row's instant is decided for each of its readings, by `ofSeries`.
 */
export class RowTime {
  readonly #columns: Int32Array;
  readonly #joined = new Uint8Array(TIME_BYTES_MAX);
  readonly #format: string;
  readonly #text: TimeText;
  readonly zone: Zone;
  readonly #order: LocalOrder | null;
  readonly #orderPerSeries: boolean;
  readonly shiftMs: number;
  readonly #earliestMs: number;
  readonly #latestMs: number;
  readonly #periods: DayPeriods | null;
  readonly #periodColumn: number;
  readonly #secondTexts: MissingTexts | null;
  readonly #repeatedColumn: number;
  /** Whether times stand at the end of their intervals: then `startOf` is asked for each reading. */
  readonly isOfEnds: boolean;
  /** The instant of the last row before it was shifted; NaN where each series' order decides it. */
  #rowMs = Number.NaN;
  /** The wall clock of a row that comes twice; NaN for all other rows. */
  #twiceLocalMs = Number.NaN;
  #pass: Pass | undefined;
  /** The last time as it was read: an instant, or a wall clock; NaN where none was. */
  #readMs = Number.NaN;
  /** Whether any time has been read: then the format is the one of this source. */
  #hasRead = false;
  #triedTexts = 0;
  /** Why the last call of `read` gave no instant: a phrase that quotes what was read. */
  fault = '';

  constructor(section: TimeSection, positions: ReadonlyMap<string, number>, order: RowOrder) {
    const { columns, format, zone, rest, stamp, shift, period, repeated } = section;
    this.#columns = Int32Array.from(columns, (name) => positions.get(name)!);
    this.zone = openZone(zone);
    this.#format = format;
    this.#text = openTimeText(format, rest, this.zone);
    this.#order = openLocalOrder(zone, stamp);
    this.#orderPerSeries = order === 'per-series';
    this.isOfEnds = stamp === 'end';
    this.shiftMs = shift;
    const roomMs = (this.#order === null ? 0 : ZONE_ROOM_MS) + Math.abs(shift);
    this.#earliestMs = INSTANT_MIN_MS + roomMs;
    this.#latestMs = INSTANT_MAX_MS - roomMs;
    this.#periods = period === undefined ? null : new DayPeriods(this.zone, period.every);
    this.#periodColumn = period === undefined ? 0 : positions.get(period.column)!;
    this.#secondTexts = repeated === undefined ? null : new MissingTexts(repeated.second.map((text) => text.trim()));
    this.#repeatedColumn = repeated === undefined ? 0 : positions.get(repeated.column)!;
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
        this.#readMs = Number.NaN;
        this.fault = `the time is longer than ${TIME_BYTES_MAX} bytes`;
        return Number.NaN;
      }
    }
    const readMs = this.#text.parse(source, start, end);
    this.#readMs = readMs;
    if (Number.isNaN(readMs)) return this.#refuseText(source, start, end);
    this.#hasRead = true;
    if (!(readMs >= this.#earliestMs && readMs <= this.#latestMs)) {
      this.#readMs = Number.NaN;
      return this.#refuse(source, start, end, 'lies outside the years 0 to 9999; `time.format` may name another unit');
    }
    if (this.#periods !== null) return this.#ofPeriod(readMs, source, start, end, bytes, fields);
    const order = this.#order;
    if (order === null) return readMs + this.shiftMs;
    const plainMs = this.#text.local ? order.plain(readMs) : readMs;
    if (!Number.isNaN(plainMs)) {
      if (order.remembers && !this.#orderPerSeries) order.leave(ONE_ORDER, plainMs);
      this.#rowMs = plainMs;
      return plainMs + this.shiftMs;
    }
    if (order.isGap(readMs)) {
      const why = `does not exist in ${this.zone.name}: the clocks were set forward over it`;
      return this.#refuse(source, start, end, why);
    }
    this.#twiceLocalMs = readMs;
    this.#pass = this.#passOf(bytes, fields);
    this.#rowMs = this.#orderPerSeries ? Number.NaN : order.twice(readMs, ONE_ORDER, this.#pass);
    return this.#rowMs + this.shiftMs;
  }

  #ofPeriod(
    readMs: number,
    source: Uint8Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    fields: FieldTable,
  ): number {
    const day = this.#text.local ? wholeDay(readMs) : this.zone.localDay(readMs);
    if (Number.isNaN(day) || (!this.#text.local && this.zone.dayStart(day) !== readMs)) {
      return this.#refuse(source, start, end, 'is no date alone; with `time.period` leave the time of day out');
    }
    const numberAt = fields.starts[this.#periodColumn]!;
    const numberEnd = fields.ends[this.#periodColumn]!;
    const atMs = this.#periods!.start(day, bytes, numberAt, numberEnd);
    if (!Number.isNaN(atMs)) return atMs + this.shiftMs;
    this.fault = `period ${JSON.stringify(quote(bytes, numberAt, numberEnd))} ${this.#periods!.fault}`;
    return Number.NaN;
  }

  /** Which pass of a repeated local time the row says it is of. */
  #passOf(bytes: Uint8Array, fields: FieldTable): Pass | undefined {
    if (this.#secondTexts === null) return undefined;
    const start = fields.starts[this.#repeatedColumn]!;
    const end = fields.ends[this.#repeatedColumn]!;
    return start >= 0 && this.#secondTexts.has(bytes, start, end) ? 'second' : 'first';
  }

  /** The wall clock of the last row, also where it is never shown; NaN where no time was read. */
  get localMs(): number {
    const readMs = this.#readMs;
    return this.#text.local || Number.isNaN(readMs) ? readMs : readMs + this.zone.offsetAtMs(readMs);
  }

  /** Whether the time of the last row comes twice, so that order tells which is meant. */
  get isTwice(): boolean {
    return !Number.isNaN(this.#twiceLocalMs);
  }

  /** The column whose text alone is the time of a row, whatever other rows hold; null where more is to be asked. */
  get plainColumn(): number | null {
    const isPlain = this.#order === null && this.#periods === null && !this.isOfEnds && this.#columns.length === 1;
    return isPlain ? this.#columns[0]! : null;
  }

  /** Whether `ofSeries` has anything to do with the last row, whose `read` gave `atMs`: false nearly always. */
  needsSeries(atMs: number): boolean {
    return this.#order !== null && this.#orderPerSeries && (Number.isNaN(atMs) || this.#order.remembers);
  }

  /** The instant of the last row, whose `read` gave `atMs`, as the next row of a series; without a value too. */
  ofSeries(atMs: number, series: string): number {
    if (Number.isNaN(atMs)) return this.#order!.twice(this.#twiceLocalMs, series, this.#pass) + this.shiftMs;
    this.#order!.leave(series, this.#rowMs);
    return atMs;
  }

  /**
   * When the interval begins that ends at `atMs`, which is the time of a reading that is stamped so: what lies in it then
   * is in the same windows as of one that is stamped at its start. Intervals of whole days follow the calendar.
   */
  startOf(atMs: number, intervalMs: number): number {
    const startMs =
      intervalMs % DAY_MS === 0
        ? addCalendar(this.zone, atMs, { kind: 'calendar', unit: 'day', count: -intervalMs / DAY_MS })
        : atMs - intervalMs;
    return Math.max(startMs, INSTANT_MIN_MS);
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

  /** Refuses what the format doesn't read. Where it has read nothing yet, it may be the wrong one: others are tried. */
  #refuseText(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return this.#refuse(bytes, start, start, 'is empty');
    const { fault } = this.#text;
    if (this.#hasRead || this.#triedTexts++ >= TRIED_TEXTS_MAX) return this.#refuse(bytes, start, end, fault);
    const remedy = formatRemedy(this.#format, bytes, start, end);
    return this.#refuse(bytes, start, end, remedy === undefined ? fault : `${fault.split(';', 1)[0]!}; ${remedy}`);
  }

  #refuse(bytes: Uint8Array, start: number, end: number, fault: string): number {
    this.fault = `time ${JSON.stringify(quote(bytes, start, end))} ${fault}`;
    return Number.NaN;
  }
}
