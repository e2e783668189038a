import { strict as assert } from 'node:assert';
import { combineRow } from '#core/fold/combine-rows.ts';
import { PENDING, RESETS } from '#core/fold/slice-slots.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-room.ts';
import { copySelective } from '#core/stats/selective.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { encodeResultBlock } from '#backbone/results/result-format.ts';
import type { BlockExtent } from '#backbone/results/result-writer.ts';
import type { ResultBlock } from '#backbone/results/results.ts';
import type { Refolded } from './refold.ts';

/** A block with at least so many rows is passed on as it is where nothing overlaps it; smaller ones are packed together. */
const WHOLE_ROWS_MIN = 256;

/** A block that takes part in a merge. */
export interface MergeSource extends BlockExtent {
  /** Rows of one slice are combined in this order: base before deltas. Equal where the order doesn't matter. */
  readonly order: number;
  /** Some row waits for a refold. */
  readonly pending: boolean;
  /** The block as it is stored. */
  readBytes(): Promise<Uint8Array>;
  readRows(): Promise<ResultBlock>;
}

/** Takes the blocks of a merge, in the order of their slices. */
export type BlockSink = (extent: BlockExtent, block: Uint8Array) => Promise<void>;

interface Cursor {
  readonly source: MergeSource;
  readonly block: ResultBlock;
  at: number;
}

/**
 * Merges blocks of one partition and group into blocks that don't overlap, in ascending order of slices. Rows of one
 * slice become one row: additive parts add up, selective parts follow `combineRow`, revisions add up; rows that are
 * pending take their selection from `refolded`, or stay so where nothing was refolded. In memory are only the blocks that overlap at a slice, and one that is
 * being filled.
 */
export async function mergeBlocks(
  sources: readonly MergeSource[],
  refolded: Refolded | undefined,
  filling: FillingBlock,
  sink: BlockSink,
): Promise<void> {
  const waiting = sources.toSorted((a, b) => a.firstSlice - b.firstSlice || a.order - b.order);
  const cursors: Cursor[] = [];
  const first = waiting[0];
  if (first === undefined) return;
  filling.begin(first.partition, first.group, refolded);
  let next = 0;
  for (;;) {
    const source = waiting[next];
    if (cursors.length === 0) {
      if (source === undefined) break;
      const isAlone = (waiting[next + 1]?.firstSlice ?? Number.POSITIVE_INFINITY) > source.lastSlice;
      if (isAlone && source.rows >= WHOLE_ROWS_MIN && !source.pending) {
        await filling.flush(sink);
        await sink(source, await source.readBytes());
        next++;
        continue;
      }
    }
    let slice = Number.POSITIVE_INFINITY;
    for (const { block, at } of cursors) slice = Math.min(slice, block.slice[at]!);
    if (source !== undefined && source.firstSlice <= slice) {
      cursors.push({ source, block: await source.readRows(), at: 0 });
      next++;
      continue;
    }
    takeSlice(cursors, slice, filling);
    if (filling.rows === BLOCK_ROWS_MAX) await filling.flush(sink);
  }
  await filling.flush(sink);
}

/** Combines the rows of one slice, and moves past them. */
function takeSlice(cursors: Cursor[], slice: number, filling: FillingBlock): void {
  if (cursors.length > 1) cursors.sort((a, b) => a.source.order - b.source.order);
  filling.open(slice);
  let finished = false;
  for (const cursor of cursors) {
    const { block, at } = cursor;
    if (block.slice[at] !== slice) continue;
    filling.combine(block, at);
    cursor.at++;
    finished ||= cursor.at === block.count;
  }
  filling.close();
  if (!finished) return;
  const left = cursors.filter(({ block, at }) => at < block.count);
  cursors.splice(0, cursors.length, ...left);
}

/** The block that is being filled; one serves many merges, one after the other. */
export class FillingBlock {
  rows = 0;
  #partition = 0;
  #group = '';
  #refolded: Refolded | undefined;
  readonly #table = new StatsTable(BLOCK_ROWS_MAX);
  readonly #slices = new Float64Array(BLOCK_ROWS_MAX);
  readonly #revisions = new Float64Array(BLOCK_ROWS_MAX);
  readonly #flags = new Uint8Array(BLOCK_ROWS_MAX);

  begin(partition: number, group: string, refolded: Refolded | undefined): void {
    assert(this.rows === 0, 'the merge before has flushed its last block');
    this.#partition = partition;
    this.#group = group;
    this.#refolded = refolded;
  }

  open(slice: number): void {
    const slot = this.#table.allocateMany(1);
    assert(slot === this.rows, 'rows and slots of a block go together');
    this.#slices[slot] = slice;
    this.#revisions[slot] = 0;
    this.#flags[slot] = 0;
  }

  combine(block: ResultBlock, at: number): void {
    const slot = this.rows;
    this.#flags[slot] = combineRow(
      this.#table,
      slot,
      this.#flags[slot]!,
      block.table,
      block.firstSlot + at,
      block.flags[at]!,
    );
    this.#revisions[slot]! += block.revision[at]!;
  }

  close(): void {
    const slot = this.rows++;
    if ((this.#flags[slot]! & PENDING) === 0 || this.#refolded === undefined) return;
    const found = this.#refolded.of({ group: this.#group, slice: this.#slices[slot]! });
    assert(found !== undefined, 'a row that is pending was refolded');
    copySelective(this.#table, slot, found.table, found.slot);
    this.#flags[slot] = RESETS;
  }

  async flush(sink: BlockSink): Promise<void> {
    const { rows } = this;
    if (rows === 0) return;
    const group = this.#group;
    const partition = this.#partition;
    const block = encodeResultBlock({
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
    this.rows = 0;
    await sink(extent, block);
  }
}
