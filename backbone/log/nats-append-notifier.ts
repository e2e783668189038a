import type { NatsConnection } from '@nats-io/transport-node';

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
