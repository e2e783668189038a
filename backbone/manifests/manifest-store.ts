import type { View } from '#core/views/view.ts';
import { viewFingerprint } from '#core/views/view.ts';
import type { KeyValue } from '../key-value/key-value.ts';
import { type Manifest, type ManifestVersion, VERSIONS_KEPT } from './manifest.ts';

const PREFIX = 'manifest.';

/** How often a compare-and-set is tried again before giving up: each failure means that another writer succeeded. */
const SWAP_TRIES_MAX = 32;

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

  /** Replaces a manifest by what `change` makes of the stored one (undefined: there is none); gives what is stored after. */
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
    throw new Error(`manifest of view ${view} was changed by others ${SWAP_TRIES_MAX} times in a row; try again`);
  }

  /** Calls back with each manifest as it is now and whenever it changes, until the signal. */
  async follow(signal: AbortSignal, changed: (manifest: Manifest) => void): Promise<void> {
    for await (const { value } of this.#store.watch(PREFIX, signal)) if (value !== undefined) changed(parse(value));
  }
}

/** The manifest after declaring a view: as it was, or with a new version to be built where the definition changed. */
export function declareView(manifest: Manifest | undefined, view: View, partitions: number): Manifest {
  const fingerprint = viewFingerprint(view);
  const newest = manifest?.versions.at(-1);
  if (manifest === undefined || newest === undefined) {
    return { view: view.name, versions: [newVersion(1, view, fingerprint, 'live', partitions)] };
  }
  if (newest.fingerprint === fingerprint) return manifest;
  const kept = manifest.versions.filter((version) => version.state !== 'building').slice(-(VERSIONS_KEPT - 1));
  return {
    ...manifest,
    versions: [...kept, newVersion(newest.version + 1, view, fingerprint, 'building', partitions)],
  };
}

/** The manifest with the version that was being built live, and the live one kept to go back to. */
export function promoteVersion(manifest: Manifest, version: number): Manifest {
  const built = manifest.versions.find((one) => one.version === version);
  if (built === undefined || built.state === 'live') return manifest;
  return {
    ...manifest,
    versions: manifest.versions.map((one) =>
      one.version === version ? { ...one, state: 'live' } : one.state === 'live' ? { ...one, state: 'retained' } : one,
    ),
  };
}

function newVersion(
  version: number,
  view: View,
  fingerprint: string,
  state: 'live' | 'building',
  partitions: number,
): ManifestVersion {
  const nothing = Array.from({ length: partitions }, () => 0);
  return { version, view, fingerprint, state, batch: { results: [], cut: nothing, publishedAtMs: 0 }, history: [] };
}

function parse(bytes: Uint8Array): Manifest {
  return JSON.parse(Buffer.from(bytes).toString()) as Manifest;
}
