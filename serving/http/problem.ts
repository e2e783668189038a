import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { WeirError, reasonOf } from '#core/errors.ts';
import { QueryError } from '../answers/query.ts';

/** Problem details (RFC 9457): `detail` is a sentence with subject, value and remedy, which also stand alone. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly subject?: string;
  readonly value?: string;
  readonly remedy?: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The query can not be answered as asked',
  401: 'The server has to know who asks',
  403: 'This is not for who asks',
  404: 'There is no such thing',
  405: 'The method is not allowed here',
  406: 'There is no such form of the answer',
  409: 'The state does not allow it',
  413: 'The request is too large',
  415: 'The body is of another kind',
  421: 'The request is meant for another server',
  426: 'The protocol has to be another one',
  429: 'Too many were wrong',
  500: 'The server failed',
  503: 'The server can not answer now',
};

export function problem(
  status: number,
  detail: string,
  parts: Pick<Problem, 'subject' | 'value' | 'remedy'> = {},
): Problem {
  return { type: 'about:blank', title: TITLES[status] ?? 'Problem', status, detail, ...parts };
}

/** The problem behind whatever was thrown. What is not meant for the asker becomes a 500, whose cause is logged. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof QueryError) {
    const { status, message, subject, value, remedy } = thrown;
    return problem(status, message, { subject, value, remedy });
  }
  // What reads bodies before a route does throws these two.
  if (thrown instanceof HTTPException && (thrown.status === 400 || thrown.status === 415)) {
    const remedy = 'send JSON (RFC 8259), with Content-Type: application/json';
    return problem(thrown.status, `the body is no JSON; ${remedy}`, { subject: 'body', value: '', remedy });
  }
  if (thrown instanceof WeirError && thrown.retryable) {
    return problem(503, thrown.message, { subject: thrown.kind, value: '', remedy: 'ask again in a moment' });
  }
  // What an operation can't do now is no failure of the server's.
  if (thrown instanceof WeirError && thrown.fault === 'asked')
    return problem(409, thrown.message, { subject: thrown.kind, value: '', remedy: 'see the message' });
  // Its message tells what is wrong with disk or data, and what helps.
  if (thrown instanceof WeirError)
    return problem(500, thrown.message, { subject: thrown.kind, value: '', remedy: 'see the message' });
  const detail = `An unexpected failure: ${reasonOf(thrown)}. The log of the server says more.`;
  return problem(500, detail, { subject: 'server', value: '', remedy: 'look into the log of the server' });
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problemResponse(one: Problem): Response {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' };
  if (one.status === 503) headers['retry-after'] = '1';
  return new Response(JSON.stringify(one), { status: one.status as ContentfulStatusCode, headers });
}
