import { strict as assert } from 'node:assert';
import { BATCH_READINGS_MAX } from '../batch-columns.ts';
import type { ReadingBatch } from '../source.ts';
import { joinBatches, LIVE_CHECKPOINT, type LiveBatch, LiveWatermark } from './live-batch.ts';

/** Submissions and readings that may wait for the journal at a time: some 10 MB. When full, no more are taken. */
export const PENDING_SUBMISSIONS_MAX = 256;
export const PENDING_READINGS_MAX = 400_000;

/** How long a submission waits for its readings to be stored: who sends by HTTP commonly gives up after 30 s. */
export const ANSWER_TIMEOUT_MS = 10_000;

interface Waiting {
  readonly batch: LiveBatch;
  readonly acknowledge: (failure?: Error) => void;
}

/** A batch that waits: what is answered of it, and when nothing of it is waiting any more. */
interface Queued {
  readonly answer: Promise<Error | undefined>;
  readonly done: Promise<void>;
  /** Answers with a failure, and takes the batch back where the agent hasn't been given it. */
  readonly giveUp: (failure: Error) => void;
}

/**
 * The line between those who send batches and wait until they are durable, as requests do, and the agent, which asks for
 * them. (Messages too small to be batches wait in PendingMessages.)
 *
 * Law: the promise of `submit` is kept exactly once for all that was taken, also where the source stops.
 */
export class PendingBatches {
  readonly #watermark: LiveWatermark;
  readonly #queue: Waiting[] = [];
  readonly #unacknowledged = new Set<(failure?: Error) => void>();
  #submissions = 0;
  #readings = 0;
  #stopped = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(latenessMs: number, nowMs: () => number) {
    this.#watermark = new LiveWatermark(latenessMs, nowMs);
  }

  /** Why nothing can be taken now, or null. The same may be sent again later. */
  refusal(): string | null {
    if (this.#stopped) return 'the agent is stopping';
    const full = this.#submissions >= PENDING_SUBMISSIONS_MAX || this.#readings >= PENDING_READINGS_MAX;
    return full ? 'too many readings wait to be stored; send these again later' : null;
  }

  /**
   * Queues batches. Gives null once all are durable, or why they may not be: also that they were not stored in time, as
   * when the spool is full. What the agent was given by then it may still store.
   */
  async submit(batches: readonly LiveBatch[]): Promise<string | null> {
    const refusal = this.refusal();
    if (refusal !== null) return refusal;
    const readings = batches.reduce((total, { count }) => total + count, 0);
    this.#submissions++;
    this.#readings += readings;
    const queued = batches.map((batch) => this.#enqueue(batch));
    void Promise.all(queued.map(({ done }) => done)).then(() => {
      this.#submissions--;
      this.#readings -= readings;
    });
    const timer = setTimeout(() => {
      const late = new Error(`not within ${ANSWER_TIMEOUT_MS / 1000} s, as the spool or its disk may be full`);
      for (const { giveUp } of queued) giveUp(late);
    }, ANSWER_TIMEOUT_MS);
    const failures = await Promise.all(queued.map(({ answer }) => answer));
    clearTimeout(timer);
    const failure = failures.find((each) => each !== undefined);
    return failure === undefined ? null : `the readings could not be stored: ${failure.message}`;
  }

  #enqueue(batch: LiveBatch): Queued {
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

  /** What waits, as one batch, once there is something; null when stopped. Throws what `fail` was given. One caller at a time. */
  async next(): Promise<ReadingBatch | null> {
    while (this.#queue.length === 0 && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    const taken = this.#queue.splice(0, this.#fitting());
    if (taken.length === 0) return null;
    assert(!this.#stopped, 'stopping empties the queue');
    const { highestMs, ...columns } = joinBatches(taken.map(({ batch }) => batch));
    this.#watermark.reach(highestMs);
    const acknowledged = (failure?: Error): void => {
      for (const { acknowledge } of taken) acknowledge(failure);
    };
    return { ...columns, checkpoint: LIVE_CHECKPOINT, watermarkMs: this.#watermark.ms, acknowledged };
  }

  /** How many of the first that wait make one batch together: each sync costs the same, however little it stores. */
  #fitting(): number {
    let readings = 0;
    const end = this.#queue.findIndex(({ batch }, i) => (readings += batch.count) > BATCH_READINGS_MAX && i > 0);
    return end < 0 ? this.#queue.length : end;
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
}
