import { createHash, randomUUID } from 'node:crypto';
import type { ChangeTable } from '#backbone/changes/change-table.ts';
import type { Log } from '#backbone/log/log.ts';
import type { Manifest, ManifestStore, ManifestVersion, ResultRef } from '#backbone/manifests/manifest.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { removeResult } from '#backbone/results/result-writer.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import type { View } from '#core/views/view.ts';
import type { Archive } from './archive/archive.ts';
import { BatchOvertaken } from './batch-errors.ts';
import {
  coversCut,
  isSameCut,
  isSameState,
  type MadeResults,
  mergedFrom,
  namedResults,
  publishResults,
  RESULTS_MAX,
} from './batch-state.ts';
import { type FoldPool, openPool, type PoolOptions } from './recompute/fold-pool.ts';
import { type PartitionPlan, planPartition } from './recompute/partition-plan.ts';
import { dropPlanStates, keepPlanState, loadPlanState } from './recompute/plan-state.ts';
import { recompute, type Recomputed, type Target } from './recompute/recompute.ts';
import { isOutdated, mergeResults } from './recompute/result-runs.ts';
import { withScratch } from './scratch.ts';

/** How far long work has come; `total` is in the unit of `done`. */
export type Progress = (progress: { readonly label: string; readonly done: number; readonly total: number }) => void;

/** What the runs of the batch layer work on. */
export interface BatchResources extends PoolOptions {
  readonly log: Log;
  /** Has to be running, so that it reaches the cut. */
  readonly archive: Archive;
  readonly objects: Objects;
  readonly manifests: ManifestStore;
  readonly changes: Pick<ChangeTable, 'allRows' | 'dropEpochs' | 'onCommit' | 'positions'>;
  readonly views: readonly View[];
  /** Wall clock, in ms. */
  readonly clock: () => number;
  /** Where what verify finds is named. */
  readonly logger?: Warner | undefined;
  /** Batch states of a version that are kept to go back to. Left out: as many as a manifest may hold. */
  readonly statesKept?: number | undefined;
}

/** Where findings are named. */
export interface Warner {
  warn(facts: object, message: string): void;
}

/** Who is told how far a run is, and what calls it off. */
export interface RunControl {
  readonly progress?: Progress | undefined;
  readonly signal: AbortSignal;
}

export interface BatchRequest extends RunControl {
  /** Fold all history again, not only the epochs since the last run. */
  readonly full: boolean;
  /** Of the cut. The same id again goes on with the cut that it made before. */
  readonly id: string;
}

export interface BatchOutcome {
  /** The highest live version of the views; 0 without views. */
  readonly version: number;
  /** Of the cut, per partition. */
  readonly positions: readonly number[];
  /** Folded in this run; a full one folds all there are. */
  readonly readings: number;
  /** Of all results that were made of them; and the slices that these and their tails are. */
  readonly rows: number;
  readonly slices: number;
  /** That the recompute took, from the first header read to the last manifest stored. */
  readonly seconds: number;
}

/** A version of a view that is to be recomputed. */
interface Work {
  readonly view: string;
  readonly version: ManifestVersion;
  /** It has no result yet, or one that can't be gone on from: all history is folded. */
  readonly needsBase: boolean;
}

/**
 * Cuts the log, recomputes every version of the views up to the cut, and makes the results live, view by view in one
 * atomic step each. Incremental: a delta over the epochs since the last run; full, or where a version has no result yet or
 * one of an older format: a new base over all history. A run that ends anywhere before its last step leaves what was live live; the next one
 * clears away what it had stored. Only one run at a time works on the same manifests.
 *
 * Throws BatchOvertaken, and what log, archive and objects throw.
 */
