/**
 * The state of many stats at once: a structure of arrays, one slot per stats, owned and changed in place.
 *
 * A stats has two parts with different algebra.
 *
 *   additive   count, sum, squares, increase, integral, covered time, accounted time, unchecked, histogram
 *              an Abelian group: what was added can be subtracted again
 *   selective  min, max, first, last
 *              a semilattice: merging picks one of two, and forgets the other for good
 *
 * The identity of both is a fresh slot: all zeros, min = firstMs = +Infinity, max = lastMs = -Infinity, no histogram.
 *
 * Values are scaled integers (safe integers, never -0), times are event time in milliseconds. `integral` is in value ·
 * ms. Wide columns hold numbers of any size that occurs, in the canonical limbs of `#core/numbers/wide.ts`, so equal
 * stats have equal bits.
 */
import { strict as assert } from 'node:assert';
import { SQUARE_LIMBS, SUM_LIMBS, makeWide } from '../numbers/wide.ts';
import { Rests } from './exact-ms.ts';
import { FreeRanges } from './free-ranges.ts';
import type { Histogram } from './histogram.ts';
import { grown, HIGHEST, type Identity, isZero, LOWEST, ZEROS } from './identity-columns.ts';
import { StatsTableFull } from './stats-errors.ts';

/** What a slot takes in memory without its histogram: 23 columns of doubles. */
export const SLOT_BYTES = 184;

/**
 * The most slots of one table: at SLOT_BYTES each some three gigabytes of columns. Owners evict long before; a table
 * that is asked for more throws StatsTableFull, since dropping a stats would lose readings.
 */
export const STATS_SLOTS_MAX = 1 << 24;

const CAPACITY_DEFAULT = 16;

/** Slots that are prepared at once, so that this isn't done for each. */
const PREPARED_SLOTS = 1024;

/** Where an eighth of the slots is given back, a look at whole columns pays: those that hold nothing are left alone. */
const WHOLE_LOOK_SHARE = 8;

/** Limbs of each kind of wide number. */
export type LimbsUsed = Readonly<Record<'sum' | 'squares' | 'increase' | 'integral', number>>;

/** Covered time × value: below 2^53 times some 2^70 ms, so three limbs (133 bits) have room. */
export const INTEGRAL_LIMBS = SUM_LIMBS;

/** Parts of stats that a table may do without, beside count, what is accounted for, and unchecked. */
export interface TableParts {
  readonly sum: boolean;
  readonly squares: boolean;
  readonly increase: boolean;
  readonly integral: boolean;
  readonly coveredMs: boolean;
  /** Min and max. */
  readonly range: boolean;
  readonly first: boolean;
  readonly last: boolean;
}

const ALL_PARTS: TableParts = {
  sum: true,
  squares: true,
  increase: true,
  integral: true,
  coveredMs: true,
  range: true,
  first: true,
  last: true,
};

export class StatsTable {
  // Additive part.
  count: Float64Array;
  sum: Float64Array[];
  squares: Float64Array[];
  increase: Float64Array[];
  integral: Float64Array[];
  /**
   * Covered time in ms: the exact total is coveredMs + coveredRest, where coveredMs is the double nearest to it. The
   * rest is 0 below 2^53 ms, but 300,000 meters reach that within one year.
   */
  coveredMs: Float64Array;
  readonly coveredRest = new Rests();
  /** For how long the series kept their promises (accounted.ts), likewise. */
  accountedMs: Float64Array;
  readonly accountedRest = new Rests();
  /** Late readings that counted although the agent could no longer tell whether they were repeats. */
  unchecked: Float64Array;
  /** Absent until a value is added with buckets; an empty one means the same as none. */
  histograms: (Histogram | undefined)[] = [];

  // Selective part.
  min: Float64Array;
  max: Float64Array;
  firstMs: Float64Array;
  firstValue: Float64Array;
  lastMs: Float64Array;
  lastValue: Float64Array;

