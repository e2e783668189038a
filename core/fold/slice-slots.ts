import { PENDING, RESETS } from '../slices/merge-rows.ts';
import { SliceSet } from '../slices/slice-name.ts';
import { StatsTable } from '../stats/stats-table.ts';

/** A group of a view within one partition. */
export interface Group {
  readonly key: string;
  readonly slots: Map<number, number>;
}

/**
 * The slices of one view that are held in memory: one slot of a stats table per (group, slice), with what belongs to
 * the slice but not to the algebra: who opened it, how many records contributed, and whether it has to be written.
 *
 * A *part* is named by what opened the slot: twice the log position of a record, or that and one for a refold, so that
 * no two openings of a slice share a name. Letting go of a slot loses nothing once its row is
 * written: a later reading of the same slice opens the next part, and a reader adds the parts up.
 */
export class SliceSlots {
  readonly table = new StatsTable();
  readonly groups = new Map<string, Group>();
  /** Slices that wait for a refold, in memory or not. */
  readonly pending = new SliceSet();
  #group: Group[] = [];
  #slice: number[] = [];
  #part: number[] = [];
  #revision: number[] = [];
  #lastRecord: number[] = [];
  #flags: number[] = [];
  #isDirty: boolean[] = [];
  #dirty: number[] = [];
  #open = 0;

  groupOf(key: string): Group {
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { key, slots: new Map() };
      this.groups.set(key, group);
    }
    return group;
  }

  /** The slot of a slice, opened when there is none, and marked as changed by the record at `position`. */
  touch(group: Group, slice: number, position: number): number {
    const slot = group.slots.get(slice) ?? this.#openSlot(group, slice, 2 * position);
    if (this.#lastRecord[slot] !== position) {
      this.#lastRecord[slot] = position;
      this.#revision[slot]!++;
      this.#mark(slot);
    }
    return slot;
  }

  /** The slot of a slice for a refold of all records up to `position`: changed, but no record contributed. */
  touchForRefold(group: Group, slice: number, position: number): number {
    const slot = group.slots.get(slice) ?? this.#openSlot(group, slice, 2 * position + 1);
    this.#mark(slot);
    return slot;
  }

  /** Marks a slot as waiting for a refold. */
  markPending(slot: number): void {
    this.#flags[slot]! |= PENDING;
    this.pending.add({ group: this.#group[slot]!.key, slice: this.#slice[slot]! });
  }

  /** Marks every slot that the record at `position` changed as waiting for a refold. */
  markPendingChangedBy(position: number): void {
    for (const slot of this.#dirty) if (this.#lastRecord[slot] === position) this.markPending(slot);
  }

  /** The slot's selection has been refolded from all history. */
  markRefolded(slot: number): void {
    this.#flags[slot] = RESETS;
    this.pending.delete({ group: this.#group[slot]!.key, slice: this.#slice[slot]! });
  }

  #openSlot(group: Group, slice: number, part: number): number {
    const slot = this.table.allocate();
    this.#open++;
    group.slots.set(slice, slot);
    this.#group[slot] = group;
    this.#slice[slot] = slice;
    this.#part[slot] = part;
    this.#revision[slot] = 0;
    this.#lastRecord[slot] = -1;
    this.#flags[slot] = 0;
    this.#isDirty[slot] = false;
    return slot;
  }

  #mark(slot: number): void {
    if (this.#isDirty[slot] === true) return;
    this.#isDirty[slot] = true;
    this.#dirty.push(slot);
  }

  /** How many slots are in memory. */
  get open(): number {
    return this.#open;
  }

  get dirty(): readonly number[] {
    return this.#dirty;
  }

  groupAt(slot: number): Group {
    return this.#group[slot]!;
  }

  sliceAt(slot: number): number {
    return this.#slice[slot]!;
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
    for (const slot of this.#dirty) this.#isDirty[slot] = false;
    this.#dirty = [];
  }

  /** Lets go of every written slot that `keep` does not want; slots not yet written stay. */
  evict(keep: (slice: number, slot: number) => boolean): void {
    for (const group of this.groups.values()) {
      for (const [slice, slot] of group.slots) {
        if (this.#isDirty[slot] || keep(slice, slot)) continue;
        group.slots.delete(slice);
        this.table.release(slot);
        this.#open--;
      }
    }
  }

  /** Every open slot, group by group. */
  *all(): Iterable<number> {
    for (const group of this.groups.values()) yield* group.slots.values();
  }
}
