import { strict as assert } from 'node:assert';
import { setTimeout } from 'node:timers/promises';
import type { ChangeTable } from '#backbone/changes/change-table.ts';
import { type StoringOptions, untilStored } from '#backbone/disk/until-stored.ts';
import type { Log } from '#backbone/log/log.ts';
import { type Manifest, type ManifestStore, promoteVersion } from '#backbone/manifests/manifest.ts';
import type { Table } from '#backbone/table/table.ts';
import type { WeirError } from '#core/errors.ts';
import type { LiveAgent } from '#core/fold/partition-fold.ts';
import type { EndedEntry } from '#core/fold/silences.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import type { AgentDecision, Ledger } from '#core/ledger/ledger.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { WANTED_RANGES_MAX } from '#core/wire/down-messages.ts';
import { type LedgerHead, WANTED_HEADS_MAX, type WantedFrames } from '#core/wire/topics.ts';
import { PartitionWorker } from './partition-worker.ts';
import { buildVersion } from './version-builder.ts';

/** Between two looks for amended slices; together with the refold it has to stay well below two seconds. */
const REPAIR_PAUSE_MS = 250;

/** Between two looks how far the fold is, for who waits for it. */
const FOLDED_PAUSE_MS = 250;

export interface SpeedLayerOptions {
  readonly log: Log;
  /** Local table of the checkpoint; it stays the caller's. */
  readonly table: Table;
  readonly changes: ChangeTable;
  readonly manifests: ManifestStore;
  /** The manifests of the views that are asked for, all their versions. */
  readonly views: readonly Manifest[];
  /** Changed rows of a partition in memory before its next record waits until they are written. Left out: 100,000. */
  readonly rowsMax?: number | undefined;
  /** Told of each write that fails and is tried again. */
  readonly writeFailed: (failure: WeirError) => void;
}

/** What a partition's fold says of itself. */
export interface PartitionStatus {
  readonly partition: number;
  readonly position: number;
  readonly committed: number;
  readonly watermarkMs: number | null;
  readonly slicesOpen: number;
  readonly records: number;
  readonly readings: number;
  readonly repeatedFrames: number;
  readonly refusedFrames: number;
  readonly faultyFrames: number;
  readonly forks: number;
}

/** The speed layer: one worker per partition, and the builders of versions that have not caught up yet. */
export class SpeedLayer implements AsyncDisposable {
  /** Resolves once the layer has drained; rejects with what ended it. */
  readonly running: Promise<void>;
  readonly #options: SpeedLayerOptions;
  readonly #workers: readonly PartitionWorker[];
  readonly #stop: AbortController;
  readonly #storing: StoringOptions;

