import { z } from 'zod';
import { CR, LF } from '../ascii.ts';
import { checkFile, describeFile, FILE_FIELDS, type FileSection, fileSupport } from '../records/file-section.ts';
import {
  BROKEN,
  byteOrderMarkBytes,
  INCOMPLETE,
  type RecordFileOpener,
  type RecordFileOpening,
} from '../records/record-format.ts';
import { RecordSource } from '../records/record-source.ts';
import { columnsAcross } from '../rows/across-columns.ts';
import {
  checkCells,
  checkColumns,
  checkDistinct,
  checkMetrics,
  missingColumns,
  missingRemedy,
  neededColumns,
  seriesMade,
} from '../rows/row-references.ts';
import { CELLS_SERIES, COLUMNS_MAX } from '../rows/rows-section.ts';
import { nameField } from '../section-fields.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { timeColumns } from '../time/time-section.ts';
import { type CsvOptions, CsvRecords } from './csv-records.ts';

/** Lines that may stand before a heading: a page of text, and far fewer than what is loaded at first. */
const SKIPPED_LINES_MAX = 1_000;

/** Lines that the names of columns may be spread over; a quote that never closes would make a heading of all rows. */
const HEADING_LINES_MAX = 64;

/** What a spreadsheet writes before the heading, to tell another one the delimiter. */
const SEPARATOR_LINE = /^"?sep=(.)"?$/i;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What a section of `kind: csv` says beside what all files of rows have. */
interface CsvSection extends FileSection {
  readonly delimiter: string;
  /** The names of the columns, where the heading is missing or not to be used. */
  readonly columns?: readonly string[] | undefined;
  /** Whether the file has a heading: it has one unless `columns` says otherwise. */
  readonly header?: boolean | undefined;
  /** Lines before the heading, or before the first row. */
  readonly skip: number;
  /** What a line begins with that is no row. */
  readonly comment?: string | undefined;
}

/** A place in the beginning of a file. */
interface Place {
  readonly at: number;
  readonly line: number;
}

/**
 * How a CSV file begins: with lines that are skipped, then a heading, unless the configuration names the columns. Where
 * the heading stands again among the rows, as in files that were put together, it is no row.
 */
export class CsvOpener implements RecordFileOpener {
  readonly #section: CsvSection;
  readonly #subject: string;

  /** `subject`: how messages call what is read, where it is no file. */
  constructor(section: CsvSection, subject = subjectOf(section.file)) {
    this.#section = section;
    this.#subject = subject;
  }

