import type { Metric } from '#core/metrics/metric.ts';
import { implausible } from '#core/metrics/plausible.ts';
import { describeScaledFault, lastScaledFault, parseScaledBytes } from '#core/numbers/scaled.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import { quote, type BatchColumns } from '../batch-columns.ts';
import type { EntryRegistry } from '../source.ts';
import { type LocalOrder, NO_ORDER, type OrderSnapshot } from '../time/local-order.ts';
import { describeFuture, FUTURE_MS_MAX, openLocalOrder, openTimeText } from '../time/open-time.ts';
import { SPACE, type TimeText } from '../time/time-text.ts';
import { ABSENT, type FieldTable } from './field-table.ts';
import { MissingTexts } from './missing-texts.ts';
import { compileRules, NO_ENTRY, RuleSelector, type RowRule } from './row-rules.ts';
import type { RowsSection } from './rows-section.ts';

/** The longest text of a time, all its columns joined. */
const TIME_BYTES_MAX = 256;

/** The order that all rows of a wide file share. */
const ONE_ORDER = '';

/** What a row reader needs to know beside its configuration. */
export interface RowReaderOptions {
  readonly section: Pick<RowsSection, 'missing' | 'time' | 'series'>;
  /** The columns of the file, by position. */
  readonly columns: readonly string[];
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly batch: BatchColumns;
  /** The agent's clock, for telling times that can't be yet. */
  readonly nowMs: () => number;
}

/** The state between rows, as plain data: with it another reader goes on exactly where this one stood. */
export interface RowReaderSnapshot {
  readonly highestMs: number | null;
  readonly order: OrderSnapshot;
}

/**
 * Makes readings of rows: selects the rules that a row is for, resolves its time, scales its values, and adds what
 * comes out to the batch, refusals and missing cells counted. Whatever the format, a row is a FieldTable over bytes.
 *
 * Law: each reading that a matching rule names is exactly one of counted, missing or quarantined.
 */
export class RowReader {
  readonly #columnCount: number;
  readonly #batch: BatchColumns;
  readonly #selector: RuleSelector;
  readonly #missing: MissingTexts;
  readonly #timeColumns: Int32Array;
  readonly #timeBytes = new Uint8Array(TIME_BYTES_MAX);
  readonly #time: TimeText;
  readonly #zoneName: string;
  readonly #order: LocalOrder | null;
  readonly #orderPerSeries: boolean;
  readonly #nowMs: () => number;
  /** The latest time that is known not to be in the future; the clock is asked again only beyond it. */
  #latestMs = Number.NEGATIVE_INFINITY;
  #highestMs = Number.NEGATIVE_INFINITY;
  #timeFault = '';
  /** The wall clock of a row whose instant each series' order decides; NaN for all other rows. */
  #twiceLocalMs = Number.NaN;

