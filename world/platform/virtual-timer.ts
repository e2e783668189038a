import type { Life } from './life.ts';
import type { Scheduled, Scheduler } from './scheduler.ts';

/** What `setTimeout` and its kin give to a life, with the methods that Node's own timers have. */
export class VirtualTimer implements Disposable {
  readonly #scheduler: Scheduler;
  readonly #life: Life;
  readonly #delayMs: number;
  readonly #repeats: boolean;
  readonly #callback: () => void;
  #scheduled: Scheduled | undefined;

  constructor(life: Life, delayMs: number, repeats: boolean, callback: () => void) {
    this.#scheduler = life.host.scheduler;
    this.#life = life;
    // As Node has it: a delay is at least 1 ms.
    this.#delayMs = delayMs >= 1 ? Math.trunc(delayMs) : 1;
    this.#repeats = repeats;
    this.#callback = callback;
    this.#arm();
  }

  #arm(): void {
    if (this.#life.ended) return;
    this.#scheduled = this.#scheduler.after(this.#delayMs, this.#life, () => {
      this.#scheduled = undefined;
      if (this.#repeats) this.#arm();
      this.#callback();
    });
  }

  close(): this {
    if (this.#scheduled !== undefined) this.#scheduled.cancelled = true;
    this.#scheduled = undefined;
    return this;
  }

  refresh(): this {
    this.close();
    this.#arm();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
