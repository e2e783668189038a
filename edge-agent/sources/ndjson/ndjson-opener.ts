import { z } from 'zod';
import { nearestNames } from '#core/time/nearest-name.ts';
import { checkFile, describeFile, FILE_FIELDS, type FileSection, fileSupport } from '../records/file-section.ts';
import { byteOrderMarkBytes, type RecordFileOpener, type RecordFileOpening } from '../records/record-format.ts';
import { RecordSource } from '../records/record-source.ts';
import { checkDistinct, checkMetrics, neededColumns, seriesMade } from '../rows/row-references.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { isJsonObject, type JsonObject, parseJsonText, pathsOf, truthColumns, valueAtPath } from './json-fields.ts';
import { isArrayOverLines, JsonTextCutter } from './json-text-cutter.ts';
import { NdjsonRecords } from './ndjson-records.ts';

/** Lines at the beginning that are looked at to tell NDJSON from other files: some may be damaged, not all. */
const TRIED_LINES_MAX = 100;

const decoder = new TextDecoder();

/**
 * How an NDJSON file begins: with a record. Its fields are those that the rules name. A field may be rare, so only the
 * time is missed at once: it must be in one of the first lines.
 */
export class NdjsonOpener implements RecordFileOpener {
  readonly #section: FileSection;
  readonly #subject: string;

  constructor(section: FileSection) {
    this.#section = section;
    this.#subject = subjectOf(section.file);
  }

  open(bytes: Uint8Array, from: number, to: number, atEnd: boolean): RecordFileOpening | null {
    const markBytes = byteOrderMarkBytes(bytes, from, to);
    const isOneArray = isArrayOverLines(bytes, from + markBytes, to);
    const lines = this.#firstLines(new JsonTextCutter(isOneArray), bytes, from + markBytes, to, atEnd);
    const objects = lines.map((line) => parseJsonText(line)).filter(isJsonObject);
    const { columns: timeColumns, period } = this.#section.time;
    const needed = period === undefined ? timeColumns : [...timeColumns, period.column];
    const timed = objects.some((object) => needed.every((column) => valueAtPath(object, column) !== undefined));
    if (!timed && !atEnd && lines.length < TRIED_LINES_MAX) return null;
    if (objects.length === 0) {
      throw new SourceError(
        'not-text',
        this.#subject,
        'is not NDJSON',
        'write one JSON object a line, or an array of objects, or name another `kind`',
      );
    }
    for (const column of needed) this.#checkTime(column, objects);
    const columns = neededColumns(this.#section).map(({ column }) => column);
    const knownPaths = [...new Set(objects.flatMap((object) => pathsOf(object)))];
    const { decimal, series } = this.#section;
    const numbers = series.flatMap(({ value, scale }) => (scale === undefined ? [value] : [value, scale]));
    const format = new NdjsonRecords(columns, {
      knownPaths,
      decimal,
      numbers,
      truths: truthColumns(series),
      isOneArray,
    });
    return { columns, format, dataAt: markBytes, dataLine: 1 };
  }

  #checkTime(column: string, objects: readonly JsonObject[]): void {
    if (objects.some((object) => valueAtPath(object, column) !== undefined)) return;
    const known = [...new Set(objects.flatMap((object) => pathsOf(object)))];
    const nearest = nearestNames(column, known);
    throw new SourceError(
      'columns',
      this.#subject,
      `lacks the field ${JSON.stringify(column)} of the time`,
      nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `it has ${known.slice(0, 12).join(', ')}`,
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

const schema = z
  .strictObject({
    kind: z.literal('ndjson').meta({
      description:
        'A file of JSON objects, or arrays of them, a line each, or standard input. A column is a path, such as ENERGY.Total.0.',
      examples: ['ndjson'],
    }),
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
