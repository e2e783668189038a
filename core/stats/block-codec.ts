/**
 * Up to 4096 rows of stats as columns, for results that are read back at query time.
 *
 * ```
 *   u8     format version: 3, or 4 where a row has a tail
 *   u8     0
 *   u16    rows, 1 to 4096, low byte first
 *   pack   see #core/packing/pack-writer.ts: columns of one number per row, with bytes and varints between them. "By"
 *          are distances from what is foretold (foretold.ts).
 *
 *          u8 1 where all rows have min, max, first and last; 0 where some don't, and a column of 0 and 1 follows
 *          count; unchecked
 *          min; max by min; last value by both; first value by these and the row before
 *          first time by the start of the slice; last time by the first
 *          covered time; accounted time, in version 3 by the covered: each u8 1 and a column, where all are safe integers; else u8 3 and
 *               the columns of their limbs
 *          sum, squares, increase, integral, each: u8 0 where all are 0; u8 1 and a column, by what was told before, where the
 *               distances are safe integers; else u8 k and the columns of their k limbs
 *          of version 4 the tails (tails.ts)
 *          u8 1 and the histograms of all rows as in row-codec.ts, 0 buckets for none; or u8 0 where no row has one
 * ```
 *
 * Where a row has no reading, min, max, first and last say what it held. Sums that are written by their limbs foretell nothing,
 * nor do covered times. Versions 1 and 2: block-two.ts.
 */
import { strict as assert } from 'node:assert';
import { SQUARE_LIMBS, SUM_LIMBS } from '../numbers/wide.ts';
import { BLOCK_VALUES } from '../packing/block.ts';
import { PackReader } from '../packing/pack-reader.ts';
import { PackWriter } from '../packing/pack-writer.ts';
import {
  BLOCK_ROWS_MAX,
  columnRoom,
  foretoldRoom,
  gatherMs,
  gatherNearest,
  isSafe,
  writeDistances,
  writeHistogramColumn,
  writeIfZero,
  writeLimbs,
  writeMsColumn,
  writeWideColumns,
} from './block-columns.ts';
import { readColumns } from './block-read.ts';
import { BLOCK_VERSION_UNACCOUNTED, readColumnsTwo } from './block-two.ts';
import { type BlockGrid, RowFacts } from './foretold.ts';
import { isSelected, versionFault } from './row-codec.ts';
import { STATS_PARTS, type StatsPart } from './statistics.ts';
import { StatsDataFault } from './stats-errors.ts';
import { INTEGRAL_LIMBS, type LimbsUsed, StatsTable } from './stats-table.ts';
import { slotsOf, spreadTails, type Tails, tailsFrom, writeTails } from './tails.ts';

const BLOCK_VERSION_PLAIN = 3;
const BLOCK_VERSION_TAILS = 4;
const HEADER_BYTES = 4;

const reader = new PackReader();
const pack = new PackWriter();
const facts = new RowFacts();
const nearest = columnRoom();
const integral = columnRoom();
const guess = columnRoom();
const nothing = columnRoom();
const foretold = foretoldRoom();
const NO_GRID: BlockGrid = { startMs: columnRoom(), sliceMs: 0 };
const ALL_LIMBS: LimbsUsed = { sum: SUM_LIMBS, squares: SQUARE_LIMBS, increase: SUM_LIMBS, integral: INTEGRAL_LIMBS };
const EVERY_PART: ReadonlySet<StatsPart> = new Set(STATS_PARTS);

/**
 * The bytes of the stats in `slots`, 1 to BLOCK_ROWS_MAX of them, in their order. The grid makes them fewer. Who writes many
 * blocks of a table says which limbs it uses, so that the others aren't looked at.
 */
export function encodeBlock(
  table: StatsTable,
  slots: ArrayLike<number>,
  grid = NO_GRID,
  limbs: LimbsUsed = ALL_LIMBS,
): Uint8Array {
  const rows = slots.length;
  assert(rows >= 1 && rows <= BLOCK_ROWS_MAX, `a block holds 1 to ${BLOCK_ROWS_MAX} rows, not ${rows}`);
  pack.reset();
  facts.rows = rows;
  facts.grid = grid;
  gatherMs(facts.coveredMs, table.coveredMs, slots);
  gatherNearest(integral, table.integral, slots, limbs.integral);
  gather(facts.count, table.count, slots);
  writeSelectedColumns(table, slots);
  writeMsColumn(pack, table.coveredMs, table.coveredRest, slots, nothing);
  const accounted = grid.tails === undefined ? facts.coveredMs : nothing;
  writeMsColumn(pack, table.accountedMs, table.accountedRest, slots, accounted);
  writeSums(table, slots, limbs);
  if (grid.tails !== undefined) writeTails(pack, grid.tails, facts);
  writeHistogramColumn(pack, table, slots);
  const bytes = pack.finish(HEADER_BYTES);
  bytes[0] = grid.tails === undefined ? BLOCK_VERSION_PLAIN : BLOCK_VERSION_TAILS;
  bytes[2] = rows & 0xff;
  bytes[3] = rows >>> 8;
  return bytes;
}

