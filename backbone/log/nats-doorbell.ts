import type { NatsConnection } from '@nats-io/transport-node';

/** A follower at the end asks again after so long, in case the word of a new record was lost on the way. */
export const DOORBELL_PATIENCE_MS = 1_000;

/** Rings when the server says that it has stored a record, after DOORBELL_PATIENCE_MS, and when the follower is done. */
export class Doorbell {
  #rings = 0;
  #wake: (() => void) | undefined;
  readonly #subscription: { unsubscribe(): void };
  readonly #signal: AbortSignal;
  readonly #ring = (): void => {
    this.#rings++;
    this.#wake?.();
  };

  constructor(connection: NatsConnection, subject: string, signal: AbortSignal) {
    this.#subscription = connection.subscribe(subject, { callback: this.#ring });
    this.#signal = signal;
    signal.addEventListener('abort', this.#ring);
  }

  /** What to hand to `rung`, taken before looking whether there is something to read, so no ring is missed. */
  mark(): number {
    return this.#rings;
  }

  async rung(mark: number): Promise<void> {
    if (this.#rings > mark || this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, DOORBELL_PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(patience);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#ring);
    this.#subscription.unsubscribe();
  }
}
