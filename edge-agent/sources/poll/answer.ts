import { formatDuration } from '#core/time/duration.ts';
import {
  ANSWER_BYTES_MAX,
  ANSWER_TIMEOUT_MS,
  QUOTED_BYTES_MAX,
  QUOTED_CHARS_MAX,
  REDIRECTS_MAX,
  RETRY_AFTER_MS_MAX,
  SILENCE_TIMEOUT_MS,
} from './limits.ts';
import { PollError } from './poll-error.ts';

/** An answer that came whole. */
export interface Answer {
  /** Unpacked. */
  readonly body: Uint8Array;
  /** The media type in lower case, without its parameters; empty where none is named. */
  readonly type: string;
  /** The encoding that the media type names. */
  readonly charset: string | undefined;
  /** The value of the header `Link`. */
  readonly link: string | null;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

export interface AskOptions {
  readonly headers: Headers;
  /** Texts that must not be repeated, whoever says them. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** Other limits than ANSWER_BYTES_MAX and SILENCE_TIMEOUT_MS, where a test wants to reach them. */
  readonly bytesMax?: number;
  readonly silenceMs?: number;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Refusals that pass by themselves: a time-out, too many requests, and what a server has to do with itself. */
const PASSING: readonly number[] = [408, 425, 429];

/**
 * Asks by GET, and gives the whole answer: none that is cut off, longer than the limit, or too slow. Redirects are followed
 * within the origin, so that what lets us in goes nowhere else. Throws PollError, and what the signal is aborted with.
 */
export async function ask(url: URL, options: AskOptions): Promise<Answer> {
  const stop = new Watch(options.signal, options.silenceMs ?? SILENCE_TIMEOUT_MS);
  try {
    const { response, at } = await follow(url, options, stop);
    if (response.ok) {
      const body = await readBody(response, options.bytesMax ?? ANSWER_BYTES_MAX, stop);
      return { body, ...mediaType(response.headers.get('content-type')), link: response.headers.get('link'), url: at };
    }
    throw await refusal(response, options, stop);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof PollError) throw error;
    throw lost(error, stop);
  } finally {
    stop.end();
  }
}

/** Aborts what takes too long: in silence, or altogether. */
class Watch {
  readonly #silenceMs: number;
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  readonly #total: NodeJS.Timeout;
  #silence: NodeJS.Timeout;
  hasHeard = false;
  /** Why it was given up. */
  reason: string | undefined;

  constructor(signal: AbortSignal, silenceMs: number) {
    this.#silenceMs = silenceMs;
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#total = setTimeout(() => this.giveUp(`took longer than ${spell(ANSWER_TIMEOUT_MS)}`), ANSWER_TIMEOUT_MS);
    this.#silence = this.#watch();
  }

  /** Something came. */
  heard(): void {
    this.hasHeard = true;
    clearTimeout(this.#silence);
    this.#silence = this.#watch();
  }

  giveUp(reason: string): void {
    this.reason ??= reason;
    this.#controller.abort();
  }

  end(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#silence);
    // What was not read of a body is not waited for.
    this.#controller.abort();
  }

  #watch(): NodeJS.Timeout {
    return setTimeout(() => this.giveUp(`said nothing for ${spell(this.#silenceMs)}`), this.#silenceMs);
  }
}

function spell(ms: number): string {
  return formatDuration({ kind: 'fixed', ms });
}

async function follow(
  url: URL,
  { headers }: AskOptions,
  stop: Watch,
): Promise<{ readonly response: Response; readonly at: URL }> {
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { headers, redirect: 'manual', signal: stop.signal });
    stop.heard();
    if (!REDIRECTS.includes(response.status)) return { response, at };
    await response.body?.cancel();
    const location = response.headers.get('location') ?? '';
    const to = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
    if (to === undefined || to.origin !== url.origin) {
      const where = to === undefined ? 'nowhere' : `to ${to.origin}`;
      throw PollError.lasting(
        `it redirects ${where}`,
        'redirects are followed within the origin alone; name that `url`',
      );
    }
    if (redirects >= REDIRECTS_MAX) throw PollError.lasting(`it redirects ${redirects + 1} times`, 'check the `url`');
    at = to;
  }
}

async function readBody(response: Response, bytesMax: number, stop: Watch): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    stop.heard();
    bytes += piece.length;
    if (bytes > bytesMax) {
      const remedy = 'ask for less at a time: a shorter `range: { step }`, or `pages`';
      throw PollError.lasting(`its answer has more than ${bytesMax} bytes`, remedy);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

/** What to make of an answer that is none. */
async function refusal(response: Response, options: AskOptions, stop: Watch): Promise<PollError> {
  const { status, headers } = response;
  const said = await quoteBody(response, options.secrets, stop);
  const reason = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  const retryAfterMs = readRetryAfter(headers, options.nowMs());
  if (status >= 500 || PASSING.includes(status)) return PollError.passing(reason, { retryAfterMs });
  return PollError.lasting(reason, remedyOf(status));
}

function remedyOf(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return 'check the file of `headers` or `token`';
    case 404:
    case 410:
      return 'check the path of the `url`';
    default:
      return 'check the `url`, and how it takes times: `range: { format, zone }`';
  }
}

/** The first line or so of a body, without what must not be repeated. */
async function quoteBody(response: Response, secrets: readonly string[], stop: Watch): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      stop.heard();
      text += decoder.decode(piece, { stream: true });
      if (text.length >= QUOTED_BYTES_MAX) break;
    }
  } catch {
    // A refusal whose reasons are cut off is one all the same.
  }
  for (const secret of secrets) text = text.replaceAll(secret, '…');
  const plain = text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/[\p{C}\s]+/gu, ' ');
  return plain.trim().slice(0, QUOTED_CHARS_MAX);
}

/**
 * How long `Retry-After` (RFC 9110, 10.2.3) asks us to wait: seconds, or a date, which is taken by the clock of the service
 * where that is told.
 */
export function readRetryAfter(headers: Pick<Headers, 'get'>, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  const isSeconds = /^\d+$/.test(text);
  const servedMs = Date.parse(headers.get('date') ?? '');
  const ms = isSeconds ? Number(text) * 1_000 : Date.parse(text) - (Number.isNaN(servedMs) ? nowMs : servedMs);
  return Number.isNaN(ms) || text === '' ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}

function mediaType(header: string | null): Pick<Answer, 'type' | 'charset'> {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((one) => /^\s*charset\s*=\s*"?([\w-]+)/.exec(one)?.[1])
    .find((one) => one !== undefined);
  return { type: type.trim(), charset };
}

/** A request that ended without an answer. */
function lost(error: unknown, stop: Watch): PollError {
  if (stop.reason !== undefined) return PollError.passing(`it ${stop.reason}`, { cause: error });
  const cause = (error as { readonly cause?: unknown }).cause ?? error;
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  const what = stop.hasHeard ? 'its answer did not come whole' : "it can't be reached";
  return PollError.passing(`${what} (${code ?? message ?? String(cause)})`, { cause: error });
}
