import { strict as assert } from 'node:assert';
import { BATCH_READINGS_MAX, type BatchColumns } from '../batch-columns.ts';
import type { ReadingBatch } from '../source.ts';
import { LIVE_CHECKPOINT, LiveWatermark } from './live-batch.ts';

/** Messages, and bytes of them, that may wait until they are durable. When full, whoever brings them stops reading. */
export const PENDING_MESSAGES_MAX = 65_536;
export const PENDING_MESSAGE_BYTES_MAX = 67_108_864;

/** Messages of one batch: reading so many takes some tens of milliseconds, in which nothing else is done. */
export const BATCH_MESSAGES_MAX = 8_192;

/** A message as it came in, kept as it is until the agent asks for a batch. */
export interface PendingMessage {
  /** What it holds in memory, about. */
  readonly bytes: number;
  /** Called once, in the order of `push`: when what the message gave is durable, or could not be made so. */
  readonly acknowledged: (failure?: Error) => void;
}

/** How messages become readings. */
export interface PendingMessagesOptions<Message extends PendingMessage> {
  readonly batch: BatchColumns;
  /** Adds what a message gives to the batch. */
  readonly read: (message: Message) => void;
  /** How many readings a message gives at most: never more than BATCH_READINGS_MAX. */
  readonly readingsMax: (message: Message) => number;
  /** The highest event time that has been read (RowReader). */
  readonly highestMs: () => number | null;
  readonly takeAmbiguous: () => number;
  readonly latenessMs: number;
  readonly nowMs: () => number;
}

/**
 * The line between connections, which bring single messages, and the agent, which asks for batches: a batch is made of
 * all messages that wait when it is asked for. They are read then and not before, since a batch's columns belong to the
 * agent until it asks for the next but one, and since what is not read yet costs no more than its bytes.
 *
 * Law: each message is acknowledged exactly once, in the order in which they came, also where the source stops.
 */
export class PendingMessages<Message extends PendingMessage> {
  readonly #options: PendingMessagesOptions<Message>;
  readonly #watermark: LiveWatermark;
  #queue: Message[] = [];
  /** Where the queue's first message that is not in a batch stands. */
  #next = 0;
  /** Batches that the agent was given, in their order, until they are acknowledged. */
  readonly #given = new Set<(failure?: Error) => void>();
  #count = 0;
  #bytes = 0;
  #stopped: Error | undefined;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;
  #settled: () => void = () => undefined;
  readonly #waiting = new Set<() => void>();

  constructor(options: PendingMessagesOptions<Message>) {
    this.#options = options;
    this.#watermark = new LiveWatermark(options.latenessMs, options.nowMs);
  }

  /** Whether no more should be read from where messages come from. What was read already is still taken. */
  get isFull(): boolean {
    return this.#count >= PENDING_MESSAGES_MAX || this.#bytes >= PENDING_MESSAGE_BYTES_MAX;
  }

  /** Calls back once, when it is not full any more: at once where it isn't. Gives what takes the wish back. */
  whenRoom(goOn: () => void): () => void {
    if (!this.isFull) {
      goOn();
      return () => undefined;
    }
    this.#waiting.add(goOn);
    return () => this.#waiting.delete(goOn);
  }

  push(message: Message): void {
    if (this.#stopped !== undefined) {
      message.acknowledged(this.#stopped);
      return;
    }
    this.#count++;
    this.#bytes += message.bytes;
    this.#queue.push(message);
    this.#wake();
  }

  /** The next batch, once there is a message; null when stopped. Throws what `fail` was given. One caller at a time. */
  async next(): Promise<ReadingBatch | null> {
    while (this.#next === this.#queue.length && this.#stopped === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#stopped === undefined ? this.#close(this.#read()) : null;
  }

  /** Takes no more; what the agent has not been given is refused, what it has been given is still waited for. */
  stop(reason = new Error('the agent is stopping')): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    const refused = this.#queue.slice(this.#next);
    this.#queue = [];
    this.#next = 0;
    this.#release(refused, reason);
    this.#wake();
  }

  /** Stops for a mistake of our own, or an end that nothing can be done about: who asks for batches is to hear of it. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.stop(failure);
  }

  /** Resolves when all that the agent was given is acknowledged; after so many ms at the latest, without it. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.#given.size === 0) return;
    const deadline = setTimeout(() => this.abandon(), timeoutMs);
    await new Promise<void>((resolve) => (this.#settled = resolve));
    clearTimeout(deadline);
  }

  /** Gives up on what the agent was given and has not acknowledged. */
  abandon(): void {
    for (const acknowledge of this.#given) acknowledge(new Error('the agent stopped before they were'));
  }

  /** Reads as many messages as one batch takes. */
  #read(): readonly Message[] {
    const { batch, read, readingsMax } = this.#options;
    const first = this.#next;
    const end = Math.min(this.#queue.length, first + BATCH_MESSAGES_MAX);
    let at = first;
    for (; at < end; at++) {
      const message = this.#queue[at]!;
      const most = readingsMax(message);
      assert(most <= BATCH_READINGS_MAX, 'the readings of one message fit into a batch');
      if (batch.count + most > batch.entry.length) break;
      read(message);
    }
    const messages = this.#queue.slice(first, at);
    this.#next = at;
    // What was read is the batch's, and not kept here for long.
    if (at === this.#queue.length || at >= BATCH_MESSAGES_MAX) {
      this.#queue = this.#queue.slice(at);
      this.#next = 0;
    }
    return messages;
  }

  #close(messages: readonly Message[]): ReadingBatch {
    const { batch, highestMs, takeAmbiguous } = this.#options;
    const acknowledged = (failure?: Error): void => {
      if (!this.#given.delete(acknowledged)) return;
      this.#release(messages, failure);
      if (this.#given.size === 0) this.#settled();
    };
    this.#given.add(acknowledged);
    this.#watermark.reach(highestMs() ?? Number.NEGATIVE_INFINITY);
    const ambiguousTimes = takeAmbiguous();
    return batch.close({ checkpoint: LIVE_CHECKPOINT, watermarkMs: this.#watermark.ms, ambiguousTimes, acknowledged });
  }

  #release(messages: readonly Message[], failure: Error | undefined): void {
    for (const message of messages) {
      this.#count--;
      this.#bytes -= message.bytes;
      message.acknowledged(failure);
    }
    if (this.isFull) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }
}
