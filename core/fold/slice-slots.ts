import { PENDING, RESETS } from '../slices/merge-rows.ts';
import { SliceSet, SPAN_SLICES, spanOf } from '../slices/slice-span.ts';
import { StatsTable } from '../stats/stats-table.ts';
import { firstIn, Group, lastIn, type OpenSpan, slicesIn } from './open-span.ts';

/** Slots of a table that nobody said anything of. */
const CAPACITY_FIRST = 16;

/**
 * The slices of one view that are held in memory: one slot of a stats table per (group, slice), with what belongs to
 * the slice but not to the algebra: who opened it, how many records contributed, and whether it has to be written.
 *
 * A *part* is named by what opened the slot: twice the log position of a record, or that and one for a refold, so that
 * no two openings of a slice share a name. Letting go of a slot loses nothing once its row is written: a later reading of
 * the same slice opens the next part, and a reader adds the parts up. A span is let go of as a whole. The slot of a slice
 * stays where it is until another slice of its span is opened.
 */
export class SliceSlots {
  readonly table: StatsTable;
  readonly groups = new Map<string, Group>();
  /** Slices that wait for a refold, in memory or not. */
  readonly pending = new SliceSet();
  #span: (OpenSpan | undefined)[] = [];
  #part = new Float64Array(0);
  #revision = new Float64Array(0);
  #lastRecord = new Float64Array(0);
  #flags = new Uint8Array(0);
  #dirty: OpenSpan[] = [];
  #unwritten = 0;
  #open = 0;
  #opened = 0;
  /** Of no span that is held does the last open slice lie before it; it may be too early. */
  #oldestLast = Number.POSITIVE_INFINITY;

  /** So many slots have room before the table grows. */
  constructor(capacity = CAPACITY_FIRST) {
    this.table = new StatsTable(capacity);
  }

  groupOf(key: string): Group {
    let group = this.groups.get(key);
    if (group === undefined) {
      group = new Group(key);
      this.groups.set(key, group);
    }
    return group;
  }

  /** The slot of a slice, opened when there is none, and marked as changed by the record at `position`. */
  touch(group: Group, slice: number, position: number): number {
    return this.touchIn(this.spanAt(group, slice, position), slice, position);
  }

  /**
   * The span that holds a slice, opened by the record at `position` when there is none, with room for the slices up to
   * `last` that are in it.
   */
  spanAt(group: Group, slice: number, position: number, last = slice): OpenSpan {
    return group.span(spanOf(slice)) ?? this.#openSpan(group, slice, 2 * position, last);
  }

  /** As `touch`, of a slice in a span that was not let go of. */
  touchIn(span: OpenSpan, slice: number, position: number): number {
    const slot = this.#slotIn(span, slice, 2 * position);
    if (this.#lastRecord[slot] !== position) {
      this.#lastRecord[slot] = position;
      this.#revision[slot]!++;
      this.#mark(span, slice);
    }
    return slot;
  }

  /**
   * As `touchIn`, of all slices from `first` up to `end`: the slot of each is the span's origin and the slice. Gives the first
   * slice from which on all are opened by this, and hold nothing yet; `end` where there is none.
   */
  touchAllIn(span: OpenSpan, first: number, end: number, position: number): number {
    const spanFirst = span.number * SPAN_SLICES;
    const held = span.open & bitsOf(first - spanFirst, end - spanFirst);
    const fresh = held === 0 ? first : spanFirst + 32 - Math.clz32(held);
    for (let slice = first; slice < fresh; slice++) this.touchIn(span, slice, position);
    if (fresh < end) this.#openAll(span, fresh, end, position);
    return fresh;
  }