  open(bytes: Uint8Array, from: number, to: number, atEnd: boolean): RecordFileOpening | null {
    const { columns, header } = this.#section;
    const textAt = from + byteOrderMarkBytes(bytes, from, to);
    const start = this.#skip(bytes, textAt, to, atEnd);
    if (start === null) return null;
    if (columns !== undefined && header !== true) {
      const format = this.#records(
        columns.length,
        columns.map((name) => encoder.encode(name)),
        readColumns(this.#section, columns),
      );
      return { columns: this.#checked(columns), format, dataAt: start.at - from, dataLine: start.line };
    }
    const heading = this.#records(COLUMNS_MAX);
    const { at, line } = this.#readHeading(heading, bytes, start, to, atEnd) ?? { at: INCOMPLETE, line: 0 };
    if (at === INCOMPLETE) return null;
    const found = this.#names(bytes, heading);
    const endsInDelimiter = found.length > 1 && found.at(-1) === '';
    const names = columns ?? found;
    if (names.length !== found.length && !(endsInDelimiter && names.length === found.length - 1)) {
      const value = `has a heading of ${found.length} columns where \`columns\` names ${names.length}`;
      throw new SourceError('columns', this.#subject, value, 'name all of them, in their order');
    }
    const format = this.#records(
      names.length,
      names.map((_, i) => bytes.slice(heading.fields.starts[i], heading.fields.ends[i])),
      readColumns(this.#section, names),
      endsInDelimiter && names.length === found.length,
    );
    const elsewhere = (): string | undefined => this.#elsewhere(bytes, textAt, to);
    return { columns: this.#checked(names, elsewhere), format, dataAt: at - from, dataLine: line };
  }

  #records(
    columnCount: number,
    heading: readonly Uint8Array[] = [],
    read?: CsvOptions['read'],
    lastIsOptional = false,
  ): CsvRecords {
    const { delimiter, comment } = this.#section;
    return new CsvRecords(delimiter, columnCount, { heading, read, lastIsOptional, comment });
  }

  /** Where the lines end that are skipped; null where more bytes are needed. */
  #skip(bytes: Uint8Array, from: number, to: number, atEnd: boolean): Place | null {
    let at = from;
    const { skip } = this.#section;
    for (let line = 1; ; line++) {
      if (line > skip && (line > 1 || !this.#isSeparatorLine(bytes, at, to))) return { at, line };
      const lineEnd = lineEndFrom(bytes, at, to);
      if (lineEnd >= 0) at = lineEnd + 1;
      else if (!atEnd) return null;
      else {
        const value = `has fewer than the ${skip} lines that \`skip\` says`;
        throw new SourceError('heading', this.#subject, value, 'check that it is the right file');
      }
    }
  }

  /** Whether a line tells the delimiter. Throws where that is another one. */
  #isSeparatorLine(bytes: Uint8Array, at: number, to: number): boolean {
    const lineEnd = lineEndFrom(bytes, at, to);
    if (lineEnd < 0) return false;
    const told = SEPARATOR_LINE.exec(decoder.decode(bytes.subarray(at, lineEnd - (bytes[lineEnd - 1] === CR ? 1 : 0))));
    if (told !== null && told[1] !== this.#section.delimiter) {
      const value = `says that its delimiter is ${JSON.stringify(told[1])}`;
      throw new SourceError('heading', this.#subject, value, `say \`delimiter: ${JSON.stringify(told[1])}\``);
    }
    return told !== null;
  }

  /** Takes the heading apart and gives where it ends; null where more bytes are needed. */
  #readHeading(heading: CsvRecords, bytes: Uint8Array, start: Place, to: number, atEnd: boolean): Place | null {
    let { at, line } = start;
    for (;;) {
      const end = at === to && atEnd ? BROKEN : heading.next(bytes, at, to, atEnd, false);
      if (end === INCOMPLETE) return null;
      if (end === BROKEN || heading.lineEnds > HEADING_LINES_MAX) {
        const why = heading.fault || `it goes on for ${heading.lineEnds} lines`;
        const value = at === to ? 'has no heading' : `has a heading that can't be read: ${why}`;
        throw new SourceError('heading', this.#subject, value, 'give it one, or name its `columns`');
      }
      at = end;
      line += heading.lineEnds;
      if (!heading.blank) return { at, line };
    }
  }

  #names(bytes: Uint8Array, heading: CsvRecords): readonly string[] {
    const { count } = heading.fields;
    if (count > COLUMNS_MAX) {
      const remedy = `${COLUMNS_MAX} is the limit; is the delimiter right?`;
      throw new SourceError('heading', this.#subject, `has ${count} columns`, remedy);
    }
    return asSaid(
      fieldTexts(bytes, heading),
      neededColumns(this.#section).map(({ column }) => column),
    );
  }

  #checked(names: readonly string[], elsewhere: () => string | undefined = () => undefined): readonly string[] {
    const missing = missingColumns(this.#section, names);
    if (missing.length > 0) {
      const which = missing.map(({ column }) => JSON.stringify(column)).join(', ');
      const value = `lacks the column${missing.length === 1 ? '' : 's'} ${which}`;
      if (names.some((name) => LONE_CR.test(name))) {
        const remedy = "write LF or CR LF there: tr '\\r' '\\n' does it";
        throw new SourceError('heading', this.#subject, 'ends its lines with CR alone', remedy);
      }
      throw new SourceError(
        'columns',
        this.#subject,
        value,
        elsewhere() ?? missingRemedy(missing, names) + elseSo(names),
      );
    }
    for (const { column } of neededColumns(this.#section)) {
      if (names.indexOf(column) !== names.lastIndexOf(column)) {
        const remedy = 'rename one, or name all of them under `columns` with `header: true`';
        throw new SourceError('columns', this.#subject, `has two columns ${JSON.stringify(column)}`, remedy);
      }
    }
    const [cells] = checkCells(this.#section, names);
    if (cells !== undefined) {
      throw new SourceError('columns', this.#subject, `can't be read: ${cells.subject} ${cells.value}`, cells.remedy);
    }
    return names;
  }

  /** What would find the heading that has all columns, where some other line is one. */
  #elsewhere(bytes: Uint8Array, from: number, to: number): string | undefined {
    const { delimiter } = this.#section;
    const needed = neededColumns(this.#section).map(({ column }) => column);
    const found = findHeading(bytes, from, to, needed, delimiter);
    if (found === null) return undefined;
    const keys = found.delimiter === delimiter ? [] : [`\`delimiter: ${JSON.stringify(found.delimiter)}\``];
    if (found.skip !== this.#section.skip) keys.push(`\`skip: ${found.skip}\``);
    return `line ${found.skip + 1} has ${needed.length === 1 ? 'it' : 'all'}: say ${keys.join(' and ')}`;
  }
}

/** Which columns of a file a section reads, of each range all, and which of them tell the time. */
function readColumns(section: CsvSection, names: readonly string[]): NonNullable<CsvOptions['read']> {
  const ranges = section.series.flatMap(({ value, cells, across }) => {
    const last = cells?.to ?? across;
    return last === undefined ? [] : columnsAcross(names, value, last);
  });
  const read = new Set([...neededColumns(section).map(({ column }) => column), ...ranges]);
  const placesOf = (some: Iterable<string>): readonly number[] =>
    Array.from(some, (name) => names.indexOf(name)).filter((place) => place >= 0);
  return { columns: placesOf(read), time: placesOf(timeColumns(section.time).map(({ column }) => column)) };
}

const LONE_CR = /\r(?!\n)/;
const VALUE = /^[+-]?[\d.,:/T Z+-]*\d[\d.,:/T Z+-]*$/;

/** What else may be wrong where a heading lacks columns. */
function elseSo(names: readonly string[]): string {
  if (names.length === 1) return '; `delimiter` may be wrong, or `columns` be needed';
  return names.every((name) => VALUE.test(name))
    ? '; where this is a row, the file has no heading: name its `columns`'
    : '';
}

const SPACES = /[\s\u00a0\u2007\u202f]+/g;

/** The names of a heading, spelled as the section has them where nothing but their white space differs: a line end is some too. */
function asSaid(names: readonly string[], needed: readonly string[]): readonly string[] {
  const plain = (name: string): string => name.trim().replace(SPACES, ' ');
  const said = new Map(needed.filter((name) => !names.includes(name)).map((name) => [plain(name), name]));
  return said.size === 0 ? names : names.map((name) => said.get(plain(name)) ?? name);
}

function lineEndFrom(bytes: Uint8Array, at: number, to: number): number {
  const found = bytes.indexOf(LF, at);
  return found >= to ? -1 : found;
}

/** Lines among which a heading is looked for: what stands before one are a few lines of text. */
const LINES_MAX = 100;

const DELIMITERS = [',', ';', '\t', '|'];

/** Where a heading stands that has all the columns. */
export interface FoundHeading {
  /** Lines before it. */
  readonly skip: number;
  readonly delimiter: string;
}

/** Looks for the first line that has all the columns, by the delimiter that was said, then by others; null for none. */
function findHeading(
  bytes: Uint8Array,
  from: number,
  to: number,
  columns: readonly string[],
  delimiter: string,
): FoundHeading | null {
  for (const tried of [delimiter, ...DELIMITERS.filter((other) => other !== delimiter)]) {
    const records = new CsvRecords(tried, COLUMNS_MAX);
    for (let at = from, skip = 0; at < to && skip < LINES_MAX; skip++) {
      const end = records.next(bytes, at, to, true, false);
      if (end > INCOMPLETE && columns.every((column) => asSaid(fieldTexts(bytes, records), columns).includes(column)))
        return { skip, delimiter: tried };
      const lineEnd = bytes.indexOf(LF, at);
      at = lineEnd < 0 ? to : lineEnd + 1;
    }
  }
  return null;
}

/** The fields of the record that was taken apart last; those that there is no room for are left out. */
function fieldTexts(bytes: Uint8Array, { fields }: CsvRecords): readonly string[] {
  const { count, starts, ends } = fields;
  const kept = Math.min(count, starts.length);
  return Array.from({ length: kept }, (_, i) => decoder.decode(bytes.subarray(starts[i], ends[i])));
}

/** How CSV is written, wherever it comes from. */
export const CSV_FIELDS = {
  delimiter: z
    .string()
    .refine(
      (mark) => /^[\t -~]$/.test(mark) && mark !== '"',
      'delimiter must be one ASCII character, not a quote or a line end; a tab is written "\\t"',
    )
    .default(',')
    .meta({ description: 'What stands between the fields of a row.', examples: [';'] }),
  columns: z
    .array(nameField)
    .min(1)
    .max(COLUMNS_MAX)
    .meta({
      description: 'The names of the columns, of a file that has no heading or another one.',
      examples: [['time', 'kw']],
    })
    .optional(),
  header: z
    .boolean()
    .meta({ description: 'Whether there is a heading. There is one unless columns names them.', examples: [false] })
    .optional(),
  skip: z
    .int()
    .min(0)
    .max(SKIPPED_LINES_MAX)
    .default(0)
    .meta({ description: 'How many lines stand before the heading.', examples: [3] }),
  comment: z
    .string()
    .regex(/^[^\s"].{0,7}$/u, 'comment must be what a line begins with that is no row, such as "#"')
    .meta({ description: 'What lines begin with that are no rows.', examples: ['#'] })
    .optional(),
};

/** What no single field of CSV can check. */
export function checkCsv(
  { columns, header }: Pick<CsvSection, 'columns' | 'header'>,
  context: z.core.$RefinementCtx,
): void {
  if (header === false && columns === undefined) {
    const message = 'a file without a heading needs `columns` to name them';
    context.addIssue({ code: 'custom', path: ['columns'], message });
  }
  const repeated = columns?.find((column, i) => columns.indexOf(column) !== i);
  if (repeated !== undefined) {
    const message = `column ${JSON.stringify(repeated)} is named twice`;
    context.addIssue({ code: 'custom', path: ['columns'], message });
  }
}

const schema = z
  .strictObject({
    kind: z.literal('csv').meta({ description: 'A CSV file, or standard input.', examples: ['csv'] }),
    ...FILE_FIELDS,
    series: CELLS_SERIES,
    ...CSV_FIELDS,
  })
  .superRefine((section, context) => {
    checkCsv(section, context);
    checkFile(section, context);
  });

/** CSV files, and standard input where `file` is `-`. */
export const CSV: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: fileSupport,
  describe: (section) => {
    const { skip, comment } = section;
    const lines = skip === 0 ? '' : `, its first ${skip === 1 ? 'line' : `${skip} lines`} skipped`;
    const comments = comment === undefined ? '' : `, lines with ${JSON.stringify(comment)} left out`;
    return describeFile(section) + lines + comments;
  },
  faults: (section, metricNames) => [
    ...checkMetrics(section, metricNames),
    ...checkDistinct(section),
    ...(section.columns === undefined ? [] : checkColumns(section, section.columns)),
  ],
  makes: seriesMade,
  open: (name, section, options) => new RecordSource({ ...options, name, section, opener: new CsvOpener(section) }),
};
