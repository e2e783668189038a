import type {
  ChangeBatch,
  ChangedSpan,
  ChangeFeed,
  MemberRow,
  RowSpan,
  SpanExtent,
} from '#backbone/changes/changes.ts';
import { agentKey, type JudgedAgent, reachedMs, stainsOf, turnedFromMs } from '#backbone/changes/judged-agent.ts';
import type { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import type { ResultRef } from '#backbone/manifests/manifest.ts';
import type { ResultBlock, ResultReader } from '#backbone/results/results.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import { findExtents, findFirstSlice, findHeld, findLastSlice } from './find-last-slice.ts';
import { compareGroups, Group } from './group.ts';
import { HeldExtent, HeldStretches, hullOf, type SliceExtent } from './held-stretches.ts';
import { SourceReplaced } from './index-errors.ts';
import type { KeptSums } from './kept-sums.ts';
import { loadPages, type SourceId } from './load-pages.ts';
import type { PageCache } from './page-cache.ts';
import { LOAD_PAGES_MAX, PAGE_SLICES, pageOf } from './page-size.ts';
import type { Page, PageSpan } from './page.ts';
import type { Agents } from './progress.ts';
import { type AgentChange, changeOf, type GroupChange, RecentChanges } from './recent-changes.ts';
import type { Sum } from './section-sums.ts';

/** Where a question is for less than this part of the groups they are looked up, else all are read in their order. */
const SCANNED_SHARE = 4;

/** No instant lies in a slice beyond: event time in milliseconds is a safe integer. */
const SLICE_MAX = Number.MAX_SAFE_INTEGER;

/** What a source reads from, shared by all sources of an index. */
export interface SourceBackend {
  readonly feed: ChangeFeed;
  readonly results: ResultReader;
  readonly cache: PageCache;
  readonly keptSums: KeptSums;
  readonly loadsInFlight: InFlightLimit;
  readonly agents: Agents;
  /** Throws SourceReplaced when the manifest no longer names what the source reads. */
  confirm(source: ViewSource): Promise<void>;
}

/**
 * One version of a view with one batch state: its groups and their pages. It is replaced as a whole when a manifest
 * names another; whoever holds it then gets SourceReplaced from its next load and starts over with the new one.
 */
export class ViewSource {
  readonly id: SourceId;
  readonly recent = new RecentChanges();
  readonly keptSums: KeptSums;
  isReplaced = false;
  readonly #held = new HeldStretches();
  readonly #extent = new HeldExtent();
  readonly #watchers = new Set<(group: Group, span: PageSpan) => void>();
  readonly #backend: SourceBackend;
  /** The feed, which isn't asked where it is known to have nothing: what batch results cover stays stored for a while. */
  readonly #changes: Pick<ChangeFeed, 'spans'>;
  readonly #groups = new Map<string, Group>();
  readonly #groupsOfAgent = new Map<string, Set<Group>>();
  #sorted: readonly Group[] | undefined;

  constructor(id: SourceId, backend: SourceBackend) {
    this.id = id;
    this.#backend = backend;
    this.keptSums = backend.keptSums;
    const { feed } = backend;
    this.#changes = {
      spans: (view, version, group, from, to) =>
        this.mayHoldChanges(from, to) ? feed.spans(view, version, group, from, to) : nothing(),
    };
  }

  /** Whether there may be changes of the slices beside the batch results. */
  mayHoldChanges(fromSlice: number, toSlice: number): boolean {
    return this.#liveExtents().some((extent) => extent.fromSlice < toSlice && extent.toSlice > fromSlice);
  }

  /** The groups, in the order of their tags. */
  groups(): readonly Group[] {
    this.#sorted ??= [...this.#groups.values()].toSorted(compareGroups);
    return this.#sorted;
  }

  /** The groups, in no order, those too that come while they are walked over. */
  allGroups(): Iterable<Group> {
    return this.#groups.values();
  }

  group(key: string): Group | undefined {
    return this.#groups.get(key);
  }

  openGroup(key: string): Group {
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group(key, this.#backend.agents, this.id.view.sliceMs);
      this.#groups.set(key, group);
      this.#sorted = undefined;
    }
    return group;
  }

  /** Gives from when on windows of its group may be judged otherwise; undefined where nothing changed. */
  putMember(row: MemberRow): number | undefined {
    const group = this.openGroup(row.group);
    const key = agentKey(row.partition, row.agent);
    let groups = this.#groupsOfAgent.get(key);
    if (groups === undefined) this.#groupsOfAgent.set(key, (groups = new Set()));
    groups.add(group);
    return group.progress.put(row);
  }

  /**
   * What a batch's agents change: which windows a watermark passes, or all from where on one takes a turn. To be called
   * before the agents are taken up.
   */
  progressChanges(agents: readonly JudgedAgent[]): readonly AgentChange[] {
    const changes: AgentChange[] = [];
    for (const row of agents) {
      const before = this.#backend.agents.get(agentKey(row.partition, row.agent));
      const change = this.agentChange(row, reachedMs(before), turnedFromMs(before, row));
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  /** What it changes that an agent's watermark was `fromMs`, and where it has taken a turn since, from when on; undefined where nothing. */
  agentChange(
    row: Pick<JudgedAgent, 'partition' | 'agent' | 'watermarkMs'>,
    fromMs: number,
    turnedMs: number | undefined,
  ): AgentChange | undefined {
    const groups = this.#groupsOfAgent.get(agentKey(row.partition, row.agent));
    const toMs = reachedMs(row);
    if (groups === undefined || (turnedMs === undefined && fromMs === toMs)) return undefined;
    const endsAfterMs = Math.min(fromMs, toMs, turnedMs ?? Number.POSITIVE_INFINITY);
    return {
      groups,
      endsAfterMs,
      endsToMs: turnedMs === undefined ? Math.max(fromMs, toMs) : Number.POSITIVE_INFINITY,
    };
  }

  /** Takes up a committed batch, whose agents are taken up already. */
  apply(batch: ChangeBatch, agents: readonly AgentChange[]): void {
    const { view, version } = this.id;
    const changes = new Map<Group, GroupChange>();
    for (const row of batch.members) {
      if (row.view !== view.name || row.version !== version) continue;
      const changedFromMs = this.putMember(row);
      if (changedFromMs === undefined) continue;
      const change = changeOf(changes, this.openGroup(row.group));
      // What its agent misses may be of an earlier time.
      const stains = stainsOf(this.#backend.agents.get(agentKey(row.partition, row.agent)));
      change.endsAfterMs = Math.min(change.endsAfterMs, changedFromMs, ...stains.map(({ fromMs }) => fromMs));
      change.endsToMs = Number.POSITIVE_INFINITY;
    }
    for (const span of batch.spans) {
      if (span.view !== view.name || span.version !== version) continue;
      if (span.epoch < (this.id.batch.cut[span.partition] ?? 0)) continue;
      const group = this.openGroup(span.group);
      for (const watcher of this.#watchers) watcher(group, span);
      changeOf(changes, group).slices.addSpan(spanOf(span.opener), span.changed);
      const first = spanOf(span.opener) * SPAN_SLICES;
      group.noteTold(first + 31 - Math.clz32(span.changed & -span.changed), first + 31 - Math.clz32(span.changed));
      this.#putSpan(group, span);
    }
    const { partition, from, to } = batch;
    this.recent.push({ partition, from, to, groups: changes, agents });
  }

  /** The last slice of the group that holds anything; undefined where none does. The first one is known then too. */
  async lastSlice(group: Group): Promise<number | undefined> {
    if (group.lastSliceStored === undefined) {
      const { results } = this.#backend;
      const first = await findFirstSlice(this.id, group, this.#changes, results);
      const last = await findLastSlice(this.id, group, this.#changes, results);
      await this.confirm();
      group.noteStored(first, last);
    }
    return group.lastSliceKnown();
  }

  /**
   * Adds the slices [fromSlice, toSlice) of a group to the sum. Gives undefined when it is done at once, from pages that
   * are there; else a promise, and the pages of slices up to `aheadSlice` are read ahead.
   */
  sumInto(sum: Sum, group: Group, fromSlice: number, toSlice: number, aheadSlice: number): Promise<void> | undefined {
    const [firstPage, lastPage] = group.heldPages(fromSlice, toSlice);
    for (let number = firstPage; number <= lastPage; number++) {
      const page = this.#peek(group, number, fromSlice, toSlice);
      if (page === undefined) return this.#sumLater(sum, group, number, fromSlice, toSlice, aheadSlice);
      page.sumInto(sum, fromSlice, toSlice);
    }
    return undefined;
  }

  async #sumLater(
    sum: Sum,
    group: Group,
    fromPage: number,
    fromSlice: number,
    toSlice: number,
    aheadSlice: number,
  ): Promise<void> {
    const [, lastPage] = group.heldPages(fromSlice, toSlice);
    for (let number = fromPage; number <= lastPage; number++) {
      let page = this.#peek(group, number, fromSlice, toSlice);
      if (page === undefined) {
        const held = await this.heldFrom(Math.max(fromSlice, number * PAGE_SLICES));
        if (held === undefined || pageOf(held) > lastPage) return;
        number = pageOf(held);
        page = await this.page(group, number, fromSlice, toSlice, pageOf(aheadSlice));
      }
      page.sumInto(sum, fromSlice, toSlice);
    }
  }

  /**
   * A page that can add up its part of the slices (and tell them apart, where `needsSlices`), loaded where it is not
   * there. Use it before anything is awaited: later it may have been let go of, and then it no longer follows commits.
   */
  async page(
    group: Group,
    number: number,
    fromSlice: number,
    toSlice: number,
    aheadPage: number,
    needsSlices = false,
  ): Promise<Page> {
    for (;;) {
      if (this.isReplaced) throw new SourceReplaced(this.id.view.name);
      const page = this.#peek(group, number, fromSlice, toSlice);
      if (page !== undefined && (page.hasSlices || !needsSlices)) return page;
      const load = group.loads.get(number);
      await (load === undefined ? this.#load(group, number, aheadPage) : load.done);
    }
  }

  /** Calls the watcher with each span of changes that a commit tells, from now on. Gives the end of it. */
  watch(watcher: (group: Group, span: PageSpan) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Where there are changes beside the batch results. */
  #liveExtents(): readonly SpanExtent[] {
    const { view, version, batch, isAsOf } = this.id;
    if (isAsOf) return [];
    const extents = [...this.#backend.feed.extents(view.name, version)];
    return extents.filter(({ partition, epoch }) => epoch >= (batch.cut[partition] ?? 0));
  }

  /** Every stored span of changes, beside what batch results cover. `confirm` has to follow. */
  async *liveSpans(): AsyncIterable<RowSpan> {
    const { view, version, batch } = this.id;
    const { feed } = this.#backend;
    for await (const spans of feed.spansOfGroups(view.name, version, 'all', -SLICE_MAX, SLICE_MAX))
      for (const span of spans) if (span.epoch >= (batch.cut[span.partition] ?? 0)) yield span;
  }

  /** The groups of a batch result, and the first slice that it may have. `confirm` has to follow. */
  async reachOf(result: ResultRef): Promise<{ readonly groups: readonly string[]; readonly fromSlice: number }> {
    const { results } = this.#backend;
    const extent = await results.extent(result);
    return { groups: extent === undefined ? [] : await results.groups(result), fromSlice: extent?.[0] ?? 0 };
  }

  /** Slices [from, to) outside of which no group has any; undefined where none has. It may be wider than what there is. */
  async extent(): Promise<SliceExtent | undefined> {
    const found = await this.#extent.of(this.recent.newest, async () => {
      const extents = await findExtents(this.id, this.#backend.results);
      extents.push(...this.#liveExtents());
      await this.confirm();
      // With what was committed meanwhile.
      return { extent: hullOf([...extents, ...this.#liveExtents()]), sequence: this.recent.newest };
    });
    if (this.isReplaced) throw new SourceReplaced(this.id.view.name);
    return found.extent;
  }

  /** The first slice from `slice` on that may hold anything of any group; undefined where none does. It may be too early. */
  heldFrom(slice: number): Promise<number | undefined> {
    return this.#held.from(slice, this.recent.newest, async () => {
      const { feed, results } = this.#backend;
      const held = await findHeld(this.id, this.mayHoldChanges(slice, SLICE_MAX) ? feed : undefined, results, slice);
      return this.confirm().then(() => held);
    });
  }

  /** The blocks of the batch results that overlap the slices, newest results first (ResultReader.scan). `confirm` has to follow. */
  async *scan(fromSlice: number, toSlice: number, parts: ReadonlySet<StatsPart>): AsyncIterable<ResultBlock> {
    for (const result of this.id.batch.results.toReversed())
      yield* this.#backend.results.scan(result, fromSlice, toSlice, parts);
  }

  /**
   * The stored changes that may hold the slices, of the groups, maybe with those of others, beside what batch results cover.
   * `confirm` has to follow.
   */
  async *changes(groups: readonly Group[], fromSlice: number, toSlice: number): AsyncIterable<readonly RowSpan[]> {
    const { view, version, batch } = this.id;
    const { feed } = this.#backend;
    const isMost = groups.length * SCANNED_SHARE >= this.#groups.size;
    const asked = isMost ? 'all' : groups.map(({ key }) => key);
    for await (const spans of feed.spansOfGroups(view.name, version, asked, fromSlice, toSlice))
      yield spans.filter(({ partition, epoch }) => epoch >= (batch.cut[partition] ?? 0));
  }

  /** Takes over how far the groups of an older source of the same version reach: a batch result holds no less. */
  takeExtents(older: ViewSource): void {
    for (const group of older.groups()) {
      if (group.lastSliceStored === undefined) continue;
      const own = this.openGroup(group.key);
      own.noteStored(group.firstSliceKnown(), group.lastSliceKnown());
    }
  }

  /** Loads pages that another source of the same view had, so that its readers find them when this one takes over. */
  async warm(pages: ReadonlyMap<string, readonly number[]>): Promise<void> {
    for (const [key, numbers] of pages) {
      const group = this.openGroup(key);
      for (const number of numbers) {
        if (!group.pages.has(number))
          await this.page(group, number, number * PAGE_SLICES, (number + 1) * PAGE_SLICES, number);
      }
    }
  }

  /** Lets go of all pages. */
  replace(): void {
    this.isReplaced = true;
    for (const group of this.#groups.values()) this.#backend.cache.dropGroup(group);
  }

  #peek(group: Group, number: number, fromSlice: number, toSlice: number): Page | undefined {
    const page = group.pages.get(number);
    if (page === undefined || !page.canSum(fromSlice, toSlice)) return undefined;
    this.#backend.cache.touch(page);
    return page;
  }

  #putSpan(group: Group, span: ChangedSpan): void {
    const { opener, partition, epoch, part } = span;
    const number = pageOf(opener);
    group.loads.get(number)?.spans.set(`${opener}/${partition}/${epoch}/${part}`, span);
    const page = group.pages.get(number);
    if (page === undefined) return;
    if (page.putSpan(span, false)) this.#backend.cache.count(page);
    else this.#backend.cache.drop(group, number);
  }

  #load(group: Group, firstPage: number, aheadPage: number): Promise<void> {
    let pageCount = 1;
    while (pageCount < LOAD_PAGES_MAX && firstPage + pageCount <= aheadPage) {
      const next = firstPage + pageCount;
      if (group.pages.has(next) || group.loads.has(next)) break;
      pageCount++;
    }
    const spans = new Map<string, PageSpan>();
    const done = this.#backend.loadsInFlight
      .run(() => this.#readPages(group, firstPage, pageCount, spans))
      .finally(() => {
        for (let i = 0; i < pageCount; i++) group.deleteLoad(firstPage + i);
      });
    for (let i = 0; i < pageCount; i++) group.putLoad(firstPage + i, { done, spans });
    return done;
  }

  async #readPages(group: Group, firstPage: number, pageCount: number, spans: Map<string, PageSpan>): Promise<void> {
    const { results, cache } = this.#backend;
    const pages = await loadPages({ id: this.id, group: group.key, firstPage, pageCount }, this.#changes, results);
    await this.confirm();
    const spoiled = new Set<Page>();
    for (const span of spans.values()) {
      const page = pages[pageOf(span.opener) - firstPage]!;
      if (!page.putSpan(span, false)) spoiled.add(page);
    }
    // The first one was asked for, the others are read ahead: it comes last, so that it is the last to be let go of.
    for (const page of pages.toReversed()) if (!spoiled.has(page)) cache.add(group, page);
  }

  /**
   * Throws SourceReplaced where what was read may not be whole: speed drops rows once a newer batch result covers them, so it is
   * only while no newer one is there.
   */
  async confirm(): Promise<void> {
    if (!this.id.isAsOf) await this.#backend.confirm(this);
    if (this.isReplaced) throw new SourceReplaced(this.id.view.name);
  }
}

async function* nothing(): AsyncGenerator<never> {}
