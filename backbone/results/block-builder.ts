import { strict as assert } from 'node:assert';
import { takeOlderRow } from '#core/slices/merge-rows.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-columns.ts';
import { copySelective } from '#core/stats/selective.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { encodeResultBlock } from './result-format.ts';
import type { BlockExtent } from './result-writer.ts';

/** An encoded block, and what it holds. */
export interface BuiltBlock {
  readonly extent: BlockExtent;
  readonly bytes: Uint8Array;
}

/**
 * Merges the rows of one slice after the other into a block of one partition and group. The slices come in ascending
 * order, the rows of a slice from the newest to the oldest (core/slices/merge-rows.ts). One builder fills many blocks.
 */
export class BlockBuilder {
  readonly #table = new StatsTable(BLOCK_ROWS_MAX);
  readonly #slices = new Float64Array(BLOCK_ROWS_MAX);
  readonly #revisions = new Float64Array(BLOCK_ROWS_MAX);
  readonly #flags = new Uint8Array(BLOCK_ROWS_MAX);
  #rows = 0;

  /** It has to be taken before the next slice is opened. */
  get isFull(): boolean {
    return this.#rows === BLOCK_ROWS_MAX;
  }

  /** Flags of the rows of the open slice, taken together. */
  get flags(): number {
    return this.#flags[this.#rows - 1]!;
  }

  /** Opens the row of the next slice. */
  open(slice: number): void {
    assert(!this.isFull, 'a full block is taken before the next slice is opened');
    const slot = this.#table.allocateMany(1);
    this.#slices[slot] = slice;
    this.#revisions[slot] = 0;
    this.#flags[slot] = 0;
    this.#rows = slot + 1;
  }

  /** Takes the next older row of the open slice. */
  take(from: StatsTable, fromSlot: number, revision: number, flags: number): void {
    const slot = this.#rows - 1;
    this.#flags[slot] = takeOlderRow(this.#table, slot, this.#flags[slot]!, from, fromSlot, flags);
    this.#revisions[slot]! += revision;
  }

  /** Replaces min, max, first and last of the open slice, and its flags. */
  putSelection(from: StatsTable, fromSlot: number, flags: number): void {
    copySelective(this.#table, this.#rows - 1, from, fromSlot);
    this.#flags[this.#rows - 1] = flags;
  }

  /** The rows as a block of the partition and group, or undefined where there is none; the builder is empty then. */
  build(partition: number, group: string): BuiltBlock | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    const bytes = encodeResultBlock({
      partition,
      group,
      slices: this.#slices.subarray(0, rows),
      revisions: this.#revisions.subarray(0, rows),
      flags: this.#flags.subarray(0, rows),
      table: this.#table,
      slots: Int32Array.from({ length: rows }, (_, slot) => slot),
    });
    const extent = { partition, group, firstSlice: this.#slices[0]!, lastSlice: this.#slices[rows - 1]!, rows };
    this.#table.truncate(0);
    this.#rows = 0;
    return { extent, bytes };
  }
}
