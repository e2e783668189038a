import { takeOlderRow } from '#core/slices/merge-rows.ts';
import { copySelective } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { type BuiltBlock, OpenBlock } from './open-block.ts';
import { RESULT_BLOCK_ROWS_MAX } from './result-format.ts';

/**
 * Merges the rows of one slice after the other into a block of one partition. Slices come in the order of results.ts, the
 * rows of a slice from the newest to the oldest (core/slices/merge-rows.ts). One builder fills many blocks.
 */
export class BlockBuilder {
  readonly #sliceMs: number;
  readonly #table = new StatsTable(RESULT_BLOCK_ROWS_MAX);
  readonly #block = new OpenBlock();
  /** The row of the open slice, in the slot behind those of the block's rows. */
  #group: string | undefined;
  #slice = 0;
  #revision = 0;
  #flags = 0;

  /** Of rows whose slices are so long; 0 where that isn't known. */
  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** It has to be taken before the next slice is opened. */
  get isFull(): boolean {
    return this.#block.isFull(this.#group === undefined ? 1 : 2);
  }

  /** Opens the row of the next slice. */
  open(group: string, slice: number): void {
    this.#close();
    if (this.#table.size === this.#block.rows) this.#table.allocateMany(1);
    this.#group = group;
    this.#slice = slice;
    this.#revision = 0;
    this.#flags = 0;
  }

  /** Takes the next older row of the open slice. */
  take(from: StatsTable, fromSlot: number, revision: number, flags: number): void {
    this.#flags = takeOlderRow(this.#table, this.#block.rows, this.#flags, from, fromSlot, flags);
    this.#revision += revision;
  }

  /** Puts min, max, first and last into the open slice, in the place of those it has, and flags. */
  putSelection(from: StatsTable, fromSlot: number, flags: number): void {
    copySelective(this.#table, this.#block.rows, from, fromSlot);
    this.#flags = flags;
  }

  /** The rows as a block of the partition, or undefined where there is none; the builder is empty then. */
  build(partition: number): BuiltBlock | undefined {
    this.#close();
    const built = this.#block.build(partition, this.#sliceMs, this.#table);
    this.#table.truncate(0);
    return built;
  }

  /** Adds the open slice to the block. */
  #close(): void {
    const group = this.#group;
    if (group === undefined) return;
    this.#group = undefined;
    const slot = this.#block.rows;
    // What became a tail leaves its slot to the next slice.
    if (!this.#block.add(group, this.#slice, this.#revision, this.#flags, this.#table, slot)) this.#table.reset(slot);
  }
}
