/** The columns of a block's rows; see block-codec.ts for the layout. */
import { WIDE_BASE, makeWide, readNear, readWide, writeWide } from '../numbers/wide.ts';
import type { WideColumns } from '../numbers/wide.ts';
import { COLUMN_ROOM } from '../packing/pack-reader.ts';
import type { PackReader } from '../packing/pack-reader.ts';
import type { PackWriter } from '../packing/pack-writer.ts';
import { type Rests, setMs, totalMs } from './exact-ms.ts';
import { hasSelected } from './row-codec.ts';
import type { StatsPart } from './statistics.ts';
import type { StatsTable } from './stats-table.ts';

/** Few enough that a column stays in the processor's first-level cache, and enough to fill packed blocks. */
export const BLOCK_ROWS_MAX = 4096;

const SAFE = Number.MAX_SAFE_INTEGER;
const INVERSE_BASE = 1 / WIDE_BASE;
const MS_LIMBS = 3;

/** Room for one column of a block while it is written or read. */
export function columnRoom(): Float64Array {
  return new Float64Array(BLOCK_ROWS_MAX + COLUMN_ROOM);
}

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

/**
 * Reads the selective part of `rows` rows into the slots from `first` on, as far as it is among `parts`; false where it is
 * none.
 */
export function readSelectedColumns(
  pack: PackReader,
  table: StatsTable,
  first: number,
  rows: number,
  parts: ReadonlySet<StatsPart>,
): boolean {
  const all = pack.bytes.byte();
  if (all > 1 || (all === 0 && !pack.column(selected, rows, 0, 1))) return false;
  const [hasFirst, hasLast] = [parts.has('first'), parts.has('last')];
  const isRead =
    readValues(pack, table, first, rows, {
      min: parts.has('min'),
      max: parts.has('max'),
      firstValue: hasFirst,
      lastValue: hasLast,
    }) && readTimes(pack, table, first, rows, hasFirst, hasLast);
  if (!isRead) return false;
  const isWhole = hasFirst && hasLast && parts.has('min') && parts.has('max');
  if (isWhole && !areOrdered(table, first, rows)) return false;
  if (all === 0) clearAbsent(table, first, rows);
  return true;
}

function readValues(
  pack: PackReader,
  table: StatsTable,
  first: number,
  rows: number,
  wanted: Readonly<Record<'min' | 'max' | 'firstValue' | 'lastValue', boolean>>,
): boolean {
  const relative = wanted.max || wanted.firstValue || wanted.lastValue;
  if (!(wanted.min || relative ? pack.column(base, rows, -SAFE, SAFE) : pack.skip(rows))) return false;
  if (wanted.min) table.min.set(base.subarray(0, rows), first);
  for (const name of ['max', 'firstValue', 'lastValue'] as const) {
    if (!wanted[name]) {
      if (!pack.skipRelative(rows)) return false;
      continue;
    }
    if (!pack.relativeColumn(values, base, rows, -SAFE, SAFE)) return false;
    table[name].set(values.subarray(0, rows), first);
  }
  return true;
}

