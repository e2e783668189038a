/** Columns of a block's rows, one at a time; see block-codec.ts for the layout. */
import {
  addProduct,
  addSafe,
  makeWide,
  readNear,
  readWide,
  SQUARE_LIMBS,
  WIDE_BASE,
  writeWide,
  clearWide,
} from '../numbers/wide.ts';
import type { WideColumns } from '../numbers/wide.ts';
import { BLOCK_VALUES } from '../packing/block.ts';
import { COLUMN_ROOM } from '../packing/pack-reader.ts';
import type { PackReader } from '../packing/pack-reader.ts';
import type { PackWriter } from '../packing/pack-writer.ts';
import { type Rests, setMs, totalMs } from './exact-ms.ts';
import { Histogram } from './histogram.ts';
import { readHistogram, writeHistogram } from './row-codec.ts';
import { StatsTable } from './stats-table.ts';

/** Few enough that a column stays in the processor's first-level cache, and enough to fill packed blocks. */
export const BLOCK_ROWS_MAX = 4096;

/** Limbs of a total of ms where it is no safe integer. */
export const MS_LIMBS = 3;

const SAFE = Number.MAX_SAFE_INTEGER;
const INVERSE_BASE = 1 / WIDE_BASE;
const NO_BUCKETS = new Histogram();

/** How numbers are written. Any other code is the number of limbs, of which each has a column. */
export const ALL_ZERO = 0;
export const DISTANCES = 1;

/** Room for one column of a block while it is written or read. */
export function columnRoom(): Float64Array {
  return new Float64Array(BLOCK_ROWS_MAX + COLUMN_ROOM);
}

/** What is foretold of the numbers of a column (foretold.ts): times · by + plus; all safe integers. */
export interface Foretold {
  readonly times: Float64Array;
  readonly by: Float64Array;
  readonly plus: Float64Array;
}

export function foretoldRoom(): Foretold {
  return { times: columnRoom(), by: columnRoom(), plus: columnRoom() };
}

const values = columnRoom();
const totals = columnRoom();
const rest = makeWide(SQUARE_LIMBS, 1);
/** Where histograms are read to that nobody asks for. */
const beyond = new StatsTable(1);
beyond.allocate();

export function isSafe(value: number): boolean {
  return value <= SAFE && value >= -SAFE;
}

/**
 * The double nearest to each wide number, exact where it is safe. Gives whether all are. Of the limbs only the lowest are
 * `used`: the others are zero.
 */
export function gatherNearest(
  into: Float64Array,
  columns: WideColumns,
  slots: ArrayLike<number>,
  used: number,
): boolean {
  if (used === 0) {
    into.fill(0, 0, slots.length);
    return true;
  }
  let safe = true;
  if (used <= 2) {
    const [lowest, second] = columns;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const upper = used === 2 ? second![slot]! : 0;
      into[i] = upper * WIDE_BASE + lowest![slot]!;
      safe &&= isSafe(into[i]!);
    }
    return safe;
  }
  for (let i = 0; i < slots.length; i++) {
    into[i] = readNear(columns, slots[i]!);
    safe &&= isSafe(into[i]!);
  }
  return safe;
}

/** Says that all of the numbers are zero, where they are. */
export function writeIfZero(pack: PackWriter, nearest: Float64Array, rows: number): boolean {
  for (let i = 0; i < rows; i++) if (nearest[i] !== 0) return false;
  pack.bytes.byte(ALL_ZERO);
  return true;
}

/** Writes wide numbers by their distances from what is foretold of them where these are safe integers, else limb by limb. */
export function writeWideColumns(
  pack: PackWriter,
  columns: WideColumns,
  slots: ArrayLike<number>,
  nearest: Float64Array,
  foretold: Foretold,
): void {
  const rows = slots.length;
  const { times, by, plus } = foretold;
  let safe = true;
  for (let i = 0; i < rows && safe; i++) {
    const product = times[i]! * by[i]!;
    const above = nearest[i]! - product;
    const isExact = isSafe(nearest[i]!) && isSafe(product) && isSafe(above);
    const distance = isExact ? above - plus[i]! : farDistance(columns, slots[i]!, foretold, i);
    values[i] = distance;
    safe = isSafe(distance);
  }
  if (safe) writeDistances(pack, values, rows);
  else writeLimbs(pack, columns, slots);
}

