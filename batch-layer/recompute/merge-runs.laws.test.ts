import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { compareRows, type RowName } from '#backbone/results/results.ts';
import { keepsTheMergeLaw } from '#core/slices/merge-rows.cases.ts';
import { flagsOf, type NotedRow, type StoredRows, tableOf } from '#core/slices/merge-rows.fixtures.ts';
import type { MergedSlice } from '#core/slices/merge-rows.oracle.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import { ChangeRuns } from '../verify/live-result.ts';
import { mergedRun, type OrderedRun, planMerge } from './merge-plan.ts';
import { runMergeJob } from './merge-runs.ts';
import { RunReader, RunWriter, type SortedRun } from './run-file.ts';

/** Where the runs are written. */
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-merge-'));
});

afterAll(() => rm(dir, { recursive: true }));

const newPath = (): string => join(dir, randomUUID());

/** Slices of the cases are spread over two groups and several bands. */
function nameOf({ partition, slice }: NotedRow): RowName {
  return { partition, group: slice % 2 === 0 ? '["r1"]' : '["r2"]', slice: slice * 77 };
}

const SLICE_MS = 10;

const builder = new BlockBuilder(SLICE_MS);

/** Rows of distinct slices as a run, each in a block of its own. */
function runOf(rows: readonly NotedRow[]): SortedRun {
  using writer = new RunWriter(newPath());
  const groups = new Set<string>();
  for (const row of rows.toSorted((a, b) => compareRows(nameOf(a), nameOf(b)))) {
    const { group, slice } = nameOf(row);
    groups.add(group);
    builder.open(group, slice);
    builder.take(tableOf(row), 0, row.revision, flagsOf(row));
    const { extent, bytes } = builder.build(row.partition)!;
    writer.add(extent, bytes);
  }
  return writer.finish(groups);
}

/** The row as the table of changes holds it. */
function changeOf(row: NotedRow): SliceRow {
  const { order, revision } = row;
  const place = { view: 'power', version: 1, ...nameOf(row), epoch: Math.floor(order / 5), part: order };
  return { ...place, revision, flags: flagsOf(row), stats: encodeRow(tableOf(row), 0) };
}

/** Merges what is stored into one run, as `verify` and the merging of results do, and reads that. */
async function merge({ results, changes }: StoredRows): Promise<ReadonlyMap<number, MergedSlice>> {
  const inputs = results.map((rows, order): OrderedRun => ({ run: runOf(rows), order }));
  using runs = new ChangeRuns(newPath(), SLICE_MS, 3);
  const inTableOrder = (a: SliceRow, b: SliceRow): number =>
    (a.group === b.group ? a.slice - b.slice : a.group < b.group ? -1 : 1) ||
    a.partition - b.partition ||
    a.part - b.part;
  for (const row of changes.map(changeOf).sort(inTableOrder)) runs.add(row);
  for (const run of runs.finish()) inputs.push({ run, order: results.length });
  const plan = planMerge(inputs, { sliceMs: SLICE_MS, workers: 3, outPath: newPath });
  return await read(mergedRun(plan, plan.jobs.map(runMergeJob)));
}

/** The slices of a run, its partitions added up. */
async function read({ blocks }: SortedRun): Promise<ReadonlyMap<number, MergedSlice>> {
  using reader = new RunReader();
  const table = new StatsTable();
  const sums = new Map<number, { readonly slot: number; revision: number; pending: boolean }>();
  for (const place of blocks) {
    const block = reader.rows(place);
    for (let i = 0; i < block.count; i++) {
      const slice = block.slice[i]! / 77;
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

keepsTheMergeLaw('a merge of runs', merge);
