import { crc32 } from 'node:zlib';
import type { Metric } from '#core/metrics/metric.ts';
import { LF, OPEN_BRACE, OPEN_BRACKET, SLASH, SPACE } from '../ascii.ts';
import { BatchColumns } from '../batch-columns.ts';
import { CsvOpener } from '../csv/csv-opener.ts';
import { RECEIVED_TIME } from '../live/message-fields.ts';
import { isJsonObject, type JsonText, parseJsonText, pathsOf, truthColumns } from '../ndjson/json-fields.ts';
import { NdjsonRecords } from '../ndjson/ndjson-records.ts';
import { P1Opener } from '../p1/p1-opener.ts';
import { checkUtf8, type Encoding, ENCODING_BYTES, encodingOf, ENCODINGS } from '../records/encoding.ts';
import { RecordCursor } from '../records/record-cursor.ts';
import type { RecordFileOpening } from '../records/record-format.ts';
import { RECORD_LIMITS, type RecordLimits } from '../records/record-limits.ts';
import { RowReader } from '../rows/row-reader.ts';
import { neededColumns } from '../rows/row-references.ts';
import { SourceError } from '../source-error.ts';
import { addTallies, type EntryRegistry, NO_TALLIES, type ReadingBatch } from '../source.ts';
import { NO_ORDER } from '../time/local-order.ts';
import { timeColumns } from '../time/time-section.ts';
import type { Answer } from './answer.ts';
import { takeJsonRows } from './json-rows.ts';
import { PollError } from './poll-error.ts';
import type { PollSection } from './poll-section.ts';

export interface PageReaderOptions {
  readonly section: PollSection;
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly nowMs: () => number;
  readonly limits?: RecordLimits;
}

/** Rows whose fields are remembered, and bytes of them, to name one near a path that leads nowhere. */
const KNOWN_ROWS_MAX = 20;
const KNOWN_BYTES_MAX = 65_536;

/** How messages call a page. */
const SUBJECT = 'its answer';

/** Behind the last row: the line end that it may lack, and what formats write behind their data. */
const ROOM_BYTES = 3;

const decoder = new TextDecoder();

/** A page as text of rows, in `bytes[from, to)`, with room for one more behind it. */
interface PageText {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly opening: Pick<RecordFileOpening, 'columns' | 'format' | 'habits'>;
  readonly rest: JsonText | undefined;
}

/** A batch of a page, and whether it surely is the last one of it. */
export interface PageBatch {
  readonly batch: ReadingBatch;
  readonly isLast: boolean;
}

/** A page whose rows can be read. */
export interface Page {
  readonly rest: JsonText | undefined;
  readonly digest: number;
  /** What its rows give, in as many batches as are needed; what they carry as checkpoint means nothing. */
  batches(): Generator<PageBatch, void, undefined>;
}

/** Makes readings of pages, by the rules that rows of files have: each page is a small file, and all have one order. */
export class PageReader {
  readonly #options: PageReaderOptions;
  readonly #limits: RecordLimits;
  readonly #batch: BatchColumns;
  #reader: RowReader | null = null;
  #columns: readonly string[] = [];
  #json: NdjsonRecords | null = null;
  #highestMs: number | null;

  constructor(options: PageReaderOptions, highestMs: number | null) {
    this.#options = options;
    this.#limits = options.limits ?? RECORD_LIMITS;
    this.#batch = new BatchColumns(this.#limits.batchReadingsMax);
    this.#highestMs = highestMs;
  }

  /** The highest event time that any reading has had, or null before the first. */
  get highestMs(): number | null {
    return this.#reader?.highestMs ?? this.#highestMs;
  }

  /** Begins a range, whose rows have an order of their own. */
  begin(): void {
    this.#reader?.restore({ highestMs: this.highestMs, order: NO_ORDER });
  }

  /** Says that no page of the range follows; gives its last batch, or else one without readings, with what is ambiguous. */
  end(last: ReadingBatch | undefined): ReadingBatch {
    this.#reader?.end();
    const ambiguousTimes = this.#reader?.takeAmbiguous() ?? 0;
    if (last === undefined) return this.#batch.close({ checkpoint: {}, watermarkMs: null, ambiguousTimes });
    return { ...last, tallies: addTallies(last.tallies, { ...NO_TALLIES, ambiguousTimes }) };
  }

  remarks(): readonly string[] {
    return this.#json?.remarks() ?? [];
  }

  /** Looks into an answer. Throws PollError where there are no rows to be found in it. */
  open(answer: Answer): Page {
    const text = this.#textOf(answer);
    if (text === null) return { rest: undefined, digest: 0, *batches() {} };
    const reader = this.#readerOf(text.opening);
    const digest = crc32(text.bytes.subarray(text.from, text.to));
    return { rest: text.rest, digest, batches: () => told(this.#walk(text, reader)) };
  }

  *#walk({ bytes, from, to, line, opening }: PageText, reader: RowReader): Generator<PageBatch, void, undefined> {
    const cursor = new RecordCursor(
      {
        subject: SUBJECT,
        format: opening.format,
        reader,
        batch: this.#batch,
        rowReadingsMax: reader.readingsMax,
        latenessMs: 0,
        limits: this.#limits,
        file: null,
        goesOn: true,
      },
      0,
      line,
    );
    cursor.load(bytes, from, to, false);
    for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
      yield { batch, isLast: cursor.index === to };
    }
    if (cursor.index === to) return;
    // A record that nothing ends, as where a quote is left open.
    cursor.load(bytes, cursor.index, to, true);
    for (let batch = cursor.next(); batch !== null; batch = cursor.next()) yield { batch, isLast: false };
  }

