import { z } from 'zod';
import { nearestNames } from '#core/time/nearest-name.ts';
import { checkFile, describeFile, FILE_FIELDS, type FileSection, fileSupport } from '../records/file-section.ts';
import { byteOrderMarkBytes, type RecordFileOpener, type RecordFileOpening } from '../records/record-format.ts';
import { RecordSource } from '../records/record-source.ts';
import { checkDistinct, checkMetrics, neededColumns, seriesMade } from '../rows/row-references.ts';
import { nameField } from '../section-fields.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonText,
  parseJsonText,
  pathsOf,
  PAYLOAD,
  truthColumns,
  valueAtPath,
} from './json-fields.ts';
import { goesOverLines, JsonTextCutter } from './json-text-cutter.ts';
import { NdjsonRecords } from './ndjson-records.ts';

/** Lines at the beginning that are looked at to tell NDJSON from other files: some may be damaged, not all. */
const TRIED_LINES_MAX = 100;

/** Names that are told where one leads nowhere. */
const LISTED_MAX = 12;

const decoder = new TextDecoder();

export interface NdjsonSection extends FileSection {
  /** The path of the array of rows that each object holds; where it isn't said, the object is the row. */
  readonly rows?: string | undefined;
}

/**
 * How an NDJSON file begins: with a record. Its fields are those that the rules name. A field may be rare, so only the
 * time is missed at once: it must be in one of the first lines.
 */
export class NdjsonOpener implements RecordFileOpener {
  readonly #section: NdjsonSection;
  readonly #subject: string;

  constructor(section: NdjsonSection) {
    this.#section = section;
    this.#subject = subjectOf(section.file);
  }

  open(bytes: Uint8Array, from: number, to: number, atEnd: boolean): RecordFileOpening | null {
    const markBytes = byteOrderMarkBytes(bytes, from, to);
    const isOverLines = goesOverLines(bytes, from + markBytes, to);
    const lines = this.#firstLines(new JsonTextCutter(isOverLines), bytes, from + markBytes, to, atEnd);
    const objects = lines.map((line) => parseJsonText(line)).filter(isJsonObject);
    const { columns: timeColumns, period } = this.#section.time;
    const needed = period === undefined ? timeColumns : [...timeColumns, period.column];
    const rows = objects.flatMap((object) => rowsIn(object, this.#section.rows));
    const timed = rows.some((row) => needed.every((column) => valueAtPath(row, column) !== undefined));
    if (!timed && !atEnd && lines.length < TRIED_LINES_MAX) return null;
    if (objects.length === 0) {
      throw new SourceError(
        'not-text',
        this.#subject,
        'is not NDJSON',
        'write one JSON object a line, or an array of objects, or name another `kind`',
      );
    }
    if (rows.length === 0) throw this.#noRows(objects);
    for (const column of needed) this.#checkTime(column, rows);
    const columns = neededColumns(this.#section).map(({ column }) => column);
    const knownPaths = [...new Set(rows.flatMap((row) => pathsOf(row)))];
    const { decimal, series, rows: rowsPath } = this.#section;
    const numbers = series.flatMap(({ value, scale }) => (scale === undefined ? [value] : [value, scale]));
    const format = new NdjsonRecords(columns, {
      knownPaths,
      decimal,
      numbers,
      truths: truthColumns(series),
      rows: rowsPath,
      isOverLines,
    });
    return { columns, format, dataAt: markBytes, dataLine: 1 };
  }

  #noRows(objects: readonly JsonObject[]): SourceError {
    const path = this.#section.rows!;
    const known = [...new Set(objects.flatMap((object) => Object.keys(object)))];
    const nearest = nearestNames(path, known);
    return new SourceError(
      'columns',
      this.#subject,
      `has no rows at ${JSON.stringify(path)}`,
      nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `it has ${known.slice(0, LISTED_MAX).join(', ')}`,
    );
  }

  #checkTime(column: string, rows: readonly JsonObject[]): void {
    if (rows.some((row) => valueAtPath(row, column) !== undefined)) return;
    const known = [...new Set(rows.flatMap((row) => pathsOf(row)))];
    const nearest = nearestNames(column, known);
    throw new SourceError(
      'columns',
      this.#subject,
      `lacks the field ${JSON.stringify(column)} of the time`,
      nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `it has ${known.slice(0, LISTED_MAX).join(', ')}`,
    );
  }

  #firstLines(cutter: JsonTextCutter, bytes: Uint8Array, from: number, to: number, atEnd: boolean): readonly string[] {
    const lines: string[] = [];
    for (let at = from; at < to && lines.length < TRIED_LINES_MAX;) {
      at = cutter.next(bytes, at, to, atEnd);
      if (at < 0) break;
      const line = decoder.decode(bytes.subarray(cutter.textStart, cutter.textEnd)).trim();
      if (line !== '') lines.push(line);
    }
    return lines;
  }
}

/** The rows that an object holds: each with what it has of the object around it. */
function rowsIn(object: JsonObject, path: string | undefined): readonly JsonObject[] {
  if (path === undefined) return [object];
  const rows = valueAtPath(object, path) ?? [];
  const elements = Array.isArray(rows) ? (rows as readonly JsonText[]) : [rows];
  return elements.map((row) => ({ ...object, ...(isJsonObject(row) ? row : { [PAYLOAD]: row }) }));
}

const schema = z
  .strictObject({
    kind: z.literal('ndjson').meta({
      description:
        'A file of JSON objects, or arrays of them, a line each, or standard input. A column is a path, such as ENERGY.Total.0.',
      examples: ['ndjson'],
    }),
    rows: nameField
      .meta({
        title: 'path in JSON',
        description:
          'The path of the array of rows that each object holds. What a row lacks is looked for in the object. The object is the row unless given.',
        examples: ['measurements'],
      })
      .optional(),
    ...FILE_FIELDS,
  })
  .superRefine(checkFile);

/** NDJSON files, and standard input where `file` is `-`. */
export const NDJSON: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: fileSupport,
  describe: describeFile,
  faults: (section, metricNames) => [...checkMetrics(section, metricNames), ...checkDistinct(section)],
  makes: seriesMade,
  open: (name, section, options) => new RecordSource({ ...options, name, section, opener: new NdjsonOpener(section) }),
};
