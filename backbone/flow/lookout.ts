import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again at what others may change, until it is disposed of; no process is kept alive for it. */
export class Lookout implements AsyncDisposable {
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  /** Looks every `everyMs`, first when they have passed. `look` never throws; one ends before the next begins. */
  constructor(look: () => Promise<void>, everyMs: number) {
    this.#running = this.#follow(look, everyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #follow(look: () => Promise<void>, everyMs: number): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await look();
    }
  }
}
