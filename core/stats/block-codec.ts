/**
 * Up to 4096 rows of stats as columns, for results that are read back at query time.
 *
 * ```
 *   u8     format version (2)
 *   u8     0
 *   u16    rows, 1 to 4096, low byte first
 *   pack   see #core/packing/pack-writer.ts: columns of one number per row, with bytes and varints between them
 *
 *          u8 1 where all rows have min, max, first and last; 0 where some don't, and a column of 0 and 1 follows
 *          min; max, firstValue, lastValue relative to min; firstMs; lastMs relative to firstMs; a row that has none
 *               repeats those of the row before it
 *          count; unchecked
 *          sum, squares, increase, integral, covered time, accounted time, each: u8 1 and a column of the numbers, where all are safe
 *               integers; else u8 k and the columns of their k limbs
 *          u8 1 and the histograms of all rows as in row-codec.ts, 0 buckets for none; or u8 0 where no row has one
 * ```
 *
 * Version 1 had no accounted time.
 */
import { strict as assert } from 'node:assert';
import { PackReader } from '../packing/pack-reader.ts';
import { PackWriter } from '../packing/pack-writer.ts';
import {
  BLOCK_ROWS_MAX,
  columnRoom,
  readAccountedColumns,
  readCoveredColumns,
  readSelectedColumns,
  readWideColumns,
  skipCoveredColumns,
  skipWideColumns,
  writeAccountedColumns,
  writeCoveredColumns,
  writeSelectedColumns,
  writeWideColumns,
} from './block-columns.ts';
import { Histogram } from './histogram.ts';
import { readHistogram, versionFault, writeHistogram } from './row-codec.ts';
import { STATS_PARTS, type StatsPart } from './statistics.ts';
import { StatsDataFault } from './stats-errors.ts';
import { StatsTable } from './stats-table.ts';

export const BLOCK_VERSION = 2;
/** The one before it, which is read still. */
const BLOCK_VERSION_UNACCOUNTED = 1;
const HEADER_BYTES = 4;

const reader = new PackReader();
const pack = new PackWriter();
const scratch = columnRoom();
const EVERY_PART: ReadonlySet<StatsPart> = new Set(STATS_PARTS);
const NO_BUCKETS = new Histogram();

/** The bytes of the stats in `slots`, 1 to BLOCK_ROWS_MAX of them, in their order. */
export function encodeBlock(table: StatsTable, slots: ArrayLike<number>): Uint8Array {
  const rows = slots.length;
  assert(rows >= 1 && rows <= BLOCK_ROWS_MAX, `a block holds 1 to ${BLOCK_ROWS_MAX} rows, not ${rows}`);
  pack.reset();
  writeSelectedColumns(pack, table, slots);
  for (const column of [table.count, table.unchecked]) {
    for (let i = 0; i < rows; i++) scratch[i] = column[slots[i]!]!;
    pack.column(scratch, rows);
  }
  for (const columns of [table.sum, table.squares, table.increase, table.integral]) {
    writeWideColumns(pack, columns, slots);
  }
  writeCoveredColumns(pack, table, slots);
  writeAccountedColumns(pack, table, slots);
  writeHistograms(pack, table, slots);
  const bytes = pack.finish(HEADER_BYTES);
  bytes[0] = BLOCK_VERSION;
  bytes[2] = rows & 0xff;
  bytes[3] = rows >>> 8;
  return bytes;
}

/**
 * Reads a block into new slots side by side and gives the first of them; the last is `table.size - 1`. Or gives the
 * fault, and the table is as it was. The memory it takes is bounded by BLOCK_ROWS_MAX and the length of `bytes`. Of `parts`
 * only these are read, what is accounted for, and the readings that are unchecked; the others are those of the identity.
 */
export function decodeBlock(
  bytes: Uint8Array,
  table: StatsTable,
  parts: ReadonlySet<StatsPart> = EVERY_PART,
): number | StatsDataFault {
  const head = readHead(bytes);
  if (head instanceof StatsDataFault) return head;
  const { version, rows } = head;
  const first = table.allocateMany(rows);
  if (readWhole(bytes, table, first, rows, version, parts)) return first;
  table.truncate(first);
  return damaged(bytes, rows);
}

/** Where the rows of one block after the other are read to, of which always the same parts are read. */
export class BlockTarget {
  readonly table: StatsTable;
  readonly parts: ReadonlySet<StatsPart>;

