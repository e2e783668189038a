import { TextWriter } from '#core/packing/text-writer.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { AnsweredRows, WindowsAnswer } from '../answers/answer-windows.ts';
import type { AnsweredWindow } from '../answers/answered-window.ts';
import type { ViewQuery } from '../answers/query.ts';
import { Turns } from '../answers/turns.ts';
import { csvHeading, csvTagTexts, CsvWriter } from '../answers/write-csv.ts';
import { headText, jsonTagTexts, TZDATA, unitsOf, WindowWriter } from '../answers/write-json.ts';
import { MEDIA_TYPES } from './answer-format.ts';

/** Windows per piece of a body: some 500 kB of text, a few milliseconds of work. */
export const PIECE_WINDOWS = 2_500;

/** How an answer is written: what stands before, between and after its windows, and each of them. */
interface Form {
  readonly contentType: string;
  readonly heading: string;
  readonly separator: string;
  readonly ending: string;
  readonly writer: (table: StatsTable, out: TextWriter) => (window: AnsweredWindow) => void;
}

function jsonForm(answer: WindowsAnswer, query: ViewQuery, { zone }: Manner): Form {
  const told = { ...(zone === undefined ? {} : { zone }), units: unitsOf(query) };
  return {
    contentType: MEDIA_TYPES.json,
    heading: `${headText(answer, TZDATA, told)},"windows":[`,
    separator: ',',
    ending: ']}',
    writer: (table, out) => {
      const writer = new WindowWriter(table, query);
      return (window) => writer.write(out, window);
    },
  };
}

/** One window object a line (https://github.com/ndjson/ndjson-spec). */
function ndjsonForm(query: ViewQuery): Form {
  const tagTexts = jsonTagTexts(query);
  return {
    contentType: MEDIA_TYPES.ndjson,
    heading: '',
    separator: '',
    ending: '',
    writer: (table, out) => {
      const writer = new WindowWriter(table, query, tagTexts);
      return (window) => {
        writer.write(out, window);
        out.ascii('\n');
      };
    },
  };
}

function csvForm(query: ViewQuery): Form {
  const tagTexts = csvTagTexts();
  return {
    contentType: `${MEDIA_TYPES.csv}; charset=utf-8; header=present`,
    heading: csvHeading(query),
    separator: '',
    ending: '',
    writer: (table, out) => {
      const writer = new CsvWriter(table, query, tagTexts);
      return (window) => writer.write(out, window);
    },
  };
}

/** What an answer is sent with, beside its windows. */
export interface Manner {
  /** Whose clock the windows follow; sessions have none. */
  readonly zone?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer as one JSON object. */
export function jsonResponse(answer: WindowsAnswer, query: ViewQuery, manner: Manner = {}): Promise<Response> {
  const form = jsonForm(answer, query, manner);
  return streamResponse(texts([answer], form), form.contentType, manner.headers);
}

/** Windows as rows, of one answer after the other. What JSON says of an answer as a whole is told by headers, or not at all. */
export function rowsResponse(
  format: 'csv' | 'ndjson',
  answers: Iterable<AnsweredRows> | AsyncIterable<AnsweredRows>,
  query: ViewQuery,
  { zone, headers }: Manner = {},
): Promise<Response> {
  const form = format === 'csv' ? csvForm(query) : ndjsonForm(query);
  const told = { 'weir-tzdata': TZDATA, ...(zone === undefined ? {} : { 'weir-zone': zone }), ...headers };
  return streamResponse(texts(answers, form), form.contentType, told);
}

/** The text of answers, in pieces. */
async function* texts(
  answers: Iterable<AnsweredRows> | AsyncIterable<AnsweredRows>,
  { heading, separator, ending, writer }: Form,
): AsyncGenerator<Uint8Array> {
  const out = new TextWriter();
  const turns = new Turns();
  out.text(heading);
  let written = 0;
  for await (const { table, windows } of answers) {
    const write = writer(table, out);
    if (turns.isDue) await turns.next();
    for (const window of windows) {
      if (written > 0) out.ascii(separator);
      write(window);
      written++;
      if (written % PIECE_WINDOWS !== 0) continue;
      yield out.take();
      // A reader that takes all at once gives nobody else a turn.
      if (turns.isDue) await turns.next();
    }
  }
  out.ascii(ending);
  if (out.length > 0) yield out.take();
}

/**
 * A response body of the texts that the iterator gives, each asked for when the reader has room, so that a slow reader
 * slows the query down and a reader that leaves ends it. The first two texts are awaited before: a query that can't be
 * answered is refused with its status, and not in the middle of a body.
 */
export async function streamResponse(
  texts: AsyncGenerator<Uint8Array>,
  contentType: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headers = { 'content-type': contentType, 'cache-control': 'no-store', ...more };
  const first = await texts.next();
  if (first.done === true) return new Response('', { headers });
  const second = await texts.next();
  // A body of one piece needs no stream: it goes out with its length, in one write.
  if (second.done === true)
    return new Response(first.value, { headers: { ...headers, 'content-length': String(first.value.length) } });
  const read = [first, second];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = read.shift() ?? (await texts.next());
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
  return new Response(body, { headers });
}
