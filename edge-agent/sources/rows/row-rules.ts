import { strict as assert } from 'node:assert';
import type { Bounds, Metric } from '#core/metrics/metric.ts';
import { type Factor, parseFactor } from '#core/numbers/factor.ts';
import { type ExcessRule, scaledFromNumber } from '#core/numbers/scaled.ts';
import { DAY_MS } from '#core/time/civil.ts';
import { parseInstant } from '#core/time/instant.ts';
import type { Zone } from '#core/time/zone.ts';
import type { EntryRegistry, SeriesDescription } from '../source.ts';
import { CellTimes } from '../time/cell-times.ts';
import { type FieldTable, KEY_REFUSED, KeyTable } from './key-table.ts';
import { FORMULA_BYTES, isFormulaOfText, type NumberMarks, PLAIN_MARKS } from './number-text.ts';
import { ColumnCondition } from './row-condition.ts';
import type { CellsRule, SeriesRule } from './rows-section.ts';
import { fillTextTemplate, parseTextTemplate, type TextTemplate } from './text-template.ts';
import { equalBytes, type ValueRule, ValueText } from './value-text.ts';

/** A series rule whose names have become positions: what the row reader runs per row. */
export interface RowRule {
  readonly metric: string;
  readonly decimals: number;
  readonly excess: ExcessRule;
  readonly bounds: Bounds;
  readonly intervalMs: number;
  readonly valueColumn: number;
  /** Where the rule takes more than one cell of a row, from `valueColumn` on. */
  readonly cells: RowCells | null;
  /** Null where the values are plain decimals. */
  readonly text: ValueText | null;
  /** How those are read that are written otherwise than plain decimals. */
  readonly oddlyWritten: ValueText;
  /** Texts that are no numbers, and stand for one each; null where there are none. */
  readonly texts: readonly StandingText[] | null;
  readonly when: readonly ColumnCondition[];
  /** The columns that tell the series of a row. */
  readonly keyColumns: readonly number[];
  readonly entries: RuleEntries;
}

/** A text, and the scaled value that it stands for. */
interface StandingText {
  readonly text: Uint8Array;
  readonly value: number;
}

/** The scaled value that `bytes[start, end)` stands for, or NaN. */
export function standingValue(texts: readonly StandingText[], bytes: Uint8Array, start: number, end: number): number {
  return texts.find(({ text }) => equalBytes(text, bytes, start, end))?.value ?? Number.NaN;
}

/** The cells of a rule that has many in a row, and when they begin. */
export interface RowCells {
  readonly times: CellTimes;
  /** Whether nobody has said how they are counted, so that a row which speaks against the clock is refused. */
  readonly isGuessed: boolean;
}

/** The readings that a rule gives of a row. */
export function cellsOf(rule: RowRule): number {
  return rule.cells?.times.count ?? 1;
}

/** The entry of a rule's series, or why the row's series can't be one. */
export const NO_ENTRY = -1;
const NOT_ASKED = -2;
/** There is none, and why isn't kept. */
const NOT_TAKEN = -3;

const NOT_DESCRIBED = 'the device, or a tag, is empty, or is not UTF-8 text on one line';

/** Faults of series that are told in their own words. */
export const FAULTS_KEPT_MAX = 1_000;

const NOT_TAKEN_EITHER = `the agent takes no such series; what it says of the first ${FAULTS_KEPT_MAX} of them says why`;

const CONTROL = /\p{Cc}/u;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What the series of a rule are called, by the key of the row: described and interned once per series, at its first reading. */
export class RuleEntries {
  readonly #metric: string;
  readonly #device: TextTemplate;
  readonly #tags: readonly (readonly [string, TextTemplate])[];
  readonly #said: Pick<SeriesDescription, 'sinceMs'>;
  readonly #positions: ReadonlyMap<string, number>;
  readonly #registry: EntryRegistry;
  /** Shared by the rules that name their series by the same columns; null where the rule has one series. */
  readonly #keys: KeyTable | null;
  #entries = new Int32Array(1).fill(NOT_ASKED);
  #devices: (string | undefined)[] = [];
  #names: (string | undefined)[] = [];
  /** Why some keys have no entry, for at most FAULTS_KEPT_MAX of them. */
  readonly #faults = new Map<number, string>();

  constructor(
    rule: SeriesRule,
    positions: ReadonlyMap<string, number>,
    keys: KeyTable | null,
    registry: EntryRegistry,
  ) {
    this.#metric = rule.metric;
    this.#device = parseTextTemplate(rule.device);
    this.#tags = Object.entries(rule.tags).map(([tag, template]) => [tag, parseTextTemplate(template)]);
    this.#said = rule.since === undefined ? {} : { sinceMs: parseInstant(rule.since) };
    this.#positions = positions;
    this.#keys = keys;
    this.#registry = registry;
  }

  /** The number of the row's series key, the same for every rule that shares the key table; KEY_REFUSED for none. */
  key(bytes: Uint8Array, fields: FieldTable): number {
    return this.#keys === null ? 0 : this.#keys.find(bytes, fields);
  }

