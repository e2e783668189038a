import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeWide } from '#core/numbers/wide.ts';
import { PENDING, RESETS } from '#core/slices/merge-rows.ts';
import { addReading, equalSlots } from '#core/stats/merge.ts';
import { STATS_PARTS } from '#core/stats/statistics.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import { OpenBlock } from './open-block.ts';
import {
  decodeResultBlock,
  decodeRowsOfGroup,
  encodeResultBlock,
  RESULT_BLOCK_ROWS_MAX,
  RESULT_BLOCK_SLICES_MAX,
  ResultBlockTarget,
} from './result-format.ts';
import { BAND_SLICES, type GroupRows, groupRows, type ResultBlock } from './results.ts';

const SLICE_MS = 60_000;

/** What is stored of some slices that follow each other: one says what was read, the others what was held. */
interface Stretch {
  readonly gap: number;
  readonly slices: number;
  readonly value: number;
  readonly isRead: boolean;
  readonly revision: number;
  readonly coveredMs: number;
  /** Places of slices that say something else than their neighbours, and what. */
  readonly odd: readonly { readonly place: number; readonly what: (typeof ODD)[number] }[];
}

const ODD = [
  'accounted',
  'revision',
  'both',
  'pending',
  'resets',
  'buckets',
  'unchecked',
  'increase',
  'negative count',
  'covered',
  'far covered',
  'far integral',
  'far accounted',
  'held else',
  'read',
] as const;

const stretch: fc.Arbitrary<Stretch> = fc.record({
  gap: fc.constantFrom(0, 0, 0, 0, 1, 3, 100),
  slices: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 })),
  value: fc.oneof(
    fc.constantFrom(0, 1, -7, 21_500, 150_119_987_579, -150_119_987_579, 2 ** 53 - 1, 1 - 2 ** 53),
    fc.integer({ min: -1000, max: 1000 }),
  ),
  isRead: fc.boolean(),
  revision: fc.constantFrom(1, 1, 1, 2, 700),
  coveredMs: fc.constantFrom(SLICE_MS, SLICE_MS, SLICE_MS, 3 * SLICE_MS, 0, 17),
  odd: fc.array(fc.record({ place: fc.nat(60), what: fc.constantFrom(...ODD) }), { maxLength: 3 }),
});

/** Rows in the order of results, one for each slice: what a block says to whoever reads it. */
interface Rows {
  readonly groups: string[];
  readonly slices: number[];
  readonly revisions: number[];
  readonly flags: number[];
  readonly table: StatsTable;
}

function rowsOf(groups: readonly (readonly Stretch[])[]): Rows {
  const rows: Rows = { groups: [], slices: [], revisions: [], flags: [], table: new StatsTable() };
  groups.forEach((stretches, group) => {
    let slice = -40;
    for (const one of stretches) {
      slice += one.gap;
      for (let place = 0; place < one.slices; place++) addRow(rows, `g${group}`, slice++, one, place);
    }
  });
  return rows;
}

function addRow(rows: Rows, group: string, slice: number, { value, ...one }: Stretch, place: number): void {
  const { table } = rows;
  const slot = table.allocate();
  const odd = new Set(one.odd.filter((other) => other.place === place).map(({ what }) => what));
  const held = odd.has('held else') ? value - Math.sign(value) : value;
  const coveredMs = one.coveredMs - (odd.has('covered') ? 1 : 0);
  table.coveredMs[slot] = odd.has('far covered') ? 2 ** 60 : coveredMs;
  if (odd.has('far covered')) table.coveredRest.set(slot, 5);
  writeWide(table.integral, slot, BigInt(held) * BigInt(coveredMs) * (odd.has('far integral') ? 2n ** 30n : 1n));
  if (odd.has('accounted') || odd.has('both')) table.accountedMs[slot] = 3_600_000;
  if (odd.has('far accounted')) {
    table.accountedMs[slot] = 2 ** 60;
    table.accountedRest.set(slot, -3);
  }
  if (odd.has('unchecked')) table.unchecked[slot] = 1;
  if (odd.has('increase')) writeWide(table.increase, slot, -5n);
  if ((place === 0 && one.isRead) || odd.has('read') || odd.has('buckets'))
    addReading(table, slot, slice * SLICE_MS + 17, value, odd.has('buckets'));
  if (odd.has('negative count')) table.count[slot]! -= 1;
  rows.groups.push(group);
  rows.slices.push(slice);
  rows.revisions.push(one.revision + (odd.has('revision') || odd.has('both') ? 1 : 0));
  rows.flags.push((odd.has('pending') ? PENDING : 0) | (odd.has('resets') ? RESETS : 0));
}