function readTimes(
  pack: PackReader,
  table: StatsTable,
  first: number,
  rows: number,
  hasFirst: boolean,
  hasLast: boolean,
): boolean {
  if (!(hasFirst || hasLast ? pack.column(base, rows, -SAFE, SAFE) : pack.skip(rows))) return false;
  if (hasFirst) table.firstMs.set(base.subarray(0, rows), first);
  if (!hasLast) return pack.skipRelative(rows);
  if (!pack.relativeColumn(values, base, rows, -SAFE, SAFE)) return false;
  table.lastMs.set(values.subarray(0, rows), first);
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

/** Writes the wide numbers of the rows: as one column of safe integers where they are that, else limb by limb. */
export function writeWideColumns(pack: PackWriter, columns: WideColumns, slots: ArrayLike<number>): void {
  const rows = slots.length;
  let safe = true;
  for (let i = 0; i < rows && safe; i++) {
    const nearest = readNear(columns, slots[i]!);
    values[i] = nearest;
    safe = nearest <= SAFE && nearest >= -SAFE;
  }
  pack.bytes.byte(safe ? 1 : columns.length);
  if (safe) {
    pack.column(values, rows);
    return;
  }
  for (const column of columns) {
    for (let i = 0; i < rows; i++) values[i] = column[slots[i]!]!;
    pack.column(values, rows);
  }
}

/** Reads `rows` wide numbers into the columns from `first` on; false where they are none. */
export function readWideColumns(pack: PackReader, columns: WideColumns, first: number, rows: number): boolean {
  const limbs = pack.bytes.byte();
  if (limbs === 1) {
    if (!pack.column(values, rows, -SAFE, SAFE)) return false;
    spread(columns, first, rows);
    return true;
  }
  return limbs === columns.length && readLimbs(pack, columns, first, rows);
}

/** Steps over `rows` wide numbers; false where they are none. */
export function skipWideColumns(pack: PackReader, columns: WideColumns, rows: number): boolean {
  return skipLimbs(pack, columns.length, rows);
}

/** Steps over `rows` covered times; false where they are none. */
export function skipCoveredColumns(pack: PackReader, rows: number): boolean {
  return skipLimbs(pack, MS_LIMBS, rows);
}

function skipLimbs(pack: PackReader, limbsMax: number, rows: number): boolean {
  const limbs = pack.bytes.byte();
  if (limbs !== 1 && limbs !== limbsMax) return false;
  for (let k = 0; k < limbs; k++) if (!pack.skip(rows)) return false;
  return true;
}

function readLimbs(pack: PackReader, columns: WideColumns, first: number, rows: number): boolean {
  const last = columns.length - 1;
  for (let k = 0; k <= last; k++) {
    const [low, high] = k === last ? [-SAFE, SAFE] : [0, WIDE_BASE - 1];
    if (!pack.column(values, rows, low, high)) return false;
    columns[k]!.set(values.subarray(0, rows), first);
  }
  return true;
}

/** Splits safe integers into canonical limbs: a negative one borrows from the last limb, through all between. */
function spread(columns: WideColumns, first: number, rows: number): void {
  const lowest = columns[0]!;
  const second = columns[1]!;
  const last = columns.length - 1;
  for (let i = 0; i < rows; i++) {
    const value = values[i]!;
    const high = Math.floor(value * INVERSE_BASE);
    lowest[first + i] = value - high * WIDE_BASE;
    second[first + i] = high < 0 ? high + WIDE_BASE : high;
  }
  for (let k = 2; k <= last; k++) {
    const column = columns[k]!;
    const borrowed = k === last ? -1 : WIDE_BASE - 1;
    for (let i = 0; i < rows; i++) column[first + i] = values[i]! < 0 ? borrowed : 0;
  }
}

/** Writes the covered times of the rows as wide numbers. */
export function writeCoveredColumns(pack: PackWriter, table: StatsTable, slots: ArrayLike<number>): void {
  writeMsColumns(pack, table.coveredMs, table.coveredRest, slots);
}

/** Writes the accounted times of the rows as wide numbers. */
export function writeAccountedColumns(pack: PackWriter, table: StatsTable, slots: ArrayLike<number>): void {
  writeMsColumns(pack, table.accountedMs, table.accountedRest, slots);
}

function writeMsColumns(pack: PackWriter, column: Float64Array, rests: Rests, slots: ArrayLike<number>): void {
  const rows = slots.length;
  let safe = true;
  for (let i = 0; i < rows; i++) {
    values[i] = column[slots[i]!]!;
    safe &&= Number.isSafeInteger(values[i]);
  }
  pack.bytes.byte(safe ? 1 : MS_LIMBS);
  if (safe) {
    pack.column(values, rows);
    return;
  }
  const totals = makeWide(MS_LIMBS, rows);
  for (let i = 0; i < rows; i++) writeWide(totals, i, totalMs(column, rests, slots[i]!));
  for (const limb of totals) pack.column(limb, rows);
}

/** Reads `rows` covered times into the slots from `first` on; false where they are none. */
export function readCoveredColumns(pack: PackReader, table: StatsTable, first: number, rows: number): boolean {
  return readMsColumns(pack, table.coveredMs, table.coveredRest, first, rows);
}

/** The same of accounted times. */
export function readAccountedColumns(pack: PackReader, table: StatsTable, first: number, rows: number): boolean {
  return readMsColumns(pack, table.accountedMs, table.accountedRest, first, rows);
}

function readMsColumns(pack: PackReader, column: Float64Array, rests: Rests, first: number, rows: number): boolean {
  const limbs = pack.bytes.byte();
  if (limbs === 1) {
    if (!pack.column(values, rows, -SAFE, SAFE)) return false;
    column.set(values.subarray(0, rows), first);
    return true;
  }
  if (limbs !== MS_LIMBS) return false;
  const totals = makeWide(MS_LIMBS, BLOCK_ROWS_MAX);
  if (!readLimbs(pack, totals, 0, rows)) return false;
  for (let i = 0; i < rows; i++) if (!setMs(column, rests, first + i, readWide(totals, i))) return false;
  return true;
}
