import type { View } from '#core/views/view.ts';

/** A batch result: immutable, named, over some epochs of every partition. */
export interface ResultRef {
  /** Prefix of the names of the result's objects. */
  readonly name: string;
  /** Position per partition after which the result begins; 0: from the first record. */
  readonly from: readonly number[];
  /** Position of the cut per partition that ends it. */
  readonly to: readonly number[];
  readonly readings: number;
  readonly madeAtMs: number;
  readonly kind: 'base' | 'delta';
}

/** Which results make up a version's batch part up to a cut: one base and the deltas of later epochs, in order. */
export interface BatchState {
  readonly results: readonly ResultRef[];
  /** Position of the cut per partition; 0 where nothing is covered. Speed rows of epochs at or after it are added. */
  readonly cut: readonly number[];
  readonly publishedAtMs: number;
}

export type VersionState = 'building' | 'live' | 'retained';

/** One version of a view: a definition, and what batch holds of it. */
export interface ManifestVersion {
  readonly version: number;
  readonly view: View;
  readonly fingerprint: string;
  readonly state: VersionState;
  readonly batch: BatchState;
  /** Earlier batch states, newest first, for rollback and `asOf`; at most BATCH_STATES_KEPT. */
  readonly history: readonly BatchState[];
}

/** The one record that says which version of a view is live, and which batch results are (docs/design.md#manifest). */
export interface Manifest {
  readonly view: string;
  readonly versions: readonly ManifestVersion[];
}

/** Earlier batch states that are kept for rollback and `asOf`. */
export const BATCH_STATES_KEPT = 8;
/** Versions of a view that are folded beside each other: the live one, one that is being built, one to go back to. */
export const VERSIONS_KEPT = 3;

export function liveVersion(manifest: Manifest): ManifestVersion {
  const live = manifest.versions.find((version) => version.state === 'live');
  if (live === undefined) throw new Error(`manifest of view ${manifest.view} names no live version`);
  return live;
}
