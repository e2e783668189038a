import type { SliceRow } from '#backbone/changes/changes.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { newestFirst } from '#core/slices/merge-rows.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { MergeSource } from '../recompute/merge-blocks.ts';
import { RunReader, RunWriter } from '../recompute/run-file.ts';

/**
 * Writes rows of changes as sorted blocks, one list per partition. Rows come as the table of changes scans them: by
 * group, slice, partition, epoch and part; those of one slice and partition merge into one.
 */
export class ChangeRuns implements Disposable {
  readonly #writer: RunWriter;
  readonly #reader = new RunReader();
  readonly #filling = new Map<number, { readonly builder: BlockBuilder; group: string }>();
  readonly #staging = new StatsTable(1);
  readonly #staged = this.#staging.allocate();
  /** Rows of one slice and partition, which are complete once another one begins. */
  #rows: SliceRow[] = [];

  constructor(path: string) {
    this.#writer = new RunWriter(path);
  }

  /** Takes the next row. Throws StatsDataFault where the stats of the rows before it can't be read. */
  add(row: SliceRow): void {
    const before = this.#rows.at(-1);
    const isSame = before?.slice === row.slice && before.partition === row.partition && before.group === row.group;
    if (!isSame) this.#merge();
    this.#rows.push(row);
  }

  /** Everything added, as sources that come after all results. Throws StatsDataFault as `add` does. */
  finish(order: number): MergeSource[] {
    this.#merge();
    for (const partition of this.#filling.keys()) this.#flush(partition);
    return this.#writer.blocks.map((block) => this.#reader.source(block, order));
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
    this.#writer[Symbol.dispose]();
  }

  #merge(): void {
    const [first] = this.#rows;
    if (first === undefined) return;
    const builder = this.#builderFor(first);
    builder.open(first.slice);
    for (const { stats, revision, flags } of this.#rows.sort(newestFirst)) {
      const fault = decodeRow(stats, this.#staging, this.#staged);
      if (typeof fault !== 'number') throw fault;
      builder.take(this.#staging, this.#staged, revision, flags);
    }
    this.#rows = [];
  }

  /** The builder of the partition, with room for a row of the group. */
  #builderFor({ partition, group }: SliceRow): BlockBuilder {
    let filling = this.#filling.get(partition);
    if (filling === undefined) this.#filling.set(partition, (filling = { builder: new BlockBuilder(), group }));
    if (filling.builder.isFull || filling.group !== group) this.#flush(partition);
    filling.group = group;
    return filling.builder;
  }

  #flush(partition: number): void {
    const { builder, group } = this.#filling.get(partition)!;
    const built = builder.build(partition, group);
    if (built !== undefined) this.#writer.add(0, built.extent, false, built.bytes);
  }
}
