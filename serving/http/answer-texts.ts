import type { WindowsAnswer } from '../answers/answer-windows.ts';
import type { ViewQuery } from '../answers/query.ts';
import { csvHeading, csvLine } from '../answers/write-csv.ts';
import { headText, WindowWriter } from '../answers/write-json.ts';

/** Windows per piece of a body: some 500 kB of text, a few milliseconds of work. */
const PIECE_WINDOWS = 2_500;

export type AnswerFormat = 'json' | 'csv' | 'ndjson';

export const CONTENT_TYPES: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
};

/** An answer as one JSON object, in pieces. */
export async function* jsonTexts(answer: WindowsAnswer, query: ViewQuery, tzdata: string): AsyncGenerator<string> {
  const writer = new WindowWriter(answer.table, query);
  let text = `${headText(answer, tzdata)},"windows":[`;
  for (const [i, window] of answer.windows.entries()) {
    if (i > 0) text += i % PIECE_WINDOWS === 0 ? '' : ',';
    if (i > 0 && i % PIECE_WINDOWS === 0) {
      yield text;
      text = ',';
    }
    text += writer.text(window);
  }
  yield `${text}]}`;
}

export async function* csvTexts(answers: AsyncIterable<WindowsAnswer>, query: ViewQuery): AsyncGenerator<string> {
  let text = csvHeading(query);
  for await (const { table, windows } of answers) {
    for (const [i, window] of windows.entries()) {
      text += csvLine(table, query, window);
      if (i % PIECE_WINDOWS !== PIECE_WINDOWS - 1) continue;
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

/** One window object a line (https://github.com/ndjson/ndjson-spec). */
export async function* ndjsonTexts(answers: AsyncIterable<WindowsAnswer>, query: ViewQuery): AsyncGenerator<string> {
  let text = '';
  for await (const { table, windows } of answers) {
    const writer = new WindowWriter(table, query);
    for (const [i, window] of windows.entries()) {
      text += `${writer.text(window)}\n`;
      if (i % PIECE_WINDOWS !== PIECE_WINDOWS - 1) continue;
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}
