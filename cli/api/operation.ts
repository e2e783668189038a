import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { UserError } from '../failure.ts';
import { type Progress, ProgressBar } from '../terminal/progress-bar.ts';
import { ask, problemDetail, type ApiRequest } from './ask.ts';

/**
 * Runs an operation of the server that says how far it is: a body of lines, `{"progress":…}` until the last, which is
 * `{"result":…}` or `{"problem":…}`. Shows a bar on a terminal; gives the result. Throws UserError.
 */
export async function runOperation<Result>(base: URL, what: string, asked: ApiRequest): Promise<Result> {
  const response = await ask(base, { ...asked, method: 'POST' });
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