  /** Opens slices of a span of which none is open, as changed by the record at `position`. */
  #openAll(span: OpenSpan, first: number, end: number, position: number): void {
    const count = end - first;
    if (first < span.windowFirst) this.#widen(span, first);
    if (end > span.windowFirst + span.windowSlots) this.#widen(span, end - 1);
    const spanFirst = span.number * SPAN_SLICES;
    const bits = bitsOf(first - spanFirst, end - spanFirst);
    if (span.dirty === 0) this.#dirty.push(span);
    span.dirty |= bits;
    this.#unwritten += count;
    this.#noteOpened(span, bits, count);
    const from = span.origin + first;
    for (let slot = from; slot < from + count; slot++) {
      this.#span[slot] = span;
      this.#part[slot] = 2 * position;
      this.#revision[slot] = 1;
      this.#lastRecord[slot] = position;
      this.#flags[slot] = 0;
    }
  }

  #noteOpened(span: OpenSpan, bits: number, count: number): void {
    if (span.open === 0) this.#oldestLast = Math.min(this.#oldestLast, firstIn(span, bits));
    span.open |= bits;
    this.#open += count;
    this.#opened += count;
    // Half of a window in use says that its group has something in most slices.
    const { group, windowSlots } = span;
    if (windowSlots > group.slotsExpected && 2 * bitCount(span.open) > windowSlots) group.slotsExpected = windowSlots;
  }

  /** The slot of a slice for a refold of all records up to `position`: changed, but no record contributed. */
  touchForRefold(group: Group, slice: number, position: number): number {
    const part = 2 * position + 1;
    const span = group.span(spanOf(slice)) ?? this.#openSpan(group, slice, part, slice);
    const slot = this.#slotIn(span, slice, part);
    this.#mark(span, slice);
    return slot;
  }

  /** Marks a slot as waiting for a refold. */
  markPending(slot: number): void {
    this.#flags[slot]! |= PENDING;
    this.pending.add({ group: this.groupAt(slot).key, slice: this.sliceAt(slot) });
  }

  /** Marks every slot that the record at `position` changed as waiting for a refold. */
  markPendingChangedBy(position: number): void {
    for (const span of this.#dirty) {
      for (const slice of slicesIn(span, span.dirty)) {
        const slot = span.origin + slice;
        if (this.#lastRecord[slot] === position) this.markPending(slot);
      }
    }
  }

  /** The slot's selection has been refolded from all history. */
  markRefolded(slot: number): void {
    this.#flags[slot] = RESETS;
    this.pending.delete({ group: this.groupAt(slot).key, slice: this.sliceAt(slot) });
  }

  /** The slot of a slice that is held; undefined where it is not. */
  slotOf(group: Group, slice: number): number | undefined {
    const span = group.span(spanOf(slice));
    return span === undefined || (span.open & bitOf(slice)) === 0 ? undefined : span.origin + slice;
  }

  #openSpan(group: Group, slice: number, part: number, last: number): OpenSpan {
    const number = spanOf(slice);
    const lastInSpan = Math.min(last, (number + 1) * SPAN_SLICES - 1);
    let windowSlots = group.slotsExpected;
    let windowFirst = Math.floor(slice / windowSlots) * windowSlots;
    while (lastInSpan >= windowFirst + windowSlots) {
      windowSlots *= 2;
      windowFirst = Math.floor(slice / windowSlots) * windowSlots;
    }
    const origin = this.#allocate(windowSlots) - windowFirst;
    const opener = slice;
    const span: OpenSpan = {
      group,
      number,
      opener,
      part,
      windowFirst,
      windowSlots,
      origin,
      open: 0,
      dirty: 0,
      isReleased: false,
    };
    // What comes next begins as small as this one proves to be.
    group.slotsExpected = 1;
    group.putSpan(span);
    return span;
  }

  #slotIn(span: OpenSpan, slice: number, part: number): number {
    const bit = bitOf(slice);
    if ((span.open & bit) !== 0) return span.origin + slice;
    if (slice < span.windowFirst || slice >= span.windowFirst + span.windowSlots) this.#widen(span, slice);
    const slot = span.origin + slice;
    this.#noteOpened(span, bit, 1);
    this.#span[slot] = span;
    this.#part[slot] = part;
    this.#revision[slot] = 0;
    this.#lastRecord[slot] = -1;
    this.#flags[slot] = 0;
    return slot;
  }

  /** Moves the span's slots into a window that holds the slice too. */
  #widen(span: OpenSpan, slice: number): void {
    const { windowFirst: oldFirst, windowSlots: oldSlots, origin: oldOrigin } = span;
    let slots = oldSlots;
    let first = oldFirst;
    while (slice < first || slice >= first + slots) {
      slots *= 2;
      first = Math.floor(oldFirst / slots) * slots;
    }
    const origin = this.#allocate(slots) - first;
    const from = oldOrigin + oldFirst;
    const to = origin + oldFirst;
    this.table.moveRange(from, to, oldSlots);
    for (const column of [this.#part, this.#revision, this.#lastRecord, this.#flags])
      column.copyWithin(to, from, from + oldSlots);
    for (let i = 0; i < oldSlots; i++) {
      this.#span[to + i] = this.#span[from + i];
      this.#span[from + i] = undefined;
    }
    this.table.releaseRange(from, oldSlots);
    span.windowFirst = first;
    span.windowSlots = slots;
    span.origin = origin;
  }

  #allocate(slots: number): number {
    const first = this.table.allocateRange(slots);
    const { capacity } = this.table;
    if (this.#flags.length < capacity) {
      this.#part = wider(this.#part, capacity);
      this.#revision = wider(this.#revision, capacity);
      this.#lastRecord = wider(this.#lastRecord, capacity);
      const flags = new Uint8Array(capacity);
      flags.set(this.#flags);
      this.#flags = flags;
    }
    return first;
  }

  #mark(span: OpenSpan, slice: number): void {
    const bit = bitOf(slice);
    if ((span.dirty & bit) !== 0) return;
    if (span.dirty === 0) this.#dirty.push(span);
    span.dirty |= bit;
    this.#unwritten++;
  }

  /** How many slices are in memory. */
  get open(): number {
    return this.#open;
  }

  /** How many were opened, all together. */
  get opened(): number {
    return this.#opened;
  }

  /** How many slots they take: those of a span that nothing has opened yet, too. */
  get held(): number {
    return this.table.liveCount;
  }

  /** Spans of which some slices have to be written. */
  get dirty(): readonly OpenSpan[] {
    return this.#dirty;
  }

  /** How many slices have to be written. */
  get unwritten(): number {
    return this.#unwritten;
  }

  groupAt(slot: number): Group {
    return this.#span[slot]!.group;
  }

  sliceAt(slot: number): number {
    return slot - this.#span[slot]!.origin;
  }

  partAt(slot: number): number {
    return this.#part[slot]!;
  }

  revisionAt(slot: number): number {
    return this.#revision[slot]!;
  }

  flagsAt(slot: number): number {
    return this.#flags[slot]!;
  }

  /** Every open slot counts as written from here on. */
  settle(): void {
    for (const span of this.#dirty) span.dirty = 0;
    this.#dirty = [];
    this.#unwritten = 0;
  }

  /** Lets go of every span that is written and has no slice from `firstKept` on. Costs nothing where there is none. */
  evictBefore(firstKept: number): void {
    if (this.#oldestLast >= firstKept) return;
    this.evict((slice) => slice >= firstKept);
    this.#oldestLast = Number.POSITIVE_INFINITY;
    for (const group of this.groups.values())
      for (const span of group.spans()) this.#oldestLast = Math.min(this.#oldestLast, lastIn(span, span.open));
  }

  /** Lets go of every span that is written: where all are, at a tenth of what it takes to give them back one by one. */
  evictWritten(): void {
    if (this.#dirty.length === 0) this.clear();
    else this.evict(() => false);
  }

  /** Lets go of every span that is written and of which `keep` wants no slice. */
  evict(keep: (slice: number) => boolean): void {
    const firsts: number[] = [];
    const slotCounts: number[] = [];
    for (const group of this.groups.values()) {
      for (const span of group.spans()) {
        if (span.dirty !== 0 || isKept(span, keep)) continue;
        firsts.push(this.#letGo(span));
        slotCounts.push(span.windowSlots);
      }
    }
    this.table.releaseRanges(firsts, slotCounts);
  }

  /** Lets go of everything, written or not, and keeps the memory for what comes next. */
  clear(): void {
    for (const group of this.groups.values()) {
      for (const span of group.spans()) span.isReleased = true;
      group.dropSpans();
    }
    this.#span = [];
    this.#dirty = [];
    this.#unwritten = 0;
    this.#open = 0;
    this.#oldestLast = Number.POSITIVE_INFINITY;
    this.table.truncate(0);
  }

  /** Forgets a span, whose slots are to be released; gives the first of them. */
  #letGo(span: OpenSpan): number {
    const { group, number, windowFirst, windowSlots, origin } = span;
    group.dropSpan(number);
    span.isReleased = true;
    this.#open -= bitCount(span.open);
    const first = origin + windowFirst;
    this.#span.fill(undefined, first, first + windowSlots);
    return first;
  }

  /** Every open slot, group by group. */
  *all(): Iterable<number> {
    for (const group of this.groups.values()) {
      for (const span of group.spans()) for (const slice of slicesIn(span, span.open)) yield span.origin + slice;
    }
  }
}

function isKept(span: OpenSpan, keep: (slice: number) => boolean): boolean {
  const first = span.number * SPAN_SLICES;
  for (let i = SPAN_SLICES - 1; i >= 0; i--) if ((span.open & (1 << i)) !== 0 && keep(first + i)) return true;
  return false;
}

function bitOf(slice: number): number {
  return 1 << (slice - spanOf(slice) * SPAN_SLICES);
}

/** The bits of the slices of a span from one place up to another. */
function bitsOf(from: number, to: number): number {
  return (1 << to) - (1 << from);
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function wider(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}
