/** Whose time something belongs to: a process of the world. */
export interface Context {
  readonly ended: boolean;
  run<T>(act: () => T): T;
}

/** Something that will happen, unless it is cancelled or the life that it belongs to has ended by then. */
export interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly life: Context | undefined;
  readonly happen: () => void;
  cancelled: boolean;
}

/** Node's own, kept from before the platform replaces it: a turn of the event loop in which everything asked for has run. */
const nextTurn = globalThis.setImmediate;

/**
 * Virtual time: what is to happen, in the order in which it does. Time stands still while anything runs, and moves to the
 * next thing scheduled when nothing does, so that a day of waiting costs nothing and no machine is too slow.
 *
 * Everything that lives in a world waits for a timer, a disk or a socket of the platform, all of which wait here; so one
 * turn of the real event loop empties what promises and ticks there are, and what comes next is a function of the seed.
 */
export class Scheduler {
  #nowMs = 0;
  #order = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Scheduled[] = [];
  happened = 0;
  /** Called after each thing that has happened, as soon as all that follows from it at once has happened too. */
  onHappened: () => void = () => undefined;
  /** Hears what something that happened has thrown, which nobody caught. */
  onThrown: (life: Context, error: unknown) => void = (_life, error) => {
    throw error;
  };

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets something happen `delayMs` from now, in the context of a life and only while it lasts. */
  after(delayMs: number, life: Context | undefined, happen: () => void): Scheduled {
    const atMs = this.#nowMs + (delayMs > 0 ? delayMs : 0);
    const scheduled: Scheduled = { atMs, order: this.#order++, life, happen, cancelled: false };
    this.#push(scheduled);
    return scheduled;
  }

  /** Lets things happen until the condition holds; false where `untilMs` came first, or nothing was left to happen. */
  async runUntil(condition: () => boolean, untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (;;) {
      await new Promise<void>((resolve) => void nextTurn(resolve));
      this.onHappened();
      if (condition()) return true;
      const next = this.#next();
      if (next === undefined || next.atMs > untilMs) {
        if (untilMs !== Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#pop();
      this.#nowMs = next.atMs;
      this.happened++;
      this.#happen(next);
    }
  }

  #happen({ life, happen }: Scheduled): void {
    if (life === undefined) return happen();
    try {
      life.run(happen);
    } catch (error) {
      this.onThrown(life, error);
    }
  }

  /** Lets things happen up to a time. */
  async runTo(untilMs: number): Promise<void> {
    await this.runUntil(() => false, untilMs);
  }

  #next(): Scheduled | undefined {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || !(next.cancelled || next.life?.ended === true)) return next;
      this.#pop();
    }
  }

  #push(one: Scheduled): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(one);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(one, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = one;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
