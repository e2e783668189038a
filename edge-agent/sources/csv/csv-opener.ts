import {
  BROKEN,
  byteOrderMarkBytes,
  INCOMPLETE,
  type RecordFileOpener,
  type RecordFileOpening,
} from '../records/record-format.ts';
import { missingColumns, missingRemedy, neededColumns } from '../rows/row-references.ts';
import { COLUMNS_MAX, type FileSection } from '../rows/rows-section.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import { CsvRecords } from './csv-records.ts';

const decoder = new TextDecoder();

/** What a section of `kind: csv` says beside what all files of rows have. */
export interface CsvSection extends FileSection {
  readonly delimiter: string;
  /** The names of the columns, where the heading is missing or not to be used. */
  readonly columns?: readonly string[] | undefined;
  /** Whether the file has a heading: it has one unless `columns` says otherwise. */
  readonly header?: boolean | undefined;
}

/** How a CSV file begins: with a heading, unless the configuration names the columns. */
export class CsvOpener implements RecordFileOpener {
  readonly #section: CsvSection;
  readonly #subject: string;

  constructor(section: CsvSection) {
    this.#section = section;
    this.#subject = subjectOf(section.file);
  }

  open(bytes: Uint8Array, from: number, to: number, atEnd: boolean): RecordFileOpening | null {
    const { columns, header, delimiter } = this.#section;
    const markBytes = byteOrderMarkBytes(bytes, from, to);
    if (columns !== undefined && header !== true) {
      return {
        columns: this.#checked(columns),
        format: new CsvRecords(delimiter, columns.length),
        dataAt: markBytes,
        dataLine: 1,
      };
    }
    const heading = new CsvRecords(delimiter, COLUMNS_MAX);
    let at = from + markBytes;
    let line = 1;
    for (;;) {
      const end = at === to && atEnd ? BROKEN : heading.next(bytes, at, to, atEnd, true);
      if (end === INCOMPLETE) return null;
      if (end === BROKEN) {
        throw new SourceError('heading', this.#subject, 'has no heading', 'give it one, or name its `columns`');
      }
      at = end;
      line += heading.lineEnds;
      if (!heading.blank) break;
    }
    const found = this.#names(bytes, heading);
    const endsInDelimiter = found.length > 1 && found.at(-1) === '';
    const names = columns ?? found;
    if (names.length !== found.length && !(endsInDelimiter && names.length === found.length - 1)) {
      const value = `has a heading of ${found.length} columns where \`columns\` names ${names.length}`;
      throw new SourceError('columns', this.#subject, value, 'name all of them, in their order');
    }
    return {
      columns: this.#checked(names),
      format: new CsvRecords(delimiter, names.length, endsInDelimiter && names.length === found.length),
      dataAt: at - from,
      dataLine: line,
    };
  }

  #names(bytes: Uint8Array, heading: CsvRecords): readonly string[] {
    const { count, starts, ends } = heading.fields;
    if (count > COLUMNS_MAX) {
      throw new SourceError(
        'heading',
        this.#subject,
        `has ${count} columns`,
        `${COLUMNS_MAX} is the limit; is the delimiter right?`,
      );
    }
    return Array.from({ length: count }, (_, i) => decoder.decode(bytes.subarray(starts[i], ends[i])));
  }

  #checked(names: readonly string[]): readonly string[] {
    const missing = missingColumns(this.#section, names);
    if (missing.length > 0) {
      const remedy =
        names.length === 1
          ? `it has one column, ${JSON.stringify(names[0]!.slice(0, 80))}; \`delimiter\` may be wrong, or \`columns\` be needed`
          : missingRemedy(missing, names);
      const which = missing.map(({ column }) => JSON.stringify(column)).join(', ');
      const value = `lacks the column${missing.length === 1 ? '' : 's'} ${which}`;
      throw new SourceError('columns', this.#subject, value, remedy);
    }
    for (const { column } of neededColumns(this.#section)) {
      if (names.indexOf(column) !== names.lastIndexOf(column)) {
        const remedy = 'rename one, or name all of them under `columns` with `header: true`';
        throw new SourceError('columns', this.#subject, `has two columns ${JSON.stringify(column)}`, remedy);
      }
    }
    return names;
  }
}