  #readerOf({ columns, habits }: PageText['opening']): RowReader {
    const isSame = columns.length === this.#columns.length && columns.every((name, i) => name === this.#columns[i]);
    if (this.#reader !== null && isSame) return this.#reader;
    const reader = new RowReader({ ...this.#options, ...habits, columns, batch: this.#batch });
    reader.restore({ highestMs: this.highestMs, order: NO_ORDER });
    this.#columns = columns;
    this.#reader = reader;
    return reader;
  }

  #textOf(answer: Answer): PageText | null {
    const first = answer.body.find((byte) => byte > SPACE);
    if (first === undefined) return null;
    const { format } = this.#options.section;
    if (isJson(answer, format, first)) return this.#ofJson(answer);
    return (format ?? (first === SLASH ? 'p1' : 'csv')) === 'p1'
      ? this.#ofLines(answer, 'p1')
      : this.#ofLines(answer, 'csv');
  }

  #ofJson({ body }: Answer): PageText {
    const { section, nowMs } = this.#options;
    const receivedMs = section.time === RECEIVED_TIME ? nowMs() : undefined;
    const columns = neededColumns(section).map(({ column }) => column);
    const time = receivedMs === undefined ? timeColumns(section.time).map(({ column }) => column) : [];
    const { bytes, end, rest } = takeJsonRows(body, section.rows, { receivedMs, columns: { time, all: columns } });
    if (this.#json === null && end > 0) this.#json = jsonRecords(section, columns, bytes.subarray(0, end));
    const format = this.#json ?? jsonRecords(section, columns, bytes.subarray(0, end));
    return { bytes, from: 0, to: end, line: 1, opening: { columns, format }, rest };
  }

  #ofLines({ body, charset }: Answer, format: 'csv' | 'p1'): PageText {
    const { section } = this.#options;
    try {
      const text = utf8Of(body, section.encoding, charset);
      const to = text.length;
      const bytes = Buffer.alloc(to + this.#limits.lineBytesMax + ROOM_BYTES);
      bytes.set(text);
      const opener = format === 'csv' ? this.#csvOpener() : new P1Opener(section, SUBJECT, this.#options.nowMs);
      const opening = opener.open(bytes, 0, to, true)!;
      // The last line may have no end, and the next page begins on a line of its own.
      const isEnded = bytes[to - 1] === LF;
      if (!isEnded) bytes[to] = LF;
      const { dataAt, dataLine } = opening;
      return {
        bytes,
        from: dataAt,
        to: isEnded ? to : Math.max(to + 1, dataAt),
        line: dataLine,
        opening,
        rest: undefined,
      };
    } catch (error) {
      throw ofAnswer(error);
    }
  }

  #csvOpener(): CsvOpener {
    const { section } = this.#options;
    if (section.time === RECEIVED_TIME) {
      throw PollError.lasting('its answer is CSV', 'name the columns of its times at `time`');
    }
    if (section.rows !== undefined) throw PollError.lasting('its answer is CSV', 'leave `rows` out, a path in JSON');
    return new CsvOpener({ ...section, file: '', lateness: 0, follow: false }, SUBJECT);
  }
}

/** What is wrong with the rows, told as what is wrong with the answer that they stand in. */
function* told(batches: Iterable<PageBatch>): Generator<PageBatch, void, undefined> {
  try {
    yield* batches;
  } catch (error) {
    throw ofAnswer(error);
  }
}

function ofAnswer(error: unknown): unknown {
  if (!(error instanceof SourceError)) return error;
  return PollError.lasting(`${SUBJECT} ${error.value}`, error.remedy);
}

function isJson({ type }: Answer, format: PollSection['format'], first: number): boolean {
  if (format !== undefined) return format === 'json';
  if (/[/+]json$/.test(type)) return true;
  if (/[/]csv$/.test(type)) return false;
  return first === OPEN_BRACE || first === OPEN_BRACKET;
}

function jsonRecords(section: PollSection, columns: readonly string[], rows: Uint8Array): NdjsonRecords {
  const first = decoder.decode(rows.subarray(0, KNOWN_BYTES_MAX)).split('\n', KNOWN_ROWS_MAX);
  const objects = first.map((line) => parseJsonText(line)).filter(isJsonObject);
  const knownPaths = [...new Set(objects.flatMap((object) => pathsOf(object)))].filter((path) => path !== '');
  const numbers = section.series.flatMap(({ value, scale }) => (scale === undefined ? [value] : [value, scale]));
  const truths = truthColumns(section.series);
  return new NdjsonRecords(columns, { knownPaths, decimal: section.decimal, numbers, truths });
}

/** The text of a body in UTF-8: by its mark, what the section says, or else what the service says. Throws SourceError. */
function utf8Of(body: Uint8Array, said: Encoding | undefined, charset: string | undefined): Uint8Array {
  const marked = encodingOf(SUBJECT, said, body.subarray(0, ENCODING_BYTES));
  const label = marked === 'utf-8' && said === undefined ? (charset ?? marked) : marked;
  if (label === 'utf-8') {
    if (said === undefined) checkUtf8(SUBJECT, body, true);
    return body;
  }
  try {
    return Buffer.from(new TextDecoder(label).decode(body));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const remedy = `say one of them as \`encoding\`: ${ENCODINGS.join(', ')}`;
    throw new SourceError('not-text', SUBJECT, `names an encoding that nobody knows, ${label}`, remedy);
  }
}
