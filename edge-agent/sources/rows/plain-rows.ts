import { type ColumnUse, KEYS_MAX, type PlainRowForm, type PlainTimes, RowKernel } from '#core/kernels/row-kernel.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import { COMMA, LF, MINUS, PLUS, POINT, ZERO } from '../ascii.ts';
import type { RowTime } from '../time/row-time.ts';
import { openTimeText } from '../time/time-section.ts';
import { type FieldTable, KEY_REFUSED } from './key-table.ts';
import type { RowReader } from './row-reader.ts';
import type { RowRule } from './row-rules.ts';
import type { RowsSection } from './rows-section.ts';

/** How the rows of a format are written where there is nothing special to them: fields of a line, with a mark between. */
export interface PlainLines {
  readonly delimiter: number;
  /** What a line begins with that is no row. */
  readonly comment?: number;
  /** The fields of a line that is no row. */
  readonly heading: readonly Uint8Array[];
}

/** Delimiters that stand in no number and no time. */
const DELIMITERS: readonly number[] = Array.from(',;\t|', (mark) => mark.charCodeAt(0));

/** How the formats write times that have a name here; others are read row by row. */
const TIMES: Readonly<Record<string, PlainTimes>> = {
  iso: { kind: 'iso' },
  unix: { kind: 'number', digitsMax: 12, factor: 1_000, divisor: 1 },
  'unix-ms': { kind: 'number', digitsMax: 15, factor: 1, divisor: 1 },
  'unix-us': { kind: 'number', digitsMax: 18, factor: 1, divisor: 1_000 },
  'unix-ns': { kind: 'number', digitsMax: 18, factor: 1, divisor: 1_000_000 },
};

/** What a row reader goes by. */
export interface ReaderRules {
  readonly section: Pick<RowsSection, 'time' | 'missing'>;
  readonly columns: readonly string[];
  readonly rules: readonly RowRule[];
  readonly time: RowTime;
}

/** Fewer rows than these at a time are not worth asking a kernel. */
const ROWS_WORTHWHILE = 4;
/** Rows that are read without asking it at most, after one that was unusual. */
const ROWS_PASSED_MAX = 1_024;

/**
 * The plain rows of a file, taken by a kernel, many at a time; all others are the row reader's, one by one. A key is learnt
 * from the first row that has it. Where rows turn out to be unusual, the kernel is asked ever more rarely.
 */
export class PlainRows {
  readonly #kernel: RowKernel;
  readonly #reader: RowReader;
  readonly #rules: ReaderRules;
  readonly #keyColumns: readonly number[];
  /** Keys, by the numbers that the reader gives them, that the kernel knows. */
  readonly #learnt = new Uint8Array(KEYS_MAX);
  /** What of the bytes lies with the kernel. */
  #from = 0;
  #to = 0;
  /** Rows to be read before the kernel is asked again, and how many they were the last time. */
  #passing = 0;
  #passed = 0;
  /** Whether the row at which it stopped was strange for its key alone, which is to be learnt. */
  wantsKey = false;
  /** Where the first row begins that the last call of `take` did not take. */
  index = 0;

  private constructor(kernel: RowKernel, reader: RowReader, keyColumns: readonly number[]) {
    this.#kernel = kernel;
    this.#reader = reader;
    this.#rules = reader.rules;
    this.#keyColumns = keyColumns;
  }

  /** Undefined where no row can be plain by what the reader does with them, or there is no kernel for them. */
  static of(lines: PlainLines, reader: RowReader, rowBytesMax: number): PlainRows | undefined {
    const form = plainForm(lines, reader.rules, rowBytesMax);
    const kernel = form === undefined ? undefined : RowKernel.open(form);
    return kernel && new PlainRows(kernel, reader, keyColumnsOf(reader.rules.rules));
  }

  /** Says that other bytes are loaded. */
  loaded(): void {
    this.#from = this.#to = 0;
  }

