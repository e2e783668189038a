import assert from 'node:assert/strict';

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * A first-come, first-served gate by count and bytes: what is in flight stays below both limits, and who comes when it is
 * full waits in the order of coming. One thing larger than the whole byte limit is let in when nothing else is in.
 */
export class AppendWindow {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #waiting: Waiter[] = [];
  #count = 0;
  #bytes = 0;

  constructor(limits: { readonly count: number; readonly bytes: number }) {
    assert(limits.count > 0 && limits.bytes > 0, 'a window lets at least one thing in');
    this.#countMax = limits.count;
    this.#bytesMax = limits.bytes;
  }

  /** Calls `admit` at once when there is room and nobody waits, otherwise when it is this one's turn. */
  enter(bytes: number, admit: () => void): void {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) this.#take(bytes, admit);
    else this.#waiting.push({ bytes, admit });
  }

  /** Gives back what one that was let in has held, and lets in those whose turn it is. */
  leave(bytes: number): void {
    this.#count -= 1;
    this.#bytes -= bytes;
    assert(this.#count >= 0 && this.#bytes >= 0, 'no more leaves a window than entered it');
    let admitted = 0;
    for (const waiter of this.#waiting) {
      if (!this.#hasRoom(waiter.bytes)) break;
      admitted++;
      this.#take(waiter.bytes, waiter.admit);
    }
    this.#waiting.splice(0, admitted);
  }

  #hasRoom(bytes: number): boolean {
    return this.#count === 0 || (this.#count < this.#countMax && this.#bytes + bytes <= this.#bytesMax);
  }

  #take(bytes: number, admit: () => void): void {
    this.#count += 1;
    this.#bytes += bytes;
    admit();
  }
}
