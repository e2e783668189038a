import { join } from 'node:path';
import type { SliceRow } from '#backbone/changes/changes.ts';
import type { ManifestVersion } from '#backbone/manifests/manifest.ts';
import { ObjectDamaged, type Objects } from '#backbone/objects/objects.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { compareRows, type RowName } from '#backbone/results/results.ts';
import { newestFirst, takeOlderRow } from '#core/slices/merge-rows.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { Warner } from '../batch-run.ts';
import type { FoldPool } from '../recompute/fold-pool.ts';
import type { OrderedRun } from '../recompute/merge-plan.ts';
import { fetchRun, mergeRuns, storeRun } from '../recompute/result-runs.ts';
import { RunWriter, type SortedRun } from '../recompute/run-file.ts';

/** Rows of changes that are in memory before they are written as a run, at some 300 bytes each. */
const ROWS_MAX = 100_000;

/** What verify combines with, and where. */
export interface LiveOptions {
  readonly objects: Objects;
  readonly scratch: Objects;
  /** For what is needed meanwhile. */
  readonly dir: string;
  readonly pool: FoldPool;
  readonly signal: AbortSignal;
  readonly logger: Warner | undefined;
}

/** Stores what readers combine of a version as a result of its own, `live-<index>`. Throws ResultOutdated. */
export async function combineLive(
  { objects, scratch, dir, pool, signal, logger }: LiveOptions,
  index: number,
  { batch, view }: ManifestVersion,
  rows: AsyncIterable<SliceRow>,
): Promise<void> {
  const { sliceMs } = view;
  using runs = new ChangeRuns(join(dir, `changes-${index}.run`), sliceMs);
  for await (const row of rows) if (row.epoch >= (batch.cut[row.partition] ?? 0)) runs.add(row);
  const inputs = runs.finish().map((run): OrderedRun => ({ run, order: batch.results.length }));
  for (const [order, { name }] of batch.results.entries()) {
    const run = await soundRun(objects, name, join(dir, `live-${index}-${order}.run`), logger);
    if (run !== undefined) inputs.push({ run, order });
  }
  await storeRun(scratch, `live-${index}`, await mergeRuns(inputs, sliceMs, dir, pool, signal));
}

/**
 * The blocks of a stored result that can be read. A damaged one is named and left out, so that its slices come out as
 * different: what readers can't be given is not what history says.
 */
async function soundRun(
  objects: Objects,
  result: string,
  path: string,
  logger: Warner | undefined,
): Promise<SortedRun | undefined> {
  try {
    return await fetchRun(objects, result, path, ({ message }) =>
      logger?.warn({ reason: message }, 'a stored block can not be read'),
    );
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error;
    logger?.warn({ reason: error.message }, 'a stored result can not be read');
    return undefined;
  }
}

interface HeldRow extends RowName {
  readonly slot: number;
  readonly revision: number;
  readonly flags: number;
}

/**
 * Writes rows of changes as sorted runs. Rows come as the table of changes scans them: by group, slice, partition, epoch and part; those
 * of one slice and partition merge into one.
 */
export class ChangeRuns implements Disposable {
  readonly #writer: RunWriter;
  readonly #rowsMax: number;
  readonly #builder: BlockBuilder;
  readonly #runs: SortedRun[] = [];
  readonly #table = new StatsTable();
  readonly #staging = new StatsTable(1);
  readonly #staged = this.#staging.allocate();
  #held: HeldRow[] = [];
  /** Rows of one slice and partition, which are complete once another one begins. */
  #rows: SliceRow[] = [];

  constructor(path: string, sliceMs: number, rowsMax = ROWS_MAX) {
    this.#builder = new BlockBuilder(sliceMs);
    this.#writer = new RunWriter(path);
    this.#rowsMax = rowsMax;
  }

  /** Takes the next row. Throws StatsDataFault where the stats of the rows before it can't be read. */
  add(row: SliceRow): void {
    const before = this.#rows.at(-1);
    const isSame = before?.slice === row.slice && before.partition === row.partition && before.group === row.group;
    if (!isSame) this.#merge();
    this.#rows.push(row);
  }

  /** Everything added, as runs of different rows. Throws StatsDataFault as `add` does. */
  finish(): readonly SortedRun[] {
    this.#merge();
    this.#write();
    return this.#runs;
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }

  #merge(): void {
    const [first] = this.#rows;
    if (first === undefined) return;
    const slot = this.#table.allocate();
    let revisions = 0;
    let newer = 0;
    for (const { stats, revision, flags } of this.#rows.sort(newestFirst)) {
      const fault = decodeRow(stats, this.#staging, this.#staged);
      if (typeof fault !== 'number') throw fault;
      newer = takeOlderRow(this.#table, slot, newer, this.#staging, this.#staged, flags);
      revisions += revision;
    }
    const { partition, group, slice } = first;
    this.#held.push({ partition, group, slice, slot, revision: revisions, flags: newer });
    this.#rows = [];
    if (this.#held.length === this.#rowsMax) this.#write();
  }

  #write(): void {
    if (this.#held.length === 0) return;
    const groups = new Set<string>();
    let partition = -1;
    for (const row of this.#held.sort(compareRows)) {
      if (row.partition !== partition || this.#builder.isFull) this.#flush(partition);
      partition = row.partition;
      groups.add(row.group);
      this.#builder.open(row.group, row.slice);
      this.#builder.take(this.#table, row.slot, row.revision, row.flags);
    }
    this.#flush(partition);
    this.#runs.push(this.#writer.finish(groups));
    this.#held = [];
    this.#table.truncate(0);
  }

  #flush(partition: number): void {
    const built = this.#builder.build(partition);
    if (built !== undefined) this.#writer.add(built.extent, built.bytes);
  }
}
