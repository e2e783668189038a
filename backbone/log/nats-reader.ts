import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { LogEntry } from './log.ts';

/** How long the server may be silent in the middle of an answer before the request counts as lost. */
export const READ_SILENCE_TIMEOUT_MS = 5_000;

/** Records asked for in one request: the byte limit ends it first, except for the tiniest records. */
const READ_RECORDS_MAX = 10_000;

/**
 * The records of a stream from `from` on that fit into `bytesMax`, at least one if there is one, in one request: a
 * batched direct get (ADR-31 of nats-architecture-and-design). No consumer is made, so nothing is left behind on the
 * server and a lost request is simply asked again. Measured against an ordered consumer with 16 kB records: 54,000/s
 * in pages of 8 MiB against 46,000/s.
 *
 * Rejects when `lost` aborts (the connection is gone), when the server refuses, and after READ_SILENCE_TIMEOUT_MS without a word.
 */
export function readStream(
  connection: NatsConnection,
  stream: string,
  from: number,
  bytesMax: number,
  lost: AbortSignal,
): Promise<LogEntry[]> {
  const inbox = createInbox();
  return new Promise((resolve, reject) => {
    const entries: LogEntry[] = [];
    let bytes = 0;
    const end = (failure?: Error): void => {
      clearTimeout(silence);
      lost.removeEventListener('abort', isLost);
      subscription.unsubscribe();
      if (failure === undefined) resolve(entries);
      else reject(failure);
    };
    const silence = setTimeout(
      () => end(new Error(`no answer within ${READ_SILENCE_TIMEOUT_MS / 1000} s`)),
      READ_SILENCE_TIMEOUT_MS,
    );
    const isLost = (): void => end(new Error('the connection was lost'));
    lost.addEventListener('abort', isLost);
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return end(error);
        silence.refresh();
        const status = statusOf(message);
        if (status === undefined) {
          const entry = entryOf(message);
          bytes += entry.bytes.length;
          // The server counts in its own way and may send one record more than fits.
          if (entries.length === 0 || bytes <= bytesMax) entries.push(entry);
          return;
        }
        if (status.code === END_OF_BATCH || status.code === NOT_FOUND) end();
        else end(new Error(`${status.description} (${status.code})`));
      },
    });
    connection.publish(
      `$JS.API.DIRECT.GET.${stream}`,
      JSON.stringify({ seq: from, batch: READ_RECORDS_MAX, max_bytes: Math.max(1, bytesMax) }),
      { reply: inbox },
    );
    if (lost.aborted) isLost();
  });
}

const END_OF_BATCH = 204;
const NOT_FOUND = 404;

function statusOf(message: Msg): { code: number; description: string } | undefined {
  const { headers } = message;
  return headers === undefined || headers.code === 0
    ? undefined
    : { code: headers.code, description: headers.description };
}

function entryOf(message: Msg): LogEntry {
  const position = Number(message.headers?.get('Nats-Sequence'));
  // The client's buffer of several messages lies behind the data; a copy lets go of it.
  return { position, bytes: new Uint8Array(message.data) };
}

/** A follower at the end asks again after so long, in case the word of a new record was lost on the way. */
export const NOTIFY_TIMEOUT_MS = 1_000;

/** Tells a follower when the server says that it has stored a record, after NOTIFY_TIMEOUT_MS, and when the follower is done. */
export class AppendNotifier {
  #notices = 0;
  #wake: (() => void) | undefined;
  readonly #subscription: { unsubscribe(): void };
  readonly #signal: AbortSignal;
  readonly #notify = (): void => {
    this.#notices++;
    this.#wake?.();
  };

  constructor(connection: NatsConnection, subject: string, signal: AbortSignal) {
    this.#subscription = connection.subscribe(subject, { callback: this.#notify });
    this.#signal = signal;
    signal.addEventListener('abort', this.#notify);
  }

  /** What to hand to `noticed`, taken before looking whether there is something to read, so no notice is missed. */
  mark(): number {
    return this.#notices;
  }

  async noticed(mark: number): Promise<void> {
    if (this.#notices > mark || this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, NOTIFY_TIMEOUT_MS);
      this.#wake = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#notify);
    this.#subscription.unsubscribe();
  }
}
