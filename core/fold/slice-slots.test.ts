import { describe, expect, it } from 'vitest';
import { PENDING, RESETS } from '../slices/merge-rows.ts';
import { SliceSlots } from './slice-slots.ts';

describe('the slots of a view', () => {
  it('opens a slot per slice of a group, named by the record that opened it', () => {
    const slots = new SliceSlots();
    const [north, south] = [slots.groupOf('north'), slots.groupOf('south')];
    expect(slots.groupOf('north')).toBe(north);
    const first = slots.touch(north, 7, 5);
    expect(slots.touch(north, 7, 6)).toBe(first);
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

  it('lists what has to be written until it is settled, each slot once', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const slot = slots.touch(group, 0, 1);
    slots.touch(group, 0, 2);
    expect(slots.dirty).toEqual([slot]);
    slots.settle();
    expect(slots.dirty).toEqual([]);
    slots.touch(group, 0, 2);
    expect(slots.dirty).toEqual([]);
    slots.touch(group, 0, 3);
    expect(slots.dirty).toEqual([slot]);
  });

  it('names a part that a refold opens apart from those of records', () => {
    const slots = new SliceSlots();
    const slot = slots.touchForRefold(slots.groupOf('g'), 3, 9);
    expect([slots.partAt(slot), slots.revisionAt(slot)]).toEqual([19, 0]);
    expect(slots.dirty).toEqual([slot]);
  });

  it('lets go of written slots only, and opens a new part for what comes later', () => {
    const slots = new SliceSlots();
    const group = slots.groupOf('g');
    const amended = slots.touch(group, 0, 1);
    slots.markPending(amended);
    slots.touch(group, 1, 1);
    slots.settle();
    slots.touch(group, 1, 2);
    slots.evict((slice) => slice === 5);
    expect([...group.slots.keys()]).toEqual([1]);
    expect(slots.open).toBe(1);
    const again = slots.touch(group, 0, 3);
    expect(again).toBe(amended);
    expect([slots.partAt(again), slots.revisionAt(again), slots.flagsAt(again)]).toEqual([6, 1, 0]);
    expect(slots.table.count[again]).toBe(0);
    slots.settle();
    slots.evict((slice) => slice === 0);
    expect([...group.slots.keys()]).toEqual([0]);
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
});
