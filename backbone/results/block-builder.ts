import { strict as assert } from 'node:assert';
import { takeOlderRow } from '#core/slices/merge-rows.ts';
import { copySelective } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { BlockExtent } from './result-directory.ts';
import { encodeResultBlock, RESULT_BLOCK_ROWS_MAX } from './result-format.ts';

/** An encoded block, and what it holds. */
export interface BuiltBlock {
  readonly extent: BlockExtent;
  readonly bytes: Uint8Array;
}

/**
 * Merges the rows of one slice after the other into a block of one partition. Slices come in the order of results.ts, the
 * rows of a slice from the newest to the oldest (core/slices/merge-rows.ts). One builder fills many blocks.
 */
export class BlockBuilder {
  readonly #sliceMs: number;
  readonly #table = new StatsTable(RESULT_BLOCK_ROWS_MAX);
  readonly #slices = new Float64Array(RESULT_BLOCK_ROWS_MAX);
  readonly #revisions = new Float64Array(RESULT_BLOCK_ROWS_MAX);
  readonly #flags = new Uint8Array(RESULT_BLOCK_ROWS_MAX);
  readonly #slots = Int32Array.from({ length: RESULT_BLOCK_ROWS_MAX }, (_, slot) => slot);
  #groups: string[] = [];
  #ends: number[] = [];
  #rows = 0;

  /** Of rows whose slices are so long; 0 where that isn't known. */
  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** It has to be taken before the next slice is opened. */
  get isFull(): boolean {
    return this.#rows === RESULT_BLOCK_ROWS_MAX;
  }

  /** Opens the row of the next slice. */
  open(group: string, slice: number): void {
    assert(!this.isFull, 'a full block is taken before the next slice is opened');
    const slot = this.#table.allocateMany(1);
    this.#slices[slot] = slice;
    this.#revisions[slot] = 0;
    this.#flags[slot] = 0;
    this.#rows = slot + 1;
    if (this.#groups.at(-1) === group) this.#ends[this.#ends.length - 1] = this.#rows;
    else {
      this.#groups.push(group);
      this.#ends.push(this.#rows);
    }
  }

  /** Takes the next older row of the open slice. */
  take(from: StatsTable, fromSlot: number, revision: number, flags: number): void {
    const slot = this.#rows - 1;
    this.#flags[slot] = takeOlderRow(this.#table, slot, this.#flags[slot]!, from, fromSlot, flags);
    this.#revisions[slot]! += revision;
  }

  /** Puts min, max, first and last into the open slice, in the place of those it has, and flags. */
  putSelection(from: StatsTable, fromSlot: number, flags: number): void {
    copySelective(this.#table, this.#rows - 1, from, fromSlot);
    this.#flags[this.#rows - 1] = flags;
  }

  /** The rows as a block of the partition, or undefined where there is none; the builder is empty then. */
  build(partition: number): BuiltBlock | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    const bytes = encodeResultBlock({
      partition,
      sliceMs: this.#sliceMs,
      groups: this.#groups,
      ends: this.#ends,
      slices: this.#slices.subarray(0, rows),
      revisions: this.#revisions.subarray(0, rows),
      flags: this.#flags.subarray(0, rows),
      table: this.#table,
      slots: this.#slots.subarray(0, rows),
    });
    const extent = {
      first: { partition, group: this.#groups[0]!, slice: this.#slices[0]! },
      last: { partition, group: this.#groups.at(-1)!, slice: this.#slices[rows - 1]! },
      rows,
    };
    this.#table.truncate(0);
    this.#rows = 0;
    this.#groups = [];
    this.#ends = [];
    return { extent, bytes };
  }
}