  /** Whether the next row may be one to take; where not, it is to be read. */
  isDue(): boolean {
    if (this.#passing === 0) return true;
    this.#passing--;
    return false;
  }

  /** Takes up to `rowsMax` rows of `bytes[from, to)` and gives how many; each has a line, which ends there. */
  take(bytes: Uint8Array, from: number, to: number, rowsMax: number): number {
    const kernel = this.#kernel;
    if (from < this.#from || from >= this.#to) {
      this.#from = from;
      this.#to = from + kernel.load(bytes, from, to);
      if (this.#to === from) return 0;
    } else kernel.seek(from - this.#from);
    const rows = this.#reader.takePlain(kernel, rowsMax);
    this.index = this.#from + kernel.index;
    if (kernel.stoppedBy !== 'end') {
      this.wantsKey = kernel.stoppedBy === 'unknown-key';
      this.#passed = rows >= ROWS_WORTHWHILE ? 0 : Math.min(2 * this.#passed + 1, ROWS_PASSED_MAX);
      // The row at which it stopped is the next one only where others were taken before it.
      this.#passing = this.#passed + (rows > 0 ? 1 : 0);
    }
    return rows;
  }

  /** Learns the key of a row that the reader has just read. */
  learn(bytes: Uint8Array, fields: FieldTable): void {
    this.wantsKey = false;
    const { lastKey } = this.#reader;
    if (lastKey === KEY_REFUSED || lastKey >= KEYS_MAX || this.#learnt[lastKey] === 1) return;
    const entries = this.#rules.rules.map((rule) => rule.entries.known(lastKey));
    if (entries.some((entry) => entry < 0)) return;
    const parts = this.#keyColumns.map((column) => [fields.starts[column]!, fields.ends[column]!] as const);
    if (!this.#kernel.learn(bytes, parts, entries)) return;
    this.#learnt[lastKey] = 1;
    // It was the key that was unusual.
    this.#passing = this.#passed = 0;
  }
}

function keyColumnsOf(rules: readonly RowRule[]): readonly number[] {
  return rules[0]!.keyColumns.toSorted((a, b) => a - b);
}

/** What rows are like of which these rules make nothing but readings; undefined where there are none such. */
function plainForm(
  lines: PlainLines,
  { section, columns, rules, time }: ReaderRules,
  rowBytesMax: number,
): PlainRowForm | undefined {
  const uses = columnUses(columns, rules, time);
  const times = TIMES[section.time.format];
  if (uses === undefined || times === undefined || !DELIMITERS.includes(lines.delimiter)) return undefined;
  if (section.missing.some((text) => mayBeNumber(text.trim()))) return undefined;
  // A row that is the heading again must not pass for one of readings.
  const name = lines.heading[uses.indexOf('time')];
  const timeText = openTimeText(section.time.format, 'refuse', time.zone);
  if (name !== undefined && !Number.isNaN(timeText.parse(name, 0, name.length))) return undefined;
  const { shiftMs } = time;
  const roomMs = Math.abs(shiftMs);
  return {
    columns: uses,
    delimiter: lines.delimiter,
    commentByte: lines.comment ?? LF,
    rowBytesMax,
    values: rules.map(({ decimals, excess, bounds }) => ({
      decimals,
      min: bounds.minScaled,
      max: bounds.maxScaled,
      rounds: excess === 'round',
    })),
    times,
    shiftMs,
    earliestMs: Math.max(INSTANT_MIN_MS + roomMs + shiftMs, ...rules.map(({ bounds }) => bounds.earliestMs)),
    latestMs: INSTANT_MAX_MS - roomMs + shiftMs,
  };
}

/** What each column is for; undefined where one is for several things, or something else is asked of a row. */
function columnUses(
  columns: readonly string[],
  rules: readonly RowRule[],
  time: RowTime,
): readonly ColumnUse[] | undefined {
  if (rules.length === 0 || time.plainColumn === null) return undefined;
  const uses: ColumnUse[] = columns.map(() => 'none');
  const isFree = (column: number, use: ColumnUse): boolean => {
    const isUsed = uses[column] !== 'none';
    uses[column] = use;
    return !isUsed;
  };
  const keyColumns = keyColumnsOf(rules);
  const areDistinct =
    isFree(time.plainColumn, 'time') &&
    keyColumns.every((column) => isFree(column, 'key')) &&
    rules.every(({ valueColumn }, i) => isFree(valueColumn, i));
  const arePlain = rules.every(
    (rule) =>
      rule.text === null &&
      rule.cells === null &&
      rule.when.length === 0 &&
      keyColumnsOf([rule]).join() === keyColumns.join(),
  );
  return areDistinct && arePlain ? uses : undefined;
}

/** Whether a text may be read as a number. */
function mayBeNumber(text: string): boolean {
  const first = text.charCodeAt(0);
  return [PLUS, MINUS, POINT, COMMA].includes(first) || (first >= ZERO && first <= ZERO + 9);
}
