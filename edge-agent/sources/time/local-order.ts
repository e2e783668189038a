import { strict as assert } from 'node:assert';
import { DAY_MS } from '#core/time/civil.ts';
import type { Zone } from '#core/time/zone.ts';

/**
 * A stretch of wall clock that occurs twice: the clock shows it during [fromMs, fromMs + lengthMs) of UTC and again
 * during the same length right after.
 */
interface Stretch {
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** What is remembered of one order of rows while it is inside a stretch. */
interface Inside {
  readonly stretch: Stretch;
  /** The instant that its last row was given. */
  lastMs: number;
  /** Readings taken for the first pass which no backward step has decided so far. */
  undecided: number;
}

/** Plain data that `restore` reads: [order, fromMs, lengthMs, lastMs, undecided]. */
export type OrderSnapshot = readonly (readonly [string, number, number, number, number])[];

/** A row that comes a day after the end of a stretch ends it for all orders: whoever is still inside has gone silent. */
const SILENCE_MS = DAY_MS;

/**
 * Turns wall clocks into instants, and tells the two passes of a repeated stretch apart by the order of the rows.
 *
 * Rows that belong together (all of a wide file, those of one device in a long one) share an order, named by the
 * caller. The first instant that is not before the order's last one is meant; where both lie before it, the second,
 * since only the second pass can have got that far. Where nothing has been seen the first is meant.
 *
 * Only rows inside a stretch need a memory: an order whose last row lies outside a stretch gives its rows inside the
 * first meaning, whichever side it came from. So the memory is empty outside the hours in autumn.
 *
 * A reading taken for the first pass is undecided until a backward step in the same stretch confirms it. It is counted
 * as ambiguous when its order leaves the stretch without such a step, so the count belongs to the batch in which that
 * is seen, at the latest to the source's last.
 */
export class LocalOrder {
  readonly zone: Zone;
  readonly #inside = new Map<string, Inside>();
  #current: Inside | null = null;
  #silentFromMs = Number.POSITIVE_INFINITY;
  #ambiguous = 0;

  constructor(zone: Zone) {
    this.zone = zone;
  }

  /** The instant of a wall clock that is plainly one, or NaN: then ask `isGap` and `twice`. */
  plain(localMs: number): number {
    return this.zone.plainLocalToUtc(localMs);
  }

  /** Whether the wall clock never shows this time. */
  isGap(localMs: number): boolean {
    return this.zone.localToUtc(localMs).kind === 'none';
  }

  /** Whether `leave` has anything to do: false nearly always. */
  get remembers(): boolean {
    return this.#inside.size > 0;
  }

  /** The instant of a wall clock that occurs twice, as the next row of an order. */
  twice(localMs: number, order: string): number {
    const meaning = this.zone.localToUtc(localMs);
    assert(meaning.kind === 'two', 'only a wall clock that occurs twice needs an order');
    let inside = this.#inside.get(order);
    if (inside !== undefined && !contains(inside.stretch, meaning.first)) {
      this.#forget(order, inside);
      inside = undefined;
    }
    if (inside === undefined) {
      inside = {
        stretch: this.#stretchOf(localMs, meaning.first, meaning.second),
        lastMs: meaning.first,
        undecided: 0,
      };
      this.#inside.set(order, inside);
      this.#silentFromMs = Math.min(this.#silentFromMs, endOf(inside.stretch) + SILENCE_MS);
    }
    if (meaning.first >= inside.lastMs) {
      inside.lastMs = meaning.first;
      this.#current = inside;
    } else {
      inside.lastMs = meaning.second;
      inside.undecided = 0;
      this.#current = null;
    }
    return inside.lastMs;
  }

  /** Says that a reading was made with the instant that `twice` gave last. */
  countReading(): void {
    if (this.#current !== null) this.#current.undecided++;
  }

  /** Says that an order's next row stands at an instant outside any stretch. */
  leave(order: string, atMs: number): void {
    const inside = this.#inside.get(order);
    if (inside !== undefined) this.#forget(order, inside);
    if (atMs < this.#silentFromMs) return;
    this.#silentFromMs = Number.POSITIVE_INFINITY;
    for (const [name, other] of this.#inside) {
      const silentFromMs = endOf(other.stretch) + SILENCE_MS;
      if (atMs >= silentFromMs) this.#forget(name, other);
      else this.#silentFromMs = Math.min(this.#silentFromMs, silentFromMs);
    }
  }

  /** Says that no row follows: what is undecided stays so, and is counted. */
  end(): void {
    for (const inside of this.#inside.values()) {
      this.#ambiguous += inside.undecided;
      inside.undecided = 0;
    }
    this.#current = null;
  }

  /** How many readings have been found ambiguous since the last call. */
  takeAmbiguous(): number {
    const taken = this.#ambiguous;
    this.#ambiguous = 0;
    return taken;
  }

  /** All that `restore` needs to go on, at a moment when nothing is left to take. */
  snapshot(): OrderSnapshot {
    assert(this.#ambiguous === 0, 'what was found ambiguous is counted before the memory is written down');
    return Array.from(this.#inside, ([order, { stretch, lastMs, undecided }]) => [
      order,
      stretch.fromMs,
      stretch.lengthMs,
      lastMs,
      undecided,
    ]);
  }

  /** Takes up where `snapshot` was made. */
  restore(snapshot: OrderSnapshot): void {
    this.#inside.clear();
    this.#current = null;
    this.#silentFromMs = Number.POSITIVE_INFINITY;
    for (const [order, fromMs, lengthMs, lastMs, undecided] of snapshot) {
      const stretch: Stretch = { fromMs, lengthMs };
      this.#inside.set(order, { stretch, lastMs, undecided });
      this.#silentFromMs = Math.min(this.#silentFromMs, endOf(stretch) + SILENCE_MS);
    }
  }

  #forget(order: string, inside: Inside): void {
    this.#ambiguous += inside.undecided;
    if (this.#current === inside) this.#current = null;
    this.#inside.delete(order);
  }

  /** The stretch around a wall clock with two meanings, by bisecting for the first wall clock that has two. */
  #stretchOf(localMs: number, first: number, second: number): Stretch {
    const lengthMs = second - first;
    // No stretch is longer than the two meanings are apart, so one length back the wall clock still has one meaning.
    let low = localMs - lengthMs;
    let high = localMs;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.zone.localToUtc(middle).kind === 'two') high = middle;
      else low = middle;
    }
    return { fromMs: first - (localMs - high), lengthMs };
  }
}

function endOf(stretch: Stretch): number {
  return stretch.fromMs + 2 * stretch.lengthMs;
}

function contains(stretch: Stretch, first: number): boolean {
  return first >= stretch.fromMs && first < stretch.fromMs + stretch.lengthMs;
}