  constructor({ section, columns, metrics, registry, batch, nowMs }: RowReaderOptions) {
    this.#nowMs = nowMs;
    const positions = new Map(columns.map((name, i) => [name, i]));
    this.#columnCount = columns.length;
    this.#batch = batch;
    this.#selector = new RuleSelector(compileRules(section.series, positions, metrics, registry));
    this.#missing = new MissingTexts(section.missing.map((text) => text.trim()));
    this.#timeColumns = Int32Array.from(section.time.columns, (name) => positions.get(name)!);
    this.#time = openTimeText(section.time.format);
    this.#zoneName = section.time.zone;
    this.#order = openLocalOrder(section.time.zone);
    // A file is long where its rows speak of different devices, by template or by `when`; else it is wide.
    this.#orderPerSeries = section.series.some(
      (rule) => rule.device.includes('{') || Object.keys(rule.when).length > 0,
    );
  }

  /** The highest event time that any reading has had, or null before the first. */
  get highestMs(): number | null {
    return Number.isFinite(this.#highestMs) ? this.#highestMs : null;
  }

  /** Reads one row. `bytes[start, end)` is its text, for refusals; its fields may lie elsewhere in `bytes`. */
  row(bytes: Uint8Array, fields: FieldTable, line: number, start: number, end: number): void {
    const batch = this.#batch;
    batch.rows++;
    if (fields.fault !== null || fields.count !== this.#columnCount) {
      this.#refuseRow(bytes, fields, line, start, end);
      return;
    }
    const rules = this.#selector.select(bytes, fields);
    if (rules.length === 0) return;
    const atMs = this.#instant(bytes, fields);
    if (Number.isNaN(atMs) && Number.isNaN(this.#twiceLocalMs)) {
      batch.refuse(line, rules.length, this.#timeFault, bytes, start, end);
      return;
    }
    for (let i = 0; i < rules.length; i++) this.#reading(rules[i]!, atMs, bytes, fields, line, start, end);
  }

  /** Says that no row follows. */
  end(): void {
    this.#order?.end();
  }

  /** How many readings have been found ambiguous since the last call. */
  takeAmbiguous(): number {
    return this.#order?.takeAmbiguous() ?? 0;
  }

  snapshot(): RowReaderSnapshot {
    return { highestMs: this.highestMs, order: this.#order?.snapshot() ?? NO_ORDER };
  }

  restore(snapshot: RowReaderSnapshot): void {
    this.#highestMs = snapshot.highestMs ?? Number.NEGATIVE_INFINITY;
    this.#order?.restore(snapshot.order);
  }

  /** Quarantines all readings of something that is no row at all. */
  refuseUnread(reason: string, bytes: Uint8Array, line: number, start: number, end: number): void {
    this.#batch.rows++;
    this.#batch.refuse(line, this.#selector.unreadableReadings, reason, bytes, start, end);
  }

  #refuseRow(bytes: Uint8Array, fields: FieldTable, line: number, start: number, end: number): void {
    const found = fields.count === 1 ? '1 field' : `${fields.count} fields`;
    const reason = fields.fault ?? `the row has ${found} where the file has ${this.#columnCount} columns`;
    this.#batch.refuse(line, this.#selector.unreadableReadings, reason, bytes, start, end);
  }

  #reading(
    rule: RowRule,
    rowMs: number,
    bytes: Uint8Array,
    fields: FieldTable,
    line: number,
    start: number,
    end: number,
  ): void {
    const batch = this.#batch;
    const valueStart = fields.starts[rule.valueColumn]!;
    const valueEnd = fields.ends[rule.valueColumn]!;
    const order = this.#order;
    const key = rule.entries.key(bytes, fields);
    let atMs = rowMs;
    // Also a row without a value tells where its series has got to.
    if (order !== null && this.#orderPerSeries && (Number.isNaN(rowMs) || order.remembers)) {
      const series = rule.entries.name(key, bytes, fields);
      if (Number.isNaN(rowMs)) atMs = order.twice(this.#twiceLocalMs, series);
      else order.leave(series, rowMs);
    }
    if (valueEnd === ABSENT || this.#missing.has(bytes, valueStart, valueEnd)) {
      batch.missing++;
      return;
    }
    const value = parseScaledBytes(bytes, valueStart, valueEnd, rule.decimals, rule.excess);
    if (Number.isNaN(value)) {
      const fault = describeScaledFault(lastScaledFault(), quote(bytes, valueStart, valueEnd), rule.decimals);
      batch.refuse(line, 1, `column ${JSON.stringify(rule.valueName)}: ${fault}`, bytes, start, end);
      return;
    }
    const entry = rule.entries.entry(key, bytes, fields);
    if (entry === NO_ENTRY) {
      batch.refuse(line, 1, rule.entries.fault(key), bytes, start, end);
      return;
    }
    if (atMs > this.#latestMs && this.#isFuture(atMs)) {
      batch.refuse(line, 1, describeFuture(atMs), bytes, start, end);
      return;
    }
    const { bounds } = rule;
    if (atMs < bounds.earliestMs || value < bounds.minScaled || value > bounds.maxScaled) {
      batch.refuse(line, 1, implausible(bounds, atMs, value)!, bytes, start, end);
      return;
    }
    batch.push(entry, atMs, value);
    if (atMs > this.#highestMs) this.#highestMs = atMs;
    if (this.#time.cut) batch.truncatedTimes++;
    if (!Number.isNaN(this.#twiceLocalMs)) order!.countReading();
  }

  /**
   * The instant of the row. NaN with `#twiceLocalMs` set where each series' order decides; NaN alone where there is
   * none, and `#timeFault` says why.
   */
  #instant(bytes: Uint8Array, fields: FieldTable): number {
    this.#twiceLocalMs = Number.NaN;
    const time = this.#time;
    let source = bytes;
    let start = 0;
    let end = 0;
    if (this.#timeColumns.length === 1) {
      start = fields.starts[this.#timeColumns[0]!]!;
      end = fields.ends[this.#timeColumns[0]!]!;
    } else {
      source = this.#timeBytes;
      end = this.#joinTime(bytes, fields);
      if (end < 0) {
        this.#timeFault = `the time is longer than ${TIME_BYTES_MAX} bytes`;
        return Number.NaN;
      }
    }
    const readMs = time.parse(source, start, end);
    if (Number.isNaN(readMs)) return this.#refuseTime(source, start, end, time.fault);
    if (readMs < INSTANT_MIN_MS || readMs > INSTANT_MAX_MS) {
      return this.#refuseTime(
        source,
        start,
        end,
        'lies outside the years 0 to 9999; `time.format` may name another unit',
      );
    }
    const order = this.#order;
    if (order === null) return readMs;
    if (!time.local) {
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
      return this.#refuseTime(source, start, end, why);
    }
    this.#twiceLocalMs = readMs;
    return this.#orderPerSeries ? Number.NaN : order.twice(readMs, ONE_ORDER);
  }

  #isFuture(atMs: number): boolean {
    this.#latestMs = this.#nowMs() + FUTURE_MS_MAX;
    return atMs > this.#latestMs;
  }

  /** Copies the columns of the time, joined by one space, to the front of `#timeBytes`; gives their length or -1. */
  #joinTime(bytes: Uint8Array, fields: FieldTable): number {
    const joined = this.#timeBytes;
    const columns = this.#timeColumns;
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

  #refuseTime(bytes: Uint8Array, start: number, end: number, fault: string): number {
    this.#timeFault = `time ${JSON.stringify(quote(bytes, start, end))} ${fault}`;
    return Number.NaN;
  }
}
