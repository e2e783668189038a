import type { SliceRow } from '#backbone/changes/changes.ts';
import { decodeResultBlock, encodeResultBlock } from '#backbone/results/result-format.ts';
import { combineRow } from '#core/fold/combine-rows.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-room.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { MergeSource } from '../recompute/merge-blocks.ts';
import { RunReader, RunWriter } from '../recompute/run-file.ts';

/**
 * Writes rows of changes as sorted blocks, one list per partition. Rows come as the table of changes scans them: by
 * group, slice, partition, epoch and part; those of one slice and partition combine into one.
 */
export class ChangeRuns implements Disposable {
  readonly #writer: RunWriter;
  readonly #reader = new RunReader();
  readonly #filling = new Map<number, ChangeBlock>();

  constructor(path: string) {
    this.#writer = new RunWriter(path);
  }

  /** Takes the next row. Throws StatsDataFault where its stats can't be read. */
  add(row: SliceRow): void {
    let block = this.#filling.get(row.partition);
    if (block === undefined) this.#filling.set(row.partition, (block = new ChangeBlock(row.partition, this.#writer)));
    block.add(row);
  }

  /** Everything added, as sources that come after all results. */
  finish(order: number): MergeSource[] {
    for (const block of this.#filling.values()) block.flush();
    return this.#writer.blocks.map((block): MergeSource => {
      const readBytes = (): Promise<Uint8Array> => Promise.resolve(this.#reader.read(block));
      const readRows = async () => decodeResultBlock(await readBytes(), block.path, 'the scratch of the batch layer');
      return { ...block, order, readBytes, readRows };
    });
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
    this.#writer[Symbol.dispose]();
  }
}

/** The rows of one partition and group that are being gathered. */
class ChangeBlock {
  readonly #partition: number;
  readonly #writer: RunWriter;
  readonly #table = new StatsTable(BLOCK_ROWS_MAX);
  readonly #staging = new StatsTable(1);
  readonly #staged = this.#staging.allocate();
  readonly #slices = new Float64Array(BLOCK_ROWS_MAX);
  readonly #revisions = new Float64Array(BLOCK_ROWS_MAX);
  readonly #flags = new Uint8Array(BLOCK_ROWS_MAX);
  #group = '';
  #rows = 0;

  constructor(partition: number, writer: RunWriter) {
    this.#partition = partition;
    this.#writer = writer;
  }

  add(row: SliceRow): void {
    const isSame = this.#rows > 0 && row.group === this.#group && row.slice === this.#slices[this.#rows - 1];
    if (!isSame) this.#open(row);
    const slot = this.#rows - 1;
    const fault = decodeRow(row.stats, this.#staging, this.#staged);
    if (typeof fault !== 'number') throw fault;
    this.#flags[slot] = combineRow(this.#table, slot, this.#flags[slot]!, this.#staging, this.#staged, row.flags);
    this.#revisions[slot]! += row.revision;
  }

  flush(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    const partition = this.#partition;
    const group = this.#group;
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
    this.#writer.add(0, extent, false, block);
    this.#table.truncate(0);
    this.#rows = 0;
  }

  #open({ group, slice }: SliceRow): void {
    if (this.#rows === BLOCK_ROWS_MAX || group !== this.#group) this.flush();
    this.#group = group;
    const slot = this.#table.allocateMany(1);
    this.#slices[slot] = slice;
    this.#revisions[slot] = 0;
    this.#flags[slot] = 0;
    this.#rows = slot + 1;
  }
}