/**
 * Reads a block into new slots side by side and gives the first of them; the last is `table.size - 1`. Or gives the
 * fault, and the table is as it was. The memory it takes is bounded by BLOCK_ROWS_MAX and the length of `bytes`. The grid is
 * the one that it was written with. Of `parts` only these are read, what is accounted for, and the readings that are
 * unchecked; the others are those of the identity.
 */
export function decodeBlock(
  bytes: Uint8Array,
  table: StatsTable,
  parts: ReadonlySet<StatsPart> = EVERY_PART,
  grid = NO_GRID,
): number | StatsDataFault {
  const head = readHead(bytes);
  if (head instanceof StatsDataFault) return head;
  const { rows } = head;
  const first = table.allocateMany(rows);
  if (readWhole(bytes, table, first, head, parts, grid)) return first;
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
  read(bytes: Uint8Array, rows: number, grid = NO_GRID): StatsDataFault | undefined {
    return this.readWindow(bytes, rows, { from: 0, to: rows }, grid);
  }

  /**
   * The same of rows [from, to) of the block alone: a window of whole packed blocks, up to the block's end or that of one of them. The
   * first value, the increase and the integral of its first row are wrong where that row's slice follows the one of the row before it.
   * A block of version 2 or before has no windows ({@link hasWindows}).
   */
  readWindow(bytes: Uint8Array, rows: number, { from, to }: RowWindow, grid: BlockGrid): StatsDataFault | undefined {
    const { table, parts } = this;
    const head = readHead(bytes);
    if (head instanceof StatsDataFault) return head;
    if (head.rows !== rows || rows > table.size)
      return new StatsDataFault('invalid', 2, `stats block of ${head.rows} rows should have ${rows}`);
    const count = to - from;
    table.coveredRest.clear(0, table.size);
    table.accountedRest.clear(0, table.size);
    table.histograms = [];
    if (head.version === BLOCK_VERSION_UNACCOUNTED) table.accountedMs.fill(0, 0, count);
    if (count === rows) return readWhole(bytes, table, 0, head, parts, grid) ? undefined : damaged(bytes, rows);
    assert(hasWindows(bytes) && isWindow(from, to, rows), 'a window is one of whole packed blocks');
    if (!isOfGrid(head, grid) || !reader.open(bytes, HEADER_BYTES)) return damaged(bytes, rows);
    facts.rows = count;
    const { startMs, sliceMs, tails } = grid;
    facts.grid = {
      startMs: startMs.subarray(from, to),
      sliceMs,
      tails: tails === undefined ? undefined : tailsFrom(tails, from),
    };
    reader.window = { values: rows, firstBlock: from / BLOCK_VALUES };
    const isRead = readColumns({ pack: reader, table, first: 0, facts, parts });
    return isRead && reader.finished() ? undefined : damaged(bytes, rows);
  }

  /** Gives `rows` of the rows that were read, those in the slots from `first` on, their tails; what stood behind them means nothing then. */
  spread(first: number, rows: number, tails: Tails): void {
    const { table, parts } = this;
    const missing = first + slotsOf(tails, rows) - table.size;
    if (missing > 0) table.allocateMany(missing);
    spreadTails(table, first, rows, tails, parts);
  }
}

/** Rows of a block, from one on and up to another, which isn't one of them. */
export interface RowWindow {
  readonly from: number;
  readonly to: number;
}

function isWindow(from: number, to: number, rows: number): boolean {
  return from % BLOCK_VALUES === 0 && from < to && (to === rows || (to < rows && to % BLOCK_VALUES === 0));
}

/** Whether windows of a block may be read by themselves. */
export function hasWindows(bytes: Uint8Array): boolean {
  return bytes[0]! >= BLOCK_VERSION_PLAIN;
}

/** Whether the grid says of tails what the block does. */
function isOfGrid({ version }: BlockHead, { tails }: BlockGrid): boolean {
  return (version === BLOCK_VERSION_TAILS) === (tails !== undefined);
}

interface BlockHead {
  readonly version: number;
  readonly rows: number;
}

function readWhole(
  bytes: Uint8Array,
  table: StatsTable,
  first: number,
  { version, rows }: BlockHead,
  parts: ReadonlySet<StatsPart>,
  grid: BlockGrid,
): boolean {
  if (!isOfGrid({ version, rows }, grid) || !reader.open(bytes, HEADER_BYTES)) return false;
  facts.rows = rows;
  facts.grid = grid;
  const isRead =
    version >= BLOCK_VERSION_PLAIN
      ? readColumns({ pack: reader, table, first, facts, parts })
      : readColumnsTwo(reader, table, first, rows, version, parts);
  return isRead && reader.finished();
}

