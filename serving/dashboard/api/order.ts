import { parseExactJson, readProblem } from '../stream/message.ts';
import { AskFailed } from './ask.ts';

/** How far something is that the server does: what it is at, and how much of it is done, from 0 to 1. */
export interface OrderProgress {
  readonly label: string;
  readonly share: number;
}

/**
 * Has the API of the page's own origin do something that changes something, however long it takes, and gives its result. Browsers
 * name the origin with it (Fetch, 3.2), by which the server knows its own pages. Throws AskFailed.
 */
export async function order(
  path: string,
  body: object,
  onProgress: (progress: OrderProgress) => void,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = isLines(response) ? await lastOf(response, onProgress) : parsed(await response.text());
    if (response.ok && !('problem' in answer)) return isLines(response) ? record(answer['result']) : answer;
    const refusal = readProblem(response.ok ? answer['problem'] : answer);
    throw new AskFailed(refusal.detail, undefined, refusal);
  } catch (error) {
    if (error instanceof AskFailed) throw error;
    throw new AskFailed('The server did not say how it ended.', error);
  }
}

function isLines({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/x-ndjson') === true;
}

/** The last line of an answer in lines; those before it say how far it is. */
async function lastOf(
  response: Response,
  onProgress: (progress: OrderProgress) => void,
): Promise<Record<string, unknown>> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let last: Record<string, unknown> = {};
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      last = parsed(line);
      const { label, done: count, total } = record(last['progress']);
      if (typeof label === 'string')
        onProgress({ label, share: Number(total) > 0 ? Number(count) / Number(total) : 0 });
    }
    if (done) break;
  }
  if ('result' in last || 'problem' in last) return last;
  throw new AskFailed('The server did not say how it ended.');
}

function parsed(text: string): Record<string, unknown> {
  return record(parseExactJson(text));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
