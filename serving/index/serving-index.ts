import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AgentRow, ChangeBatch, ChangeFeed, MemberRow } from '#backbone/changes/changes.ts';
import { agentKey } from '#backbone/changes/judged-agent.ts';
import type { Fullness } from '#backbone/flow/fullness.ts';
import { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import {
  type BatchState,
  liveVersion,
  type Manifest,
  type ManifestStore,
  type ManifestVersion,
} from '#backbone/manifests/manifest.ts';
import type { ResultReader } from '#backbone/results/results.ts';
import { reasonOf } from '#core/errors.ts';
import type { View } from '#core/views/view.ts';
import { IndexBusy, SourceReplaced } from './index-errors.ts';
import { KEPT_SUMS_BYTES_DEFAULT, KeptSums } from './kept-sums.ts';
import { INDEX_BYTES_DEFAULT, PageCache } from './page-cache.ts';
import { Agents, memberKey } from './progress.ts';
import { RefusedCounts } from './refused-counts.ts';
import { type SourceBackend, ViewSource } from './view-source.ts';

/**
 * Loads of pages: LevelDB reads on four threads, and those wait that sixteen queries ask for at a time, four groups each,
 * several times over. Beyond it a query is refused as too busy.
 */
const LOADS_MAX = { active: 4, waiting: 256 };
/** Queries: more at once would only share the one thread, and hold their sums meanwhile. */
const QUERIES_MAX = { active: 16, waiting: 512 };
/** Those of many groups, or of many windows, wait for each other alone: each works for long, and holds much. */
const WIDE_QUERIES_MAX = { active: 4, waiting: 128 };
/** Pages that are loaded before a new batch state takes over: what a dashboard of a few groups shows. */
const WARM_PAGES_MAX = 256;
/** Sources of earlier batch states that are kept for `asOf`. */
const AS_OF_SOURCES_MAX = 4;
/** How long after a failed adoption the next try begins. */
const ADOPT_RETRY_MS = 1_000;

export interface ServingIndexOptions {
  readonly feed: ChangeFeed;
  readonly manifests: ManifestStore;
  readonly results: ResultReader;
  readonly views: readonly View[];
  readonly logger: Logger;
  /** Bytes of pages that the index holds, about. */
  readonly bytesMax?: number;
}

/** What the index holds of one view. */
interface Served {
  manifest: Manifest | undefined;
  source: ViewSource | undefined;
  /** Sources that are being opened: they hear of commits like the one they will replace. */
  opening: ViewSource | undefined;
  adoption: Promise<void>;
}

/**
 * The serving node's own index: for each view the pages of its live version, kept up to date by every commit, and
 * replaced in one step when a manifest names another version or batch result (docs/design.md#positions-are-vectors).
 *
 * Everything between two awaits sees one snapshot: one position vector, one manifest, and pages that are all as of them.
 */
export class ServingIndex implements AsyncDisposable {
  readonly agents = new Agents();
  readonly refused = new RefusedCounts();
  readonly cache: PageCache;
  /** Names this run of the server among all others. */
  readonly run: string = randomUUID();
  /** Every query passes one of these. */
  readonly lanes = { short: limitOf(QUERIES_MAX), wide: limitOf(WIDE_QUERIES_MAX) } as const;
  readonly #options: ServingIndexOptions;
  readonly #positions: Map<number, number>;
  readonly #served = new Map<string, Served>();
  readonly #asOf = new Map<string, ViewSource>();
  readonly #backend: SourceBackend;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(source: ViewSource) => void>();
  #unsubscribe: () => void = () => undefined;
  #following: Promise<void> = Promise.resolve();

  private constructor(options: ServingIndexOptions) {
    this.#options = options;
    const { feed, results } = options;
    this.cache = new PageCache(options.bytesMax ?? INDEX_BYTES_DEFAULT);
    this.#positions = new Map(feed.positions());
    const loadsInFlight = limitOf(LOADS_MAX);
    const confirm = (source: ViewSource): Promise<void> => this.#confirm(source);
    const keptSums = new KeptSums(KEPT_SUMS_BYTES_DEFAULT);
    this.#backend = { feed, results, cache: this.cache, keptSums, loadsInFlight, agents: this.agents, confirm };
    for (const view of options.views) {
      this.#served.set(view.name, {
        manifest: undefined,
        source: undefined,
        opening: undefined,
        adoption: Promise.resolve(),
      });
    }
  }

  /** An index that follows feed and manifests, with every view opened that has a manifest by now. */
  static async open(options: ServingIndexOptions): Promise<ServingIndex> {
    const index = new ServingIndex(options);
    await index.#start();
    return index;
  }

  fullness(): readonly Fullness[] {
    const { cache, keptSums, loadsInFlight } = this.#backend;
    return [
      cache.fullness(),
      ...keptSums.fullness(),
      ...loadsInFlight.fullness('page_loads'),
      ...this.lanes.short.fullness('queries_short'),
      ...this.lanes.wide.fullness('queries_wide'),
      { of: 'as_of_sources', held: this.#asOf.size, max: AS_OF_SOURCES_MAX },
    ];
  }

  /** The live source of a view; undefined while there is none. */
  source(view: string): ViewSource | undefined {
    return this.#served.get(view)?.source;
  }

  manifest(view: string): Manifest | undefined {
    return this.#served.get(view)?.manifest;
  }

  /** The position per partition that everything in the index is as of. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  /** The source of a batch state, without the changes after it. */
  asOfSource(view: string, batch: BatchState): ViewSource {
    const live = this.source(view);
    if (live === undefined) throw new SourceReplaced(view);
    const key = JSON.stringify([view, live.id.version, batch.cut, batch.results.map((result) => result.name)]);
    let source = this.#asOf.get(key);
    if (source === undefined) {
      source = new ViewSource({ ...live.id, batch, isAsOf: true }, this.#backend);
      for (const group of live.groups()) for (const member of group.progress.members()) source.putMember(member);
    }
    this.#asOf.delete(key);
    this.#asOf.set(key, source);
    for (const [oldest, one] of this.#asOf) {
      if (this.#asOf.size <= AS_OF_SOURCES_MAX) break;
      this.#asOf.delete(oldest);
      one.replace();
    }
    return source;
  }

  /** Resolves when the newest manifest that is known of the view is adopted, or its adoption has failed once. */
  async settled(view: string): Promise<void> {
    await this.#served.get(view)?.adoption;
  }

  /** Calls the listener after each commit that a live source took up, and when a source takes over. Gives the end of it. */
  onChange(listener: (source: ViewSource) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    await this.#following;
    for (const served of this.#served.values()) await served.adoption;
  }

  async #start(): Promise<void> {
    const { feed, manifests, views, logger } = this.#options;
    const counted = new Map(feed.positions());
    this.#unsubscribe = feed.onCommit((batch) => this.#apply(batch));
    // What is committed from here on is counted as it is told.
    for await (const row of feed.refused()) {
      if (row.position <= (counted.get(row.partition) ?? 0)) this.refused.add(row);
    }
    const told = new Set<string>();
    const unsubscribe = feed.onCommit((batch) => {
      for (const row of batch.agents) told.add(agentKey(row.partition, row.agent));
    });
    for await (const row of feed.agents()) if (!told.has(agentKey(row.partition, row.agent))) this.agents.put(row);
    unsubscribe();
    for (const view of views) {
      const manifest = await manifests.get(view.name);
      if (manifest !== undefined) await this.#adopt(manifest);
    }
    this.#following = manifests
      .follow(this.#stop.signal, (manifest) => void this.#adopt(manifest))
      .catch((failure: unknown) => logger.error({ reason: reasonOf(failure) }, 'manifests can no longer be followed'));
  }

  #apply(batch: ChangeBatch): void {
    const sources = [...this.#served.values()].flatMap(({ source, opening }) =>
      [source, opening].filter((one) => one !== undefined),
    );
    const changes = sources.map((source) => source.progressChanges(batch.agents));
    for (const row of batch.agents) this.agents.put(row);
    for (const row of batch.refused) this.refused.add(row);
    this.#positions.set(batch.partition, batch.to);
    for (const [i, source] of sources.entries()) source.apply(batch, changes[i]!);
    for (const source of sources) for (const listener of this.#listeners) listener(source);
  }

  /** Takes up a manifest after those that came before it; of several that wait only the newest matters. */
  #adopt(manifest: Manifest): Promise<void> {
    const served = this.#served.get(manifest.view);
    if (served === undefined) return Promise.resolve();
    served.manifest = manifest;
    served.adoption = served.adoption.then(() => this.#tryAdopt(served, manifest));
    return served.adoption;
  }

  async #tryAdopt(served: Served, manifest: Manifest): Promise<void> {
    if (served.manifest !== manifest || this.#stop.signal.aborted) return;
    const live = liveVersion(manifest);
    const { version, view, batch, folding, accounted } = live;
    if (served.source !== undefined && isSame(served.source, live)) return;
    try {
      const source = new ViewSource(
        { view, version, batch, isAsOf: false, isFolding: folding === true, isAccounted: accounted === true },
        this.#backend,
      );
      served.opening = source;
      const before = served.source;
      await this.#open(source, before);
      if (before?.id.version === version) source.takeExtents(before);
      await source.warm(pagesToWarm(before));
      served.source = source;
      before?.replace();
      for (const listener of this.#listeners) listener(source);
    } catch (failure) {
      if (served.manifest !== manifest) return;
      this.#options.logger.warn(
        { view: manifest.view, reason: reasonOf(failure) },
        'a manifest could not be adopted yet',
      );
      setTimeout(() => this.#adoptAgain(served, manifest), ADOPT_RETRY_MS).unref();
    } finally {
      served.opening = undefined;
    }
  }

  #adoptAgain(served: Served, manifest: Manifest): void {
    if (served.manifest === manifest) served.adoption = served.adoption.then(() => this.#tryAdopt(served, manifest));
  }

  /**
   * Fills a source's groups; commits meanwhile reach it too, and a member that they told is not put back. A source of the same
   * version has the members already.
   */
  async #open(source: ViewSource, before: ViewSource | undefined): Promise<void> {
    const { feed, results } = this.#options;
    const { view, version, batch } = source.id;
    const told = new Set<string>();
    const unsubscribe = feed.onCommit(({ members }) => {
      for (const one of members) if (one.view === view.name) told.add(memberKey(one));
    });
    try {
      const members = before?.id.version === version ? membersOf(before) : feed.members(view.name, version);
      for await (const one of members) if (!told.has(memberKey(one))) source.putMember(one);
    } finally {
      unsubscribe();
    }
    for (const result of batch.results)
      for await (const group of inTurns(await results.groups(result))) source.openGroup(group);
  }

  async #confirm(source: ViewSource): Promise<void> {
    const { view } = source.id;
    const served = this.#served.get(view.name);
    const manifest = await this.#options.manifests.get(view.name);
    if (manifest === undefined || served === undefined) throw new SourceReplaced(view.name);
    if (isSame(source, liveVersion(manifest))) return;
    if (served.source === source) void this.#adopt(manifest);
    throw new SourceReplaced(view.name);
  }

  /** All agents that the ledgers know. */
  agentRows(): readonly AgentRow[] {
    return this.agents.all();
  }
}

/** What a look at many things does with the thread: it lets others have it every so often. */
const ITEMS_PER_TURN = 4_096;

async function* inTurns<Item>(items: Iterable<Item>): AsyncIterable<Item> {
  let count = 0;
  for (const item of items) {
    if (++count % ITEMS_PER_TURN === 0) await nextTurn();
    yield item;
  }
}

/** The members of every group of a source, as they stand when each is looked at. */
async function* membersOf(source: ViewSource): AsyncIterable<MemberRow> {
  for await (const group of inTurns(source.allGroups())) yield* group.progress.members();
}

/** So many at once, so many more waiting, and IndexBusy for the others. */
function limitOf(max: { readonly active: number; readonly waiting: number }): InFlightLimit {
  const whenFull = (waiting: number): Error => new IndexBusy(waiting);
  return new InFlightLimit({ countMax: max.active, queue: { countMax: max.waiting, whenFull } });
}

function isSame({ id }: ViewSource, { version, batch, folding }: ManifestVersion): boolean {
  return (
    id.version === version &&
    id.isFolding === (folding === true) &&
    id.batch.results.length === batch.results.length &&
    id.batch.results.every((result, i) => result.name === batch.results[i]!.name) &&
    id.batch.cut.every((position, partition) => position === batch.cut[partition])
  );
}

/** The most recently used pages of a source, by group. */
function pagesToWarm(source: ViewSource | undefined): ReadonlyMap<string, readonly number[]> {
  const recent = (source?.groups() ?? [])
    .flatMap((group) => [...group.pages.values()].map((page) => ({ group: group.key, page })))
    .toSorted((a, b) => b.page.usedAt - a.page.usedAt)
    .slice(0, WARM_PAGES_MAX);
  const byGroup = new Map<string, number[]>();
  for (const { group, page } of recent) byGroup.set(group, [...(byGroup.get(group) ?? []), page.number]);
  return byGroup;
}