  readonly #isWhole: boolean;
  #capacity: number;
  #size = 0;
  /** Slots below this hold the identity where they hold nothing else; those above hold zeros alone. */
  #prepared: number;
  /** Slots that were given back, the last one on top, and the same as a mark per slot. */
  #released: number[] = [];
  #isReleased: Uint8Array;
  /** Ranges that were given back. */
  readonly #ranges = new FreeRanges();
  /** The columns whose identity is 0, anew after each growth. */
  #zeros: readonly Float64Array[];

  /**
   * A table of some parts has columns for these alone: it doesn't grow, and the others, which hold the identity, are not to be
   * written to, since tables share them.
   */
  constructor(capacity: number = CAPACITY_DEFAULT, parts: TableParts = ALL_PARTS) {
    assert(capacity >= 1 && capacity <= STATS_SLOTS_MAX, 'a capacity lies between 1 and STATS_SLOTS_MAX');
    this.#capacity = capacity;
    this.#isReleased = new Uint8Array(capacity);
    this.count = new Float64Array(capacity);
    this.#isWhole = parts === ALL_PARTS;
    // Columns that tables share, or that don't grow, are made whole.
    this.#prepared = this.#isWhole ? 0 : capacity;
    const wide = (isHeld: boolean, limbs: number): Float64Array[] =>
      isHeld ? makeWide(limbs, capacity) : Array.from({ length: limbs }, () => ZEROS.ofLength(capacity));
    const column = (isHeld: boolean, identity: Identity): Float64Array =>
      this.#isWhole ? new Float64Array(capacity) : isHeld ? identity.newColumn(capacity) : identity.ofLength(capacity);
    this.sum = wide(parts.sum, SUM_LIMBS);
    this.squares = wide(parts.squares, SQUARE_LIMBS);
    this.increase = wide(parts.increase, SUM_LIMBS);
    this.integral = wide(parts.integral, INTEGRAL_LIMBS);
    this.coveredMs = column(parts.coveredMs, ZEROS);
    this.accountedMs = new Float64Array(capacity);
    this.unchecked = new Float64Array(capacity);
    this.min = column(parts.range, HIGHEST);
    this.max = column(parts.range, LOWEST);
    this.firstMs = column(parts.first, HIGHEST);
    this.firstValue = column(parts.first, ZEROS);
    this.lastMs = column(parts.last, LOWEST);
    this.lastValue = column(parts.last, ZEROS);
    this.#zeros = this.#zeroColumns();
  }

  /** Every slot that was ever allocated is below this; released ones among them hold the identity. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that it takes in memory, about: its columns whole, also where they are spare, and its histograms. */
  get bytes(): number {
    let bytes = this.#capacity * SLOT_BYTES;
    for (const histogram of this.histograms) bytes += histogram?.bytes ?? 0;
    return bytes;
  }

  /** Slots allocated and not released. */
  get liveCount(): number {
    return this.#size - this.#released.length - this.#ranges.slots;
  }

  /** Slots that it has memory for. */
  get capacity(): number {
    return this.#capacity;
  }

  /** A slot that holds the identity: a released one where there is one. Throws StatsTableFull at STATS_SLOTS_MAX. */
  allocate(): number {
    const slot = this.#released.pop();
    if (slot === undefined) return this.allocateMany(1);
    this.#isReleased[slot] = 0;
    return slot;
  }

  /**
   * The first of `slotCount` slots side by side that hold the identity, a power of two up to RANGE_SLOTS_MAX: of what was given
   * back, or new ones.
   */
  allocateRange(slotCount: number): number {
    const first = this.#ranges.take(slotCount);
    if (first === undefined) return this.#allocateAligned(slotCount);
    this.#isReleased.fill(0, first, first + slotCount);
    return first;
  }

