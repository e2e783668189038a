/**
 * Tails. A gauge whose readings lie further apart than slices are long is held from one slice to the next, and what these say is one
 * thing. So the slices behind a row that are *alike* needn't be rows: no reading, nothing unchecked, no buckets; the same covered time,
 * integral and revision. One of them may be *marked*, which has a revision of its own and accounted time: that of a cell stands
 * in its first slice (accounted.ts). Who writes rows writes also how many slices a tail has, which is marked, and their revisions;
 * what stands beside the stats of the rows is, where a row that has none repeats the one before:
 *
 * ```
 *   covered time of each slice
 *   integral of each: u8 1 and a column, less the covered time · last value of the row; u8 2 and a column, where one isn't safe
 *   accounted time of the marked slice
 * ```
 */
import { readNear, type WideColumns, writeSafe } from '../numbers/wide.ts';
import { COLUMN_ROOM } from '../packing/pack-reader.ts';
import type { PackReader } from '../packing/pack-reader.ts';
import type { PackWriter } from '../packing/pack-writer.ts';
import { columnRoom, isSafe } from './block-columns.ts';
import { hasSelected } from './row-codec.ts';
import type { StatsPart } from './statistics.ts';
import type { StatsTable } from './stats-table.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
const BY_LAST_VALUE = 1;
const PLAIN = 2;
const distances = columnRoom();

/** The tails of rows, as columns. Of a row without one only `slices` means something. */
export interface Tails {
  /** How many slices the tail has; 0 where the row has none. */
  readonly slices: Float64Array;
  /** Of each of them. */
  readonly coveredMs: Float64Array;
  readonly integral: Float64Array;
  readonly revision: Float64Array;
  /** Which of them is marked, from 1; 0 where none is. */
  readonly markedAt: Float64Array;
  readonly markedMs: Float64Array;
  readonly markedRevision: Float64Array;
}

/** Room for the tails of so many rows. */
export function tailsRoom(rowsMax: number): Tails {
  const column = (): Float64Array => new Float64Array(rowsMax + COLUMN_ROOM);
  return {
    slices: column(),
    coveredMs: column(),
    integral: column(),
    revision: column(),
    markedAt: column(),
    markedMs: column(),
    markedRevision: column(),
  };
}

/** The same columns from a row on. */
export function tailsFrom(tails: Tails, row: number): Tails {
  return {
    slices: tails.slices.subarray(row),
    coveredMs: tails.coveredMs.subarray(row),
    integral: tails.integral.subarray(row),
    revision: tails.revision.subarray(row),
    markedAt: tails.markedAt.subarray(row),
    markedMs: tails.markedMs.subarray(row),
    markedRevision: tails.markedRevision.subarray(row),
  };
}

/** Takes the slice behind a row and its tail as one more of that, where it is like the others. Else gives false, and changes nothing. */
export function lengthenTail(tails: Tails, row: number, table: StatsTable, slot: number, revision: number): boolean {
  if (!isHeldOnly(table, slot)) return false;
  const before = tails.slices[row]!;
  const coveredMs = table.coveredMs[slot]!;
  const integral = readNear(table.integral, slot);
  if (before === 0) {
    tails.coveredMs[row] = coveredMs;
    tails.integral[row] = integral;
    tails.revision[row] = revision;
    tails.markedAt[row] = 0;
  } else if (tails.coveredMs[row] !== coveredMs || tails.integral[row] !== integral) return false;
  const accountedMs = table.accountedMs[slot]!;
  if (accountedMs !== 0 || tails.revision[row] !== revision) {
    // Where the first is marked, the second says what the others are.
    if (before === 1 && tails.markedAt[row] === 1 && accountedMs === 0) tails.revision[row] = revision;
    else if (tails.markedAt[row] !== 0) return false;
    else {
      tails.markedAt[row] = before + 1;
      tails.markedMs[row] = accountedMs;
      tails.markedRevision[row] = revision;
    }
  }
  tails.slices[row] = before + 1;
  return true;
}

/** Whether a slice says nothing but what was held in it, and for how long a promise was kept, in safe integers. */
function isHeldOnly(table: StatsTable, slot: number): boolean {
  return (
    table.count[slot] === 0 &&
    table.unchecked[slot] === 0 &&
    !hasSelected(table, slot) &&
    isZeroWide(table.sum, slot) &&
    isZeroWide(table.squares, slot) &&
    isZeroWide(table.increase, slot) &&
    (table.histograms[slot]?.length ?? 0) === 0 &&
    isSafe(table.coveredMs[slot]!) &&
    isSafe(table.accountedMs[slot]!) &&
    isSafe(readNear(table.integral, slot))
  );
}

function isZeroWide(columns: WideColumns, slot: number): boolean {
  for (const column of columns) if (column[slot] !== 0) return false;
  return true;
}

/** So many rows, and the last value of each: of one without a reading what it held. */
interface LastValues {
  readonly rows: number;
  readonly last: Float64Array;
}

