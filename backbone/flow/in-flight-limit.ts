import { strict as assert } from 'node:assert';
import type { Fullness } from './fullness.ts';

/** Leave to have something in flight, or the place in the queue for it. */
export interface Permit {
  readonly isGranted: boolean;
  /** Gives it back, granted or not. A second time is harmless. */
  release(): void;
}

export interface InFlightLimitOptions {
  /** How many things may be in flight at once, at least one. */
  readonly countMax: number;
  /** How many bytes they may have together. Without it only their number counts. */
  readonly bytesMax?: number;
  /** How many may wait, and why one more is refused. Without it those who come bound the queue themselves. */
  readonly queue?: { readonly countMax: number; readonly whenFull: (waiting: number) => Error };
}

/**
 * Bounds what is in flight by count and bytes. Who comes when it is full waits for its turn.
 *
 * Laws:
 * - *Limit.* What was granted and not released is never more than `countMax`, nor longer together than `bytesMax`.
 * - *Large.* The one exception: what is longer than `bytesMax` is granted when nothing else is in flight, so it passes
 *   alone.
 * - *Order.* Permits are granted in the order of coming. While the first in the queue doesn't fit nobody behind it is let
 *   in, so large ones are not starved by small ones.
 * - *Progress.* Nobody waits while there is room for the first in the queue.
 * - *Closing* refuses all who wait and all who come later; what is in flight is still to be released.
 */
export class InFlightLimit {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #queue: InFlightLimitOptions['queue'];
  readonly #waiting = new Set<PendingPermit>();
  #count = 0;
  #bytes = 0;
  #closedFor: Error | undefined;

  constructor({ countMax, bytesMax = Number.POSITIVE_INFINITY, queue }: InFlightLimitOptions) {
    assert(countMax > 0 && bytesMax > 0, 'a limit lets at least one thing pass');
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
    this.#queue = queue;
  }

  /** How many are in flight. */
  get count(): number {
    return this.#count;
  }

  /** The bytes that are in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many are in flight, their bytes, and how many wait, as far as each is bounded. */
  fullness(of: string): readonly Fullness[] {
    const all: Fullness[] = [{ of, held: this.#count, max: this.#countMax }];
    if (this.#bytesMax !== Number.POSITIVE_INFINITY) {
      // One that is longer passes alone.
      all.push({
        of: `${of}_bytes`,
        held: this.#bytes,
        max: this.#count > 1 ? this.#bytesMax : Math.max(this.#bytesMax, this.#bytes),
      });
    }
    if (this.#queue !== undefined)
      all.push({ of: `${of}_waiting`, held: this.#waiting.size, max: this.#queue.countMax });
    return all;
  }

  /**
   * Asks for a permit. Calls `onGranted`, before it returns where there is room, else when it is this one's turn; or
   * `onRefused`, with the reason, where the queue is full or the limit closed.
   */
  take(bytes: number, onGranted: (permit: Permit) => void, onRefused: (reason: Error) => void): Permit {
    const permit = new PendingPermit(this, bytes, onGranted, onRefused);
    if (this.#closedFor !== undefined) onRefused(this.#closedFor);
    else if (this.#waiting.size === 0 && this.#hasRoom(bytes)) this.#grant(permit);
    else if (this.#queue !== undefined && this.#waiting.size >= this.#queue.countMax) {
      onRefused(this.#queue.whenFull(this.#waiting.size));
    } else this.#waiting.add(permit);
    return permit;
  }

  /** Runs a task within the limit; throws what it throws, and the reason where it is refused. */
  run<T>(task: () => Promise<T>, bytes = 0): Promise<T> {
    const start = async (permit: Permit): Promise<T> => {
      try {
        return await task();
      } finally {
        permit.release();
      }
    };
    return new Promise((resolve, reject) => this.take(bytes, (permit) => resolve(start(permit)), reject));
  }

  /** Refuses, for this reason, all who wait and all who come from now on. */
  close(reason: Error): void {
    this.#closedFor ??= reason;
    const refused = [...this.#waiting];
    // At first, so that nobody comes in through a place that another gives back meanwhile.
    this.#waiting.clear();
    for (const permit of refused) permit.onRefused(this.#closedFor);
  }

  /** A permit's own: gives back what it holds, its place in the queue or its part of the limit. */
  give(permit: PendingPermit): void {
    if (permit.isGranted) {
      this.#count--;
      this.#bytes -= permit.bytes;
    } else this.#waiting.delete(permit);
    for (const next of this.#waiting) {
      if (!this.#hasRoom(next.bytes)) return;
      this.#waiting.delete(next);
      this.#grant(next);
    }
  }

  #grant(permit: PendingPermit): void {
    this.#count++;
    this.#bytes += permit.bytes;
    permit.isGranted = true;
    permit.onGranted(permit);
  }

  #hasRoom(bytes: number): boolean {
    return this.#count === 0 || (this.#count < this.#countMax && this.#bytes + bytes <= this.#bytesMax);
  }
}

class PendingPermit implements Permit {
  isGranted = false;
  readonly bytes: number;
  readonly onGranted: (permit: Permit) => void;
  readonly onRefused: (reason: Error) => void;
  readonly #limit: InFlightLimit;
  #isReleased = false;

  constructor(
    limit: InFlightLimit,
    bytes: number,
    onGranted: (permit: Permit) => void,
    onRefused: (reason: Error) => void,
  ) {
    this.#limit = limit;
    this.bytes = bytes;
    this.onGranted = onGranted;
    this.onRefused = onRefused;
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#limit.give(this);
  }
}
