import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { readCertificates, readSecretLine } from '#backbone/doors/secret-file.ts';
import { UserError } from '../failure.ts';
import { type Progress, ProgressBar } from '../terminal/progress-bar.ts';

/** How long the server may take until the first byte of an answer; recomputations say how far they are before that. */
const FIRST_BYTE_TIMEOUT_MS = 120_000;

/** Where a running weir is, and what is shown to it. */
export interface AskedServer {
  readonly url: URL;
  /** The file that holds a token: in an argument everybody on the machine would see it. */
  readonly tokenFile?: string;
  /** A file of certificates that are trusted in place of the system's. */
  readonly ca?: string;
}

/** The server refused, in its own words. */
export class ApiRefused extends UserError {
  readonly status: number;

  constructor(message: string, status: number) {
    // 404 and 400 are about what was asked; everything else is about the server, or who asks.
    super(message, { exitCode: status === 400 || status === 404 ? 2 : 1 });
    this.status = status;
  }
}

/** What is asked of a running weir. Parameters without a value are left out. */
interface ApiRequest {
  readonly method?: 'GET' | 'POST';
  /** From the root, already encoded. */
  readonly path: string;
  readonly query?: Iterable<readonly [string, string | undefined]>;
  /** Sent as JSON. */
  readonly body?: object;
}

/**
 * Asks the API of a running weir and gives the body as it arrives. Throws UserError: nobody answers, the server refuses
 * (its own words, with status 2 where the request was wrong), or it isn't a weir.
 */
export async function ask(server: AskedServer, asked: ApiRequest): Promise<IncomingMessage> {
  const url = new URL(asked.path, server.url);
  for (const [name, value] of asked.query ?? []) if (value !== undefined) url.searchParams.append(name, value);
  const response = await send(url, asked.method ?? 'GET', asked.body, await shownTo(server));
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  throw refusal(server, status, await text(response));
}

/** The JSON of an answer. */
export async function askJson<T>(server: AskedServer, asked: ApiRequest): Promise<T> {
  const body = await text(await ask(server, asked));
  try {
    return JSON.parse(body) as T;
  } catch {
    throw notAWeir(server.url);
  }
}

/** What the files say. */
interface Shown {
  readonly authorization: string | undefined;
  readonly ca: Buffer | undefined;
}

async function shownTo({ tokenFile, ca }: AskedServer): Promise<Shown> {
  const token = tokenFile === undefined ? undefined : await readSecretLine(tokenFile, '--token-file', 'the token');
  return {
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    ca: ca === undefined ? undefined : await readCertificates(ca, '--ca'),
  };
}

function send(
  url: URL,
  method: string,
  body: object | undefined,
  { authorization, ca }: Shown,
): Promise<IncomingMessage> {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(authorization === undefined ? {} : { authorization }),
  };
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    // One request per process: no connection is kept that would hold the process back at its end.
    const request = open(
      url,
      {
        method,
        agent: false,
        headers,
        ...(ca === undefined ? {} : { ca }),
        timeout: FIRST_BYTE_TIMEOUT_MS,
      },
      (response) => {
        request.setTimeout(0);
        resolve(response);
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${FIRST_BYTE_TIMEOUT_MS / 1000} s`)));
    request.on('error', (error) => reject(unanswered(url, error)));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refusal({ url, tokenFile }: AskedServer, status: number, body: string): UserError {
  const detail = problemDetail(body);
  if (detail === undefined) return notAWeir(url);
  if (status === 401 || status === 429) {
    const what = tokenFile === undefined ? 'wants to know who asks' : `does not know the token in ${tokenFile}`;
    const remedy =
      'name a file that holds one with --token-file; "weir tokens add NAME --may read" at the server makes it';
    return new ApiRefused(`${url.origin} ${what}; ${remedy}`, status);
  }
  return new ApiRefused(detail, status);
}

/** The `detail` of problem details (RFC 9457), which stands alone. */
function problemDetail(body: string): string | undefined {
  try {
    const { detail } = JSON.parse(body) as { readonly detail?: unknown };
    return typeof detail === 'string' ? detail : undefined;
  } catch {
    return undefined;
  }
}

function notAWeir(base: URL): UserError {
  return new UserError(`what answers at ${base.origin} is no weir, or another version; say where yours is with --url`);
}

/**
 * Runs an operation of the server that says how far it is: a body of lines, `{"progress":…}` until the last, which is
 * `{"result":…}` or `{"problem":…}`. Shows a bar on a terminal; gives the result. Throws UserError.
 */
export async function runOperation<Result>(server: AskedServer, what: string, asked: ApiRequest): Promise<Result> {
  const response = await ask(server, { ...asked, method: 'POST' });
  using bar = new ProgressBar();
  for await (const line of linesOf(response, what)) {
    const { progress, result, problem } = parseLine(line, what);
    if (problem !== undefined) throw new UserError(problemDetail(JSON.stringify(problem)) ?? `${what} failed`);
    if (result !== undefined) return result as Result;
    if (progress !== undefined) bar.show(describeProgress(what, progress));
  }
  throw new UserError(`${what} was cut off: the server ended the connection; look into its log, and run it again`);
}

async function* linesOf(response: IncomingMessage, what: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new UserError(`${what} was cut off: the server ended the connection; look into its log, and run it again`, {
      cause: error,
    });
  }
}

interface OperationLine {
  readonly progress?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly problem?: unknown;
}

function parseLine(line: string, what: string): OperationLine {
  try {
    return JSON.parse(line) as OperationLine;
  } catch (error) {
    throw new UserError(`${what} was answered by something that is no weir, or another version; check --url`, {
      cause: error,
    });
  }
}

/** How far an operation is, for the bar; what the server doesn't tell is left out. */
export function describeProgress(what: string, progress: Readonly<Record<string, unknown>>): Progress {
  const { label, done, total } = progress;
  const words = typeof label === 'string' ? `${what}: ${label}` : what;
  if (typeof done !== 'number') return { label: words, done: 0 };
  return typeof total === 'number' ? { label: words, done, total } : { label: words, done };
}

/** No authority that is trusted here speaks for the certificate, as OpenSSL names it (X509_V_ERR_…). */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What to say where a request got no answer at all. */
export function unanswered(url: URL, error: Error): UserError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return new UserError(sentence(url.origin, code, error), { cause: error });
}

function sentence(origin: string, code: string, error: Error): string {
  if (code === 'ECONNREFUSED')
    return `no weir answers at ${origin}; start one with "weir up", or say where it is with --url`;
  if (UNTRUSTED.has(code))
    return `the certificate of ${origin} is signed by nobody who is trusted here (${code}); name the certificate of its authority with --ca`;
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${origin} has expired; renew it at the server`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = 'cert' in error ? (error.cert as { readonly subjectaltname?: string }).subjectaltname : undefined;
    return `the certificate of ${origin} names others (${names ?? 'none'}); ask by a name of these, or have one made for this name`;
  }
  if (error.message.includes('wrong version number')) return `what answers at ${origin} speaks no TLS; ask by http://`;
  if (code === 'ECONNRESET' && origin.startsWith('http:'))
    return `${origin} ended the connection (${code}); where it takes TLS, ask by https://`;
  return `asking failed (${code}) at ${origin}; look whether it runs there, or say where it is with --url`;
}