  /** The registry's number for the row's series, or NO_ENTRY where `fault` says why there is none. */
  entry(key: number, bytes: Uint8Array, fields: FieldTable): number {
    const known = key < this.#entries.length ? this.#entries[key]! : NOT_ASKED;
    return known >= 0 ? known : this.#describe(key, known, bytes, fields);
  }

  /** The registry's number of a series that was described before, or else NO_ENTRY. */
  known(key: number): number {
    return Math.max(NO_ENTRY, this.#entries[key] ?? NO_ENTRY);
  }

  /** The row's series as a text that no other one of the source has, whatever it is worth. */
  name(key: number, bytes: Uint8Array, fields: FieldTable): string {
    const known = this.#names[key];
    if (known !== undefined) return known;
    const parts = [this.#device, ...this.#tags.map(([, template]) => template)];
    const text = JSON.stringify([this.#metric, ...parts.map((part) => this.#fill(part, bytes, fields))]);
    if (key !== KEY_REFUSED) this.#names[key] = text;
    return text;
  }

  /** The device of the row's series, `''` where it has none. */
  device(key: number, bytes: Uint8Array, fields: FieldTable): string {
    const known = this.#devices[key];
    if (known !== undefined) return known;
    const text = key === KEY_REFUSED ? '' : this.#fill(this.#device, bytes, fields);
    if (key !== KEY_REFUSED) this.#devices[key] = text;
    return text;
  }

  /** Why `entry` gave NO_ENTRY. */
  fault(key: number): string {
    return key === KEY_REFUSED
      ? 'the source has more series, or one with a longer name, than an agent carries; split it over agents'
      : (this.#faults.get(key) ?? (this.#entries[key] === NOT_TAKEN ? NOT_TAKEN_EITHER : NOT_DESCRIBED));
  }

  #describe(key: number, known: number, bytes: Uint8Array, fields: FieldTable): number {
    if (key === KEY_REFUSED || known !== NOT_ASKED) return NO_ENTRY;
    if (key >= this.#entries.length) {
      const entries = new Int32Array(Math.max(key + 1, this.#entries.length * 2)).fill(NOT_ASKED);
      entries.set(this.#entries);
      this.#entries = entries;
    }
    const device = this.device(key, bytes, fields);
    const tags = this.#tags.map(([tag, template]) => [tag, this.#fill(template, bytes, fields)] as const);
    const complete = device !== '' && tags.every(([, text]) => text !== '');
    const interned = complete
      ? this.#registry.intern({
          metric: this.#metric,
          device,
          tags: { ...Object.fromEntries(tags), device },
          ...this.#said,
        })
      : NO_ENTRY;
    if (typeof interned === 'number') return (this.#entries[key] = interned);
    const isKept = this.#faults.size < FAULTS_KEPT_MAX;
    if (isKept) this.#faults.set(key, interned.message);
    this.#entries[key] = isKept ? NO_ENTRY : NOT_TAKEN;
    return NO_ENTRY;
  }

  /** A template's text for a row, `''` where a column of it is empty or no text: a half-filled name is no name. */
  #fill(template: TextTemplate, bytes: Uint8Array, fields: FieldTable): string {
    let whole = true;
    const text = fillTextTemplate(template, (name) => {
      const column = this.#positions.get(name);
      assert(column !== undefined, 'the columns of templates are checked when a file is opened');
      const part = decodeName(bytes.subarray(fields.starts[column]!, fields.ends[column]!));
      whole &&= part !== '';
      return part;
    });
    return whole ? text : '';
  }
}

function decodeName(bytes: Uint8Array): string {
  const quoted = isFormulaOfText(bytes, 0, bytes.length);
  try {
    const text = decoder.decode(quoted ? bytes.subarray(FORMULA_BYTES, -1) : bytes);
    return CONTROL.test(text) ? '' : text;
  } catch (error) {
    if (error instanceof TypeError) return '';
    throw error;
  }
}

/** A rule for numbers that have their unit behind them: that of its metric, unless it says another one. */
export function withUnit(rule: SeriesRule, metrics: ReadonlyMap<string, Metric>): SeriesRule {
  const unit = metrics.get(rule.metric)?.unit ?? '';
  if (rule.unit !== undefined || unit === '') return rule;
  // A cubic metre is written without a superscript where there are but letters and digits.
  return { ...rule, unit: { [unit]: '1', [unit.replaceAll('³', '3')]: '1', '': '1' } };
}

/** The rules of a source for a file with these columns. All names have been checked. */
export function compileRules(
  series: readonly SeriesRule[],
  positions: ReadonlyMap<string, number>,
  metrics: ReadonlyMap<string, Metric>,
  registry: EntryRegistry,
  marks: NumberMarks,
  zone: Zone,
): readonly RowRule[] {
  const position = (name: string): number => {
    const column = positions.get(name);
    assert(column !== undefined, `column ${name} is checked when a file is opened`);
    return column;
  };
  const keyTables = new Map<string, KeyTable>();
  const keyColumnsOf = (rule: SeriesRule): readonly number[] => [
    ...new Set(templatesOf(rule).flatMap((text) => parseTextTemplate(text).columns.map(position))),
  ];
  const keysFor = (columns: readonly number[]): KeyTable | null => {
    if (columns.length === 0) return null;
    const id = columns.join();
    const keys = keyTables.get(id) ?? new KeyTable(columns);
    keyTables.set(id, keys);
    return keys;
  };
  return series.map((rule) => {
    const metric = metrics.get(rule.metric);
    assert(metric !== undefined, `metric ${rule.metric} is checked with the configuration`);
    const keyColumns = keyColumnsOf(rule);
    return {
      metric: rule.metric,
      decimals: metric.decimals,
      excess: metric.excess,
      bounds: metric,
      intervalMs: metric.intervalMs,
      valueColumn: position(rule.value),
      cells:
        rule.cells === undefined ? null : rowCells(rule.cells, position(rule.value), position(rule.cells.to), zone),
      text: valueText(rule, metric, position, marks),
      oddlyWritten: new ValueText({ ...metric, units: null, scale: null }, PLAIN_MARKS),
      texts: standingTexts(rule, metric),
      when: Object.entries(rule.when).map(([name, condition]) => new ColumnCondition(position(name), condition)),
      keyColumns,
      entries: new RuleEntries(rule, positions, keysFor(keyColumns), registry),
    };
  });
}

function rowCells({ everyMs, counted }: CellsRule, from: number, to: number, zone: Zone): RowCells {
  const count = to - from + 1;
  const isGuessed = counted === undefined && count * everyMs === DAY_MS;
  return { times: new CellTimes(zone, count, everyMs, counted ?? (isGuessed ? 'clock' : 'elapsed')), isGuessed };
}

function standingTexts({ texts }: SeriesRule, { decimals, excess }: Metric): readonly StandingText[] | null {
  if (texts === undefined) return null;
  return Object.entries(texts).map(([text, number]) => ({
    text: new TextEncoder().encode(text.trim()),
    value: scaledFromNumber(number, decimals, excess),
  }));
}

/** How the values of a rule are read; null where the reader of plain decimals does. */
function valueText(
  { scale, unit }: SeriesRule,
  { decimals, excess }: Metric,
  position: (name: string) => number,
  marks: NumberMarks,
): ValueText | null {
  const isPlain = marks.decimal === '.' && marks.thousands === undefined;
  if (isPlain && scale === undefined && unit === undefined) return null;
  const factorOf = (text: string): Factor => {
    const factor = parseFactor(text);
    assert(factor !== null, `factor ${text} is checked with the configuration`);
    return factor;
  };
  const units =
    unit === undefined ? null : new Map(Object.entries(unit).map(([name, factor]) => [name, factorOf(factor)]));
  const column = (name: string): ValueRule['scale'] => parseFactor(name) ?? { column: position(name), name };
  return new ValueText({ decimals, excess, units, scale: scale === undefined ? null : column(scale) }, marks);
}

function templatesOf(rule: SeriesRule): readonly string[] {
  return [rule.device, ...Object.values(rule.tags)];
}

/**
 * Finds the rules that a row is for. Rows with the same texts in the columns that `when` looks at have the same rules,
 * so they are found once per such text and looked up from then on.
 */
export class RuleSelector {
  readonly #rules: readonly RowRule[];
  readonly #keys: KeyTable | null;
  readonly #found: (readonly RowRule[] | undefined)[] = [];
  /** Readings that a row can give. */
  readonly readingsMax: number;
  /** Readings lost with a row that can't be taken apart: those of all rules without `when`, and of one of those with it. */
  readonly unreadableReadings: number;

  constructor(rules: readonly RowRule[]) {
    this.#rules = rules;
    const columns = [...new Set(rules.flatMap((rule) => rule.when.map(({ column }) => column)))];
    this.#keys = columns.length === 0 ? null : new KeyTable(columns);
    const always = rules.filter((rule) => rule.when.length === 0);
    const others = rules.filter((rule) => rule.when.length > 0);
    this.unreadableReadings = sumOf(always) + Math.max(0, ...others.map(cellsOf));
    this.readingsMax = sumOf(rules);
  }

  select(bytes: Uint8Array, fields: FieldTable): readonly RowRule[] {
    if (this.#keys === null) return this.#rules;
    const key = this.#keys.find(bytes, fields);
    if (key === KEY_REFUSED) return this.#match(bytes, fields);
    return (this.#found[key] ??= this.#match(bytes, fields));
  }

  #match(bytes: Uint8Array, fields: FieldTable): readonly RowRule[] {
    const { starts, ends } = fields;
    return this.#rules.filter((rule) =>
      rule.when.every((condition) => condition.holds(bytes, starts[condition.column]!, ends[condition.column]!)),
    );
  }
}

function sumOf(rules: readonly RowRule[]): number {
  return rules.reduce((total, rule) => total + cellsOf(rule), 0);
}
