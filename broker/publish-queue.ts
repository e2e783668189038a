import type { UpTopic } from '#core/wire/topics.ts';
import type { Decision, Ingest } from './ingest.ts';

/**
 * What one client publishes, in its order: messages are decided one after the other, stored at once as they are decided,
 * hundreds at a time, and answered one after the other. So a client's records stand in the log in the order of its
 * packets, and an acknowledgement says that everything before it is stored too.
 *
 * Once a message could not be stored, none after it is acknowledged on this connection, whether it was stored or not:
 * the client sends them all again, and the ledger knows which came twice.
 */
export class PublishQueue {
  readonly #agent: string;
  readonly #ingest: Pick<Ingest, 'decide' | 'store'>;
  #decided: Promise<unknown> = Promise.resolve();
  #answered: Promise<unknown> = Promise.resolve();

  constructor(agent: string, ingest: Pick<Ingest, 'decide' | 'store'>) {
    this.#agent = agent;
    this.#ingest = ingest;
  }

  /**
   * Resolves when the message, and every one before it, is durable and may be acknowledged; with what was decided about
   * it. Throws what log or claims throw.
   */
  take(topic: Exclude<UpTopic, 'gone'>, payload: Uint8Array, atMs: number): Promise<Decision> {
    const issued = this.#decided.then(async () => {
      const decision = await this.#ingest.decide(this.#agent, topic, payload, atMs);
      const stored = this.#ingest.store(decision);
      // Whoever waits for the answer hears of it, perhaps after a failure before this one.
      stored.catch(() => undefined);
      return { decision, stored };
    });
    this.#decided = issued.catch(() => undefined);
    const answered = this.#answered.then(async () => {
      const { decision, stored } = await issued;
      await stored;
      return decision;
    });
    this.#answered = answered;
    return answered;
  }
}
