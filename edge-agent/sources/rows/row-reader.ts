import type { RowKernel } from '#core/kernels/row-kernel.ts';
import { implausible, type Metric } from '#core/metrics/metric.ts';
import { lastScaledFault, parseScaledBytes } from '#core/numbers/scaled.ts';
import { type BatchColumns, quote } from '../batch-columns.ts';
import type { EntryRegistry } from '../source.ts';
import type { CellTimes } from '../time/cell-times.ts';
import type { OrderSnapshot } from '../time/local-order.ts';
import { RowTime } from '../time/row-time.ts';
import { describeFuture, FUTURE_MS_MAX } from '../time/time-section.ts';
import { ofEachColumn } from './across-columns.ts';
import { ABSENT, type FieldTable, KEY_REFUSED } from './key-table.ts';
import { isOddlyWritten, PLAIN_MARKS } from './number-text.ts';
import type { ReaderRules } from './plain-form.ts';
import {
  compileRules,
  NO_ENTRY,
  type RowCells,
  type RowRule,
  RuleSelector,
  standingValue,
  withUnit,
} from './row-rules.ts';
import type { RowsSection } from './rows-section.ts';
import { describeValueFault, MissingTexts } from './value-text.ts';

/** What rows of a format are like, whatever their section says. */
export interface RowHabits {
  /** What a value is whose field a row doesn't have: missing, or nothing that anybody spoke of. */
  readonly absent?: 'missing' | 'passed-over';
  /** Whether numbers have their unit behind them: that of their metric, unless their rule says another one. */
  readonly hasUnits?: boolean;
}

/** What a row reader needs to know beside its configuration. */
export interface RowReaderOptions extends RowHabits {
  readonly section: RowsSection;
  /** The columns of the file, by position. */
  readonly columns: readonly string[];
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly batch: BatchColumns;
  /** The agent's clock, for telling times that can't be yet. */
  readonly nowMs: () => number;
  /** Told where a series that had readings, by the registry's number, has none at a time. */
  readonly onMissing?: (entry: number, atMs: number) => void;
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
 * Law: each reading that a matching rule names is exactly one of counted, missing or quarantined; with `absent:
 * 'passed-over'` a rule names no reading in a row that doesn't have its field.
 */
export class RowReader {
  /** What it goes by. */
  readonly rules: ReaderRules;
  /** The number of the last row's series key; KEY_REFUSED where it has none, or was not asked for it. */
  lastKey = KEY_REFUSED;
  readonly #columns: readonly string[];
  readonly #columnCount: number;
  readonly #batch: BatchColumns;
  readonly #selector: RuleSelector;
  readonly #missing: MissingTexts;
  readonly #time: RowTime;
  readonly #nowMs: () => number;
  readonly #passesAbsent: boolean;
  readonly #onMissing: RowReaderOptions['onMissing'];
  /** The latest time that is known not to be in the future; the clock is asked again only beyond it. */
  #latestMs = Number.NEGATIVE_INFINITY;
  #highestMs = Number.NEGATIVE_INFINITY;
  #ambiguousCells = 0;
  /** Whether nothing is to be counted of the time of the row beside its readings. */
  #isTimePlain = true;

