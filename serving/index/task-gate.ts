import { IndexBusy } from './index-errors.ts';

/** Runs at most so many tasks at once; as many as `waitingMax` wait, in order, and more are refused with IndexBusy. */
export class TaskGate {
  readonly #activeMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(activeMax: number, waitingMax: number) {
    this.#activeMax = activeMax;
    this.#waitingMax = waitingMax;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#active < this.#activeMax) this.#active++;
    else {
      if (this.#waiting.length >= this.#waitingMax) throw new IndexBusy(this.#waiting.length);
      // The place is handed over by the one that leaves it.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#active--;
      else next();
    }
  }
}
