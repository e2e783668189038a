import { strict as assert } from 'node:assert';
import type { ReadingBatch } from '../source.ts';
import { unavailable, type Problem } from './problem.ts';
import type { SentBatch } from './sent-readings.ts';

/** Requests and readings that may wait for the journal at a time: some 10 MB. When full, requests are answered 503. */
export const PENDING_REQUESTS_MAX = 256;
export const PENDING_READINGS_MAX = 400_000;

/** How long a request waits for its readings to be stored: clients commonly give up after 30 s. */
export const ANSWER_TIMEOUT_MS = 10_000;

/** What a live source's batch has for a checkpoint: nothing can be opened again. */
const LIVE_CHECKPOINT = { live: true } as const;

interface Waiting {
  readonly batch: SentBatch;
  readonly acknowledge: (failure?: Error) => void;
}

/** A batch that waits: what its request is answered, and when nothing of it is waiting any more. */
interface Queued {
  readonly answer: Promise<Error | undefined>;
  readonly done: Promise<void>;
  /** Answers the request with a failure, and takes the batch back where the agent hasn't been given it. */
  readonly giveUp: (failure: Error) => void;
}

/**
 * The line between requests, which wait until their readings are durable, and the agent, which asks for batches.
 *
 * Law: the promise of `submit` is kept exactly once for every request that was taken, also where the source stops.
 */
export class PendingRequests {
  readonly #latenessMs: number;
  readonly #nowMs: () => number;
  readonly #queue: Waiting[] = [];
  readonly #unacknowledged = new Set<(failure?: Error) => void>();
  #requests = 0;
  #readings = 0;
  #stopped = false;
  #failure: Error | undefined;
  #highestMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(latenessMs: number, nowMs: () => number) {
    this.#latenessMs = latenessMs;
    this.#nowMs = nowMs;
  }

  /** Why a request can't be taken now, or null. */
  refusal(): Problem | null {
    if (this.#stopped) return unavailable('the agent is stopping');
    const full = this.#requests >= PENDING_REQUESTS_MAX || this.#readings >= PENDING_READINGS_MAX;
    return full ? unavailable('too many readings wait to be stored; send these again later') : null;
  }

  /**
   * Queues a request's batches. Gives null once all are durable, or the problem to answer with: also that they were not
   * stored in time, as when the spool is full. What the agent was given by then it may still store.
   */
  async submit(batches: readonly SentBatch[]): Promise<Problem | null> {
    const refusal = this.refusal();
    if (refusal !== null) return refusal;
    const readings = batches.reduce((total, { count }) => total + count, 0);
    this.#requests++;
    this.#readings += readings;
    const queued = batches.map((batch) => this.#enqueue(batch));
    void Promise.all(queued.map(({ done }) => done)).then(() => {
      this.#requests--;
      this.#readings -= readings;
    });
    const timer = setTimeout(() => {
      const late = new Error(`not within ${ANSWER_TIMEOUT_MS / 1000} s, as the spool or its disk may be full`);
      for (const { giveUp } of queued) giveUp(late);
    }, ANSWER_TIMEOUT_MS);
    const failures = await Promise.all(queued.map(({ answer }) => answer));
    clearTimeout(timer);
    const failure = failures.find((each) => each !== undefined);
    return failure === undefined ? null : unavailable(`the readings could not be stored: ${failure.message}`);
  }

  #enqueue(batch: SentBatch): Queued {
    const answer = Promise.withResolvers<Error | undefined>();
    const done = Promise.withResolvers<void>();
    const acknowledge = (failure?: Error): void => {
      this.#unacknowledged.delete(acknowledge);
      answer.resolve(failure);
      done.resolve();
    };
    const waiting = { batch, acknowledge };
    this.#unacknowledged.add(acknowledge);
    this.#queue.push(waiting);
    this.#wake();
    const giveUp = (failure: Error): void => {
      answer.resolve(failure);
      const at = this.#queue.indexOf(waiting);
      if (at < 0) return;
      this.#queue.splice(at, 1);
      acknowledge(failure);
    };
    return { answer: answer.promise, done: done.promise, giveUp };
  }

  /** The next batch, once there is one; null when stopped. Throws what `fail` was given. One caller at a time. */
  async next(): Promise<ReadingBatch | null> {
    while (this.#queue.length === 0 && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    const waiting = this.#queue.shift();
    if (waiting === undefined) return null;
    assert(!this.#stopped, 'stopping empties the queue');
    const { batch, acknowledge } = waiting;
    const { highestMs, ...columns } = batch;
    this.#highestMs = Math.max(this.#highestMs, highestMs);
    return { ...columns, checkpoint: LIVE_CHECKPOINT, watermarkMs: this.#watermarkMs(), acknowledged: acknowledge };
  }

  /** Takes no more; what the agent has not been given is refused, what it has been given is still waited for. */
  stop(): void {
    this.#stopped = true;
    for (const { acknowledge } of this.#queue.splice(0)) acknowledge(new Error('the agent is stopping'));
    this.#wake();
  }

  /** Stops for a mistake of our own, which whoever asks for batches is to hear of. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.stop();
  }

  /** Gives up on what the agent was given and has not acknowledged. */
  abandon(): void {
    for (const acknowledge of this.#unacknowledged) acknowledge(new Error('the agent stopped before they were'));
  }

  /** A reading dated ahead of the clock must not declare time to have passed that has not. */
  #watermarkMs(): number | null {
    if (!Number.isFinite(this.#highestMs)) return null;
    return Math.min(this.#highestMs, this.#nowMs()) - this.#latenessMs;
  }
}
