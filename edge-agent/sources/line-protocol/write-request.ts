import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { basicCredentials, splitCredentials } from '../doors/http-credentials.ts';
import type { Credentials } from '../doors/logins.ts';
import { malformed, type Problem } from '../doors/problem.ts';
import type { Precision } from './precision.ts';

/** Whose API a request speaks: that of InfluxDB 2 (`/api/v2/write`), or of InfluxDB 1 (`/write`). */
export type WriteApi = 'v1' | 'v2';

export interface WriteRequest {
  readonly message: IncomingMessage;
  readonly api: WriteApi;
  readonly query: URLSearchParams;
}

const PRECISIONS: Readonly<Record<WriteApi, ReadonlyMap<string, Precision>>> = {
  v1: new Map([
    ['n', 'ns'],
    ['ns', 'ns'],
    ['u', 'us'],
    ['us', 'us'],
    ['\u00b5', 'us'],
    ['ms', 'ms'],
    ['s', 's'],
    ['m', 'm'],
    ['h', 'h'],
  ]),
  v2: new Map([
    ['ns', 'ns'],
    ['us', 'us'],
    ['ms', 'ms'],
    ['s', 's'],
  ]),
};

/** The unit of a request's timestamps: nanoseconds where it says nothing. */
export function precisionOf({ api, query }: Pick<WriteRequest, 'api' | 'query'>): Precision | Problem {
  const said = query.get('precision') ?? '';
  const precision = said === '' ? 'ns' : PRECISIONS[api].get(said);
  if (precision !== undefined) return precision;
  const known = [...PRECISIONS[api].keys()].join(', ');
  return malformed(`precision ${JSON.stringify(said.slice(0, 20))} is none of ${known}`);
}

const TOKEN = /^(?:token|bearer) +(\S.*)$/i;

/**
 * Who a request says it is from: by `Authorization: Basic`, or as clients of InfluxDB do, whose token is written
 * `NAME:PASSWORD` here (`Token`, `Bearer`), or by `u` and `p` in the query of its first version.
 */
export function credentialsOf(
  api: WriteApi,
  { authorization }: IncomingHttpHeaders,
  query: URLSearchParams,
): Credentials | undefined {
  if (authorization !== undefined) {
    const token = TOKEN.exec(authorization)?.[1];
    return token === undefined ? basicCredentials(authorization) : splitCredentials(token.trimEnd());
  }
  const name = query.get('u');
  return api === 'v1' && name !== null ? { name, password: query.get('p') ?? '' } : undefined;
}
