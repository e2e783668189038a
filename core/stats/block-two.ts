/**
 * Blocks as they were written before their columns were foretold by one another: they are read still.
 *
 * ```
 *   pack   u8 1 where all rows have min, max, first and last; 0 where some don't, and a column of 0 and 1 follows
 *          min; max, firstValue, lastValue relative to min; firstMs; lastMs relative to firstMs; a row that has none
 *               repeats those of the row before it
 *          count; unchecked
 *          sum, squares, increase, integral, covered time, accounted time, each: u8 1 and a column of the numbers, where all are safe
 *               integers; else u8 k and the columns of their k limbs
 *          histograms, as in block-codec.ts
 * ```
 *
 * Version 1 had no accounted time.
 */
import type { WideColumns } from '../numbers/wide.ts';
import type { PackReader } from '../packing/pack-reader.ts';
import {
  areOrdered,
  clearUnselected,
  columnRoom,
  MS_LIMBS,
  readHistogramColumn,
  readLimbs,
  readMsColumn,
  spread,
} from './block-columns.ts';
import type { StatsPart } from './statistics.ts';
import type { StatsTable } from './stats-table.ts';

export const BLOCK_VERSION_UNACCOUNTED = 1;

const SAFE = Number.MAX_SAFE_INTEGER;
const selected = columnRoom();
const base = columnRoom();
const values = columnRoom();

/** Reads the columns of `rows` rows of a block of these versions into the slots from `first` on; false where they are none. */
export function readColumnsTwo(
  pack: PackReader,
  table: StatsTable,
  first: number,
  rows: number,
  version: number,
  parts: ReadonlySet<StatsPart>,
): boolean {
  if (!readSelectedColumns(pack, table, first, rows, parts)) return false;
  for (const column of [table.count, table.unchecked]) {
    if (!pack.column(values, rows, -SAFE, SAFE)) return false;
    column.set(values.subarray(0, rows), first);
  }
  for (const part of ['sum', 'squares', 'increase', 'integral'] as const) {
    const columns = table[part];
    const isRead = parts.has(part)
      ? readWideColumns(pack, columns, first, rows)
      : skipLimbs(pack, columns.length, rows);
    if (!isRead) return false;
  }
  const hasCovered = parts.has('coveredMs')
    ? readMsColumn(pack, table.coveredMs, table.coveredRest, first, rows)
    : skipLimbs(pack, MS_LIMBS, rows);
  if (!hasCovered) return false;
  const isAccounted = version !== BLOCK_VERSION_UNACCOUNTED;
  if (isAccounted && !readMsColumn(pack, table.accountedMs, table.accountedRest, first, rows)) return false;
  return readHistogramColumn(pack, table, first, rows, parts.has('histogram'));
}

/** Reads the selective part of `rows` rows, as far as it is among `parts`; false where it is none. */
function readSelectedColumns(
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
  if (all === 0) clearUnselected(table, first, rows, selected);
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

/** Reads `rows` wide numbers into the columns from `first` on; false where they are none. */
function readWideColumns(pack: PackReader, columns: WideColumns, first: number, rows: number): boolean {
  const limbs = pack.bytes.byte();
  if (limbs !== 1) return limbs === columns.length && readLimbs(pack, columns, first, rows);
  if (!pack.column(values, rows, -SAFE, SAFE)) return false;
  spread(columns, first, rows, values);
  return true;
}

function skipLimbs(pack: PackReader, limbsMax: number, rows: number): boolean {
  const limbs = pack.bytes.byte();
  if (limbs !== 1 && limbs !== limbsMax) return false;
  for (let k = 0; k < limbs; k++) if (!pack.skip(rows)) return false;
  return true;
}
