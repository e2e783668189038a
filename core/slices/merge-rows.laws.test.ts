import { StatsTable } from '../stats/stats-table.ts';
import { readStats } from '../stats/stats.ts';
import { keepsTheMergeLaw } from './merge-rows.cases.ts';
import {
  CASE_PARTITIONS,
  CASE_SLICES,
  flagsOf,
  type NotedRow,
  type StoredRows,
  tableOf,
} from './merge-rows.fixtures.ts';
import type { MergedSlice } from './merge-rows.oracle.ts';
import { PENDING, takeOlderRow } from './merge-rows.ts';

/** The rows of a slice and partition, from the newest to the oldest. */
function newestFirst({ results, changes }: StoredRows, slice: number, partition: number): NotedRow[] {
  return [...results.flat(), ...changes.toSorted((a, b) => a.order - b.order)]
    .filter((row) => row.slice === slice && row.partition === partition)
    .toReversed();
}

function mergeAll(stored: StoredRows, firstsTogether: number): ReadonlyMap<number, MergedSlice> {
  const merged = new Map<number, MergedSlice>();
  for (let slice = 0; slice < CASE_SLICES; slice++) {
    const table = new StatsTable();
    const slot = table.allocate();
    let revision = 0;
    let pending = false;
    for (let partition = 0; partition < CASE_PARTITIONS; partition++) {
      const rows = newestFirst(stored, slice, partition);
      const older = rows.slice(firstsTogether);
      const together = table.allocate();
      let olderFlags = 0;
      for (const row of older) olderFlags = takeOlderRow(table, together, olderFlags, tableOf(row), 0, flagsOf(row));
      let newer = 0;
      for (const row of rows.slice(0, firstsTogether))
        newer = takeOlderRow(table, slot, newer, tableOf(row), 0, flagsOf(row));
      if (older.length > 0) newer = takeOlderRow(table, slot, newer, table, together, olderFlags);
      pending ||= (newer & PENDING) !== 0;
      for (const row of rows) revision += row.revision;
    }
    if (revision > 0) merged.set(slice, { stats: readStats(table, slot), revision, pending });
  }
  return merged;
}

keepsTheMergeLaw('taking row by row', (stored) => Promise.resolve(mergeAll(stored, Number.MAX_SAFE_INTEGER)));

keepsTheMergeLaw('merging the older rows first', (stored) => Promise.resolve(mergeAll(stored, 2)));
