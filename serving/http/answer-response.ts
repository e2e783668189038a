import type { StatsTable } from '#core/stats/stats-table.ts';
import type { WindowsAnswer } from '../answers/answer-windows.ts';
import type { AnsweredWindow } from '../answers/answered-window.ts';
import type { ViewQuery } from '../answers/query.ts';
import { csvHeading, CsvWriter } from '../answers/write-csv.ts';
import { headText, TZDATA, unitsOf, WindowWriter } from '../answers/write-json.ts';
import { MEDIA_TYPES } from './answer-format.ts';

/** Windows per piece of a body: some 500 kB of text, a few milliseconds of work. */
export const PIECE_WINDOWS = 2_500;

/** How an answer is written: what stands before, between and after its windows, and each of them. */
interface Form {
  readonly contentType: string;
  readonly heading: string;
  readonly separator: string;
  readonly ending: string;
  readonly writer: (table: StatsTable) => (window: AnsweredWindow) => string;
}

function jsonForm(answer: WindowsAnswer, query: ViewQuery, { zone }: Manner): Form {
  const told = { ...(zone === undefined ? {} : { zone }), units: unitsOf(query) };
  return {
    contentType: MEDIA_TYPES.json,
    heading: `${headText(answer, TZDATA, told)},"windows":[`,
    separator: ',',
    ending: ']}',
    writer: jsonWriter(query),
  };
}

/** One window object a line (https://github.com/ndjson/ndjson-spec). */
function ndjsonForm(query: ViewQuery): Form {
  return {
    contentType: MEDIA_TYPES.ndjson,
    heading: '',
    separator: '',
    ending: '',
    writer: (table) => {
      const write = jsonWriter(query)(table);
      return (window) => `${write(window)}\n`;
    },
  };
}

function csvForm(query: ViewQuery): Form {
  return {
    contentType: `${MEDIA_TYPES.csv}; charset=utf-8; header=present`,
    heading: csvHeading(query),
    separator: '',
    ending: '',
    writer: (table) => {
      const writer = new CsvWriter(table, query);
      return (window) => writer.line(window);
    },
  };
}

function jsonWriter(query: ViewQuery): Form['writer'] {
  return (table) => {
    const writer = new WindowWriter(table, query);
    return (window) => writer.text(window);
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
  answers: Iterable<WindowsAnswer> | AsyncIterable<WindowsAnswer>,
  query: ViewQuery,
  { zone, headers }: Manner = {},
): Promise<Response> {
  const form = format === 'csv' ? csvForm(query) : ndjsonForm(query);
  const told = { 'weir-tzdata': TZDATA, ...(zone === undefined ? {} : { 'weir-zone': zone }), ...headers };
  return streamResponse(texts(answers, form), form.contentType, told);
}

/** The text of answers, in pieces. */
async function* texts(
  answers: Iterable<WindowsAnswer> | AsyncIterable<WindowsAnswer>,
  { heading, separator, ending, writer }: Form,
): AsyncGenerator<string> {
  let text = heading;
  let written = 0;
  for await (const { table, windows } of answers) {
    const write = writer(table);
    for (const window of windows) {
      text += written === 0 ? write(window) : separator + write(window);
      written++;
      if (written % PIECE_WINDOWS !== 0) continue;
      yield text;
      text = '';
    }
  }
  text += ending;
  if (text !== '') yield text;
}

/**
 * A response body of the texts that the iterator gives, each asked for when the reader has room, so that a slow reader
 * slows the query down and a reader that leaves ends it. The first two texts are awaited before: a query that can't be
 * answered is refused with its status, and not in the middle of a body.
 */
export async function streamResponse(
  texts: AsyncGenerator<string>,
  contentType: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headers = { 'content-type': contentType, 'cache-control': 'no-store', ...more };
  const first = await texts.next();
  if (first.done === true) return new Response('', { headers });
  const second = await texts.next();
  // A body of one piece needs no stream: it goes out with its length, in one write.
  if (second.done === true) {
    const length = String(Buffer.byteLength(first.value));
    return new Response(first.value, { headers: { ...headers, 'content-length': length } });
  }
  const encoder = new TextEncoder();
  const read = [first, second];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = read.shift() ?? (await texts.next());
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
  return new Response(body, { headers });
}
