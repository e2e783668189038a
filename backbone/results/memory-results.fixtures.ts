import { flagsOf, type NotedRow, tableOf } from '#core/slices/merge-rows.fixtures.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { SliceRow } from '../changes/changes.ts';
import type { ResultRef } from '../manifests/manifest.ts';
import type { GroupRows, ResultBlock, ResultReader } from './results.ts';

/** Batch results in memory for tests, made by adding up rows of changes. */
export class MemoryResults implements ResultReader {
  readonly #blocks = new Map<string, readonly GroupRows[]>();

  /** Adds the rows up, per group and partition. `flagsOf` may say that a slice resets or is pending. */
  add(
    name: string,
    rows: readonly SliceRow[],
    flagsOf: (row: SliceRow) => number = (row) => row.flags & PENDING,
  ): void {
    const byBlock = new Map<string, SliceRow[]>();
    for (const row of rows) {
      const key = `${row.partition} ${row.group}`;
      byBlock.set(key, [...(byBlock.get(key) ?? []), row]);
    }
    this.#blocks.set(
      name,
      [...byBlock.values()].map((one) => blockOf(one, flagsOf)),
    );
  }

  groups(result: ResultRef): Promise<readonly string[]> {
    return Promise.resolve([...new Set(this.#of(result).map(({ group }) => group))]);
  }

  async extent(result: ResultRef): Promise<readonly [number, number] | undefined> {
    const slices = this.#of(result).flatMap(({ slice, count }) => [...slice.subarray(0, count)]);
    return slices.length === 0 ? undefined : [Math.min(...slices), Math.max(...slices) + 1];
  }

  async heldFrom(result: ResultRef, slice: number): Promise<number | undefined> {
    const slices = this.#of(result).flatMap((block) => [...block.slice.subarray(0, block.count)]);
    const later = slices.filter((one) => one >= slice);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  async *blocks(result: ResultRef, group: string, fromSlice: number, toSlice: number): AsyncIterable<GroupRows> {
    await Promise.resolve();
    for (const block of this.#of(result)) {
      if (block.group === group && block.slice[0]! < toSlice && block.slice[block.count - 1]! >= fromSlice) yield block;
    }
  }

  async *scan(result: ResultRef, fromSlice: number, toSlice: number): AsyncIterable<ResultBlock> {
    await Promise.resolve();
    for (const { group, ...rows } of this.#of(result)) {
      if (rows.slice[0]! < toSlice && rows.slice[rows.count - 1]! >= fromSlice)
        yield { ...rows, groups: [group], ends: [rows.count] };
    }
  }

  #of(result: ResultRef): readonly GroupRows[] {
    const blocks = this.#blocks.get(result.name);
    if (blocks === undefined) throw new Error(`no result ${result.name}`);
    return blocks;
  }
}

function blockOf(rows: readonly SliceRow[], flagsOf: (row: SliceRow) => number): GroupRows {
  const slices = [...new Set(rows.map(({ slice }) => slice))].sort((a, b) => a - b);
  const table = new StatsTable(slices.length + 1);
  const firstSlot = table.allocateMany(slices.length);
  const staged = table.allocate();
  const revision = new Float64Array(slices.length);
  const flags = new Uint8Array(slices.length);
  for (const row of rows) {
    const i = slices.indexOf(row.slice);
    decodeRow(row.stats, table, staged);
    mergeInto(table, firstSlot + i, table, staged);
    revision[i]! += row.revision;
    flags[i]! |= flagsOf(row);
  }
  const { partition, group } = rows[0]!;
  return {
    partition,
    group,
    count: slices.length,
    slice: Float64Array.from(slices),
    revision,
    flags,
    table,
    firstSlot,
  };
}

/** A row that was noted down, as a block of its own: of one group, its slices counted from `firstSlice`. */
export function notedBlock(row: NotedRow, group: string, firstSlice: number): ResultBlock {
  return {
    partition: row.partition,
    groups: [group],
    ends: [1],
    count: 1,
    slice: Float64Array.of(firstSlice + row.slice),
    revision: Float64Array.of(row.revision),
    flags: Uint8Array.of(flagsOf(row)),
    table: tableOf(row),
    firstSlot: 0,
  };
}
