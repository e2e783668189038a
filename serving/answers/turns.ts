import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work between two turns of the event loop: others wait no longer for a long query. */
const TURN_MS = 8;
/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 64;

/** Shares the thread: long work asks after each step whether others are due, and waits for them if so. */
export class Turns {
  #steps = 0;
  #sinceMs = performance.now();

  get isDue(): boolean {
    return ++this.#steps % STEPS_PER_LOOK === 0 && performance.now() - this.#sinceMs > TURN_MS;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.#sinceMs = performance.now();
  }
}
