import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangedSpan, ChangeFeed } from '#backbone/changes/changes.ts';
import { spansOfRows } from '#backbone/changes/row-span.ts';
import { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import type { ResultRef } from '#backbone/manifests/manifest.ts';
import { notedBlock } from '#backbone/results/memory-results.fixtures.ts';
import type { ResultReader } from '#backbone/results/results.ts';
import { keepsTheMergeLaw } from '#core/slices/merge-rows.cases.ts';
import { CASE_SLICES, flagsOf, type NotedRow, type StoredRows, tableOf } from '#core/slices/merge-rows.fixtures.ts';
import type { MergedSlice } from '#core/slices/merge-rows.oracle.ts';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { STATISTICS, STATS_PARTS, type StatsPart } from '#core/stats/statistics.ts';
import { readStats } from '#core/stats/stats.ts';
import type { View } from '#core/views/view.ts';
import { KeptSums } from '../index/kept-sums.ts';
import { PageCache } from '../index/page-cache.ts';
import { Agents } from '../index/progress.ts';
import { type SourceBackend, ViewSource } from '../index/view-source.ts';
import { sumWide } from './wide-sums.ts';

const GROUP = '["r1"]';
const VIEW: View = { name: 'power', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };

/** The cases' slices lie around the edge of two spans. */
const FIRST_SLICE = SPAN_SLICES - 1;

function changeOf(row: NotedRow): ChangedSpan {
  const { partition, order, revision } = row;
  const slice = FIRST_SLICE + row.slice;
  const place = { view: VIEW.name, version: 1, group: GROUP, partition, epoch: Math.floor(order / 5), part: order };
  return spansOfRows([{ ...place, slice, revision, flags: flagsOf(row), stats: encodeRow(tableOf(row), 0) }])[0]!;
}

/** A source of what is stored; the last `toldCount` changes are committed while the results are read, and after it. */
function sourceOf({ results, changes }: StoredRows, toldCount: number) {
  const stored = changes.slice(0, changes.length - toldCount);
  const told = changes.slice(changes.length - toldCount);
  async function* spans() {
    await Promise.resolve();
    yield stored.map(changeOf);
  }
  const commit = (rows: readonly NotedRow[]): void => {
    stored.push(...rows);
    const batch = { partition: 0, from: 0, to: 1, members: [], agents: [], refused: [] };
    source.apply({ ...batch, spans: rows.map(changeOf) }, []);
  };
  const everywhere = { partition: 0, epoch: 0, fromSlice: 0, toSlice: 1_000 };
  const feed: Pick<ChangeFeed, 'spansOfGroups' | 'extents'> = { spansOfGroups: spans, extents: () => [everywhere] };
  const reader: Pick<ResultReader, 'scan'> = {
    async *scan({ name }) {
      yield* results[Number(name)]!.map((row) => notedBlock(row, GROUP, FIRST_SLICE));
      await Promise.resolve();
      if (told.length === 0 || Number(name) > 0) return;
      commit(told.splice(0, Math.ceil(told.length / 2)));
    },
  };
  const refs = Array.from({ length: Math.max(1, results.length) }, (_, i): ResultRef => {
    return { name: String(i), from: [0, 0], to: [0, 0], readings: 1, madeAtMs: 0, kind: i === 0 ? 'base' : 'delta' };
  });
  if (results.length === 0) results = [[]];
  const backend: SourceBackend = {
    feed: feed as ChangeFeed,
    results: reader as ResultReader,
    cache: new PageCache(1),
    keptSums: new KeptSums(1e6),
    loadsInFlight: new InFlightLimit({ countMax: 1 }),
    agents: new Agents(),
    confirm: async () => {
      await Promise.resolve();
      commit(told.splice(0));
    },
  };
  const batch = { results: refs, cut: [0, 0], publishedAtMs: 0 };
  const source = new ViewSource(
    { view: VIEW, version: 1, batch, isAsOf: false, isFolding: false, isAccounted: true },
    backend,
  );
  source.openGroup(GROUP);
  return { source, keptSums: backend.keptSums, commit };
}

/** The sums of windows of so many slices, one of which begins with each slice. */
async function read(
  stored: StoredRows,
  toldCount: number,
  parts: readonly StatsPart[] = STATS_PARTS,
): Promise<ReadonlyMap<number, MergedSlice>> {
  const { source } = sourceOf(stored, toldCount);
  return ask(source, parts);
}

function ask(source: ViewSource, parts: readonly StatsPart[]): Promise<ReadonlyMap<number, MergedSlice>> {
  const spans = Array.from({ length: CASE_SLICES }, (_, i) => {
    const startMs = (FIRST_SLICE + i) * VIEW.sliceMs;
    return { startMs, endMs: startMs + VIEW.sliceMs };
  });
  return sumWide({ source, groups: source.groups(), spans, parts: new Set(parts) }, (sums) => {
    const slices = new Map<number, MergedSlice>();
    const { table, revision, pending } = sums;
    for (const slot of spans.keys()) {
      if (revision[slot]! > 0)
        slices.set(slot, { stats: readStats(table, slot), revision: revision[slot]!, pending: pending[slot] === 1 });
    }
    return slices;
  });
}

keepsTheMergeLaw('wide sums', (stored) => read(stored, 0));
keepsTheMergeLaw('wide sums that hear of changes while they read', (stored) =>
  read(stored, Math.ceil(stored.changes.length / 2)),
);
keepsTheMergeLaw('wide sums that hear of every change while they read', (stored) =>
  read(stored, stored.changes.length),
);

describe('wide sums of a window that is longer than all data', () => {
  it('take no more than the data does, also of what is told meanwhile', async () => {
    const century = { startMs: 0, endMs: 100 * 366 * 86_400_000 };
    const some = { isPending: false, resets: false, counted: [], selected: [] };
    const row: NotedRow = { ...some, partition: 0, order: 1, slice: 0, revision: 1 };
    const { source } = sourceOf({ results: [], changes: [row, { ...row, slice: 3, order: 2 }] }, 1);
    // Of so many groups and slices, nothing can be allocated in advance.
    const groups = Array.from({ length: 2_000 }, (_, i) => source.openGroup(JSON.stringify([`r${i}`])));
    const revisions = await sumWide({ source, groups, spans: [century], parts: new Set(STATS_PARTS) }, ({ revision }) =>
      [...revision.entries()].filter(([, one]) => one > 0),
    );
    expect(revisions).toEqual([[1, 2]]);
  });
});

describe('wide sums that were asked for before', () => {
  it('are given as they are to the same question alone, until a commit changes one of them', async () => {
    const stored = { results: [], changes: [plainRow(0, 1), plainRow(1, 2)] };
    const { source, keptSums, commit } = sourceOf(stored, 0);
    let reads = 0;
    const changes = source.changes.bind(source);
    source.changes = (...of) => {
      reads++;
      return changes(...of);
    };
    const before = await ask(source, STATS_PARTS);
    expect(await ask(source, STATS_PARTS)).toEqual(before);
    expect(reads).toBe(1);
    await ask(source, ['sum']);
    expect(reads).toBe(2);
    commit([plainRow(2, 3)]);
    expect(keptSums.bytes).toBe(0);
    expect((await ask(source, STATS_PARTS)).size).toBe(3);
    source.replace();
    await expect(ask(source, STATS_PARTS)).rejects.toThrow('was replaced');
    expect(keptSums.bytes).toBe(0);
  });
});

function plainRow(slice: number, order: number): NotedRow {
  const counted = [{ ms: 5, value: 7 }];
  return { slice, partition: 0, order, revision: 1, isPending: false, resets: false, counted, selected: counted };
}

describe('wide sums of some parts', () => {
  it('give every statistic that needs these parts as sums of all of them do', async () => {
    const counted = [
      { ms: 5, value: 7 },
      { ms: 9, value: -3 },
    ];
    const row = {
      slice: 1,
      partition: 0,
      order: 0,
      revision: 1,
      isPending: false,
      resets: false,
      counted,
      selected: counted,
    };
    const metric = { kind: 'gauge' as const, unit: 'kW', decimals: 3 };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...STATISTICS.values()), fc.boolean(), async (statistic, isStored) => {
        const stored = isStored ? { results: [[row]], changes: [] } : { results: [], changes: [row] };
        const [some, all] = [await read(stored, 0, statistic.needs), await read(stored, 0)];
        expect(statistic.compute(some.get(1)!.stats, metric)).toBe(statistic.compute(all.get(1)!.stats, metric));
        expect(some.get(1)!.stats.accountedMs).toBe(all.get(1)!.stats.accountedMs);
      }),
    );
  });
});
