import { strict as assert } from 'node:assert';
import { WeirError } from '#core/errors.ts';
import { MEANING_KEYS, type StoredMetric, storedMetric } from '#core/metrics/metric.ts';
import { type View, viewFingerprint } from '#core/views/view.ts';
import type { KeyValue } from '../key-value/key-value.ts';

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
  /** How the view's metric was declared; absent in manifests written before it was kept. */
  readonly metric?: StoredMetric;
  readonly state: VersionState;
  /** Its rows tell for how long series kept their promises; those of versions that were declared before they did don't. */
  readonly accounted?: true;
  /** It answers although it has not caught up with the log, since there is no version before it: provisional answers. */
  readonly folding?: true;
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

/** The version that answers: there is one from the first declaration on. */
export function liveVersion(manifest: Manifest): ManifestVersion {
  const live = manifest.versions.find((version) => version.state === 'live');
  assert(live !== undefined, `the manifest of view ${manifest.view} names a live version`);
  return live;
}

/** What is declared beside a view. */
export interface Declaration {
  /** The view's metric, as it is declared now. */
  readonly metric?: StoredMetric;
  /** Whether the log holds records that a new view has to be folded from. */
  readonly holdsRecords?: boolean;
}

/**
 * The manifest after declaring a view: as it was, or with a new version to be built, where the definition changed or the
 * rows of the newest version don't tell all that is asked of rows now.
 */
export function declareView(
  manifest: Manifest | undefined,
  view: View,
  partitions: number,
  { metric, holdsRecords = false }: Declaration = {},
): Manifest {
  const fingerprint = viewFingerprint(view, metric);
  const stored = metric === undefined ? {} : { metric: storedMetric(metric) };
  const newest = manifest?.versions.at(-1);
  if (manifest === undefined || newest === undefined) {
    const first = { ...newVersion(1, view, fingerprint, 'live', partitions), ...stored };
    return { view: view.name, versions: [holdsRecords ? { ...first, folding: true } : first] };
  }
  if (newest.fingerprint === fingerprint && newest.accounted === true) return manifest;
  const kept = manifest.versions.filter((version) => version.state !== 'building').slice(-(VERSIONS_KEPT - 1));
  return {
    ...manifest,
    versions: [...kept, { ...newVersion(newest.version + 1, view, fingerprint, 'building', partitions), ...stored }],
  };
}

/** The manifest with the version that has caught up live, and the one that was live before it kept to go back to. */
export function promoteVersion(manifest: Manifest, version: number): Manifest {
  const built = manifest.versions.find((one) => one.version === version);
  if (built?.folding === true) {
    const { folding: _, ...caughtUp } = built;
    return { ...manifest, versions: manifest.versions.map((one) => (one === built ? caughtUp : one)) };
  }
  if (built === undefined || built.state === 'live') return manifest;
  return {
    ...manifest,
    versions: manifest.versions.map((one) =>
      one.version === version ? { ...one, state: 'live' } : one.state === 'live' ? { ...one, state: 'retained' } : one,
    ),
  };
}

/** The manifest without the batch states that aren't to be kept; the newest that is left, or none, is live. */
export function keepStates(manifest: Manifest, isKept: (state: BatchState) => boolean): Manifest {
  const versions = manifest.versions.map((version): ManifestVersion => {
    const nothing = { results: [], cut: version.batch.cut.map(() => 0), publishedAtMs: 0 };
    const [batch = nothing, ...history] = [version.batch, ...version.history].filter(isKept);
    return { ...version, batch, history };
  });
  return { ...manifest, versions };
}

function newVersion(
  version: number,
  view: View,
  fingerprint: string,
  state: 'live' | 'building',
  partitions: number,
): ManifestVersion {
  const nothing = Array.from({ length: partitions }, () => 0);
  const batch = { results: [], cut: nothing, publishedAtMs: 0 };
  return { version, view, fingerprint, state, accounted: true, batch, history: [] };
}