/** A block in which each slice is a row: what was written before there were tails. */
function plainBlock({ groups, slices, revisions, flags, table }: Rows): Uint8Array {
  const ends = groups.flatMap((group, i) => (groups[i + 1] === group ? [] : [i + 1]));
  return encodeResultBlock({
    partition: 3,
    sliceMs: SLICE_MS,
    groups: ends.map((end) => groups[end - 1]!),
    ends,
    slices: Float64Array.from(slices),
    revisions: Float64Array.from(revisions),
    flags: Uint8Array.from(flags),
    table,
    slots: Int32Array.from(slices, (_, i) => i),
  });
}

const open = new OpenBlock();

function filled({ groups, slices, revisions, flags, table }: Rows): {
  readonly bytes: Uint8Array;
  readonly rows: number;
} {
  slices.forEach((slice, i) => open.add(groups[i]!, slice, revisions[i]!, flags[i]!, table, i));
  const { rows } = open;
  const { bytes, extent } = open.build(3, SLICE_MS, table)!;
  expect(extent.slices).toBe(slices.length);
  expect([extent.first.slice, extent.last.slice]).toEqual([slices[0], slices.at(-1)]);
  return { bytes, rows };
}

/** What a reader finds in rows: slice, revision, flags, and the asked parts of stats. */
function seen(rows: GroupRows, parts: readonly (typeof STATS_PARTS)[number][]): unknown[] {
  return Array.from({ length: rows.count }, (_, i) => {
    const stats = readStats(rows.table, rows.firstSlot + i);
    const { count, unchecked, accountedMs } = stats;
    const some = parts.map((part) => stats[part]);
    return [
      rows.group,
      rows.partition,
      rows.slice[i],
      rows.revision[i],
      rows.flags[i],
      count,
      unchecked,
      accountedMs,
      some,
    ];
  });
}

const seenOfAll = (block: ResultBlock, parts: readonly (typeof STATS_PARTS)[number][]): unknown[] =>
  [...groupRows(block)].flatMap((rows) => seen(rows, parts));

