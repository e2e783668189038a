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