  constructor(rowsMax: number, parts: ReadonlySet<StatsPart>) {
    this.table = new StatsTable(rowsMax);
    this.table.allocateMany(rowsMax);
    this.parts = parts;
  }

  /**
   * Reads a block of so many rows into the first slots, over those of the block before: what is read is overwritten, and
   * what isn't was never written to. Gives the fault where there is one; the slots mean nothing then.
   */
  read(bytes: Uint8Array, rows: number): StatsDataFault | undefined {
    const { table, parts } = this;
    const head = readHead(bytes);
    if (head instanceof StatsDataFault) return head;
    if (head.rows !== rows || rows > table.size)
      return new StatsDataFault('invalid', 2, `stats block of ${head.rows} rows should have ${rows}`);
    table.coveredRest.clear(0, rows);
    table.accountedRest.clear(0, rows);
    table.histograms = [];
    if (head.version === BLOCK_VERSION_UNACCOUNTED) table.accountedMs.fill(0, 0, rows);
    return readWhole(bytes, table, 0, rows, head.version, parts) ? undefined : damaged(bytes, rows);
  }
}

function readWhole(
  bytes: Uint8Array,
  table: StatsTable,
  first: number,
  rows: number,
  version: number,
  parts: ReadonlySet<StatsPart>,
): boolean {
  return reader.open(bytes, HEADER_BYTES) && readColumns(table, first, rows, version, parts) && reader.finished();
}

function damaged(bytes: Uint8Array, rows: number): StatsDataFault {
  return new StatsDataFault(
    'invalid',
    HEADER_BYTES,
    `stats block of ${rows} rows and ${bytes.length} bytes is damaged: its columns are not those of stats`,
  );
}

function readHead(bytes: Uint8Array): StatsDataFault | { readonly version: number; readonly rows: number } {
  if (bytes.length < HEADER_BYTES) {
    return new StatsDataFault(
      'truncated',
      bytes.length,
      `stats block of ${bytes.length} bytes is shorter than its header`,
    );
  }
  const version = bytes[0]!;
  if (version !== BLOCK_VERSION && version !== BLOCK_VERSION_UNACCOUNTED)
    return versionFault('block', version, BLOCK_VERSION, 0);
  const rows = bytes[2]! + 256 * bytes[3]!;
  if (bytes[1] !== 0 || rows < 1 || rows > BLOCK_ROWS_MAX) {
    return new StatsDataFault('invalid', 2, `stats block of ${rows} rows is none: it holds 1 to ${BLOCK_ROWS_MAX}`);
  }
  return { version, rows };
}

function readColumns(
  table: StatsTable,
  first: number,
  rows: number,
  version: number,
  parts: ReadonlySet<StatsPart>,
): boolean {
  if (!readSelectedColumns(reader, table, first, rows, parts)) return false;
  for (const column of [table.count, table.unchecked]) {
    if (!reader.column(scratch, rows, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) return false;
    column.set(scratch.subarray(0, rows), first);
  }
  for (const part of ['sum', 'squares', 'increase', 'integral'] as const) {
    const columns = table[part];
    const isRead = parts.has(part)
      ? readWideColumns(reader, columns, first, rows)
      : skipWideColumns(reader, columns, rows);
    if (!isRead) return false;
  }
  const hasCovered = parts.has('coveredMs')
    ? readCoveredColumns(reader, table, first, rows)
    : skipCoveredColumns(reader, rows);
  if (!hasCovered) return false;
  const isAccounted = version !== BLOCK_VERSION_UNACCOUNTED;
  if (isAccounted && !readAccountedColumns(reader, table, first, rows)) return false;
  return readHistograms(table, first, rows, parts.has('histogram'));
}

function writeHistograms(pack: PackWriter, table: StatsTable, slots: ArrayLike<number>): void {
  let some = false;
  for (let i = 0; i < slots.length && !some; i++) some = (table.histograms[slots[i]!]?.length ?? 0) > 0;
  pack.bytes.byte(some ? 1 : 0);
  for (let i = 0; i < slots.length && some; i++) writeHistogram(pack.bytes, table.histograms[slots[i]!] ?? NO_BUCKETS);
}

function readHistograms(table: StatsTable, first: number, rows: number, isWanted: boolean): boolean {
  const some = reader.bytes.byte();
  if (some > 1) return false;
  if (some === 1 && !isWanted) return reader.stepOverRest();
  for (let i = 0; i < rows && some === 1; i++) if (!readHistogram(reader.bytes, table, first + i)) return false;
  return true;
}
