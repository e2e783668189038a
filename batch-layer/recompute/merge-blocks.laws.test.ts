import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { MemoryObjects } from '#backbone/objects/memory-objects.fixtures.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { ResultWriter } from '#backbone/results/result-writer.ts';
import { keepsTheMergeLaw } from '#core/slices/merge-rows.cases.ts';
import { flagsOf, type NotedRow, type StoredRows, tableOf } from '#core/slices/merge-rows.fixtures.ts';
import type { MergedSlice } from '#core/slices/merge-rows.oracle.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import { ChangeRuns } from '../verify/live-result.ts';
import { mergeGroups } from './merge-blocks.ts';
import { resultBlocks, resultSources } from './result-sources.ts';

const GROUP = '["r1"]';

/** Where the runs of changes are written. */
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-merge-'));
});

afterAll(() => rm(dir, { recursive: true }));

const builder = new BlockBuilder();

/** Stores rows of distinct slices as a result. */
async function store(objects: Objects, name: string, rows: readonly NotedRow[]): Promise<void> {
  const writer = new ResultWriter(objects, name);
  for (const row of rows.toSorted((a, b) => a.partition - b.partition || a.slice - b.slice)) {
    builder.open(row.slice);
    builder.take(tableOf(row), 0, row.revision, flagsOf(row));
    const { extent, bytes } = builder.build(row.partition, GROUP)!;
    await writer.add(extent, bytes);
  }
  await writer.finish();
}

/** The row as the table of changes holds it. */
function changeOf(row: NotedRow): SliceRow {
  const { slice, partition, order, revision } = row;
  const place = {
    view: 'power',
    version: 1,
    group: GROUP,
    slice,
    partition,
    epoch: Math.floor(order / 5),
    part: order,
  };
  return { ...place, revision, flags: flagsOf(row), stats: encodeRow(tableOf(row), 0) };
}

/** Merges what is stored into one result, as `verify` and the merging of results do, and reads that. */
async function merge({ results, changes }: StoredRows): Promise<ReadonlyMap<number, MergedSlice>> {
  const objects = new MemoryObjects();
  for (const [order, rows] of results.entries()) await store(objects, String(order), rows);
  using runs = new ChangeRuns(join(dir, randomUUID()));
  for (const row of changes.toSorted((a, b) => a.slice - b.slice || a.partition - b.partition || a.order - b.order))
    runs.add(changeOf(row));
  const sources = runs.finish(results.length);
  for (const order of results.keys()) sources.push(...(await resultSources(objects, String(order), order)));
  const writer = new ResultWriter(objects, 'merged');
  await mergeGroups(sources, () => undefined, writer, new AbortController().signal);
  await writer.finish();
  return await read(objects, 'merged');
}

/** The slices of a result, its partitions added up. */
async function read(objects: Objects, name: string): Promise<ReadonlyMap<number, MergedSlice>> {
  const table = new StatsTable();
  const sums = new Map<number, { readonly slot: number; revision: number; pending: boolean }>();
  for await (const block of resultBlocks(objects, name)) {
    for (let i = 0; i < block.count; i++) {
      const slice = block.slice[i]!;
      const sum = sums.get(slice) ?? { slot: table.allocate(), revision: 0, pending: false };
      sums.set(slice, sum);
      mergeInto(table, sum.slot, block.table, block.firstSlot + i);
      sum.revision += block.revision[i]!;
      sum.pending ||= (block.flags[i]! & PENDING) !== 0;
    }
  }
  return new Map(
    [...sums].map(([slice, { slot, revision, pending }]) => [
      slice,
      { stats: readStats(table, slot), revision, pending },
    ]),
  );
}

keepsTheMergeLaw('a merge of blocks', merge);