function damaged(bytes: Uint8Array, rows: number): StatsDataFault {
  return new StatsDataFault(
    'invalid',
    HEADER_BYTES,
    `stats block of ${rows} rows and ${bytes.length} bytes is damaged: its columns are not those of stats`,
  );
}

function readHead(bytes: Uint8Array): StatsDataFault | BlockHead {
  if (bytes.length < HEADER_BYTES) {
    return new StatsDataFault(
      'truncated',
      bytes.length,
      `stats block of ${bytes.length} bytes is shorter than its header`,
    );
  }
  const version = bytes[0]!;
  if (version < BLOCK_VERSION_UNACCOUNTED || version > BLOCK_VERSION_TAILS)
    return versionFault('block', version, BLOCK_VERSION_TAILS, 0);
  const rows = bytes[2]! + 256 * bytes[3]!;
  if (bytes[1] !== 0 || rows < 1 || rows > BLOCK_ROWS_MAX) {
    return new StatsDataFault('invalid', 2, `stats block of ${rows} rows is none: it holds 1 to ${BLOCK_ROWS_MAX}`);
  }
  return { version, rows };
}

function writeSelectedColumns(table: StatsTable, slots: ArrayLike<number>): void {
  const { rows, selected, count, min, max, first, last, firstMs, lastMs, grid } = facts;
  gather(min, table.min, slots);
  gather(max, table.max, slots);
  gather(last, table.lastValue, slots);
  gather(first, table.firstValue, slots);
  gather(firstMs, table.firstMs, slots);
  gather(lastMs, table.lastMs, slots);
  let all = true;
  for (let i = 0; i < rows; i++) {
    const has = isSelected(min[i]!, firstMs[i]!, lastMs[i]!);
    selected[i] = has ? 1 : 0;
    all &&= has;
  }
  pack.bytes.byte(all ? 1 : 0);
  if (!all) pack.column(selected, rows);
  pack.column(count, rows);
  gather(nearest, table.unchecked, slots);
  pack.column(nearest, rows);
  if (!all) fillUnselected();
  pack.column(min, rows);
  pack.relativeColumn(max, min, rows);
  facts.foretellLast(guess);
  pack.relativeColumn(last, guess, rows);
  facts.foretellFirst(guess);
  pack.relativeColumn(first, guess, rows);
  pack.relativeColumn(firstMs, grid.startMs, rows);
  pack.relativeColumn(lastMs, firstMs, rows);
}

function gather(into: Float64Array, column: Float64Array, slots: ArrayLike<number>): void {
  for (let i = 0; i < slots.length; i++) into[i] = column[slots[i]!]!;
}

/** Gives rows without a reading what they held as values, else those of the row before, so that they foretell as much as they can. */
function fillUnselected(): void {
  const { rows, selected, min, max, first, last, firstMs, lastMs, coveredMs, grid } = facts;
  for (let i = 0; i < rows; i++) {
    if (selected[i] === 1) continue;
    const held = integral[i]! / coveredMs[i]!;
    const value = Number.isSafeInteger(held) ? held : i > 0 ? last[i - 1]! : 0;
    for (const column of [min, max, first, last]) column[i] = value;
    firstMs[i] = grid.startMs[i]!;
    lastMs[i] = grid.startMs[i]!;
  }
}

function writeSums(table: StatsTable, slots: ArrayLike<number>, limbs: LimbsUsed): void {
  const { rows, sum } = facts;
  if (!gatherNearest(sum, table.sum, slots, limbs.sum) || !writeSafeSums()) {
    writeLimbs(pack, table.sum, slots);
    sum.fill(Number.NaN, 0, rows);
  }
  gatherNearest(nearest, table.squares, slots, limbs.squares);
  if (!writeIfZero(pack, nearest, rows)) {
    facts.foretellSquares(foretold);
    writeWideColumns(pack, table.squares, slots, nearest, foretold);
  }
  gatherNearest(nearest, table.increase, slots, limbs.increase);
  if (!writeIfZero(pack, nearest, rows)) {
    facts.foretellIncrease(foretold);
    writeWideColumns(pack, table.increase, slots, nearest, foretold);
  }
  if (!writeIfZero(pack, integral, rows)) {
    facts.foretellIntegral(foretold);
    writeWideColumns(pack, table.integral, slots, integral, foretold);
  }
}

/** Writes the sums, which are safe integers; false, and nothing is written, where their distances are none. */
function writeSafeSums(): boolean {
  const { rows, sum } = facts;
  if (writeIfZero(pack, sum, rows)) return true;
  facts.foretellSum(guess);
  for (let i = 0; i < rows; i++) {
    nearest[i] = sum[i]! - guess[i]!;
    if (!isSafe(nearest[i]!)) return false;
  }
  writeDistances(pack, nearest, rows);
  return true;
}
