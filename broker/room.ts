import { strict as assert } from 'node:assert';

/** A place in the queue for room; `leave` gives the room back, or the place where none was given yet. */
export interface RoomTicket {
  readonly leave: () => void;
}

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * Room for packets in flight, by count and bytes, first come, first served: while the first in the queue doesn't fit,
 * nobody behind it is let in, so a large packet is not starved by small ones.
 *
 * Law: what was let in and has not left is never more than `countMax`, nor longer together than `bytesMax`.
 */
export class Room {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #waiting = new Set<Waiter>();
  #count = 0;
  #bytes = 0;

  constructor(limits: { readonly countMax: number; readonly bytesMax: number }) {
    this.#countMax = limits.countMax;
    this.#bytesMax = limits.bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Calls `admit`, now or later, once there is room for `bytes`, of which there are at most as many as the room has. */
  enter(bytes: number, admit: () => void): RoomTicket {
    assert(bytes <= this.#bytesMax, `${bytes} bytes never fit a room of ${this.#bytesMax}`);
    const waiter: Waiter = { bytes, admit };
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      if (!this.#waiting.delete(waiter)) {
        this.#count--;
        this.#bytes -= bytes;
      }
      this.#admitWaiting();
    };
    if (this.#waiting.size === 0 && this.#fits(bytes)) this.#take(waiter);
    else this.#waiting.add(waiter);
    return { leave };
  }

  #admitWaiting(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiting.delete(waiter);
      this.#take(waiter);
    }
  }

  #take(waiter: Waiter): void {
    this.#count++;
    this.#bytes += waiter.bytes;
    waiter.admit();
  }

  #fits(bytes: number): boolean {
    return this.#count < this.#countMax && this.#bytes + bytes <= this.#bytesMax;
  }
}
