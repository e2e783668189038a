/** Work of one query between two turns of the event loop. */
export const TURN_MS = 2;
/** Short steps between two looks at the clock. */
export const SHORT_STEPS = 64;
/** How long work stands back while connections come in, before it has a turn whatever comes. */
export const STAND_BACK_MS = 10;

interface Waiting {
  /** When it is due, by the clock: once it has waited as long as it has worked. */
  readonly dueMs: number;
  readonly goOn: () => void;
}

/**
 * Who waits for the thread. In each turn of the event loop those who wait at its begin go on one after the other, always the one
 * that is due first, until they have worked as long as one may: a turn may be long by what comes from outside, and many
 * wait for little. The event loop takes in one connection a turn (https://github.com/libuv/libuv/pull/3696), so they stand back while any come: of
 * hundreds that are opened at once, each would wait for a turn of work, and the last one for all of these.
 */
class Thread {
  readonly #waiting = new Set<Waiting>();
  #isLetting = false;
  #hasTakenIn = false;

  takeIn(): void {
    this.#hasTakenIn = true;
  }

  wait(dueMs: number): Promise<void> {
    return new Promise((goOn) => {
      this.#waiting.add({ dueMs, goOn });
      if (!this.#isLetting) this.#letGoOnSoon();
    });
  }

  #letGoOnSoon(): void {
    this.#isLetting = this.#waiting.size > 0;
    if (this.#isLetting) this.#letGoOnNext(performance.now());
  }

  /** In the next turn of the event loop in which no connection comes in, or that is so long after they began to wait. */
  #letGoOnNext(sinceMs: number): void {
    setImmediate(() => {
      const nowMs = performance.now();
      const standsBack = this.#hasTakenIn && nowMs - sinceMs < STAND_BACK_MS;
      this.#hasTakenIn = false;
      if (standsBack) this.#letGoOnNext(sinceMs);
      else this.#letGoOn(new Set(this.#waiting), nowMs);
    });
  }

  #letGoOn(waiting: Set<Waiting>, sinceMs: number): void {
    let first: Waiting | undefined;
    for (const one of waiting) if (first === undefined || one.dueMs < first.dueMs) first = one;
    if (first === undefined) return this.#letGoOnSoon();
    waiting.delete(first);
    this.#waiting.delete(first);
    first.goOn();
    // By then it waits for something, or is done.
    afterMicrotasks(() =>
      performance.now() - sinceMs < TURN_MS ? this.#letGoOn(waiting, sinceMs) : this.#letGoOnSoon(),
    );
  }
}

/** Calls back in the same turn of the event loop, behind all microtasks, and those that they lead to. */
export function afterMicrotasks(then: () => void): void {
  queueMicrotask(() => process.nextTick(then));
}

let thread = new Thread();

/** Tells that a connection has come in: others may wait behind it. */
export function takeIn(): void {
  thread.takeIn();
}

/** Forgets who waits: for simulations, in which a process that ends leaves this module to the next one. */
export function forgetWaiting(): void {
  thread = new Thread();
}

/**
 * Shares the thread among queries: long work asks after each step whether others are due, and waits for its turn if so. What
 * comes from outside is taken in between any two turns, and of those who wait it is not the turn of who has had many: a
 * question that is short, or has just come, passes long ones by, and these go on once they have waited as long as they worked.
 */
export class Turns {
  readonly #stepsPerLook: number;
  #steps = 0;
  #sinceMs = performance.now();
  #workedMs = 0;

  /** A step is long enough to look at the clock after each, or that is only done after so many. */
  constructor(stepsPerLook = 1) {
    this.#stepsPerLook = stepsPerLook;
  }

  get isDue(): boolean {
    return ++this.#steps % this.#stepsPerLook === 0 && performance.now() - this.#sinceMs > TURN_MS;
  }

  /** Resolves when it is this one's turn. */
  async next(): Promise<void> {
    // What went by beyond a turn was waited for: for a disk, or a reader.
    this.#workedMs += TURN_MS;
    await thread.wait(performance.now() + this.#workedMs);
    this.#sinceMs = performance.now();
  }
}
