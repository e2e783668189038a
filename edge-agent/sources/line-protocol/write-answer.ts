import { type HttpAnswer, type Problem, problemHeaders } from '../doors/problem.ts';
import type { ReadLines } from './line-reader.ts';
import type { WriteApi } from './write-request.ts';

/** How InfluxDB 2 calls the problems that it answers with; others are `internal error`. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  413: 'request too large',
  415: 'unsupported media type',
  421: 'invalid',
  429: 'too many requests',
  503: 'unavailable',
};

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' } as const;

/** The answer to `/ping`. Clients look for these headers, whatever they say. */
export const PONG: HttpAnswer = {
  status: 204,
  headers: { 'x-influxdb-build': 'Weir', 'x-influxdb-version': 'weir' },
  body: '',
};

/** The answer to `/health`: whether points are taken now. */
export function healthAnswer(refusal: Problem | null): HttpAnswer {
  const told =
    refusal === null
      ? { name: 'weir', message: 'ready for writes', status: 'pass' }
      : { name: 'weir', message: refusal.detail, status: 'fail' };
  return { status: refusal === null ? 200 : 503, headers: JSON_TYPE, body: JSON.stringify(told) };
}

/** The answer to a query of InfluxQL: the creation of a database is granted, and there is nothing to do for it. */
export function databaseAnswer(isCreation: boolean): HttpAnswer {
  if (isCreation) return { status: 200, headers: JSON_TYPE, body: '{"results":[{"statement_id":0}]}\n' };
  return errorAnswer('v1', 400, 'points are only written here; ask the server for what was made of them (weir query)');
}

/** A problem as the clients of an API read it. */
export function problemAnswer(api: WriteApi, problem: Problem): HttpAnswer {
  const { status, headers, body } = errorAnswer(api, problem.status, problem.detail);
  return { status, headers: { ...headers, ...problemHeaders(problem) }, body };
}

/** All was stored, or some of it was not: then the first refusal, and how many lines. What was good is stored either way. */
export function writtenAnswer(api: WriteApi, read: ReadLines): HttpAnswer {
  const { firstRefused, refusedLines, lines } = read;
  if (firstRefused === null) return { status: 204, headers: {}, body: '' };
  const { line, reason, text, isPoint } = firstRefused;
  const partial = read.batches.some(({ count }) => count > 0) ? 'partial write: ' : '';
  const about = isPoint ? `'${text}'` : `unable to parse '${text}'`;
  const what = `${partial}${about}: ${reason} (line ${line}; ${refusedLines} of ${lines} lines)`;
  return api === 'v1' ? errorAnswer(api, 400, `${what} dropped=${refusedLines}`) : errorAnswer(api, 400, what, line);
}

function errorAnswer(api: WriteApi, status: number, message: string, line?: number): HttpAnswer {
  if (api === 'v1') {
    const headers = { ...JSON_TYPE, 'x-influxdb-error': headerText(message) };
    return { status, headers, body: `${JSON.stringify({ error: message })}\n` };
  }
  const code = CODES[status] ?? 'internal error';
  const headers = { ...JSON_TYPE, 'x-platform-error-code': code };
  return { status, headers, body: JSON.stringify({ code, message, ...(line === undefined ? {} : { line }) }) };
}

/** What of a text a header can carry. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