/** Writes distances, which are safe integers. */
export function writeDistances(pack: PackWriter, distances: Float64Array, rows: number): void {
  pack.bytes.byte(DISTANCES);
  pack.column(distances, rows);
}

/** Writes wide numbers limb by limb. */
export function writeLimbs(pack: PackWriter, columns: WideColumns, slots: ArrayLike<number>): void {
  const rows = slots.length;
  pack.bytes.byte(columns.length);
  for (const column of columns) {
    for (let i = 0; i < rows; i++) values[i] = column[slots[i]!]!;
    pack.column(values, rows);
  }
}

/** The distance of a number that is beyond the safe integers, or may be. Where it is no safe integer itself it is some number beyond them. */
function farDistance(columns: WideColumns, slot: number, { times, by, plus }: Foretold, i: number): number {
  clearWide(rest, 0);
  addProduct(rest, 0, -times[i]!, by[i]!);
  addSafe(rest, 0, -plus[i]!);
  // Limbs out of their canonical form are as good for the nearest double.
  columns.forEach((column, k) => (rest[k]![0]! += column[slot]!));
  return readNear(rest, 0);
}

/** Reads the distances of `rows` wide numbers into the columns from `first` on; false where they are none. */
export function readWideColumns(
  pack: PackReader,
  columns: WideColumns,
  first: number,
  rows: number,
  { times, by, plus }: Foretold,
): boolean {
  if (!pack.column(values, rows, -SAFE, SAFE)) return false;
  let safe = true;
  for (let i = 0; i < rows; i++) {
    const product = times[i]! * by[i]!;
    const above = values[i]! + plus[i]!;
    const total = product + above;
    safe &&= isSafe(product) && isSafe(above) && isSafe(total);
    totals[i] = total;
  }
  if (safe) {
    spread(columns, first, rows, totals);
    return true;
  }
  clearColumns(columns, first, rows);
  for (let i = 0; i < rows; i++) {
    addProduct(columns, first + i, times[i]!, by[i]!);
    addSafe(columns, first + i, plus[i]!);
    addSafe(columns, first + i, values[i]!);
  }
  return true;
}

/** Steps over what `writeWideColumns` and its like wrote behind the code; false where they are none. */
export function skipWideColumns(pack: PackReader, code: number, limbs: number, rows: number): boolean {
  if (code > DISTANCES && code !== limbs) return false;
  for (let k = 0; k < code; k++) if (!pack.skip(rows)) return false;
  return true;
}

/** Reads `rows` wide numbers limb by limb into the columns from `first` on; false where they are none. */
export function readLimbs(pack: PackReader, columns: WideColumns, first: number, rows: number): boolean {
  const last = columns.length - 1;
  for (let k = 0; k <= last; k++) {
    const [low, high] = k === last ? [-SAFE, SAFE] : [0, WIDE_BASE - 1];
    if (!pack.column(values, rows, low, high)) return false;
    columns[k]!.set(values.subarray(0, rows), first);
  }
  return true;
}

/** Splits safe integers into canonical limbs: a negative one borrows from the last limb, through all between. */
export function spread(columns: WideColumns, first: number, rows: number, numbers: Float64Array): void {
  const lowest = columns[0]!;
  const second = columns[1]!;
  const last = columns.length - 1;
  let isNegative = false;
  for (let k = 2; k <= last; k++) clearColumn(columns[k]!, first, rows);
  for (let i = 0; i < rows; i++) {
    const value = numbers[i]!;
    const high = Math.floor(value * INVERSE_BASE);
    lowest[first + i] = value - high * WIDE_BASE;
    second[first + i] = high < 0 ? high + WIDE_BASE : high;
    isNegative ||= high < 0;
  }
  if (!isNegative) return;
  for (let k = 2; k <= last; k++) {
    const column = columns[k]!;
    const borrowed = k === last ? -1 : WIDE_BASE - 1;
    for (let i = 0; i < rows; i++) column[first + i] = numbers[i]! < 0 ? borrowed : 0;
  }
}

/** Makes wide numbers zero. */
export function clearColumns(columns: WideColumns, first: number, rows: number): void {
  for (const column of columns) clearColumn(column, first, rows);
}

/** Zeros are not written over zeros, since what was never written to takes no memory. */
function clearColumn(column: Float64Array, first: number, rows: number): void {
  const end = first + rows;
  let at = first;
  while (at < end && column[at] === 0) at++;
  if (at < end) column.fill(0, at, end);
}

