import type { PackReader } from '../packing/pack-reader.ts';
import type { PackWriter } from '../packing/pack-writer.ts';
/** Min, max, first and last of a block's rows; see block-codec.ts for the layout. */
import { columnRoom } from './block-room.ts';
import { hasSelected } from './row-codec.ts';
import type { StatsTable } from './stats-table.ts';

const SAFE = Number.MAX_SAFE_INTEGER;

const selected = columnRoom();
const base = columnRoom();
const values = columnRoom();

/** Writes the selective part of the rows. */
export function writeSelectedColumns(pack: PackWriter, table: StatsTable, slots: ArrayLike<number>): void {
  const rows = slots.length;
  let all = true;
  for (let i = 0; i < rows; i++) {
    const has = hasSelected(table, slots[i]!);
    selected[i] = has ? 1 : 0;
    all &&= has;
  }
  pack.bytes.byte(all ? 1 : 0);
  if (!all) pack.column(selected, rows);
  gather(base, table.min, slots);
  pack.column(base, rows);
  for (const column of [table.max, table.firstValue, table.lastValue]) {
    gather(values, column, slots);
    pack.relativeColumn(values, base, rows);
  }
  gather(base, table.firstMs, slots);
  pack.column(base, rows);
  gather(values, table.lastMs, slots);
  pack.relativeColumn(values, base, rows);
}

/** A row that has none repeats the row before, so that it costs no difference. */
function gather(into: Float64Array, column: Float64Array, slots: ArrayLike<number>): void {
  let before = 0;
  for (let i = 0; i < slots.length; i++) {
    if (selected[i] === 1) before = column[slots[i]!]!;
    into[i] = before;
  }
}

/** Reads the selective part of `rows` rows into the slots from `first` on; false where it is none. */
export function readSelectedColumns(pack: PackReader, table: StatsTable, first: number, rows: number): boolean {
  const all = pack.bytes.byte();
  if (all > 1 || (all === 0 && !pack.column(selected, rows, 0, 1))) return false;
  if (!pack.column(base, rows, -SAFE, SAFE)) return false;
  table.min.set(base.subarray(0, rows), first);
  for (const column of [table.max, table.firstValue, table.lastValue]) {
    if (!pack.relativeColumn(values, base, rows, -SAFE, SAFE)) return false;
    column.set(values.subarray(0, rows), first);
  }
  if (!pack.column(base, rows, -SAFE, SAFE) || !pack.relativeColumn(values, base, rows, -SAFE, SAFE)) return false;
  table.firstMs.set(base.subarray(0, rows), first);
  table.lastMs.set(values.subarray(0, rows), first);
  if (!areOrdered(table, first, rows)) return false;
  if (all === 0) clearAbsent(table, first, rows);
  return true;
}

/** Whether min ≤ first, last ≤ max and first is not after last, in every row. */
function areOrdered(table: StatsTable, first: number, rows: number): boolean {
  const { min, max, firstValue, lastValue, firstMs, lastMs } = table;
  for (let slot = first; slot < first + rows; slot++) {
    const low = min[slot]!;
    const high = max[slot]!;
    const from = firstValue[slot]!;
    const to = lastValue[slot]!;
    if (from < low || to < low || from > high || to > high || firstMs[slot]! > lastMs[slot]!) return false;
  }
  return true;
}

function clearAbsent(table: StatsTable, first: number, rows: number): void {
  for (let i = 0; i < rows; i++) {
    if (selected[i] === 1) continue;
    const slot = first + i;
    table.min[slot] = Number.POSITIVE_INFINITY;
    table.max[slot] = Number.NEGATIVE_INFINITY;
    table.firstMs[slot] = Number.POSITIVE_INFINITY;
    table.firstValue[slot] = 0;
    table.lastMs[slot] = Number.NEGATIVE_INFINITY;
    table.lastValue[slot] = 0;
  }
}
