import type { Metric } from '#core/metrics/metric.ts';
import { implausible } from '#core/metrics/plausible.ts';
import { lastScaledFault, parseScaledBytes } from '#core/numbers/scaled.ts';
import { quote, type BatchColumns } from '../batch-columns.ts';
import type { EntryRegistry } from '../source.ts';
import type { OrderSnapshot } from '../time/local-order.ts';
import { describeFuture, FUTURE_MS_MAX } from '../time/open-time.ts';
import { RowTime } from '../time/row-time.ts';
import { ABSENT, type FieldTable } from './field-table.ts';
import { MissingTexts } from './missing-texts.ts';
import { PLAIN_MARKS } from './number-text.ts';
import { compileRules, NO_ENTRY, RuleSelector, type RowRule } from './row-rules.ts';
import type { RowsSection } from './rows-section.ts';
import { describeValueFault } from './value-text.ts';

/** What a row reader needs to know beside its configuration. */
export interface RowReaderOptions {
  readonly section: RowsSection;
  /** The columns of the file, by position. */
  readonly columns: readonly string[];
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly batch: BatchColumns;
  /** The agent's clock, for telling times that can't be yet. */
  readonly nowMs: () => number;
  /** What a value is whose field a row doesn't have: missing, or nothing that anybody spoke of. */
  readonly absent?: 'missing' | 'passed-over';
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
  readonly #columnCount: number;
  readonly #batch: BatchColumns;
  readonly #selector: RuleSelector;
  readonly #missing: MissingTexts;
  readonly #time: RowTime;
  readonly #nowMs: () => number;
  readonly #passesAbsent: boolean;
  /** The latest time that is known not to be in the future; the clock is asked again only beyond it. */
  #latestMs = Number.NEGATIVE_INFINITY;
  #highestMs = Number.NEGATIVE_INFINITY;

  constructor({ section, columns, metrics, registry, batch, nowMs, absent }: RowReaderOptions) {
    this.#nowMs = nowMs;
    this.#passesAbsent = absent === 'passed-over';
    const positions = new Map(columns.map((name, i) => [name, i]));
    this.#columnCount = columns.length;
    this.#batch = batch;
    this.#selector = new RuleSelector(compileRules(section.series, positions, metrics, registry, section));
    this.#missing = new MissingTexts(section.missing.map((text) => text.trim()));
    // A file is long where its rows speak of different devices, by template or by `when`; else it is wide.
    const isLong = section.series.some((rule) => rule.device.includes('{') || Object.keys(rule.when).length > 0);
    this.#time = new RowTime(section.time, positions, isLong ? 'per-series' : 'shared');
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
    const atMs = this.#time.read(bytes, fields);
    if (Number.isNaN(atMs) && !this.#time.isTwice) {
      batch.refuse(line, this.#namedBy(rules, fields), this.#time.fault, bytes, start, end);
      return;
    }
    for (let i = 0; i < rules.length; i++) this.#reading(rules[i]!, atMs, bytes, fields, line, start, end);
  }

  /** Says that no row follows. */
  end(): void {
    this.#time.end();
  }

  /** How many readings have been found ambiguous since the last call. */
  takeAmbiguous(): number {
    return this.#time.takeAmbiguous();
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
    if (valueEnd === ABSENT && this.#passesAbsent) return;
    const key = rule.entries.key(bytes, fields);
    let atMs = rowMs;
    // Also a row without a value tells where its series has got to.
    if (this.#time.needsSeries(rowMs)) atMs = this.#time.ofSeries(rowMs, rule.entries.name(key, bytes, fields));
    if (valueEnd === ABSENT || this.#missing.has(bytes, valueStart, valueEnd)) {
      batch.missing++;
      return;
    }
    const { text } = rule;
    const value =
      text === null
        ? parseScaledBytes(bytes, valueStart, valueEnd, rule.decimals, rule.excess)
        : text.parse(bytes, valueStart, valueEnd, fields);
    if (Number.isNaN(value)) {
      const fault =
        text === null
          ? describeValueFault(lastScaledFault(), quote(bytes, valueStart, valueEnd), rule.decimals, PLAIN_MARKS)
          : text.fault(bytes, valueStart, valueEnd, fields);
      batch.refuse(line, 1, `column ${JSON.stringify(rule.valueName)}: ${fault}`, bytes, start, end);
      return;
    }
    const entry = rule.entries.entry(key, bytes, fields);
    if (entry === NO_ENTRY) {
      batch.refuse(line, 1, rule.entries.fault(key), bytes, start, end);
      return;
    }
    if (this.#time.isOfEnds) atMs = this.#time.startOf(atMs, rule.intervalMs);
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
    this.#time.countReading();
  }

  #namedBy(rules: readonly RowRule[], { ends }: FieldTable): number {
    return this.#passesAbsent ? rules.filter(({ valueColumn }) => ends[valueColumn] !== ABSENT).length : rules.length;
  }

  #isFuture(atMs: number): boolean {
    this.#latestMs = this.#nowMs() + FUTURE_MS_MAX;
    return atMs > this.#latestMs;
  }
}
