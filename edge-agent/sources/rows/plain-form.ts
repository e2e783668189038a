import type { ColumnUse, PlainRowForm, PlainTimes } from '#core/kernels/row-kernel.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import { COMMA, LF, MINUS, PLUS, POINT, ZERO } from '../ascii.ts';
import type { RowTime } from '../time/row-time.ts';
import { openTimeText } from '../time/time-section.ts';
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

/** The columns that tell the series of rows, in their order. */
export function keyColumnsOf(rules: readonly RowRule[]): readonly number[] {
  return rules[0]!.keyColumns.toSorted((a, b) => a - b);
}

/** What rows are like of which a reader's rules make nothing but readings; undefined where there are none such. */
export function plainForm(
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