/** Writes the tails of rows, of which some has one. */
export function writeTails(pack: PackWriter, tails: Tails, { rows, last }: LastValues): void {
  const { slices, coveredMs, integral, markedAt, markedMs } = tails;
  let safe = true;
  for (let i = 0; i < rows; i++) {
    if (slices[i] === 0) {
      coveredMs[i] = coveredMs[i - 1] ?? 0;
      integral[i] = integral[i - 1] ?? 0;
      distances[i] = distances[i - 1] ?? 0;
    } else {
      const foretold = last[i]! * coveredMs[i]!;
      distances[i] = integral[i]! - foretold;
      safe &&= isSafe(foretold) && isSafe(distances[i]!);
    }
    if (slices[i] === 0 || markedAt[i] === 0) markedMs[i] = markedMs[i - 1] ?? 0;
  }
  pack.column(coveredMs, rows);
  pack.bytes.byte(safe ? BY_LAST_VALUE : PLAIN);
  pack.column(safe ? distances : integral, rows);
  pack.column(markedMs, rows);
}

/** Reads what {@link writeTails} wrote, the integral where it is asked for; false where it is none. */
export function readTails(
  pack: PackReader,
  { slices, coveredMs, integral, markedMs }: Tails,
  { rows, last }: LastValues,
  parts: ReadonlySet<StatsPart>,
): boolean {
  if (!pack.column(coveredMs, rows, -SAFE, SAFE)) return false;
  const form = pack.bytes.byte();
  if (form !== BY_LAST_VALUE && form !== PLAIN) return false;
  if (!parts.has('integral')) return pack.skip(rows) && pack.column(markedMs, rows, -SAFE, SAFE);
  if (!pack.column(integral, rows, -SAFE, SAFE) || !pack.column(markedMs, rows, -SAFE, SAFE)) return false;
  let areSafe = true;
  for (let i = 0; i < rows && form === BY_LAST_VALUE; i++) {
    if (slices[i] === 0) continue;
    integral[i]! += last[i]! * coveredMs[i]!;
    areSafe &&= isSafe(integral[i]!);
  }
  return areSafe;
}

/** Slots that rows and their tails take together. */
export function slotsOf({ slices }: Tails, rows: number): number {
  let slots = rows;
  for (let i = 0; i < rows; i++) slots += slices[i]!;
  return slots;
}

/**
 * Gives `rows` rows, which stand in the slots from `first` on, their tails: each row moves behind the tail of the one before, and what
 * stood there is overwritten. The table has the slots for it. Of `parts` only these are there to move, and to be written.
 */
export function spreadTails(
  table: StatsTable,
  first: number,
  rows: number,
  tails: Tails,
  parts: ReadonlySet<StatsPart>,
): void {
  const slots = slotsOf(tails, rows);
  if (slots === rows) return;
  const move = (column: Float64Array, identity = 0): void => spread(column, first, rows, slots, tails, identity);
  for (const column of [table.count, table.unchecked, table.accountedMs]) move(column);
  for (const part of ['sum', 'squares', 'increase', 'integral'] as const)
    if (parts.has(part)) for (const column of table[part]) move(column);
  if (parts.has('coveredMs')) move(table.coveredMs);
  if (parts.has('min')) move(table.min, Number.POSITIVE_INFINITY);
  if (parts.has('max')) move(table.max, Number.NEGATIVE_INFINITY);
  if (parts.has('first')) {
    move(table.firstMs, Number.POSITIVE_INFINITY);
    move(table.firstValue);
  }
  if (parts.has('last')) {
    move(table.lastMs, Number.NEGATIVE_INFINITY);
    move(table.lastValue);
  }
  for (let i = rows - 1, end = first + slots; i >= 0; i--) {
    const at = end - tails.slices[i]! - 1;
    moveRare(table, first + i, at);
    if (at + 1 < end) putTail(table, at + 1, end, tails, i, parts);
    end = at;
  }
}

/** Moves the rows of a column, from the last on, so that none is overwritten before it was read. */
function spread(
  column: Float64Array,
  first: number,
  rows: number,
  slots: number,
  { slices }: Tails,
  identity: number,
): void {
  for (let i = rows - 1, end = first + slots; i >= 0; i--) {
    const at = end - slices[i]! - 1;
    const value = column[first + i]!;
    if (at + 1 < end) column.fill(identity, at + 1, end);
    column[at] = value;
    end = at;
  }
}

/** What few rows have, over what stood there. */
function moveRare({ coveredRest, accountedRest, histograms }: StatsTable, from: number, to: number): void {
  if (from === to) return;
  for (const rests of [coveredRest, accountedRest]) {
    const rest = rests.at(from);
    rests.set(from, 0);
    rests.set(to, rest);
  }
  if (histograms.length <= from) return;
  histograms[to] = histograms[from];
  histograms[from] = undefined;
}

/** Puts what the tail of row i says into slots whose columns hold nothing; what few rows have may be that of a row which isn't spread. */
function putTail(
  table: StatsTable,
  start: number,
  end: number,
  tails: Tails,
  i: number,
  parts: ReadonlySet<StatsPart>,
): void {
  table.coveredRest.clear(start, end);
  table.accountedRest.clear(start, end);
  if (table.histograms.length > start) table.histograms.fill(undefined, start, end);
  if (parts.has('coveredMs')) table.coveredMs.fill(tails.coveredMs[i]!, start, end);
  if (parts.has('integral')) {
    writeSafe(table.integral, start, tails.integral[i]!);
    for (const limb of table.integral) if (limb[start] !== 0) limb.fill(limb[start]!, start + 1, end);
  }
  const marked = tails.markedAt[i]!;
  if (marked > 0) table.accountedMs[start + marked - 1] = tails.markedMs[i]!;
}
