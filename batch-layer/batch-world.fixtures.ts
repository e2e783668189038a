import { join } from 'node:path';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import { PendingChanges } from '#backbone/changes/pending-changes.ts';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { type BatchState, declareView, liveVersion, ManifestStore } from '#backbone/manifests/manifest.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { openResultReader } from '#backbone/results/result-reader.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { SampleAgent, type SampleReading } from '#core/fold/sample-agent.fixtures.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import { PENDING, takeOlderRow } from '#core/slices/merge-rows.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats, type Stats } from '#core/stats/stats.ts';
import type { View } from '#core/views/view.ts';
import type { Archive } from './archive/archive.ts';
import { type BatchLayer, type BatchLayerOptions, startBatchLayer } from './batch-layer.ts';
import type { BatchOutcome, BatchResources } from './batch-run.ts';
import type { RollbackOutcome } from './rollback.ts';
import type { VerifyOutcome } from './verify/verify.ts';

export const SAMPLE_VIEWS: readonly View[] = [
  { name: 'by-region', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 },
  { name: 'by-device', metric: 'power', by: ['device'], where: { region: ['r0'] }, sliceMs: 20_000 },
];

/** A slice as a reader sees it: revision, whether it waits for a refold, and stats. */
export interface SeenSlice {
  readonly revision: number;
  readonly pending: boolean;
  readonly stats: Stats;
}

/** A batch layer with log, objects, manifests and the table of changes in a directory of their own. */
export class BatchWorld implements AsyncDisposable {
  readonly layer: BatchLayer;
  readonly resources: BatchResources;
  readonly log: Log;
  readonly archive: Archive;
  readonly objects: Objects;
  readonly manifests: ManifestStore;
  readonly changes: ChangeTable;
  readonly #stack: AsyncDisposableStack;
  readonly #speed: SpeedStandIn;

  private constructor(
    layer: BatchLayer,
    options: BatchLayerOptions,
    changes: ChangeTable,
    stack: AsyncDisposableStack,
  ) {
    this.layer = layer;
    this.archive = layer.archive;
    this.resources = { ...options, archive: layer.archive };
    this.log = options.log;
    this.objects = options.objects;
    this.manifests = options.manifests;
    this.changes = changes;
    this.#stack = stack;
    this.#speed = new SpeedStandIn(options.log, changes, options.views);
  }

  static async open(partitions: number, views: readonly View[] = SAMPLE_VIEWS): Promise<BatchWorld> {
    await using stack = new AsyncDisposableStack();
    const { dir } = stack.use(await makeTemporaryDirectory('batch'));
    const log = stack.use(await openEmbeddedLog({ dir: join(dir, 'log'), partitions }));
    const objects = stack.use(await openEmbeddedObjects({ dir: join(dir, 'objects') }));
    const manifests = new ManifestStore(stack.use(await openEmbeddedKeyValue({ dir: join(dir, 'state') })));
    for (const view of views) await manifests.change(view.name, (current) => declareView(current, view, partitions));
    const changes = await ChangeTable.open(stack.use(await openEmbeddedTable({ dir: join(dir, 'table') })));
    let atMs = 0;
    const clock = (): number => ++atMs;
    const archiveDir = join(dir, 'archive');
    // Segments so small that runs find compacted ones.
    const options = { log, objects, manifests, changes, views, clock, workers: 0, archiveDir, segmentBytesMax: 500 };
    const layer = stack.use(await startBatchLayer(options));
    return new BatchWorld(layer, options, changes, stack.move());
  }

  batch({ full, id }: { readonly full: boolean; readonly id?: string }): Promise<BatchOutcome> {
    return this.layer.batch(full, undefined, id);
  }

  verify(): Promise<VerifyOutcome> {
    return this.layer.verify();
  }

  rollback(view: string): Promise<RollbackOutcome> {
    return this.layer.rollback(view);
  }

  /** Commits what the speed layer would by now. */
  speed(): Promise<void> {
    return this.#speed.follow();
  }

  async liveBatch(view: string): Promise<BatchState> {
    return liveVersion((await this.manifests.get(view))!).batch;
  }

