/** Reads the columns of a block as block-codec.ts writes them, as far as they are asked for. */
import { SUM_LIMBS } from '../numbers/wide.ts';
import type { WideColumns } from '../numbers/wide.ts';
import type { PackReader } from '../packing/pack-reader.ts';
import {
  ALL_ZERO,
  areOrdered,
  clearColumns,
  clearUnselected,
  columnRoom,
  DISTANCES,
  foretoldRoom,
  isSafe,
  MS_LIMBS,
  readHistogramColumn,
  readLimbs,
  readMsColumn,
  readMsLimbs,
  readWideColumns,
  skipWideColumns,
  spread,
} from './block-columns.ts';
import type { RowFacts } from './foretold.ts';
import type { StatsPart } from './statistics.ts';
import type { StatsTable } from './stats-table.ts';
import { readTails } from './tails.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
const values = columnRoom();
const guess = columnRoom();
const foretold = foretoldRoom();

/** A block that is read: its columns, what is known of its rows, and which parts of them go into the slots from `first` on. */
interface BlockReading {
  readonly pack: PackReader;
  readonly table: StatsTable;
  readonly first: number;
  readonly facts: RowFacts;
  readonly parts: ReadonlySet<StatsPart>;
}

/** Reads the rows of the facts into the slots; false where they are none. */
export function readColumns(reading: BlockReading): boolean {
  const { pack, table, first, facts, parts } = reading;
  const { rows, selected, count } = facts;
  const all = pack.bytes.byte();
  if (all > 1 || (all === 0 && !pack.column(selected, rows, 0, 1))) return false;
  if (!pack.column(count, rows, -SAFE, SAFE) || !pack.column(values, rows, -SAFE, SAFE)) return false;
  table.count.set(count.subarray(0, rows), first);
  table.unchecked.set(values.subarray(0, rows), first);
  const { tails } = facts.grid;
  const accounted = tails === undefined ? facts.coveredMs : undefined;
  const isRead =
    readSelected(reading) &&
    readTimes(reading) &&
    readCovered(reading) &&
    readMsColumn(pack, table.accountedMs, table.accountedRest, first, rows, accounted) &&
    readSums(reading) &&
    readWideParts(reading) &&
    (tails === undefined || readTails(pack, tails, facts, parts)) &&
    readHistogramColumn(pack, table, first, rows, parts.has('histogram'));
  return isRead && takeSelected(reading, all === 0);
}

function readSelected({ pack, facts, parts }: BlockReading): boolean {
  const { rows, min, max, first, last } = facts;
  const needsFirst = parts.has('first') || parts.has('increase');
  const needsLast = needsFirst || parts.has('last') || parts.has('integral');
  const needsMax = needsLast || parts.has('max') || needsSum(parts);
  const needsMin = needsMax || parts.has('min');
  if (!(needsMin ? pack.column(min, rows, -SAFE, SAFE) : pack.skip(rows))) return false;
  if (!(needsMax ? pack.relativeColumn(max, min, rows, -SAFE, SAFE) : pack.skipRelative(rows))) return false;
  if (needsLast) facts.foretellLast(guess);
  if (!(needsLast ? pack.relativeColumn(last, guess, rows, -SAFE, SAFE) : pack.skipRelative(rows))) return false;
  if (needsFirst) facts.foretellFirst(guess);
  return needsFirst ? pack.relativeColumn(first, guess, rows, -SAFE, SAFE) : pack.skipRelative(rows);
}

function needsSum(parts: ReadonlySet<StatsPart>): boolean {
  return parts.has('sum') || parts.has('squares') || parts.has('integral');
}

function readTimes({ pack, facts, parts }: BlockReading): boolean {
  const { rows, firstMs, lastMs, grid } = facts;
  const needsLast = parts.has('last') || parts.has('integral');
  const needsFirst = needsLast || parts.has('first');
  if (!(needsFirst ? pack.relativeColumn(firstMs, grid.startMs, rows, -SAFE, SAFE) : pack.skipRelative(rows)))
    return false;
  return needsLast ? pack.relativeColumn(lastMs, firstMs, rows, -SAFE, SAFE) : pack.skipRelative(rows);
}