export async function runBatch(resources: BatchResources, request: BatchRequest): Promise<BatchOutcome> {
  const { log, archive, clock } = resources;
  const { id, full, signal } = request;
  const work = await workOf(resources);
  // Processes that are started take their time; the cut and the archive take theirs meanwhile.
  await using pool = openPool(bytesToFold(archive, work, full), resources);
  const copies = await cut(log, id, clock());
  await Promise.all(copies.map((position, partition) => archive.whenArchived(partition, position, signal)));
  const startedAtMs = performance.now();
  const run = new BatchRun(resources, request, work, copies, pool);
  const { positions, ...folded } = await run.recompute();
  const manifests = await run.publish();
  const seconds = (performance.now() - startedAtMs) / 1000;
  await run.clearAway(manifests);
  const live = manifests.flatMap(({ versions }) => versions.filter(({ state }) => state === 'live'));
  return { version: Math.max(0, ...live.map(({ version }) => version)), positions, ...folded, seconds };
}

/** About how many bytes of records a run folds. */
function bytesToFold(archive: Archive, work: readonly Work[], full: boolean): number {
  let bytes = 0;
  for (let partition = 0; partition < archive.partitions; partition++)
    bytes += archive.bytesAfter(partition, planFrom(work, full, partition));
  return bytes;
}

/**
 * Appends the cut `id` to every partition and resolves with the position of this copy in each, once all are durable.
 *
 * Repeating it with the same id after a lost answer is harmless: the first record with the id is the cut, every fold
 * ignores the others (docs/design.md#a-cut-ends-an-epoch). So the positions given here are those of the cut, or lie after it.
 */
async function cut(log: Log, id: string, atMs: number): Promise<readonly number[]> {
  const record = encodeRecord({ kind: 'cut', id, atMs });
  return Promise.all(Array.from({ length: log.partitions }, (_, partition) => log.append(partition, record)));
}

class BatchRun {
  readonly #resources: BatchResources;
  readonly #request: BatchRequest;
  readonly #copies: readonly number[];
  readonly #made = new Map<Work, MadeResults>();
  readonly #fullPlans = new Map<number, Promise<PartitionPlan>>();
  readonly #work: readonly Work[];
  readonly #pool: FoldPool;

  constructor(
    resources: BatchResources,
    request: BatchRequest,
    work: readonly Work[],
    copies: readonly number[],
    pool: FoldPool,
  ) {
    this.#resources = resources;
    this.#request = request;
    this.#work = work;
    this.#copies = copies;
    this.#pool = pool;
  }

  /** Plans, folds and stores results for every version; gives the cut, and what was folded and made. */
  async recompute(): Promise<Recomputed & Pick<BatchOutcome, 'positions'>> {
    const { full } = this.#request;
    const plans = await this.#plan();
    const positions = plans.map(({ to }) => to);
    const atMs = this.#resources.clock();
    let readings = 0;
    let rows = 0;
    let slices = 0;
    const needBase = this.#work.filter(({ needsBase }) => full || needsBase);
    const needDelta = Map.groupBy(
      this.#work.filter(({ version }) => version.batch.results.length > 0 && !coversCut(version.batch.cut, positions)),
      ({ version }) => JSON.stringify(version.batch.cut),
    );
    // What was planned is kept meanwhile: the next run goes on from it once a manifest names the cut.
    const kept = this.#keep(plans);
    kept.catch(() => undefined);
    try {
      if (needBase.length > 0) {
        const nothing = positions.map(() => 0);
        const folded = await this.#fold(needBase, plans, nothing, 'base', atMs);
        readings += folded.readings;
        rows += folded.rows;
        slices += folded.slices;
      }
      for (const works of needDelta.values()) {
        const folded = await this.#fold(works, plans, works[0]!.version.batch.cut, 'delta', atMs);
        if (!full) readings += folded.readings;
        rows += folded.rows;
        slices += folded.slices;
      }
    } finally {
      await Promise.allSettled([kept]);
    }
    await kept;
    return { positions, readings, rows, slices };
  }

