import { WeirError } from '#core/errors.ts';
import type { KeyValue } from '../key-value/key-value.ts';
import type { Manifest } from './manifest.ts';

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
