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
  /** Whether the rows around it come newest first. */
  readonly isDescending: boolean;
  /** The wall clock of its last row, NaN before the first. */
  lastLocalMs: number;
  /** The rows have stepped against their direction: the pass that they began with is over. */
  hasTurned: boolean;
  /** The wall clock at which the stretch opens has come a second time. */
  opensTwice: boolean;
  /** Readings taken for the pass that comes first in the rows, which nothing has decided so far: of the last row, and before. */
  undecidedLast: number;
  undecided: number;
}

/** Plain data that `restore` reads. */
export interface OrderSnapshot {
  /** The instant of the last row outside any stretch, null before the first. */
  readonly lastMs: number | null;
  /** How often such a row was later, or earlier, than the one before. */
  readonly later: number;
  readonly earlier: number;
  /**
   * Of each order inside: name, fromMs, lengthMs, isDescending, lastLocalMs, hasTurned, undecidedLast, undecided, and a true
   * for opensTwice, which only times that stand at an interval's end need.
   */
  readonly inside: readonly (readonly [
    order: string,
    fromMs: number,
    lengthMs: number,
    isDescending: boolean,
    lastLocalMs: number,
    hasTurned: boolean,
    undecidedLast: number,
    undecided: number,
    opensTwice?: true | undefined,
  ])[];
}

export const NO_ORDER: OrderSnapshot = { lastMs: null, later: 0, earlier: 0, inside: [] };

/** Where in its interval a time stands. */
export type Stamp = 'start' | 'end';

/** Which pass a row says that it is of. */
export type Pass = 'first' | 'second';

/** A row that comes a day after the end of a stretch ends it for all orders: whoever is still inside has gone silent. */
const SILENCE_MS = DAY_MS;

/**
 * Turns wall clocks into instants, and tells the two passes of a repeated stretch apart by the order of the rows.
 *
 * Rows that belong together (all of a wide file, those of one series in a long one) share an order, named by the caller.
 * Whether a file goes forward or comes newest first is seen by its rows outside: which way most of their steps lead. Its
 * rows inside then begin with the pass that comes first that way (the second pass, newest first), and a step the other way
 * begins the other pass, until the end. Two rows of the same wall clock that follow each other before such a step are one of
 * each pass: so hourly rows, and rows sorted by their wall clock, are told apart too.
 *
 * Only rows inside a stretch need a memory, so it is empty outside the hours in autumn.
 *
 * Times that stand at the end of their intervals are written in two ways. Some name the instant: of half hours over the
 * change the second 02:00 ends the last one of the first pass, and 03:00 comes once. Others count on from the start, so
 * 03:00 comes twice and 02:00 once, and in spring 02:00 ends an hour though no clock shows it. Hence, of ends, the wall
 * clock at which a stretch closes may come twice as well, unless the one at which it opens did; and one at which a gap
 * opens is the instant of the change.
 *
 * A reading taken for the pass that comes first is undecided until a step the other way, or a second row of its wall clock,
 * confirms it. It is counted as ambiguous when its order leaves the stretch without, so the count belongs to the batch in
 * which that is seen, at the latest to the source's last.
 */
export class LocalOrder {
  readonly zone: Zone;
  readonly #inside = new Map<string, Inside>();
  #current: Inside | null = null;
  #silentFromMs = Number.POSITIVE_INFINITY;
  #ambiguous = 0;
  #lastPlainMs = Number.NaN;
  #later = 0;
  #earlier = 0;

  readonly #isOfEnds: boolean;

  constructor(zone: Zone, stamp: Stamp = 'start') {
    this.zone = zone;
    this.#isOfEnds = stamp === 'end';
  }