const fleets = fc
  .array(fc.array(stretch, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
  .filter((groups) => groups.flat().reduce((sum, { slices }) => sum + slices, 0) <= RESULT_BLOCK_ROWS_MAX);

describe('a block with tails', () => {
  it('gives the rows that a block without tails gives, bit by bit', () => {
    fc.assert(
      fc.property(fleets, (groups) => {
        const rows = rowsOf(groups);
        const expected = decodeResultBlock(plainBlock(rows), 'x', 'y');
        const block = decodeResultBlock(filled(rows).bytes, 'x', 'y');
        expect(seenOfAll(block, STATS_PARTS)).toEqual(seenOfAll(expected, STATS_PARTS));
        for (let i = 0; i < expected.count; i++)
          expect(equalSlots(block.table, block.firstSlot + i, expected.table, expected.firstSlot + i), `row ${i}`).toBe(
            true,
          );
      }),
      { numRuns: 300 },
    );
  });

  it('gives the parts that are asked for, into a target that held another block, and of each group alone', () => {
    const partLists = fc.subarray([...STATS_PARTS]);
    fc.assert(
      fc.property(fleets, fleets, partLists, (groups, others, parts) => {
        const rows = rowsOf(groups);
        const { bytes } = filled(rows);
        const whole = decodeResultBlock(plainBlock(rows), 'x', 'y');
        const expected = seenOfAll(whole, parts);
        const target = new ResultBlockTarget(new Set(parts));
        const other = filled(rowsOf(others)).bytes;
        decodeResultBlock(other, 'x', 'y', target);
        expect(seenOfAll(decodeResultBlock(bytes, 'x', 'y', target), parts)).toEqual(expected);
        for (const group of new Set(rows.groups)) {
          const found: unknown[] = [];
          for (const one of decodeRowsOfGroup(bytes, 'x', 'y', group, target)) found.push(...seen(one, parts));
          expect(found).toEqual(
            [...groupRows(whole)].filter((one) => one.group === group).flatMap((one) => seen(one, parts)),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('reads of many groups the windows of each, whatever stands before them', () => {
    const devices = Array.from({ length: 600 }, (_, device): readonly Stretch[] => [
      {
        gap: 0,
        slices: 1 + (device % 6),
        value: device * 7,
        isRead: device % 5 !== 0,
        revision: 1,
        coveredMs: SLICE_MS,
        odd: [],
      },
    ]);
    const rows = rowsOf(devices);
    const { bytes, rows: stored } = filled(rows);
    expect(stored).toBe(600);
    const target = new ResultBlockTarget(new Set(STATS_PARTS));
    const found = devices.flatMap((_, device) =>
      [...decodeRowsOfGroup(bytes, 'x', 'y', `g${device}`, target)].flatMap((one) => seen(one, STATS_PARTS)),
    );
    expect(found).toEqual(seenOfAll(decodeResultBlock(bytes, 'x', 'y'), STATS_PARTS));
    expect(found).toHaveLength(rows.slices.length);
  });

  it('is a row a reading of a gauge that is read each hour, and one where a band begins', () => {
    for (const [minute, marked] of [
      [0, 0],
      [17, 43],
    ] as const) {
      const table = new StatsTable();
      let rows = 0;
      for (let band = 0; band < 20; band++) {
        for (let slice = band * BAND_SLICES; slice < (band + 1) * BAND_SLICES; slice++) {
          const slot = table.allocate();
          const isRead = slice % 60 === minute;
          const hour = Math.floor((slice - minute) / 60);
          if (isRead) addReading(table, slot, slice * SLICE_MS, 100 + hour, false);
          table.coveredMs[slot] = SLICE_MS;
          writeWide(table.integral, slot, BigInt((100 + hour) * SLICE_MS));
          if (slice % 60 === 0) table.accountedMs[slot] = 3_600_000;
          // As live frames, of which each reading has one, make them.
          const isTwice = isRead || (marked > 0 && slice % 60 === 0);
          open.add('g', slice, isTwice ? 2 : 1, 0, table, slot);
        }
        rows += open.rows;
        const { bytes } = open.build(0, SLICE_MS, table)!;
        expect(decodeResultBlock(bytes, 'x', 'y').count).toBe(BAND_SLICES);
      }
      const readings = (20 * BAND_SLICES) / 60;
      expect(rows).toBeLessThanOrEqual(Math.ceil(readings) + 20);
    }
  });

  it('is full when its tails have as many slices as a block may have', () => {
    const table = new StatsTable(1);
    const slot = table.allocate();
    table.coveredMs[slot] = SLICE_MS;
    let slices = 0;
    while (!open.isFull()) open.add('g', slices++, 1, 0, table, slot);
    expect([slices, open.rows]).toEqual([RESULT_BLOCK_SLICES_MAX, 1]);
    const { bytes } = open.build(0, SLICE_MS, table)!;
    const block = decodeResultBlock(bytes, 'x', 'y');
    expect([block.count, block.ends[0], block.slice[block.count - 1]]).toEqual([slices, slices, slices - 1]);
    expect(bytes.length).toBeLessThan(200);
  });
});
