import type { UpTopic } from '#core/wire/topics.ts';
import type { Entry, Registrar } from './registrar.ts';

/**
 * What one client publishes, in its order: messages are decided one after the other, stored at once as they are decided,
 * hundreds at a time, and answered one after the other. So a client's records stand in the log in the order of its
 * packets, and an acknowledgement says that everything before it is stored too.
 *
 * Once a message could not be stored, none after it is acknowledged on this connection, whether it was stored or not:
 * the client sends them all again, and the ledger knows which came twice.
 */
export class Intake {
  readonly #agent: string;
  readonly #registrar: Pick<Registrar, 'decide' | 'store'>;
  #decided: Promise<unknown> = Promise.resolve();
  #answered: Promise<unknown> = Promise.resolve();

  constructor(agent: string, registrar: Pick<Registrar, 'decide' | 'store'>) {
    this.#agent = agent;
    this.#registrar = registrar;
  }

  /**
   * Resolves when the message, and every one before it, is durable and may be acknowledged; with what was decided about
   * it. Throws what log or claims throw.
   */
  take(topic: Exclude<UpTopic, 'gone'>, payload: Uint8Array, atMs: number): Promise<Entry> {
    const issued = this.#decided.then(async () => {
      const entry = await this.#registrar.decide(this.#agent, topic, payload, atMs);
      const stored = this.#registrar.store(entry);
      // Whoever waits for the answer hears of it, perhaps after a failure before this one.
      stored.catch(() => undefined);
      return { entry, stored };
    });
    this.#decided = issued.catch(() => undefined);
    const answered = this.#answered.then(async () => {
      const { entry, stored } = await issued;
      await stored;
      return entry;
    });
    this.#answered = answered;
    return answered;
  }
}
