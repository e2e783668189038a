import { liveVersion, type Manifest, type ManifestVersion } from '#backbone/manifests/manifest.ts';
import { NoSuchView, NothingToRollBack } from './batch-errors.ts';
import type { BatchResources } from './batch-run.ts';
import { rollBackResults } from './batch-state.ts';

export interface RollbackOutcome {
  readonly view: string;
  /** The version that is live now. */
  readonly version: number;
  /** Up to where its results reach, per partition. */
  readonly positions: readonly number[];
}

/**
 * Makes the results before the live ones live again, in one atomic step; where there are none, the version before the
 * live one. Answers lose nothing: what the older results don't cover is in the deltas of later epochs or still in the
 * speed layer's rows. Rolling back again goes forward again. Throws NoSuchView, NothingToRollBack.
 */
export async function rollback(
  { manifests, views, clock }: Pick<BatchResources, 'manifests' | 'views' | 'clock'>,
  view: string,
): Promise<RollbackOutcome> {
  const manifest = await manifests.change(view, (current) => {
    if (current === undefined) {
      throw new NoSuchView(
        view,
        views.map(({ name }) => name),
      );
    }
    return rollBackVersion(current, clock()) ?? rollBackDefinition(current);
  });
  const { version, batch } = liveVersion(manifest);
  return { view, version, positions: batch.cut };
}

function rollBackVersion(manifest: Manifest, atMs: number): Manifest | undefined {
  const live = liveVersion(manifest);
  const back = rollBackResults(live, atMs);
  if (back === undefined) return undefined;
  return { ...manifest, versions: manifest.versions.map((one) => (one === live ? back : one)) };
}

function rollBackDefinition(manifest: Manifest): Manifest {
  const live = liveVersion(manifest);
  const back = manifest.versions.findLast(({ state }) => state === 'retained');
  if (back === undefined) throw new NothingToRollBack(manifest.view);
  const swap = (one: ManifestVersion): ManifestVersion =>
    one === live ? { ...one, state: 'retained' } : one === back ? { ...one, state: 'live' } : one;
  return { ...manifest, versions: manifest.versions.map(swap) };
}
