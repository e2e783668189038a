import { useEffect, useState } from 'preact/hooks';
import { ask, AskFailed } from '../api/ask.ts';

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
