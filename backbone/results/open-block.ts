import { strict as assert } from 'node:assert';
import type { LimbsUsed, StatsTable } from '#core/stats/stats-table.ts';
import { lengthenTail, tailsRoom } from '#core/stats/tails.ts';
import type { BlockExtent } from './result-directory.ts';
import { encodeResultBlock, RESULT_BLOCK_ROWS_MAX, RESULT_BLOCK_SLICES_MAX } from './result-format.ts';

/** An encoded block, and what it holds. */
export interface BuiltBlock {
  readonly extent: BlockExtent;
  readonly bytes: Uint8Array;
}

/**
 * A block that is being filled with rows of one partition, in the order of results.ts, whose stats stand in a table. What a row would
 * only repeat of the one before becomes its tail. One fills many blocks.
 */
export class OpenBlock {
  readonly #slices = new Float64Array(RESULT_BLOCK_ROWS_MAX);
  readonly #slots = new Int32Array(RESULT_BLOCK_ROWS_MAX);
  readonly #revisions = new Float64Array(RESULT_BLOCK_ROWS_MAX);
  readonly #flags = new Uint8Array(RESULT_BLOCK_ROWS_MAX);
  readonly #tails = tailsRoom(RESULT_BLOCK_ROWS_MAX);
  #groups: string[] = [];
  #ends: number[] = [];
  #rows = 0;
  /** Of rows and tails. */
  #sliceCount = 0;
  #lastSlice = 0;

  /** Rows that it holds, without what became tails. */
  get rows(): number {
    return this.#rows;
  }

  /** Whether there is no room for `more` slices, or for one. */
  isFull(more = 1): boolean {
    return this.#rows + more > RESULT_BLOCK_ROWS_MAX || this.#sliceCount + more > RESULT_BLOCK_SLICES_MAX;
  }

  /** Takes the next slice; false where it became the tail of the row before, so that its slot isn't needed. */
  add(group: string, slice: number, revision: number, flags: number, table: StatsTable, slot: number): boolean {
    assert(!this.isFull(), 'a full block is built before the next slice is added');
    const isOfLast = this.#groups.at(-1) === group;
    this.#sliceCount++;
    const row = this.#rows;
    if (isOfLast && flags === 0 && table.count[slot] === 0 && slice === this.#lastSlice + 1) {
      this.#lastSlice = slice;
      if (lengthenTail(this.#tails, row - 1, table, slot, revision)) return false;
    }
    this.#lastSlice = slice;
    this.#slices[row] = slice;
    this.#slots[row] = slot;
    this.#revisions[row] = revision;
    this.#flags[row] = flags;
    this.#tails.slices[row] = 0;
    this.#rows = row + 1;
    if (isOfLast) this.#ends[this.#ends.length - 1] = this.#rows;
    else {
      this.#groups.push(group);
      this.#ends.push(this.#rows);
    }
    return true;
  }

  /**
   * Everything as a block of the partition, or undefined where there is nothing; it is empty then. Slices are so long, 0 where that
   * isn't known; of the table which limbs are used, where that is.
   */
  build(partition: number, sliceMs: number, table: StatsTable, limbs?: LimbsUsed): BuiltBlock | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    const groups = this.#groups;
    const bytes = encodeResultBlock({
      partition,
      sliceMs,
      groups,
      ends: this.#ends,
      slices: this.#slices.subarray(0, rows),
      revisions: this.#revisions.subarray(0, rows),
      flags: this.#flags.subarray(0, rows),
      table,
      slots: this.#slots.subarray(0, rows),
      tails: this.#sliceCount === rows ? undefined : this.#tails,
      limbs,
    });
    const extent = {
      first: { partition, group: groups[0]!, slice: this.#slices[0]! },
      last: { partition, group: groups.at(-1)!, slice: this.#lastSlice },
      slices: this.#sliceCount,
    };
    this.#groups = [];
    this.#ends = [];
    this.#rows = 0;
    this.#sliceCount = 0;
    return { extent, bytes };
  }
}