/** Gathers totals of ms; false, and all are 0, where one is no safe integer. */
export function gatherMs(into: Float64Array, column: Float64Array, slots: ArrayLike<number>): boolean {
  const rows = slots.length;
  let safe = true;
  for (let i = 0; i < rows; i++) {
    const ms = column[slots[i]!]!;
    into[i] = ms;
    safe &&= isSafe(ms);
  }
  if (!safe) into.fill(0, 0, rows);
  return safe;
}

/** Writes totals of ms by their distances from `foretold`, where all are safe integers, else limb by limb. */
export function writeMsColumn(
  pack: PackWriter,
  column: Float64Array,
  rests: Rests,
  slots: ArrayLike<number>,
  foretold: Float64Array,
): void {
  const rows = slots.length;
  let safe = true;
  for (let i = 0; i < rows; i++) {
    const ms = column[slots[i]!]!;
    values[i] = ms - foretold[i]!;
    safe &&= isSafe(ms) && isSafe(values[i]!);
  }
  if (safe) {
    writeDistances(pack, values, rows);
    return;
  }
  const limbs = makeWide(MS_LIMBS, rows);
  for (let i = 0; i < rows; i++) writeWide(limbs, i, totalMs(column, rests, slots[i]!));
  pack.bytes.byte(MS_LIMBS);
  for (const limb of limbs) pack.column(limb, rows);
}

/** Reads `rows` totals of ms into the slots from `first` on; false where they are none. */
export function readMsColumn(
  pack: PackReader,
  column: Float64Array,
  rests: Rests,
  first: number,
  rows: number,
  foretold?: Float64Array,
): boolean {
  const code = pack.bytes.byte();
  if (code !== DISTANCES) return code === MS_LIMBS && readMsLimbs(pack, column, rests, first, rows);
  if (!pack.column(values, rows, -SAFE, SAFE)) return false;
  let safe = true;
  for (let i = 0; i < rows && foretold !== undefined; i++) {
    values[i] = values[i]! + foretold[i]!;
    safe &&= isSafe(values[i]!);
  }
  column.set(values.subarray(0, rows), first);
  return safe;
}

/** The same where they are written limb by limb. */
export function readMsLimbs(
  pack: PackReader,
  column: Float64Array,
  rests: Rests,
  first: number,
  rows: number,
): boolean {
  const limbs = makeWide(MS_LIMBS, BLOCK_ROWS_MAX);
  if (!readLimbs(pack, limbs, 0, rows)) return false;
  for (let i = 0; i < rows; i++) if (!setMs(column, rests, first + i, readWide(limbs, i))) return false;
  return true;
}

/** Whether min ≤ first, last ≤ max and first is not after last, in every row. */
export function areOrdered(table: StatsTable, first: number, rows: number): boolean {
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

/** Makes the selective part of rows that have none the identity. */
export function clearUnselected(table: StatsTable, first: number, rows: number, selected: Float64Array): void {
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

/** Writes the histograms of the rows, where one has any. */
export function writeHistogramColumn(pack: PackWriter, table: StatsTable, slots: ArrayLike<number>): void {
  let some = false;
  if (table.histograms.length > 0)
    for (let i = 0; i < slots.length && !some; i++) some = (table.histograms[slots[i]!]?.length ?? 0) > 0;
  pack.bytes.byte(some ? 1 : 0);
  for (let i = 0; i < slots.length && some; i++) writeHistogram(pack.bytes, table.histograms[slots[i]!] ?? NO_BUCKETS);
}

/** Reads what `writeHistogramColumn` wrote, or steps over it; false where it is none. */
export function readHistogramColumn(
  pack: PackReader,
  table: StatsTable,
  first: number,
  rows: number,
  isWanted: boolean,
): boolean {
  const some = pack.bytes.byte();
  if (some > 1) return false;
  if (some === 0) return true;
  if (!isWanted) return pack.stepOverRest();
  const { window } = pack;
  for (let i = 0; window !== undefined && i < window.firstBlock * BLOCK_VALUES; i++) {
    beyond.histograms = [];
    if (!readHistogram(pack.bytes, beyond, 0)) return false;
  }
  for (let i = 0; i < rows; i++) if (!readHistogram(pack.bytes, table, first + i)) return false;
  return window === undefined || pack.stepOverRest();
}