  /** Takes over workers that follow nothing yet, and that `stop` ends. */
  constructor(
    options: SpeedLayerOptions,
    workers: readonly PartitionWorker[],
    stop: AbortController,
    storing: StoringOptions,
  ) {
    this.#options = options;
    this.#workers = workers;
    this.#stop = stop;
    this.#storing = storing;
    const { signal } = stop;
    // A store that fails for now is read again from where its reader stands: each of these can begin anew at any time.
    const goOn = (task: () => Promise<void>): Promise<void> => untilStored(task, storing);
    const tasks = [
      ...workers.map((worker) => goOn(() => worker.run())),
      goOn(() => this.#buildMissing(signal)),
      goOn(() => this.#repair(signal)),
    ];
    this.running = Promise.all(tasks).then(() => undefined);
    this.running.catch(() => this.#stop.abort());
  }

  /** Reads no further; resolves once what has been read is committed. Rejects with what ended the layer before. */
  async drain(): Promise<void> {
    this.#stop.abort();
    await this.running;
  }

  /** Drains; what ended the layer before is told by `running` alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain().catch(() => undefined);
  }

  status(): readonly PartitionStatus[] {
    return this.#workers.map(({ partition, fold, committedTo }) => ({
      partition,
      position: fold.position,
      committed: committedTo,
      watermarkMs: fold.watermarkMs(),
      slicesOpen: fold.views.reduce((sum, view) => sum + view.slots.open, 0),
      ...fold.counters,
    }));
  }

  /** Position up to which all is folded and committed of a partition. */
  committedTo(partition: number): number {
    return this.#workers[partition]?.committedTo ?? 0;
  }

  /** Rows that were opened since the start, of all views and partitions. */
  rowsOpened(): number {
    let opened = 0;
    for (const { fold } of this.#workers) for (const { slots } of fold.views) opened += slots.opened;
    return opened;
  }

  /** Whether every view's versions have been folded up to at least the given position of each partition. */
  hasReached(positions: readonly number[]): boolean {
    const versions = versionsOf(this.#options.views);
    return this.#workers.every(
      (worker) =>
        worker.committedTo >= (positions[worker.partition] ?? 0) &&
        versions.every((version) => worker.hasJoined(version)),
    );
  }

  /** What the ledger last saw of an agent: all zero where it is new. */
  ledgerHead(agent: string): LedgerHead {
    const ledger = this.#ledgerOf(agent);
    if (ledger === undefined) return { incarnation: 0, highestSequence: 0 };
    const { life, handedTo } = ledger.standing;
    const head = { ...ledger.head(), life };
    return handedTo === null ? head : { ...head, handedTo };
  }

  /** What the ledger has of an agent's frames, and lacks: nothing, and all, of an unknown one's. */
  wantedOf(agent: string): WantedFrames {
    const ledger = this.#ledgerOf(agent);
    return { heads: ledger?.heads(WANTED_HEADS_MAX) ?? [], missing: ledger?.missing(WANTED_RANGES_MAX) ?? [] };
  }

  /** The series of an agent that are ended, and have not spoken since. */
  endedOf(agent: string): readonly EndedEntry[] {
    return this.#agentNamed(agent)?.fold.ended ?? [];
  }

  /** Resolves once all is folded and committed up to the given position of each partition. Throws the signal's reason. */
  async whenFolded(positions: readonly number[], signal: AbortSignal): Promise<void> {
    const isFolded = (): boolean =>
      this.#workers.every(({ partition, committedTo }) => committedTo >= (positions[partition] ?? 0));
    while (!isFolded()) await setTimeout(FOLDED_PAUSE_MS, undefined, { signal });
  }

  /** What was decided about an agent, and what its ledger knows of its lives; undefined of an unknown one. */
  agentDecision(
    agent: string,
  ): (AgentDecision & Pick<Ledger, 'hasBegun' | 'reachedMs' | 'formerMs' | 'misses'>) | undefined {
    const ledger = this.#ledgerOf(agent);
    if (ledger === undefined) return undefined;
    const { standing, hasBegun, reachedMs, formerMs } = ledger;
    return { ...standing, hasBegun, reachedMs, formerMs, misses: (range) => ledger.misses(range) };
  }

  #ledgerOf(agent: string): Ledger | undefined {
    return this.#agentNamed(agent)?.ledger;
  }

  #agentNamed(agent: string): LiveAgent | undefined {
    for (const { fold } of this.#workers) {
      const known = fold.admission.agentNamed(agent);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** The dictionary of an agent, as far as the fold has met it. */
  dictionaryOf(agent: string): readonly SeriesEntry[] {
    return this.#agentNamed(agent)?.fold.entries ?? [];
  }

  /** Looks after every pause for slices that wait for a refold. */
  async #repair(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await setTimeout(REPAIR_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      for (const worker of this.#workers) await worker.repair(signal);
    }
  }

  /** Builds the versions that have not caught up, after what is stored of versions that no manifest names has gone. */
  async #buildMissing(signal: AbortSignal): Promise<void> {
    const { log, changes, manifests, views } = this.#options;
    for (const { view, version } of views.flatMap(forgottenVersions)) {
      if (!signal.aborted) await changes.dropVersion(view, version, () => true);
    }
    for (const version of versionsOf(this.#options.views)) {
      for (const worker of this.#workers) {
        if (!worker.hasJoined(version)) await buildVersion(version, worker, log, changes, this.#storing);
      }
      if (signal.aborted) return;
      await manifests.change(version.view.name, (manifest) => promoteBuilt(manifest, version));
    }
  }
}

/** Starts the speed layer where its last commits left it. Throws LogChanged. */
export async function startSpeedLayer(options: SpeedLayerOptions): Promise<SpeedLayer> {
  const { log, table, changes, views, rowsMax, writeFailed } = options;
  const versions = versionsOf(views);
  const stop = new AbortController();
  const storing = { signal: stop.signal, failed: writeFailed };
  const workers: PartitionWorker[] = [];
  for (let partition = 0; partition < log.partitions; partition++) {
    workers.push(await PartitionWorker.open({ partition, log, table, changes, versions, storing, rowsMax }));
  }
  return new SpeedLayer(options, workers, stop, storing);
}

/** The versions before the newest that a manifest does not name any more. */
function forgottenVersions({ view, versions }: Manifest): { readonly view: string; readonly version: number }[] {
  const named = new Set(versions.map(({ version }) => version));
  const all = Array.from({ length: Math.max(0, ...named) }, (_, i) => ({ view, version: i + 1 }));
  return all.filter(({ version }) => !named.has(version));
}

function promoteBuilt(manifest: Manifest | undefined, { version, view }: ViewVersion): Manifest {
  assert(manifest !== undefined, `view ${view.name} was declared at the start, and no manifest is ever removed`);
  const isBuilt = manifest.versions.some(
    (one) => one.version === version && (one.state === 'building' || one.folding === true),
  );
  return isBuilt ? promoteVersion(manifest, version) : manifest;
}

function versionsOf(views: readonly Manifest[]): readonly ViewVersion[] {
  return views.flatMap(({ versions }) => versions.map(({ view, version }) => ({ view, version })));
}
