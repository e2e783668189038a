import { join } from 'node:path';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { liveVersion, type ManifestVersion } from '#backbone/manifests/manifest.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import type { Archive } from '../archive/archive.ts';
import { SnapshotMissed } from '../batch-errors.ts';
import type { BatchResources, RunControl } from '../batch-run.ts';
import { openPool } from '../recompute/fold-pool.ts';
import { type PartitionPlan, planPartition } from '../recompute/partition-plan.ts';
import { recompute } from '../recompute/recompute.ts';
import { resultRows } from '../recompute/result-runs.ts';
import { withScratch } from '../scratch.ts';
import { compareResults, type Difference } from './compare-results.ts';
import { combineLive } from './live-result.ts';

/** How often a snapshot of all views' rows is tried while the speed layer goes on committing. */
const SNAPSHOT_TRIES_MAX = 200;

export interface NamedDifference extends Difference {
  readonly view: string;
  readonly version: number;
}

export interface VerifyOutcome {
  /** Compared, each partition's part of a slice on its own. */
  readonly slices: number;
  readonly different: number;
  /** Of which min, max, first and last were left out, since an amend has them wait for a refold. */
  readonly pending: number;
  /** Some of the differences. */
  readonly differences: readonly NamedDifference[];
}

/**
 * Folds all history again, up to what results and the speed layer have reached, and compares it bit by bit with what readers
 * combine: the live results of each view's live version and the rows of changes after them. Changes nothing.
 */
export async function runVerify(resources: BatchResources, control: RunControl): Promise<VerifyOutcome> {
  return withScratch(resources.archive.dir, async (dir) => {
    await using scratch = await openEmbeddedObjects({ dir: join(dir, 'objects') });
    return await verify(resources, control, dir, scratch);
  });
}

async function verify(
  resources: BatchResources,
  { progress, signal }: RunControl,
  dir: string,
  scratch: Objects,
): Promise<VerifyOutcome> {
  const { manifests, views, archive, objects, logger } = resources;
  const versions: ManifestVersion[] = [];
  for (const { name } of views) {
    const manifest = await manifests.get(name);
    const live = manifest === undefined ? undefined : liveVersion(manifest);
    // By the rules of now its rows would be others: it is being folded anew, and what takes its place is verified.
    if (live !== undefined && live.accounted !== true)
      logger?.warn({ view: name }, 'its version of before is not verified: a new one is made');
    else if (live !== undefined) versions.push(live);
  }
  const { positions, rows } = await snapshot(resources, versions);
  const bytes = positions.reduce((sum, _, partition) => sum + archive.bytesAfter(partition, 0), 0);
  await using pool = openPool(bytes, resources);
  for (const [i, version] of versions.entries())
    await combineLive({ objects, scratch, dir, pool, signal, logger }, i, version, rows[i]!);
  // Where a result reaches further than the speed layer does so far, readers have no rows yet and see what it covers.
  const reached = ({ batch }: ManifestVersion): number[] =>
    positions.map((at, partition) => Math.max(at, batch.cut[partition] ?? 0));
  for (const same of Map.groupBy(versions.keys(), (i) => reached(versions[i]!).join()).values()) {
    const plans = await planUpTo(archive, reached(versions[same[0]!]!), { progress, signal });
    await recompute({
      archive,
      objects: scratch,
      targets: same.map((i) => ({ view: versions[i]!, result: `expected-${i}` })),
      plans,
      from: positions.map(() => 0),
      fullPlan: (partition) => Promise.resolve(plans[partition]!),
      pool,
      progress: (done, total) => progress?.({ label: 'folding all history', done, total }),
      signal,
    });
  }
  const outcome = { slices: 0, different: 0, pending: 0, differences: [] as NamedDifference[] };
  for (const [i, { view, version }] of versions.entries()) {
    const found = await compareResults(resultRows(scratch, `expected-${i}`), resultRows(scratch, `live-${i}`));
    outcome.slices += found.slices;
    outcome.different += found.different;
    outcome.pending += found.pending;
    for (const difference of found.told) {
      const named = { view: view.name, version, ...difference };
      outcome.differences.push(named);
      logger?.warn({ difference: named }, 'a stored slice differs from what all history says');
    }
  }
  return outcome;
}

/** Plans every partition from its first record to the given positions, once they are archived. */
async function planUpTo(
  archive: Archive,
  positions: readonly number[],
  { progress, signal }: RunControl,
): Promise<PartitionPlan[]> {
  await Promise.all(positions.map((position, partition) => archive.whenArchived(partition, position, signal)));
  const plans: PartitionPlan[] = [];
  for (const [partition, to] of positions.entries()) {
    progress?.({ label: 'reading headers', done: partition, total: positions.length });
    plans.push(await planPartition(archive, { partition, listFrom: 0, to }, signal));
  }
  return plans;
}

interface Snapshot {
  readonly positions: readonly number[];
  /** Per version, its rows as of the positions. */
  readonly rows: readonly AsyncIterable<SliceRow>[];
}

/**
 * The rows of all versions as of one vector of positions. A scan sees the table as it was when its first row was asked
 * for, so the scans are begun together, and begun again where a commit came between.
 */
async function snapshot({ changes, log }: BatchResources, versions: readonly ManifestVersion[]): Promise<Snapshot> {
  const positionsNow = (): number[] =>
    Array.from({ length: log.partitions }, (_, p) => changes.positions().get(p) ?? 0);
  for (let attempt = 1; ; attempt++) {
    const positions = positionsNow();
    const scans = versions.map(({ view, version }) => changes.allRows(view.name, version)[Symbol.asyncIterator]());
    const firsts = await Promise.all(scans.map((scan) => scan.next()));
    // A commit that the scans have seen is told of in the next turn at the latest.
    await new Promise(setImmediate);
    if (positionsNow().every((position, partition) => position === positions[partition])) {
      return { positions, rows: scans.map((scan, i) => resumed(firsts[i]!, scan)) };
    }
    for (const scan of scans) await scan.return?.();
    if (attempt === SNAPSHOT_TRIES_MAX) {
      throw new SnapshotMissed(attempt);
    }
  }
}

async function* resumed(first: IteratorResult<SliceRow>, rest: AsyncIterator<SliceRow>): AsyncIterable<SliceRow> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
