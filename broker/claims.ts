import type { KeyValue, KeyValueEntry } from '#backbone/key-value/key-value.ts';
import { VALUE_BYTES_MAX } from '#backbone/key-value/key-value.ts';
import { WeirError } from '#core/errors.ts';
import { stableHash } from '#core/records/partition.ts';
import { isObject } from '#core/wire/message-fault.ts';
import { CLAIM_ATTEMPTS_MAX, CLAIM_BUCKETS } from './limits.ts';

/**
 * Who may write which series (docs/design.md#a-series-has-one-writer). Series are spread over CLAIM_BUCKETS values of
 * the key-value store by the stable hash of their key:
 *
 * ```
 * claims.<bucket>   { "<agent>": ["<series key>", …], … }     JSON in UTF-8, agents and series sorted
 * ```
 *
 * Bucket and form are shared by all brokers of a backbone, and changed by compare-and-set alone.
 */
export type ClaimOutcome =
  | { readonly kind: 'claimed' }
  /** Series of others, with their owners. */
  | { readonly kind: 'taken'; readonly owners: ReadonlyMap<string, string> }
  | { readonly kind: 'full'; readonly series: string };

/** A bucket was changed by others each time that this broker tried to. The same claim may succeed later. */
export class ClaimsContended extends WeirError {
  readonly kind = 'claims-contended';

  constructor(key: string) {
    super(`${key} was changed by others ${CLAIM_ATTEMPTS_MAX} times in a row; the agent tries again`, {
      fault: 'world',
      retryable: true,
    });
  }
}

/** The claims of a bucket holds something that is none. */
export class ClaimsUnreadable extends WeirError {
  readonly kind = 'claims-unreadable';

  constructor(key: string) {
    super(
      `${key} in the key-value store holds no claims of series; restore it, or remove it to let agents claim anew`,
      {
        fault: 'data',
      },
    );
  }
}

interface Bucket {
  readonly revision: number;
  /** Series key to owner. */
  readonly owners: ReadonlyMap<string, string>;
}

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

export class SeriesClaims {
  readonly #store: KeyValue;
  /** Parsed buckets, each good for the revision it was read at: at most CLAIM_BUCKETS of them. */
  readonly #parsed = new Map<string, Bucket>();

  constructor(store: KeyValue) {
    this.#store = store;
  }

  /**
   * Makes `agent` the owner of all of `series`, or of none of them where one has another owner. Where brokers claim at
   * the same moment an agent may be refused and keep what it got until then, which hurts nobody who isn't in error.
   * Throws what the store throws, and {@link ClaimsContended}.
   */
  async claim(agent: string, series: readonly string[]): Promise<ClaimOutcome> {
    const wanted = Map.groupBy(series, bucketKey);
    const present = await Promise.all([...wanted.keys()].map((key) => this.#read(key)));
    const foreign = [...wanted.values()].flatMap((keys, index) => takenOf(present[index], agent, keys));
    if (foreign.length > 0) return { kind: 'taken', owners: new Map(foreign) };
    const changes = [...wanted].map(([key, keys], index) => this.#claimIn(key, agent, keys, present[index]));
    const outcomes = await Promise.all(changes);
    return outcomes.find((outcome) => outcome.kind !== 'claimed') ?? { kind: 'claimed' };
  }

  /** Gives every series of `from` to `to`; gives how many those were. Throws what the store throws, and {@link ClaimsContended}. */
  async move(from: string, to: string): Promise<number> {
    let moved = 0;
    for (const key of await this.#store.list('claims.')) moved += await this.#moveIn(key, from, to);
    return moved;
  }

  async #moveIn(key: string, from: string, to: string): Promise<number> {
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS_MAX; attempt++) {
      const bucket = await this.#read(key);
      const series = [...(bucket?.owners ?? [])].filter(([, owner]) => owner === from).map(([name]) => name);
      if (bucket === undefined || series.length === 0) return 0;
      const owners = new Map(bucket.owners);
      for (const name of series) owners.set(name, to);
      const outcome = await this.#store.update(key, encodeOwners(owners), bucket.revision);
      if (outcome.kind !== 'stored') continue;
      this.#parsed.set(key, { revision: outcome.revision, owners });
      return series.length;
    }
    throw new ClaimsContended(key);
  }

  async #claimIn(
    key: string,
    agent: string,
    series: readonly string[],
    first: Bucket | undefined,
  ): Promise<ClaimOutcome> {
    let bucket = first;
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS_MAX; attempt++) {
      const foreign = takenOf(bucket, agent, series);
      if (foreign.length > 0) return { kind: 'taken', owners: new Map(foreign) };
      const added = series.filter((name) => bucket?.owners.has(name) !== true);
      if (added.length === 0) return { kind: 'claimed' };
      const owners = new Map(bucket?.owners);
      for (const name of added) owners.set(name, agent);
      const value = encodeOwners(owners);
      if (value.length > VALUE_BYTES_MAX) return { kind: 'full', series: added[0] ?? '' };
      const outcome =
        bucket === undefined
          ? await this.#store.create(key, value)
          : await this.#store.update(key, value, bucket.revision);
      if (outcome.kind === 'stored') {
        this.#parsed.set(key, { revision: outcome.revision, owners });
        return { kind: 'claimed' };
      }
      bucket = await this.#read(key);
    }
    throw new ClaimsContended(key);
  }

  async #read(key: string): Promise<Bucket | undefined> {
    const entry = await this.#store.get(key);
    if (entry === undefined) return undefined;
    const known = this.#parsed.get(key);
    if (known?.revision === entry.revision) return known;
    const bucket = parseBucket(key, entry);
    this.#parsed.set(key, bucket);
    return bucket;
  }
}

function bucketKey(series: string): string {
  return `claims.${stableHash(series) % CLAIM_BUCKETS}`;
}

/** The series of others among `series`, with their owners. */
function takenOf(bucket: Bucket | undefined, agent: string, series: readonly string[]): [string, string][] {
  return series.flatMap((name): [string, string][] => {
    const owner = bucket?.owners.get(name);
    return owner === undefined || owner === agent ? [] : [[name, owner]];
  });
}

function encodeOwners(owners: ReadonlyMap<string, string>): Uint8Array {
  const byAgent = Map.groupBy([...owners.keys()].toSorted(), (series) => owners.get(series) ?? '');
  const sorted = [...byAgent].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return utf8.encode(JSON.stringify(Object.fromEntries(sorted)));
}

function parseBucket(key: string, entry: KeyValueEntry): Bucket {
  const owners = new Map<string, string>();
  const value = parseJson(entry.value);
  if (!isObject(value)) throw new ClaimsUnreadable(key);
  for (const [agent, series] of Object.entries(value)) {
    if (!Array.isArray(series)) throw new ClaimsUnreadable(key);
    for (const name of series as readonly unknown[]) {
      if (typeof name !== 'string') throw new ClaimsUnreadable(key);
      owners.set(name, agent);
    }
  }
  return { revision: entry.revision, owners };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decoder.decode(bytes));
  } catch {
    return undefined;
  }
}
