import type { NatsConnection } from '@nats-io/transport-node';
import { API_CODE } from '../nats/nats-connection.ts';
import { TooLarge } from '../storage-errors.ts';
import { LogFull } from './log-errors.ts';

/** After so long without its acknowledgement a record counts as lost and is sent again; doubles with each repetition. */
export const ACK_TIMEOUT_MS = 10_000;
export const ACK_TIMEOUT_MS_MAX = 60_000;

/** How long a lane rests after the server refused a record for a reason that may pass; doubles with each refusal. */
export const REFUSAL_REST_MS = 100;
export const REFUSAL_REST_MS_MAX = 5_000;

/** An append on its way: published, perhaps more than once, and not acknowledged yet. */
interface PendingAppend {
  readonly bytes: Uint8Array;
  readonly resolve: (position: number) => void;
  readonly reject: (error: unknown) => void;
  sentAtMs: number;
}

/** What a lane works with; time is the caller's, so that timeouts can be tested. */
export interface NatsAppendLaneOptions {
  readonly connection: Pick<NatsConnection, 'publish'> & { readonly info?: unknown };
  readonly place: string;
  readonly subject: string;
  /** The inbox that acknowledgements come back to; the lane adds `.<token>`. */
  readonly inbox: string;
  readonly partition: number;
  readonly nowMs: () => number;
}

/**
 * The records of one partition on their way to its stream, in the order of the calls. JetStream stores what comes over
 * one connection in the order in which it was sent, so many can be in flight at once.
 *
 * When one is lost, what is unacknowledged is sent again from the first, in order: after a reconnection, after
 * ACK_TIMEOUT_MS, or, when the server refused one for a reason that may pass, after a rest in which the acknowledgements
 * of those behind it still come in. So a record may be stored twice, but first copies stay in order. (The exception is
 * a server that refuses one out of the middle and takes the next, as a cluster may that changes its leader.)
 */
export class NatsAppendLane {
  readonly #options: NatsAppendLaneOptions;
  /** In the order of the calls; a Map keeps it while acknowledgements take out any of them. */
  readonly #pending = new Map<number, PendingAppend>();
  #nextToken = 1;
  /** Whether new records are sent at once; otherwise they wait for `resume`. */
  #flowing = true;
  #restUntilMs = 0;
  #restMs = REFUSAL_REST_MS;
  #timeoutMs = ACK_TIMEOUT_MS;

  constructor(options: NatsAppendLaneOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  append(bytes: Uint8Array, resolve: (position: number) => void, reject: (error: unknown) => void): void {
    const token = this.#nextToken++;
    const pending = { bytes, resolve, reject, sentAtMs: this.#options.nowMs() };
    this.#pending.set(token, pending);
    if (this.#flowing) this.#send(token, pending);
  }

  /** The server's word on a record: its position, or why not. One that is already settled (a second copy) is ignored. */
  acknowledge(token: number, ack: StoreAnswer): void {
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    if (ack.kind === 'stored') {
      this.#pending.delete(token);
      this.#restMs = REFUSAL_REST_MS;
      this.#timeoutMs = ACK_TIMEOUT_MS;
      pending.resolve(ack.position);
      return;
    }
    const error = this.#errorOf(ack, pending);
    if (error !== undefined) {
      this.#pending.delete(token);
      pending.reject(error);
    } else if (this.#flowing) {
      this.#flowing = false;
      this.#restUntilMs = this.#options.nowMs() + this.#restMs;
      this.#restMs = Math.min(this.#restMs * 2, REFUSAL_REST_MS_MAX);
    }
  }

  /** The connection is gone: nothing is sent until it is back. */
  disconnected(): void {
    this.#flowing = false;
    this.#restUntilMs = Number.POSITIVE_INFINITY;
  }

  /** The connection is back: what was not acknowledged is sent again, in order. */
  reconnected(): void {
    this.#resume();
  }

  /** To be called now and then: ends a rest, and sends again what has waited too long for its acknowledgement. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    if (!this.#flowing) {
      if (nowMs >= this.#restUntilMs) this.#resume();
      return;
    }
    const [oldest] = this.#pending.values();
    if (oldest !== undefined && nowMs - oldest.sentAtMs > this.#timeoutMs) {
      this.#timeoutMs = Math.min(this.#timeoutMs * 2, ACK_TIMEOUT_MS_MAX);
      this.#resume();
    }
  }

  /** Gives up on everything that is on its way. */
  fail(error: unknown): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  #resume(): void {
    this.#flowing = true;
    this.#restUntilMs = 0;
    for (const [token, pending] of this.#pending) this.#send(token, pending);
  }

  #send(token: number, pending: PendingAppend): void {
    const { connection, subject, inbox, nowMs } = this.#options;
    pending.sentAtMs = nowMs();
    // While the client is dialling it has no server info. What were handed to it then it might send before what is sent
    // again after the reconnection, out of order; `reconnected` sends everything in any case.
    if (connection.info === undefined) return;
    connection.publish(subject, pending.bytes, { reply: `${inbox}.${token}` });
  }

  /** The error for a refusal that won't pass by itself; undefined for one that may, so the record is sent again. */
  #errorOf(refusal: Refusal, pending: PendingAppend): Error | undefined {
    const { place, partition } = this.#options;
    switch (refusal.apiCode) {
      case API_CODE.messageTooLarge:
        return new TooLarge('A record', pending.bytes.length, pending.bytes.length - 1, 'Send smaller frames');
      case API_CODE.insufficientResources:
      case API_CODE.storageExceeded:
      case API_CODE.memoryExceeded:
      case API_CODE.accountResourcesExceeded:
        return new LogFull(place, partition, new Error(refusal.description));
      case API_CODE.storeFailed:
        // A stream at its limit says "maximum messages exceeded" or "maximum bytes exceeded"; "store is closed" passes.
        return refusal.description.startsWith('maximum')
          ? new LogFull(place, partition, new Error(refusal.description))
          : undefined;
      default:
        return undefined;
    }
  }
}

interface Refusal {
  readonly kind: 'refused';
  /** JetStream's `err_code`, or 0 where nobody answered for the stream. */
  readonly apiCode: number;
  readonly description: string;
}

/** What comes back for a published record. */
export type StoreAnswer = { readonly kind: 'stored'; readonly position: number } | Refusal;

/** Reads JetStream's answer to a publish (ADR-1 of nats-architecture-and-design: PubAck, or an error). */
export function parseStoreAnswer(text: string): StoreAnswer {
  let answer: { seq?: unknown; error?: { err_code?: unknown; description?: unknown } } | null;
  try {
    answer = JSON.parse(text);
  } catch {
    return { kind: 'refused', apiCode: 0, description: `an answer that isn't JSON: ${text.slice(0, 80)}` };
  }
  if (answer?.error === undefined && typeof answer?.seq === 'number') return { kind: 'stored', position: answer.seq };
  const { err_code: apiCode, description } = answer?.error ?? {};
  return {
    kind: 'refused',
    apiCode: typeof apiCode === 'number' ? apiCode : 0,
    description: typeof description === 'string' ? description : 'no reason given',
  };
}