  /** Keeps the plans that stand at their cut. */
  async #keep(plans: readonly PartitionPlan[]): Promise<void> {
    const { objects, log } = this.#resources;
    const atCut = plans.filter(({ planner, to }) => planner.position === to);
    await Promise.all(
      atCut.map(({ partition, planner, paths }) => keepPlanState(objects, log.generation, partition, planner, paths)),
    );
  }

  /** Makes what was made live. */
  async publish(): Promise<Manifest[]> {
    const { manifests, views } = this.#resources;
    for (const [work, made] of this.#made) {
      const { before, delta } = made;
      if (made.base === undefined && delta !== undefined && before.results.length >= RESULTS_MAX)
        this.#made.set(work, { ...made, merged: await this.#merge(work, [...before.results, delta]) });
    }
    const published: Manifest[] = [];
    for (const { name } of views) {
      const made = [...this.#made].filter(([work]) => work.view === name);
      const present = await manifests.get(name);
      if (present === undefined) continue;
      published.push(
        made.length === 0
          ? present
          : await manifests.change(name, (manifest) => publishView(name, manifest, made, this.#resources.statesKept)),
      );
    }
    return published;
  }

  /** The results, the newest of them merged into one: a delta, or a base where the base is among them. */
  async #merge(work: Work, results: readonly ResultRef[]): Promise<readonly ResultRef[]> {
    const { archive, objects } = this.#resources;
    const bytes = await Promise.all(results.map((result) => bytesOf(objects, result)));
    const from = mergedFrom(bytes);
    const parts = results.slice(from);
    const kind = from === 0 ? 'base' : 'delta';
    const name = nameOf(work, kind);
    // They may be large however little was folded, and then they are not for the thread that readers wait for.
    const size = bytes.slice(from).reduce((sum, one) => sum + one, 0);
    await using own = this.#pool.workers > 0 ? undefined : openPool(size, this.#resources, 1);
    const pool = own ?? this.#pool;
    await withScratch(archive.dir, (scratch) =>
      mergeResults(objects, parts, work.version.view.sliceMs, name, scratch, pool, this.#request.signal),
    );
    const readings = parts.reduce((sum, result) => sum + result.readings, 0);
    return [...results.slice(0, from), { ...parts.at(-1)!, name, kind, from: parts[0]!.from, readings }];
  }

  /** Removes what no state names any more: results, kept plans, and rows of the speed layer before the state before this. */
  async clearAway(manifests: readonly Manifest[]): Promise<void> {
    const { changes, objects } = this.#resources;
    for (const [{ view, version }, { before, cut: positions }] of this.#made) {
      // A reader may hold the state before, which still adds these rows.
      if (isSameCut(before.cut, positions) || before.cut.every((position) => position === 0)) continue;
      await changes.dropEpochs(view, version.version, (partition) => before.cut[partition] ?? 0);
    }
    for (const manifest of manifests) {
      const named = namedResults(manifest);
      const stored = new Set(
        (await objects.list(`${resultsOf(manifest.view)}/`)).map(({ name }) => name.slice(0, name.lastIndexOf('/'))),
      );
      for (const name of stored) if (!named.has(name)) await removeResult(objects, name);
    }
    // A rollback may make the state before this one live, and the next run goes on from there.
    const cuts = manifests.flatMap(({ versions }) =>
      versions.flatMap(({ batch, history }) => [batch, ...history.slice(0, 2)].map((state) => state.cut)),
    );
    await dropPlanStates(objects, (partition, position) => cuts.some((one) => one[partition] === position));
  }

  /** Plans every partition from where the earliest version stands, or from the first record where one needs a base. */
  async #plan(): Promise<PartitionPlan[]> {
    const { archive, log, objects } = this.#resources;
    const { full, id, progress } = this.#request;
    const plans: PartitionPlan[] = [];
    for (const [partition, to] of this.#copies.entries()) {
      progress?.({ label: 'reading headers', done: partition, total: this.#copies.length });
      const listFrom = Math.min(to, planFrom(this.#work, full, partition));
      const resume = listFrom === 0 ? undefined : await loadPlanState(objects, log.generation, partition, listFrom);
      plans.push(await planPartition(archive, { partition, listFrom, to, cutId: id, resume }, this.#request.signal));
    }
    return plans;
  }

  async #fold(
    works: readonly Work[],
    plans: readonly PartitionPlan[],
    from: readonly number[],
    kind: 'base' | 'delta',
    atMs: number,
  ): Promise<Recomputed> {
    const { archive, objects } = this.#resources;
    const { progress, signal } = this.#request;
    const positions = plans.map(({ to }) => to);
    const targets: Target[] = works.map((work) => ({ view: work.version, result: nameOf(work, kind) }));
    const folded = await recompute({
      archive,
      objects,
      targets,
      plans,
      from,
      fullPlan: (partition) => this.#fullPlan(partition, plans[partition]!),
      pool: this.#pool,
      progress: (done, total) => progress?.({ label: `folding ${kind}`, done, total }),
      signal,
    });
    works.forEach((work, i) => {
      const ref: ResultRef = {
        name: targets[i]!.result,
        from,
        to: positions,
        readings: folded.readings,
        madeAtMs: atMs,
        kind,
      };
      const made = this.#made.get(work) ?? { before: work.version.batch, cut: positions, atMs };
      this.#made.set(work, { ...made, [kind]: ref });
    });
    return folded;
  }

  /** The plan where it lists everything, else one that does: for refolds, which look at all history. */
  #fullPlan(partition: number, plan: PartitionPlan): Promise<PartitionPlan> {
    if (plan.listFrom === 0) return Promise.resolve(plan);
    let planned = this.#fullPlans.get(partition);
    if (planned === undefined) {
      planned = planPartition(this.#resources.archive, { partition, listFrom: 0, to: plan.to }, this.#request.signal);
      this.#fullPlans.set(partition, planned);
    }
    return planned;
  }
}

/** Bytes that a result takes. */
async function bytesOf(objects: Objects, { name }: ResultRef): Promise<number> {
  return (await objects.list(`${name}/`)).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Every version that is folded for good: one that is being built gets its first result once it is live. */
async function workOf({ manifests, views, objects }: BatchResources): Promise<Work[]> {
  const work: Work[] = [];
  for (const { name } of views) {
    const manifest = await manifests.get(name);
    for (const version of manifest?.versions ?? []) {
      if (version.state === 'building') continue;
      const { results } = version.batch;
      let needsBase = results.length === 0;
      for (const result of results) needsBase ||= await isOutdated(objects, result);
      work.push({ view: name, version, needsBase });
    }
  }
  return work;
}

/** The position after which some version needs the frames of a partition; 0 where one needs all, or none is there. */
function planFrom(work: readonly Work[], full: boolean, partition: number): number {
  if (full || work.length === 0) return 0;
  return Math.min(...work.map(({ version: { batch }, needsBase }) => (needsBase ? 0 : (batch.cut[partition] ?? 0))));
}

function publishView(
  view: string,
  manifest: Manifest | undefined,
  made: readonly (readonly [Work, MadeResults])[],
  statesKept: number | undefined,
): Manifest {
  if (manifest === undefined) throw new BatchOvertaken(view);
  const versions = manifest.versions.map((version) => {
    const found = made.find(([work]) => work.version.version === version.version);
    if (found === undefined) return version;
    const [, results] = found;
    if (!isSameState(version.batch, results.before)) throw new BatchOvertaken(view);
    return publishResults(version, results, statesKept);
  });
  return { ...manifest, versions };
}

/** Where a view's results are: views have longer names than objects may have. */
function resultsOf(view: string): string {
  return `results/${createHash('sha256').update(view).digest('hex').slice(0, 16)}`;
}

function nameOf({ view, version }: Work, kind: 'base' | 'delta'): string {
  return `${resultsOf(view)}/v${version.version}-${kind}-${randomUUID()}`;
}