  constructor(options: RowReaderOptions) {
    const { section, columns, metrics, registry, batch, nowMs, absent, hasUnits } = options;
    this.#onMissing = options.onMissing;
    this.#nowMs = nowMs;
    this.#passesAbsent = absent === 'passed-over';
    const positions = new Map(columns.map((name, i) => [name, i]));
    this.#columns = columns;
    this.#columnCount = columns.length;
    this.#batch = batch;
    this.#missing = new MissingTexts(section.missing.map((text) => text.trim()));
    // A file is long where its rows speak of different devices, by template or by `when`; else it is wide.
    const declared = ofEachColumn(section.series, columns);
    const isLong = declared.some((rule) => rule.device.includes('{') || Object.keys(rule.when).length > 0);
    this.#time = new RowTime(section.time, positions, isLong ? 'per-series' : 'shared');
    const series = hasUnits === true ? declared.map((rule) => withUnit(rule, metrics)) : declared;
    const rules = compileRules(series, positions, metrics, registry, section, this.#time.zone);
    this.#selector = new RuleSelector(rules);
    this.rules = { section, columns, rules, time: this.#time };
  }

  /** The highest event time that any reading has had, or null before the first. */
  get highestMs(): number | null {
    return Number.isFinite(this.#highestMs) ? this.#highestMs : null;
  }

  /** The most readings that a row gives. */
  get readingsMax(): number {
    return this.#selector.readingsMax;
  }

  /** Reads one row. `bytes[start, end)` is its text, for refusals; its fields may lie elsewhere in `bytes`. */
  row(bytes: Uint8Array, fields: FieldTable, line: number, start: number, end: number): void {
    const batch = this.#batch;
    batch.rows++;
    this.lastKey = KEY_REFUSED;
    if (fields.fault !== null || fields.count !== this.#columnCount) {
      this.#refuseRow(bytes, fields, line, start, end);
      return;
    }
    const rules = this.#selector.select(bytes, fields);
    if (rules.length === 0) return;
    const atMs = this.#time.read(bytes, fields);
    const time = this.#time;
    this.#isTimePlain = !time.isTwice && !time.cut;
    if (Number.isNaN(atMs) && !time.isTwice) {
      this.#refuseTime(rules, bytes, fields, line, start, end);
      return;
    }
    const needsSeries = time.needsSeries(atMs);
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      if (rule.cells !== null) {
        this.#cells(rule, rule.cells, atMs, bytes, fields, line, start, end);
        continue;
      }
      if (this.#passesAbsent && fields.ends[rule.valueColumn] === ABSENT) continue;
      const key = rule.entries.key(bytes, fields);
      this.lastKey = key;
      // Also a row without a value tells where its series has got to.
      const readMs = needsSeries ? time.ofSeries(atMs, rule.entries.name(key, bytes, fields)) : atMs;
      this.#reading(rule, rule.valueColumn, key, readMs, bytes, fields, line, start, end);
    }
  }

  /** Takes up to `rowsMax` rows that a kernel has taken apart, and gives how many. The batch has room for them. */
  takePlain(kernel: RowKernel, rowsMax: number): number {
    const rows = kernel.take(rowsMax, this.#latestMs);
    this.#batch.pushRows(rows, kernel);
    if (kernel.highestMs > this.#highestMs) this.#highestMs = kernel.highestMs;
    return rows;
  }

  /** Says that no row follows. */
  end(): void {
    this.#time.end();
  }

  /** How many readings have been found ambiguous since the last call. */
  takeAmbiguous(): number {
    const taken = this.#ambiguousCells;
    this.#ambiguousCells = 0;
    return taken + this.#time.takeAmbiguous();
  }

  snapshot(): RowReaderSnapshot {
    return { highestMs: this.highestMs, order: this.#time.snapshot() };
  }

  restore(snapshot: RowReaderSnapshot): void {
    this.#highestMs = snapshot.highestMs ?? Number.NEGATIVE_INFINITY;
    this.#time.restore(snapshot.order);
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

  /** Refuses the readings of a row that has no instant, but for those of a day that begins at none of its midnights. */
  #refuseTime(
    rules: readonly RowRule[],
    bytes: Uint8Array,
    fields: FieldTable,
    line: number,
    start: number,
    end: number,
  ): void {
    const { fault } = this.#time;
    let lost = 0;
    for (const rule of rules) {
      if (rule.cells !== null) this.#cells(rule, rule.cells, Number.NaN, bytes, fields, line, start, end);
      else if (!this.#passesAbsent || fields.ends[rule.valueColumn] !== ABSENT) lost++;
    }
    if (lost > 0) this.#batch.refuse(line, lost, fault, bytes, start, end);
  }

  /** Reads the cells of a row that holds several readings of a rule. */
  #cells(
    rule: RowRule,
    { times, isGuessed }: RowCells,
    rowMs: number,
    bytes: Uint8Array,
    fields: FieldTable,
    line: number,
    start: number,
    end: number,
  ): void {
    const time = this.#time;
    const key = rule.entries.key(bytes, fields);
    const needsSeries = time.needsSeries(rowMs) && (!Number.isNaN(rowMs) || time.isTwice);
    const atMs = needsSeries ? time.ofSeries(rowMs, rule.entries.name(key, bytes, fields)) : rowMs;
    if (Number.isNaN(time.localMs) || !times.begin(time.localMs, atMs - time.shiftMs)) {
      this.#batch.refuse(line, times.count, time.fault, bytes, start, end);
      return;
    }
    if (isGuessed && this.#speaksAgainstClock(rule, times, bytes, fields, line, start, end)) return;
    for (let k = 0; k < times.count; k++) {
      const column = rule.valueColumn + k;
      const cellMs = times.at(k);
      if (Number.isNaN(cellMs)) {
        // An empty cell for a time that the day doesn't have is not even missing.
        if (this.#isMissing(column, bytes, fields)) continue;
        const reason = `column ${JSON.stringify(this.#columns[column])} ${times.fault}`;
        this.#batch.refuse(line, 1, reason, bytes, start, end);
        continue;
      }
      const before = this.#batch.count;
      this.#reading(rule, column, key, cellMs + time.shiftMs, bytes, fields, line, start, end);
      if (times.isAmbiguous) this.#ambiguousCells += this.#batch.count - before;
    }
  }

  /**
   * Whether a row of a day that lacks an hour holds values for the times that are not there, and none at its end: then its
   * cells are counted on from midnight, or it is damaged, and to go by the clock would move what follows by an hour.
   */
  #speaksAgainstClock(
    rule: RowRule,
    times: CellTimes,
    bytes: Uint8Array,
    fields: FieldTable,
    line: number,
    start: number,
    end: number,
  ): boolean {
    const { lacking, count } = times;
    if (lacking === 0) return false;
    let readings = 0;
    for (let k = 0; k < count; k++) {
      const isMissing = this.#isMissing(rule.valueColumn + k, bytes, fields);
      if (!isMissing) readings++;
      if (isMissing ? Number.isNaN(times.at(k)) : k >= count - lacking) return false;
    }
    const reason =
      `the row has values for the ${lacking} cells that its day does not have, and none in its last ${lacking}; ` +
      'say `counted: elapsed` under `value` where cells are counted through from midnight, or else `counted: clock`';
    this.#batch.refuse(line, readings, reason, bytes, start, end);
    return true;
  }

  #isMissing(column: number, bytes: Uint8Array, { starts, ends }: FieldTable): boolean {
    return ends[column] === ABSENT || this.#missing.has(bytes, starts[column]!, ends[column]!);
  }

  /** Makes a reading of a cell, or counts what else it is. */
  #reading(
    rule: RowRule,
    column: number,
    key: number,
    cellMs: number,
    bytes: Uint8Array,
    fields: FieldTable,
    line: number,
    start: number,
    end: number,
  ): void {
    const batch = this.#batch;
    const valueStart = fields.starts[column]!;
    const valueEnd = fields.ends[column]!;
    if (valueEnd === ABSENT || this.#missing.has(bytes, valueStart, valueEnd)) {
      batch.missing++;
      if (this.#onMissing !== undefined) this.#tellMissing(rule, key, cellMs);
      return;
    }
    const { text, texts } = rule;
    let value =
      text === null
        ? parseScaledBytes(bytes, valueStart, valueEnd, rule.decimals, rule.excess)
        : text.parse(bytes, valueStart, valueEnd, fields);
    if (Number.isNaN(value) && text === null && isOddlyWritten(bytes, valueStart, valueEnd)) {
      value = rule.oddlyWritten.parse(bytes, valueStart, valueEnd, fields);
    }
    if (Number.isNaN(value) && texts !== null) value = standingValue(texts, bytes, valueStart, valueEnd);
    if (Number.isNaN(value)) {
      this.#refuseValue(rule, column, bytes, fields, line, start, end);
      return;
    }
    const entry = rule.entries.entry(key, bytes, fields);
    if (entry === NO_ENTRY) {
      batch.refuse(line, 1, rule.entries.fault(key), bytes, start, end);
      return;
    }
    const atMs = this.#time.isOfEnds ? this.#time.startOf(cellMs, rule.intervalMs) : cellMs;
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
    if (this.#isTimePlain) return;
    if (this.#time.cut) batch.truncatedTimes++;
    this.#time.countReading();
  }

  #tellMissing({ entries, bounds }: RowRule, key: number, atMs: number): void {
    const entry = entries.known(key);
    if (entry === NO_ENTRY || Number.isNaN(atMs) || atMs < bounds.earliestMs) return;
    if (atMs <= this.#latestMs || !this.#isFuture(atMs)) this.#onMissing!(entry, atMs);
  }

  #refuseValue(
    { text, decimals }: RowRule,
    column: number,
    bytes: Uint8Array,
    fields: FieldTable,
    line: number,
    start: number,
    end: number,
  ): void {
    const valueStart = fields.starts[column]!;
    const valueEnd = fields.ends[column]!;
    const fault =
      text === null
        ? describeValueFault(lastScaledFault(), quote(bytes, valueStart, valueEnd), decimals, PLAIN_MARKS)
        : text.fault(bytes, valueStart, valueEnd, fields);
    this.#batch.refuse(line, 1, `column ${JSON.stringify(this.#columns[column])}: ${fault}`, bytes, start, end);
  }

  #isFuture(atMs: number): boolean {
    this.#latestMs = this.#nowMs() + FUTURE_MS_MAX;
    return atMs > this.#latestMs;
  }
}