  /** The instant of a wall clock that is plainly one, or NaN: then ask `isGap` and `twice`. */
  plain(localMs: number): number {
    let atMs = this.zone.plainLocalToUtc(localMs);
    if (this.#isOfEnds) atMs = this.#plainEnd(localMs, atMs);
    if (atMs > this.#lastPlainMs) this.#later++;
    else if (atMs < this.#lastPlainMs) this.#earlier++;
    if (!Number.isNaN(atMs)) this.#lastPlainMs = atMs;
    return atMs;
  }

  /** The instant of a wall clock as the end of an interval, where `atMs` is its plain instant or NaN. */
  #plainEnd(localMs: number, atMs: number): number {
    const beforeMs = this.zone.plainLocalToUtc(localMs - 1);
    if (Number.isNaN(beforeMs)) return this.zone.localToUtc(localMs - 1).kind === 'two' ? Number.NaN : atMs;
    return Number.isNaN(atMs) && this.isGap(localMs) ? beforeMs + 1 : atMs;
  }

  /** Whether the wall clock never shows this time. */
  isGap(localMs: number): boolean {
    return this.zone.localToUtc(localMs).kind === 'none';
  }

  /** Whether `leave` has anything to do: false nearly always. */
  get remembers(): boolean {
    return this.#inside.size > 0;
  }

  /** The instant of a wall clock that occurs twice, as the next row of an order; `pass` is what the row says of itself. */
  twice(localMs: number, order: string, pass?: Pass): number {
    const { first, second, isClosing } = this.#meaningOf(localMs);
    const inside = this.#enter(order, localMs, first, second, isClosing);
    const { isDescending, lastLocalMs, stretch } = inside;
    const step = isDescending ? lastLocalMs - localMs : localMs - lastLocalMs;
    inside.lastLocalMs = localMs;
    if (step < 0 || (step === 0 && isClosing)) {
      inside.hasTurned = true;
      inside.undecided = inside.undecidedLast = 0;
    }
    // Where nothing came before it, or the other pass has begun, the close is the instant that a clock shows so.
    const isPlainClose = isClosing && (Number.isNaN(step) || (inside.opensTwice && !isDescending));
    const isLater = inside.hasTurned || step === 0;
    const isSecond = isPlainClose || (pass === undefined ? isLater !== isDescending : pass === 'second');
    if (first === stretch.fromMs && isSecond && !isDescending) inside.opensTwice = true;
    if (step !== 0) inside.undecided += inside.undecidedLast;
    inside.undecidedLast = 0;
    this.#current = isLater || isPlainClose || pass !== undefined ? null : inside;
    return isSecond ? second : first;
  }

  #enter(order: string, localMs: number, first: number, second: number, isClosing: boolean): Inside {
    const known = this.#inside.get(order);
    if (known !== undefined) {
      if (contains(known.stretch, first)) return known;
      this.#forget(order, known);
    }
    const stretch = isClosing
      ? this.#stretchOf(localMs - 1, first - 1, second - 1)
      : this.#stretchOf(localMs, first, second);
    const inside: Inside = {
      stretch,
      isDescending: this.#earlier > this.#later,
      lastLocalMs: Number.NaN,
      hasTurned: false,
      opensTwice: false,
      undecidedLast: 0,
      undecided: 0,
    };
    this.#inside.set(order, inside);
    this.#silentFromMs = Math.min(this.#silentFromMs, endOf(stretch) + SILENCE_MS);
    return inside;
  }

  /** The two instants of a wall clock within a stretch, or of the one at which a stretch closes. */
  #meaningOf(localMs: number): { readonly first: number; readonly second: number; readonly isClosing: boolean } {
    const meaning = this.zone.localToUtc(localMs);
    if (meaning.kind === 'two') return { ...meaning, isClosing: false };
    const before = this.zone.localToUtc(localMs - 1);
    assert(this.#isOfEnds && before.kind === 'two', 'only a wall clock that occurs twice needs an order');
    return { first: before.first + 1, second: before.second + 1, isClosing: true };
  }

  /** Says that a reading was made with the instant that `twice` gave last. */
  countReading(): void {
    if (this.#current !== null) this.#current.undecidedLast++;
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
      this.#ambiguous += inside.undecided + inside.undecidedLast;
      inside.undecided = inside.undecidedLast = 0;
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
    const inside = Array.from(this.#inside, ([order, one]): OrderSnapshot['inside'][number] => {
      const { stretch, isDescending, lastLocalMs, hasTurned, undecidedLast, undecided } = one;
      const { fromMs, lengthMs } = stretch;
      const known = [order, fromMs, lengthMs, isDescending, lastLocalMs, hasTurned, undecidedLast, undecided] as const;
      return one.opensTwice ? [...known, true] : known;
    });
    const lastMs = Number.isNaN(this.#lastPlainMs) ? null : this.#lastPlainMs;
    return { lastMs, later: this.#later, earlier: this.#earlier, inside };
  }

  /** Takes up where `snapshot` was made. */
  restore(snapshot: OrderSnapshot): void {
    this.#inside.clear();
    this.#current = null;
    this.#silentFromMs = Number.POSITIVE_INFINITY;
    this.#lastPlainMs = snapshot.lastMs ?? Number.NaN;
    this.#later = snapshot.later;
    this.#earlier = snapshot.earlier;
    for (const [
      order,
      fromMs,
      lengthMs,
      isDescending,
      lastLocalMs,
      hasTurned,
      undecidedLast,
      undecided,
      opensTwice = false,
    ] of snapshot.inside) {
      const stretch: Stretch = { fromMs, lengthMs };
      this.#inside.set(order, { stretch, isDescending, lastLocalMs, hasTurned, opensTwice, undecidedLast, undecided });
      this.#silentFromMs = Math.min(this.#silentFromMs, endOf(stretch) + SILENCE_MS);
    }
  }

  #forget(order: string, inside: Inside): void {
    this.#ambiguous += inside.undecided + inside.undecidedLast;
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
  return first >= stretch.fromMs && first <= stretch.fromMs + stretch.lengthMs;
}
