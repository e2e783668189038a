import { compareRows, type GroupRows, type RowName } from '#backbone/results/results.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { copySelective, equalSlots } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';

/** A slice that two results don't agree on. */
export interface Difference {
  readonly partition: number;
  readonly group: string;
  readonly slice: number;
  readonly what: 'missing' | 'unexpected' | 'stats' | 'revision';
}

/** Names of differences that are kept for people; all are counted. */
export const DIFFERENCES_TOLD_MAX = 20;

export interface Comparison {
  slices: number;
  different: number;
  /** Whose min, max, first and last wait for a refold, so that only the rest was compared. */
  pending: number;
  readonly told: Difference[];
}

interface Row {
  readonly block: GroupRows;
  readonly at: number;
}

/** Compares two streams of rows, both in the order of results, row by row and bit by bit. */
export async function compareResults(
  expected: AsyncIterable<GroupRows>,
  found: AsyncIterable<GroupRows>,
): Promise<Comparison> {
  const comparison: Comparison = { slices: 0, different: 0, pending: 0, told: [] };
  const right = rowsOf(expected);
  const left = rowsOf(found);
  let expectedRow = await right.next();
  let foundRow = await left.next();
  while (expectedRow.done !== true || foundRow.done !== true) {
    const order = compareNames(expectedRow.value, foundRow.value);
    comparison.slices++;
    if (order < 0) note(comparison, expectedRow.value!, 'missing');
    else if (order > 0) note(comparison, foundRow.value!, 'unexpected');
    else compareRow(comparison, expectedRow.value!, foundRow.value!);
    if (order <= 0) expectedRow = await right.next();
    if (order >= 0) foundRow = await left.next();
  }
  return comparison;
}

async function* rowsOf(blocks: AsyncIterable<GroupRows>): AsyncGenerator<Row, undefined> {
  for await (const block of blocks) for (let at = 0; at < block.count; at++) yield { block, at };
  return undefined;
}

/** Below 0 where `a` comes first, above where `b` does; a row that is not there comes last. */
function compareNames(a: Row | undefined, b: Row | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  return compareRows(nameOf(a), nameOf(b));
}

function nameOf({ block: { partition, group, slice }, at }: Row): RowName {
  return { partition, group, slice: slice[at]! };
}

const scratch = new StatsTable(1);
const scratched = scratch.allocate();

function compareRow(comparison: Comparison, expected: Row, found: Row): void {
  const isPending = (found.block.flags[found.at]! & PENDING) !== 0;
  if (isPending) comparison.pending++;
  const slot = expected.block.firstSlot + expected.at;
  if (expected.block.revision[expected.at] !== found.block.revision[found.at]) note(comparison, expected, 'revision');
  else if (!isEqual(expected.block.table, slot, found.block.table, found.block.firstSlot + found.at, isPending)) {
    note(comparison, expected, 'stats');
  }
}

/** Whether two stats are the same; where the second is pending, whether they would be with the first's selection. */
function isEqual(a: StatsTable, i: number, b: StatsTable, j: number, isPending: boolean): boolean {
  if (!isPending) return equalSlots(a, i, b, j);
  copySelective(scratch, scratched, b, j);
  copySelective(b, j, a, i);
  const equal = equalSlots(a, i, b, j);
  copySelective(b, j, scratch, scratched);
  return equal;
}

function note(comparison: Comparison, { block, at }: Row, what: Difference['what']): void {
  comparison.different++;
  if (comparison.told.length >= DIFFERENCES_TOLD_MAX) return;
  comparison.told.push({ ...nameOf({ block, at }), what });
}
