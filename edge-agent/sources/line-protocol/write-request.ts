import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MINUS, ZERO } from '../ascii.ts';
import { basicCredentials, type Credentials, splitCredentials } from '../doors/logins.ts';
import { malformed, type Problem } from '../doors/problem.ts';

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

/** The units that a request's timestamps may have. */
export type Precision = 'ns' | 'us' | 'ms' | 's' | 'm' | 'h';

/** How many zeros make nanoseconds of each; minutes and hours are first made seconds. */
const ZEROS: Readonly<Record<Precision, number>> = { ns: 0, us: 3, ms: 6, s: 9, m: 9, h: 9 };
const SECONDS: Readonly<Record<Precision, number>> = { ns: 1, us: 1, ms: 1, s: 1, m: 60, h: 3_600 };

/** Digits of minutes and hours that are made seconds exactly; more lie far beyond the year 9999. */
const EXACT_DIGITS_MAX = 12;

/** The longest text that `writeNanoseconds` writes: a sign, nineteen digits, nine zeros. */
export const TIME_TEXT_BYTES_MAX = 32;

/**
 * Writes the time in `bytes[start, end)`, an optional sign and up to nineteen digits, as nanoseconds to `at`; gives where
 * they end. A time of minutes or hours that no calendar has is left as it is, so in nanoseconds it has too many digits.
 */
export function writeNanoseconds(
  bytes: Uint8Array,
  start: number,
  end: number,
  precision: Precision,
  at: number,
): number {
  let to = at;
  const seconds = SECONDS[precision];
  if (seconds === 1 || end - start > EXACT_DIGITS_MAX) {
    for (let from = start; from < end; from++) bytes[to++] = bytes[from]!;
  } else {
    if (bytes[start] === MINUS) bytes[to++] = MINUS;
    let whole = 0;
    for (let from = to === at ? start : start + 1; from < end; from++) whole = whole * 10 + bytes[from]! - ZERO;
    to = writeText(bytes, String(whole * seconds), to);
  }
  for (let zeros = ZEROS[precision]; zeros > 0; zeros--) bytes[to++] = ZERO;
  return to;
}

/** Writes ASCII to `at`; gives where it ends. */
export function writeText(bytes: Uint8Array, text: string, at: number): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