  /** Every slice of a view as readers combine it, by "group slice". */
  async see(view: string, state?: BatchState): Promise<Map<string, SeenSlice>> {
    const { version, batch: live } = liveVersion((await this.manifests.get(view))!);
    const batch = state ?? live;
    const sums = new ReaderSums();
    const reader = openResultReader(this.objects);
    for (const result of batch.results) {
      for (const group of await reader.groups(result)) {
        for await (const block of reader.blocks(result, group, -Infinity, Infinity)) {
          for (let i = 0; i < block.count; i++) {
            const place = { group, slice: block.slice[i]!, partition: block.partition };
            sums.add(place, block.revision[i]!, block.flags[i]!, block.table, block.firstSlot + i);
          }
        }
      }
    }
    if (state !== undefined) return sums.seen();
    const staging = new StatsTable(1);
    const staged = staging.allocate();
    for await (const row of this.changes.allRows(view, version)) {
      if (row.epoch < batch.cut[row.partition]!) continue;
      decodeRow(row.stats, staging, staged);
      sums.add(row, row.revision, row.flags, staging, staged);
    }
    return sums.seen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Keeps the rows of each slice per partition in their order, and merges them when asked. */
class ReaderSums {
  readonly #table = new StatsTable();
  readonly #rows = new Map<string, Map<number, { slot: number; flags: number; revision: number }[]>>();

  add(
    place: { readonly group: string; readonly slice: number; readonly partition: number },
    revision: number,
    flags: number,
    table: StatsTable,
    slot: number,
  ): void {
    const key = `${place.group} ${place.slice}`;
    const partitions = this.#rows.get(key) ?? new Map<number, { slot: number; flags: number; revision: number }[]>();
    this.#rows.set(key, partitions);
    const rows = partitions.get(place.partition) ?? [];
    partitions.set(place.partition, rows);
    rows.push({ slot: this.#table.allocate(), flags, revision });
    mergeInto(this.#table, rows.at(-1)!.slot, table, slot);
  }

  seen(): Map<string, SeenSlice> {
    const sorted = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(sorted.map(([slice, partitions]) => [slice, this.#merge(partitions.values())]));
  }

  #merge(partitions: Iterable<readonly { slot: number; flags: number; revision: number }[]>): SeenSlice {
    const merged = this.#table.allocate();
    let revision = 0;
    let pending = false;
    for (const rows of partitions) {
      let newer = 0;
      for (const row of rows.toReversed()) {
        newer = takeOlderRow(this.#table, merged, newer, this.#table, row.slot, row.flags);
        revision += row.revision;
      }
      pending ||= (newer & PENDING) !== 0;
    }
    return { revision, pending, stats: readStats(this.#table, merged) };
  }
}

/** Folds every partition from its first record with the fold that the speed layer uses, and commits rows by epoch. */
class SpeedStandIn {
  readonly #log: Log;
  readonly #changes: ChangeTable;
  readonly #folds: { readonly fold: PartitionFold; readonly views: readonly ViewFold[] }[];

  constructor(log: Log, changes: ChangeTable, views: readonly View[]) {
    this.#log = log;
    this.#changes = changes;
    this.#folds = Array.from({ length: log.partitions }, () => {
      const fold = new PartitionFold();
      const folds = views.map((view) => new ViewFold({ view, version: 1 }));
      for (const view of folds) fold.addView(view);
      return { fold, views: folds };
    });
  }

  async follow(): Promise<void> {
    for (const [partition, { fold, views }] of this.#folds.entries()) {
      const from = fold.position;
      const pending = new PendingChanges(partition);
      const gather = (epoch: number): void => {
        for (const view of views) {
          pending.gather(view, epoch);
          view.slots.evict(() => false);
        }
      };
      for (;;) {
        const entries = await this.#log.read(partition, fold.position + 1, { bytes: 1_000_000 });
        if (entries.length === 0) break;
        for (const { position, bytes } of entries) {
          const outcome = fold.apply(position, decodeRecord(bytes));
          if (outcome.kind === 'cut') gather(outcome.ends);
        }
      }
      gather(fold.epoch);
      if (fold.position > from) await this.#changes.commit(pending.take(fold, from, []), []);
    }
  }
}

/** A world with an agent whose birth is in the log. */
export async function begin(stack: AsyncDisposableStack, partitions = 1) {
  const world = stack.use(await BatchWorld.open(partitions));
  const agent = new SampleAgent('a', 4);
  const append = async (record: Uint8Array | null): Promise<void> => {
    if (record !== null) await world.log.append(0, record);
  };
  await append(agent.birth());
  let tick = 0;
  /** Ten frames of readings of all series. */
  const readings = async (): Promise<void> => {
    for (let i = 0; i < 10; i++, tick++) {
      await append(
        agent.readings([0, 1, 2, 3].map((series): SampleReading => [series, tick * 7000, tick * (series + 1)])),
      );
    }
  };
  return { world, agent, append, readings };
}