/** Covered times are read in any case, since what is accounted for is foretold by them. */
function readCovered({ pack, table, first, facts, parts }: BlockReading): boolean {
  const { rows, coveredMs } = facts;
  const isWanted = parts.has('coveredMs');
  const code = pack.bytes.byte();
  if (code === DISTANCES) {
    if (!pack.column(coveredMs, rows, -SAFE, SAFE)) return false;
    if (isWanted) table.coveredMs.set(coveredMs.subarray(0, rows), first);
    return true;
  }
  coveredMs.fill(0, 0, rows);
  if (code !== MS_LIMBS) return false;
  return isWanted
    ? readMsLimbs(pack, table.coveredMs, table.coveredRest, first, rows)
    : skipWideColumns(pack, code, MS_LIMBS, rows);
}

function readSums({ pack, table, first, facts, parts }: BlockReading): boolean {
  const { rows, sum } = facts;
  const columns = parts.has('sum') ? table.sum : undefined;
  const code = pack.bytes.byte();
  if (code === DISTANCES && needsSum(parts)) return readSafeSums(pack, columns, first, facts);
  if (code === ALL_ZERO && columns !== undefined) clearColumns(columns, first, rows);
  sum.fill(code === ALL_ZERO ? 0 : Number.NaN, 0, rows);
  return columns === undefined || code <= DISTANCES
    ? skipWideColumns(pack, code, SUM_LIMBS, rows)
    : code === SUM_LIMBS && readLimbs(pack, columns, first, rows);
}

function readSafeSums(pack: PackReader, columns: WideColumns | undefined, first: number, facts: RowFacts): boolean {
  const { rows, sum } = facts;
  if (!pack.column(sum, rows, -SAFE, SAFE)) return false;
  facts.foretellSum(guess);
  let safe = true;
  for (let i = 0; i < rows; i++) {
    sum[i] = sum[i]! + guess[i]!;
    safe &&= isSafe(sum[i]!);
  }
  if (safe && columns !== undefined) spread(columns, first, rows, sum);
  return safe;
}

const FORETELL = {
  squares: (facts: RowFacts) => facts.foretellSquares(foretold),
  increase: (facts: RowFacts) => facts.foretellIncrease(foretold),
  integral: (facts: RowFacts) => facts.foretellIntegral(foretold),
};

function readWideParts({ pack, table, first, facts, parts }: BlockReading): boolean {
  const { rows } = facts;
  for (const part of ['squares', 'increase', 'integral'] as const) {
    const columns = table[part];
    const code = pack.bytes.byte();
    if (!parts.has(part)) {
      if (!skipWideColumns(pack, code, columns.length, rows)) return false;
    } else if (code === ALL_ZERO) clearColumns(columns, first, rows);
    else if (code === DISTANCES) {
      FORETELL[part](facts);
      if (!readWideColumns(pack, columns, first, rows, foretold)) return false;
    } else if (code !== columns.length || !readLimbs(pack, columns, first, rows)) return false;
  }
  return true;
}

/** Puts what is asked for of the selective part into the table; false where it is none. */
function takeSelected({ pack, table, first: slot, facts, parts }: BlockReading, isPartly: boolean): boolean {
  const { rows, selected, min, max, first, last, firstMs, lastMs } = facts;
  if (parts.has('min')) table.min.set(min.subarray(0, rows), slot);
  if (parts.has('max')) table.max.set(max.subarray(0, rows), slot);
  if (parts.has('first')) {
    table.firstValue.set(first.subarray(0, rows), slot);
    table.firstMs.set(firstMs.subarray(0, rows), slot);
  }
  if (parts.has('last')) {
    table.lastValue.set(last.subarray(0, rows), slot);
    table.lastMs.set(lastMs.subarray(0, rows), slot);
  }
  const isWhole = parts.has('first') && parts.has('last') && parts.has('min') && parts.has('max');
  // Of the first row of a window the first value may be another, since the row before it foretells it.
  const unsure = pack.window !== undefined && pack.window.firstBlock > 0 ? 1 : 0;
  if (isWhole && !areOrdered(table, slot + unsure, rows - unsure)) return false;
  if (isPartly) clearUnselected(table, slot, rows, selected);
  return true;
}
