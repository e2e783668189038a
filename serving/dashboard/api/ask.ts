import { useEffect, useState } from 'preact/hooks';
import { parseExactJson } from '../stream/exact-json.ts';
import { readProblem } from '../stream/message.ts';
import { serverClock } from './server-clock.ts';

/** The API did not answer, or refused. `message` is a sentence for people. */
export class AskFailed extends Error {
  readonly kind = 'ask-failed';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AskFailed';
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
    throw new AskFailed(readProblem(answer).detail);
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
}

/** Asks again and again while the page is seen. Another `path` or `read` begins anew. */
export function useAsked<T>(path: string, read: (answer: unknown) => T, everyMs: number): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ answer: undefined, problem: undefined });
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const answer = await ask(path, read);
        if (!isOver) setAsked({ answer, problem: undefined });
      } catch (error) {
        if (!(error instanceof AskFailed)) throw error;
        if (!isOver) setAsked(({ answer }) => ({ answer, problem: error.message }));
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
  }, [path, read, everyMs]);
  return asked;
}
