import { join } from 'node:path';
import type { SliceRow } from '#backbone/changes/changes.ts';
import type { ManifestVersion } from '#backbone/manifests/manifest.ts';
import { ObjectDamaged, type Objects } from '#backbone/objects/objects.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { ResultWriter } from '#backbone/results/result-writer.ts';
import { newestFirst } from '#core/slices/merge-rows.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { Warner } from '../batch-run.ts';
import { mergeGroups, type MergeSource } from '../recompute/merge-blocks.ts';
import { resultSources } from '../recompute/result-sources.ts';
import { RunReader, RunWriter } from '../recompute/run-file.ts';

/** Stores what readers combine of a version as a result of its own. */
export async function combineLive(
  objects: Objects,
  scratch: Objects,
  dir: string,
  index: number,
  { batch }: ManifestVersion,
  rows: AsyncIterable<SliceRow>,
  signal: AbortSignal,
  logger: Warner | undefined,
): Promise<void> {
  using runs = new ChangeRuns(join(dir, `changes-${index}.run`));
  for await (const row of rows) if (row.epoch >= (batch.cut[row.partition] ?? 0)) runs.add(row);
  const sources = runs.finish(batch.results.length);
  for (const [order, { name }] of batch.results.entries())
    sources.push(...(await soundSources(objects, name, order, logger)));
  const writer = new ResultWriter(scratch, `live-${index}`);
  await mergeGroups(sources, () => undefined, writer, signal);
  await writer.finish();
}

/**
 * The blocks of a stored result that can be read. A damaged one is named and left out, so that its slices come out as
 * different: what readers can't be given is not what history says.
 */
async function soundSources(
  objects: Objects,
  result: string,
  order: number,
  logger: Warner | undefined,
): Promise<MergeSource[]> {
  const sound: MergeSource[] = [];
  try {
    for (const source of await resultSources(objects, result, order)) {
      if (await isSound(source, logger)) sound.push(source);
    }
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error;
    logger?.warn({ reason: error.message }, 'a stored result can not be read');
  }
  return sound;
}

async function isSound(source: MergeSource, logger: Warner | undefined): Promise<boolean> {
  try {
    await source.readRows();
    return true;
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error;
    logger?.warn({ reason: error.message }, 'a stored block can not be read');
    return false;
  }
}

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