  #allocateAligned(slotCount: number): number {
    const end = this.#size;
    const first = Math.ceil(end / slotCount) * slotCount;
    this.allocateMany(first + slotCount - end);
    if (first > end) {
      this.#isReleased.fill(1, end, first);
      this.#ranges.giveAll(end, first);
    }
    return first;
  }

  /** Gives a range back, as it was handed out. */
  releaseRange(first: number, slotCount: number): void {
    assert(first + slotCount <= this.#size && this.#isReleased[first] === 0, 'a range is released once, by its owner');
    this.#resetRange(first, first + slotCount);
    this.#noteReleased(first, slotCount);
  }

  /** The same of many ranges, of which each has a first slot and a length. */
  releaseRanges(firsts: readonly number[], slotCounts: readonly number[]): void {
    let slots = 0;
    for (let i = 0; i < firsts.length; i++) {
      const first = firsts[i]!;
      const slotCount = slotCounts[i]!;
      assert(
        first + slotCount <= this.#size && this.#isReleased[first] === 0,
        'a range is released once, by its owner',
      );
      this.#noteReleased(first, slotCount);
      slots += slotCount;
    }
    if (slots * WHOLE_LOOK_SHARE < this.#size) {
      for (let i = 0; i < firsts.length; i++) this.#resetRange(firsts[i]!, firsts[i]! + slotCounts[i]!);
      return;
    }
    // They lie side by side, or beside others that were given back before and hold the identity already.
    const isUsed = this.#zeros.map((column) => !isZero(column, 0, this.#size));
    for (let start = this.#isReleased.indexOf(1); start !== -1 && start < this.#size;) {
      const next = this.#isReleased.indexOf(0, start);
      const end = next === -1 ? this.#size : Math.min(next, this.#size);
      this.#fillRange(start, end, (column) => isUsed[column]!);
      start = this.#isReleased.indexOf(1, end);
    }
  }

  #noteReleased(first: number, slotCount: number): void {
    this.#isReleased.fill(1, first, first + slotCount);
    this.#ranges.give(first, slotCount);
  }

  /** How many limbs of each kind of wide number, the lowest first, hold anything but zeros. Looks at the whole table. */
  limbsUsed(): LimbsUsed {
    const used = (columns: readonly Float64Array[]): number =>
      columns.findLastIndex((column) => !isZero(column, 0, this.#size)) + 1;
    const { sum, squares, increase, integral } = this;
    return { sum: used(sum), squares: used(squares), increase: used(increase), integral: used(integral) };
  }

  /** Moves `slotCount` stats from slot `from` on to slot `to` on, where there are none; what is left behind is to be released. */
  moveRange(from: number, to: number, slotCount: number): void {
    const end = from + slotCount;
    for (const column of this.#zeros) if (!isZero(column, from, end)) column.copyWithin(to, from, end);
    this.coveredRest.move(from, to, slotCount);
    this.accountedRest.move(from, to, slotCount);
    for (const column of [this.min, this.max, this.firstMs, this.lastMs]) column.copyWithin(to, from, end);
    for (let i = 0; from + i < Math.min(end, this.histograms.length); i++) {
      const histogram = this.histograms[from + i];
      if (histogram === undefined && to + i >= this.histograms.length) continue;
      this.histograms[to + i] = histogram;
      this.histograms[from + i] = undefined;
    }
  }

  /** The first of `slotCount` new slots that stand side by side. Throws StatsTableFull at STATS_SLOTS_MAX. */
  allocateMany(slotCount: number): number {
    const first = this.#size;
    const size = first + slotCount;
    if (size > STATS_SLOTS_MAX) throw new StatsTableFull(size, STATS_SLOTS_MAX);
    if (size > this.#capacity) this.#grow(size);
    this.#size = size;
    if (size > this.#prepared) this.#prepare(size);
    return first;
  }

  /** Gives a slot back for reuse; its number must not be used again until `allocate` hands it out. */
  release(slot: number): void {
    assert(slot < this.#size && this.#isReleased[slot] === 0, 'a slot is released once, by its owner');
    this.reset(slot);
    this.#released.push(slot);
    this.#isReleased[slot] = 1;
  }

  /** Gives back every slot from `size` up, released or not. `truncate(0)` empties the table and keeps its memory. */
  truncate(size: number): void {
    assert(size >= 0 && size <= this.#size, 'a table is truncated to a smaller size');
    this.#resetRange(size, this.#size);
    this.#size = size;
    this.#isReleased.fill(0, size);
    this.#released = this.#released.filter((slot) => slot < size);
    if (this.#ranges.slots > 0) this.#ranges.truncate(size);
  }

  /** Makes the slot the identity. */
  reset(slot: number): void {
    for (const column of this.#zeros) column[slot] = 0;
    this.coveredRest.set(slot, 0);
    this.accountedRest.set(slot, 0);
    this.min[slot] = Number.POSITIVE_INFINITY;
    this.max[slot] = Number.NEGATIVE_INFINITY;
    this.firstMs[slot] = Number.POSITIVE_INFINITY;
    this.lastMs[slot] = Number.NEGATIVE_INFINITY;
    if (this.histograms.length > slot) this.histograms[slot] = undefined;
  }

  #resetRange(start: number, end: number): void {
    this.#fillRange(start, end, (column) => !isZero(this.#zeros[column]!, start, end));
  }

  /** Makes slots the identity; of the columns whose identity is 0 those that are `isUsed`. */
  #fillRange(start: number, end: number, isUsed: (column: number) => boolean): void {
    for (let i = 0; i < this.#zeros.length; i++) if (isUsed(i)) this.#zeros[i]!.fill(0, start, end);
    this.coveredRest.clear(start, end);
    this.accountedRest.clear(start, end);
    this.min.fill(Number.POSITIVE_INFINITY, start, end);
    this.max.fill(Number.NEGATIVE_INFINITY, start, end);
    this.firstMs.fill(Number.POSITIVE_INFINITY, start, end);
    this.lastMs.fill(Number.NEGATIVE_INFINITY, start, end);
    if (this.histograms.length > start) this.histograms.fill(undefined, start, end);
  }

  #zeroColumns(): Float64Array[] {
    return [
      this.count,
      ...this.sum,
      ...this.squares,
      ...this.increase,
      ...this.integral,
      this.coveredMs,
      this.accountedMs,
      this.unchecked,
      this.firstValue,
      this.lastValue,
    ];
  }

  /** Makes the slots up to `sizeMin` at least hold the identity where it isn't 0. What is spare beyond them stays untouched. */
  #prepare(sizeMin: number): void {
    const start = this.#prepared;
    const size = Math.min(this.#capacity, Math.max(sizeMin, start + PREPARED_SLOTS));
    this.min.fill(Number.POSITIVE_INFINITY, start, size);
    this.max.fill(Number.NEGATIVE_INFINITY, start, size);
    this.firstMs.fill(Number.POSITIVE_INFINITY, start, size);
    this.lastMs.fill(Number.NEGATIVE_INFINITY, start, size);
    this.#prepared = size;
  }

  /** Makes room for so many slots in all, STATS_SLOTS_MAX at most, where there is less: who knows how many there will be spares it growing. */
  reserve(slots: number): void {
    if (slots > this.#capacity) this.#growTo(Math.min(STATS_SLOTS_MAX, slots));
  }

  #grow(sizeMin: number): void {
    this.#growTo(Math.min(STATS_SLOTS_MAX, Math.max(sizeMin, growthOf(this.#capacity) * this.#capacity)));
  }

  #growTo(capacity: number): void {
    assert(this.#isWhole, 'a table of some parts is made as large as it has to be');
    this.#capacity = capacity;
    const isReleased = new Uint8Array(capacity);
    isReleased.set(this.#isReleased);
    this.#isReleased = isReleased;
    this.count = grown(this.count, capacity);
    this.sum = this.sum.map((limb) => grown(limb, capacity));
    this.squares = this.squares.map((limb) => grown(limb, capacity));
    this.increase = this.increase.map((limb) => grown(limb, capacity));
    this.integral = this.integral.map((limb) => grown(limb, capacity));
    this.coveredMs = grown(this.coveredMs, capacity);
    this.accountedMs = grown(this.accountedMs, capacity);
    this.unchecked = grown(this.unchecked, capacity);
    this.min = grown(this.min, capacity);
    this.max = grown(this.max, capacity);
    this.firstMs = grown(this.firstMs, capacity);
    this.firstValue = grown(this.firstValue, capacity);
    this.lastMs = grown(this.lastMs, capacity);
    this.lastValue = grown(this.lastValue, capacity);
    this.#zeros = this.#zeroColumns();
  }
}

/** What is not touched costs no memory, so tables of a middle size take large steps, and copy little. */
function growthOf(capacity: number): number {
  return capacity >= 4096 && capacity < 1 << 17 ? 8 : 2;
}
