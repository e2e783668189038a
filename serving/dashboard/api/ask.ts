import { useEffect, useState } from 'preact/hooks';
import { parseExactJson, type Problem, readProblem } from '../stream/message.ts';
import { serverClock } from './server-clock.ts';

/** The API did not answer, or refused. `message` is a sentence for people. */
export class AskFailed extends Error {
  readonly kind = 'ask-failed';
  /** What the server refused; undefined where it did not answer. */
  readonly refusal: Problem | undefined;

  constructor(message: string, cause?: unknown, refusal?: Problem) {
    super(message, { cause });
    this.name = 'AskFailed';
    this.refusal = refusal;
  }
}

/** An answer that takes longer is of no use to someone who looks. */
const ASK_MS_MAX = 10_000;

/** Asks the API of the page's own origin. `path` is relative to the page. Throws AskFailed. */
export async function ask<T>(path: string, read: (answer: unknown) => T): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { signal: AbortSignal.timeout(ASK_MS_MAX), cache: 'no-store' });
    text = await response.text();
  } catch (error) {
    throw new AskFailed('The server does not answer.', error);
  }
  serverClock.learn(response.headers.get('date'));
  try {
    const answer = parseExactJson(text);
    if (response.ok) return read(answer);
    const refusal = readProblem(answer);
    throw new AskFailed(refusal.detail, undefined, refusal);
  } catch (error) {
    if (error instanceof AskFailed) throw error;
    throw new AskFailed(
      `The server answered with status ${response.status}, in a form that this page does not know.`,
      error,
    );
  }
}

/** What the API said last, and what is wrong now: an answer stays when a later one fails. */
export interface Asked<T> {
  readonly answer: T | undefined;
  readonly problem: string | undefined;
  /** What the server refused, where that is the problem. */
  readonly refusal?: Problem | undefined;
  /** Since when it has not answered. */
  readonly awaySinceMs?: number | undefined;
}

const NOT_ASKED = { of: undefined, answer: undefined, problem: undefined };

/** The server no longer knows who asks (RFC 9110, 15.5.2). */
export function isSignedOut({ refusal }: Pick<Asked<unknown>, 'refusal'>): boolean {
  return refusal?.status === 401;
}

/**
 * Asks again and again while the page is seen, and at once where `doubt` changes. Another `path` or `read` begins anew; without a path
 * nothing is asked.
 */
export function useAsked<T>(
  path: string | undefined,
  read: (answer: unknown) => T,
  everyMs: number,
  doubt?: unknown,
): Asked<T> {
  const [{ of, ...asked }, setAsked] = useState<Asked<T> & { readonly of: string | undefined }>(NOT_ASKED);
  useEffect(() => {
    if (path === undefined) return undefined;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const answer = await ask(path, read);
        if (!isOver) setAsked({ of: path, answer, problem: undefined });
      } catch (error) {
        if (!(error instanceof AskFailed)) throw error;
        if (!isOver) setAsked((before) => ({ of: path, ...failed(error, before.of === path ? before : NOT_ASKED) }));
      }
      if (!isOver && !document.hidden) timer = setTimeout(() => void once(), everyMs);
    };
    const seen = (): void => {
      if (!document.hidden) void once();
    };
    void once();
    document.addEventListener('visibilitychange', seen);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [path, read, everyMs, doubt]);
  // What was answered to another question is no answer to this one.
  return of === path ? asked : NOT_ASKED;
}

/** What is known once asking has failed: the answer of before, and what is wrong. */
function failed<T>({ message, refusal }: AskFailed, { answer, awaySinceMs }: Asked<T>): Asked<T> {
  if (refusal !== undefined) return { answer, problem: message, refusal };
  return { answer, problem: message, awaySinceMs: awaySinceMs ?? Date.now() };
}