/** A metric is declared otherwise than when readings of it were stored: these would be read as something else. */
export class MetricChanged extends WeirError {
  readonly kind = 'metric-changed';

  constructor(metric: string, view: string, key: string, before: unknown, now: unknown) {
    super(
      `Metric ${metric} is declared with \`${key}: ${String(now)}\`, but view ${view} holds readings of it with ` +
        `\`${key}: ${String(before)}\`. Set it back to ${String(before)}, or declare a metric of another name for what ` +
        'is measured from now on.',
      { fault: 'asked' },
    );
  }
}

/**
 * Refuses metrics that are not declared as they were when readings of them were stored, in whatever view, as far as
 * what is stored means something by it. `holds` tells whether a version has any reading. Throws MetricChanged.
 */
export async function checkMetricsKept(
  manifests: readonly Manifest[],
  metrics: ReadonlyMap<string, StoredMetric>,
  holds: (view: string, version: number) => Promise<boolean>,
): Promise<void> {
  for (const { view, versions } of manifests) {
    const newest = versions.at(-1);
    const now = newest === undefined ? undefined : metrics.get(newest.view.metric);
    if (newest?.metric === undefined || now === undefined) continue;
    const before = newest.metric;
    const key = MEANING_KEYS.find((one) => before[one] !== now[one]);
    if (key === undefined) continue;
    for (const { version } of versions) {
      if (await holds(view, version)) throw new MetricChanged(newest.view.metric, view, key, before[key], now[key]);
    }
  }
}

const PREFIX = 'manifest.';

/** How often a compare-and-set is tried again before giving up: each failure means that another writer succeeded. */
export const SWAP_TRIES_MAX = 32;

/** A manifest was changed by others each time that this change was tried. */
export class ManifestContended extends WeirError {
  readonly kind = 'manifest-contended';
  constructor(view: string) {
    super(`The manifest of view ${view} was changed by others ${SWAP_TRIES_MAX} times in a row. Try again.`, {
      fault: 'world',
      retryable: true,
    });
  }
}

/** The manifests of all views, in a key-value store; every change is a compare-and-set. */
export class ManifestStore {
  readonly #store: KeyValue;

  constructor(store: KeyValue) {
    this.#store = store;
  }

  async get(view: string): Promise<Manifest | undefined> {
    const entry = await this.#store.get(PREFIX + view);
    return entry === undefined ? undefined : parse(entry.value);
  }

  /** The manifests of all views that were ever declared, whether they are now or not. */
  async all(): Promise<readonly Manifest[]> {
    const keys = await this.#store.list(PREFIX);
    const entries = await Promise.all(keys.map((key) => this.#store.get(key)));
    return entries.flatMap((entry) => (entry === undefined ? [] : [parse(entry.value)]));
  }

  /** Replaces a manifest by what `change` makes of the stored one (undefined: there is none); gives what is stored after. Throws ManifestContended. */
  async change(view: string, change: (manifest: Manifest | undefined) => Manifest): Promise<Manifest> {
    for (let attempt = 0; attempt < SWAP_TRIES_MAX; attempt++) {
      const entry = await this.#store.get(PREFIX + view);
      const current = entry === undefined ? undefined : parse(entry.value);
      const next = change(current);
      if (next === current) return next;
      const value = Buffer.from(JSON.stringify(next));
      const outcome =
        entry === undefined
          ? await this.#store.create(PREFIX + view, value)
          : await this.#store.update(PREFIX + view, value, entry.revision);
      if (outcome.kind === 'stored') return next;
    }
    throw new ManifestContended(view);
  }

  /** Calls back with each manifest as it is now and whenever it changes, until the signal. */
  async follow(signal: AbortSignal, changed: (manifest: Manifest) => void): Promise<void> {
    for await (const { value } of this.#store.watch(PREFIX, signal)) if (value !== undefined) changed(parse(value));
  }
}

function parse(bytes: Uint8Array): Manifest {
  return JSON.parse(Buffer.from(bytes).toString()) as Manifest;
}
