import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { declareView, ManifestStore } from '#backbone/manifests/manifest-store.ts';
import { type BatchState, liveVersion } from '#backbone/manifests/manifest.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { openResultReader } from '#backbone/results/result-reader.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import { PENDING, takeOlderRow } from '#core/slices/merge-rows.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { decodeRow, encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats, type Stats } from '#core/stats/stats.ts';
import type { View } from '#core/views/view.ts';
import { type Archive, openArchive } from './archive/archive.ts';
import { type BatchOutcome, runBatch } from './batch-run.ts';
import { rollback, type RollbackOutcome } from './rollback.ts';
import { runVerify, type VerifyOutcome } from './verify.ts';

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

/** Log, archive, objects, manifests and the table of changes in a directory of their own. */
export class BatchWorld implements AsyncDisposable {
  readonly dir: string;
  readonly log: Log;
  readonly archive: Archive;
  readonly objects: Objects;
  readonly manifests: ManifestStore;
  readonly changes: ChangeTable;
  readonly views: readonly View[];
  readonly #stack: AsyncDisposableStack;
  readonly #speed: SpeedStandIn;
  #runs = 0;

  private constructor(dir: string, parts: Omit<BatchParts, 'stack'>, stack: AsyncDisposableStack) {
    this.dir = dir;
    this.log = parts.log;
    this.archive = parts.archive;
    this.objects = parts.objects;
    this.manifests = parts.manifests;
    this.changes = parts.changes;
    this.views = parts.views;
    this.#stack = stack;
    this.#speed = new SpeedStandIn(parts.log, parts.changes, parts.views);
  }

  static async open(partitions: number, views: readonly View[] = SAMPLE_VIEWS): Promise<BatchWorld> {
    await using stack = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), 'weir-batch-'));
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    const log = stack.use(await openEmbeddedLog({ dir: join(dir, 'log'), partitions }));
    const objects = stack.use(await openEmbeddedObjects({ dir: join(dir, 'objects') }));
    const manifests = new ManifestStore(stack.use(await openEmbeddedKeyValue({ dir: join(dir, 'state') })));
    for (const view of views) await manifests.change(view.name, (current) => declareView(current, view, partitions));
    const changes = await ChangeTable.open(stack.use(await openEmbeddedTable({ dir: join(dir, 'table') })));
    const archive = stack.use(await openArchive({ dir: join(dir, 'archive'), log }));
    const running = archive.run();
    running.catch(() => undefined);
    return new BatchWorld(dir, { log, objects, manifests, changes, archive, views }, stack.move());
  }

  batch(options: { readonly full: boolean; readonly id?: string; readonly threads?: number }): Promise<BatchOutcome> {
    const { log, archive, objects, manifests, changes, views } = this;
    this.#runs++;
    return runBatch({
      log,
      archive,
      objects,
      manifests,
      changes,
      views,
      clock: () => this.#runs,
      threads: 0,
      id: `run-${this.#runs}`,
      ...options,
    });
  }

  verify(): Promise<VerifyOutcome> {
    const { log, archive, objects, manifests, changes, views } = this;
    return runVerify({ log, archive, objects, manifests, changes, views, threads: 0 });
  }

  rollback(view: string): Promise<RollbackOutcome> {
    const { manifests, views } = this;
    return rollback({ manifests, views, view, clock: () => this.#runs });
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

interface BatchParts {
  readonly log: Log;
  readonly archive: Archive;
  readonly objects: Objects;
  readonly manifests: ManifestStore;
  readonly changes: ChangeTable;
  readonly views: readonly View[];
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
      const rows = views.map(() => [] as Parameters<ChangeTable['commit']>[0]['rows'][number][]);
      const gather = (epoch: number): void => {
        views.forEach(({ slots, id }, i) => {
          for (const slot of slots.dirty) {
            rows[i]!.push({
              view: id.view.name,
              version: id.version,
              group: slots.groupAt(slot).key,
              slice: slots.sliceAt(slot),
              partition,
              epoch,
              part: slots.partAt(slot),
              revision: slots.revisionAt(slot),
              flags: slots.flagsAt(slot),
              stats: encodeRow(slots.table, slot),
            });
          }
          slots.settle();
          slots.evict(() => false);
        });
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
      const batch = { partition, from, to: fold.position, rows: rows.flat(), members: [], agents: [], refused: [] };
      if (fold.position > from) await this.#changes.commit(batch, []);
    }
  }
}
