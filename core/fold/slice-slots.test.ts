import { describe, expect, it } from 'vitest';
import { PENDING, RESETS } from '../slices/merge-rows.ts';
import { SPAN_SLICES } from '../slices/slice-span.ts';
import { addReading } from '../stats/merge.ts';
import { statsOf } from '../stats/stats.oracle.ts';
import { readStats } from '../stats/stats.ts';
import { slicesIn } from './open-span.ts';
import { SliceSlots } from './slice-slots.ts';

function dirtySlots(slots: SliceSlots): number[] {
  return slots.dirty.flatMap((span) => slicesIn(span, span.dirty).map((slice) => span.origin + slice));
}

/** What is known of the open slices, whatever slots they have. */
function factsOf(slots: SliceSlots): unknown {
  const rows = [...slots.all()].map((slot) => [
    slots.sliceAt(slot),
    slots.partAt(slot),
    slots.revisionAt(slot),
    slots.flagsAt(slot),
  ]);
  const dirty = slots.dirty.map((span) => [span.number, span.dirty]);
  return { rows, dirty, open: slots.open, opened: slots.opened, unwritten: slots.unwritten };
}

describe('the slots of a view', () => {
  it('opens a slot per slice of a group, named by the record that opened it', () => {
    const slots = new SliceSlots();
    const [north, south] = [slots.groupOf('north'), slots.groupOf('south')];
    expect(slots.groupOf('north')).toBe(north);
    const opened = slots.touch(north, 7, 5);
    expect(slots.touch(north, 7, 6)).toBe(opened);
    slots.touch(north, 8, 6);
    const first = slots.slotOf(north, 7)!;
    const others = [slots.touch(north, 8, 6), slots.touch(south, 7, 6)];
    expect(new Set([first, ...others]).size).toBe(3);
    expect([slots.groupAt(first), slots.sliceAt(first), slots.partAt(first), slots.flagsAt(first)]).toEqual([
      north,
      7,
      10,
      0,
    ]);
    expect(slots.open).toBe(3);
    expect(new Set(slots.all())).toEqual(new Set([first, ...others]));
  });

  it('counts the records that contributed, each once', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const slot = slots.touch(group, 0, 1);
    slots.touch(group, 0, 1);
    slots.touch(group, 0, 4);
    expect(slots.revisionAt(slot)).toBe(2);
    slots.touchForRefold(group, 0, 4);
    expect(slots.revisionAt(slot)).toBe(2);
  });

  it('opens the slices of a run at once as it opens them one by one', () => {
    const runs = [
      [3, 7],
      [5, 12],
      [0, 2],
      [0, SPAN_SLICES],
      [SPAN_SLICES - 1, SPAN_SLICES],
    ] as const;
    const [atOnce, single] = [new SliceSlots(), new SliceSlots()];
    const [group, other] = [atOnce.groupOf('g'), single.groupOf('g')];
    for (const [i, [first, end]] of runs.entries()) {
      const position = 1 + (i >> 1);
      const known = group.span(0)?.open ?? 0;
      const fresh = atOnce.touchAllIn(atOnce.spanAt(group, first, position, end - 1), first, end, position);
      for (let slice = first; slice < end; slice++) single.touch(other, slice, position);
      for (let slice = fresh; slice < end; slice++) expect(known & (1 << slice)).toBe(0);
      expect(fresh === first || (known & (1 << (fresh - 1))) !== 0).toBe(true);
      expect(factsOf(atOnce)).toEqual(factsOf(single));
      if (i === 1) for (const slots of [atOnce, single]) slots.settle();
    }
  });

  it('lists what has to be written until it is settled, each slot once', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const slot = slots.touch(group, 0, 1);
    slots.touch(group, 0, 2);
    expect(dirtySlots(slots)).toEqual([slot]);
    slots.settle();
    expect(slots.dirty).toEqual([]);
    slots.touch(group, 0, 2);
    expect(slots.dirty).toEqual([]);
    slots.touch(group, 0, 3);
    expect(dirtySlots(slots)).toEqual([slot]);
  });

  it('names a part that a refold opens apart from those of records', () => {
    const slots = new SliceSlots();
    const slot = slots.touchForRefold(slots.groupOf('g'), 3, 9);
    expect([slots.partAt(slot), slots.revisionAt(slot)]).toEqual([19, 0]);
    expect(dirtySlots(slots)).toEqual([slot]);
  });

  it('lets go of written spans only, and opens a new part for what comes later', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const amended = slots.touch(group, 0, 1);
    slots.markPending(amended);
    slots.touch(group, SPAN_SLICES, 1);
    slots.settle();
    slots.touch(group, SPAN_SLICES, 2);
    slots.evict((slice) => slice === 5);
    expect(Array.from(group.spans(), ({ number }) => number)).toEqual([1]);
    expect(slots.open).toBe(1);
    const again = slots.touch(group, 0, 3);
    expect(again).toBe(amended);
    expect([slots.partAt(again), slots.revisionAt(again), slots.flagsAt(again)]).toEqual([6, 1, 0]);
    expect(slots.table.count[again]).toBe(0);
    slots.settle();
    slots.evict((slice) => slice === 0);
    expect(Array.from(group.spans(), ({ number }) => number)).toEqual([0]);
  });

  it('keeps a span as long as one of its slices is wanted or not written, whole', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    for (const slice of [-1, -3, -SPAN_SLICES]) slots.touch(group, slice, 1);
    slots.settle();
    slots.evict((slice) => slice > -2);
    expect(slots.open).toBe(3);
    slots.touch(group, -3, 2);
    slots.evict(() => false);
    expect(slots.open).toBe(3);
    slots.settle();
    slots.evict((slice) => slice < -SPAN_SLICES || slice > -1);
    expect([slots.open, slots.held]).toEqual([0, 0]);
  });

  it('moves the stats of a span along when it needs more slots, side by side, and keeps them apart', () => {
    const slots = new SliceSlots();
    const [dense, sparse] = [slots.groupOf('dense'), slots.groupOf('sparse')];
    const orders = [7, 3, 8, 0, 15, 4, 31, 16, 20];
    for (const [i, slice] of orders.entries()) {
      addReading(slots.table, slots.touch(dense, slice, i), slice, slice, true);
      addReading(slots.table, slots.touch(sparse, slice * SPAN_SLICES, i), slice, 0 - slice, true);
    }
    slots.markPending(slots.slotOf(dense, 3)!);
    for (const [i, slice] of orders.entries()) {
      const at = slots.slotOf(dense, slice)!;
      expect(readStats(slots.table, at)).toEqual(statsOf([{ ms: slice, value: slice }], true));
      expect([slots.groupAt(at), slots.sliceAt(at), slots.partAt(at), slots.revisionAt(at)]).toEqual([
        dense,
        slice,
        2 * i,
        1,
      ]);
      expect(slots.flagsAt(at)).toBe(slice === 3 ? PENDING : 0);
      const other = slots.slotOf(sparse, slice * SPAN_SLICES)!;
      expect(readStats(slots.table, other)).toEqual(statsOf([{ ms: slice, value: 0 - slice }], true));
    }
    expect(slots.slotOf(dense, 5)).toBeUndefined();
    expect(slots.slotOf(dense, 99)).toBeUndefined();
    expect(slots.slotOf(dense, 15)! - slots.slotOf(dense, 0)!).toBe(15);
    expect(new Set(Array.from(dense.spans(), ({ number }) => number))).toEqual(new Set([0, 1]));
    // One slot for each slice that stands alone, and two spans of the dense group.
    expect(slots.held).toBe(orders.length + 2 * SPAN_SLICES);
    expect(slots.open).toBe(2 * orders.length);
  });

  it('begins a span with as many slots as the one before came to use', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    for (let slice = 0; slice <= SPAN_SLICES; slice++) slots.touch(group, slice, 1);
    expect(slots.held).toBe(2 * SPAN_SLICES);
    slots.touch(group, 10 * SPAN_SLICES, 1);
    expect(slots.held).toBe(2 * SPAN_SLICES + 1);
  });

  it('starts over with nothing, and with the memory it had', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const span = slots.spanAt(group, 3, 1);
    addReading(slots.table, slots.touch(group, 3, 1), 1, 1, false);
    const { capacity } = slots.table;
    slots.clear();
    expect([slots.open, slots.held, slots.dirty.length, [...slots.all()].length]).toEqual([0, 0, 0, 0]);
    expect(span.isReleased).toBe(true);
    expect(slots.table.capacity).toBe(capacity);
    const again = slots.touch(group, 3, 2);
    expect([slots.table.count[again], slots.partAt(again), slots.revisionAt(again)]).toEqual([0, 4, 1]);
  });

  it('knows which slices wait for a refold, in memory or not', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const slot = slots.touch(group, 4, 1);
    slots.markPending(slot);
    expect(slots.flagsAt(slot)).toBe(PENDING);
    slots.settle();
    slots.evict(() => false);
    expect([...slots.pending]).toEqual([{ group: 'g', slice: 4 }]);
    const refolded = slots.touchForRefold(group, 4, 2);
    slots.markRefolded(refolded);
    expect([...slots.pending]).toEqual([]);
    expect(slots.flagsAt(refolded)).toBe(RESETS);
    slots.markPending(refolded);
    expect(slots.flagsAt(refolded)).toBe(PENDING | RESETS);
  });

  it.each([true, false])('lets go of all that is written, and keeps the rest (%s: all is)', (isAllWritten) => {
    const slots = new SliceSlots();
    const [group, other] = [slots.groupOf('g'), slots.groupOf('h')];
    addReading(slots.table, slots.touch(group, 3, 1), 1, 2, false);
    const released = slots.spanAt(group, 3, 1);
    slots.settle();
    if (!isAllWritten) slots.touch(other, 4, 2);
    slots.evictWritten();
    expect([slots.open, slots.held, slots.slotOf(group, 3), released.isReleased]).toEqual([
      isAllWritten ? 0 : 1,
      isAllWritten ? 0 : 1,
      undefined,
      true,
    ]);
    const slot = slots.touch(group, 3, 5);
    expect([slots.partAt(slot), slots.revisionAt(slot), readStats(slots.table, slot).count]).toEqual([10, 1, 0]);
    expect(slots.unwritten).toBe(isAllWritten ? 1 : 2);
  });
});
