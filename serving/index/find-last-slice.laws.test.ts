import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangeFeed } from '#backbone/changes/changes.ts';
import { spansOfRows } from '#backbone/changes/row-span.ts';
import type { ResultRef } from '#backbone/manifests/manifest.ts';
import type { GroupRows, ResultReader } from '#backbone/results/results.ts';
import { spanOf } from '#core/slices/slice-span.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { findFirstSlice, findLastSlice } from './find-last-slice.ts';
import { Group } from './group.ts';
import { Agents } from './progress.ts';

const SLICE_MS = 60_000;
const VIEW = { name: 'v', metric: 'power', by: ['region'], where: {}, sliceMs: SLICE_MS };
const RESULT: ResultRef = { name: 'r', from: [0], to: [10], readings: 1, madeAtMs: 0, kind: 'base' };

/** A feed with rows of the slices, before (epoch 9) or from (epoch 10) the cut on. */
function feedOf(slices: readonly number[], epoch: number): Pick<ChangeFeed, 'spans'> {
  const stats = encodeRow(EMPTY, 0);
  return {
    async *spans(view, version, group, fromSlice, toSlice) {
      await Promise.resolve();
      const rows = slices.map((slice) => {
        return { view, version, group, slice, partition: 0, epoch, part: 2, revision: 1, flags: 0, stats };
      });
      for (const span of spansOfRows(rows))
        if (spanOf(span.opener) >= spanOf(fromSlice) && spanOf(span.opener) <= spanOf(toSlice - 1)) yield span;
    },
  };
}

const EMPTY = new StatsTable(1);
EMPTY.allocateMany(1);

/** A result whose one block holds the slices, and which gives it whole to whoever asks for some of it. */
function resultOf(slices: readonly number[]): Pick<ResultReader, 'blocks'> {
  return {
    async *blocks(_, group, fromSlice, toSlice): AsyncIterable<GroupRows> {
      await Promise.resolve();
      const count = slices.length;
      if (count === 0 || slices[0]! >= toSlice || slices.at(-1)! < fromSlice) return;
      const [slice, table] = [Float64Array.from([...slices, 0, 0]), new StatsTable(count)];
      const columns = { revision: new Float64Array(count), flags: new Uint8Array(count), firstSlot: 0 };
      yield { partition: 0, group, count, slice, table, ...columns };
    },
  };
}

/** A group whose earliest reading lies in a slice, and whose watermark has passed another; both may be unknown. */
function groupOf(firstSlice: number | undefined, watermarkSlice: number | null): Group {
  const agents = new Agents();
  const watermarkMs = watermarkSlice === null ? null : watermarkSlice * SLICE_MS;
  const counts = { arrived: 1, quarantined: 0, missing: [], forks: 0, parked: 0 };
  const head = { incarnation: 1, highestSequence: 1 };
  agents.put({ partition: 0, agent: 'a', watermarkMs, holes: false, ...counts, head });
  const group = new Group('["r"]', agents, 60_000);
  if (firstSlice === undefined) return group;
  const series = { agent: 'a', series: 's', intervalMs: SLICE_MS, firstMs: firstSlice * SLICE_MS + 1 };
  group.progress.put({ view: 'v', version: 1, group: group.key, partition: 0, ...series });
  return group;
}

function find(group: Group, stored: readonly number[], changed: readonly number[], epoch = 10, isAsOf = false) {
  const batch = { results: [RESULT], cut: [10], publishedAtMs: 0 };
  const id = { view: VIEW, version: 1, batch, isAsOf, isFolding: false, isAccounted: true };
  return findLastSlice(id, group, feedOf(changed, epoch), resultOf(stored));
}

function findFirst(group: Group, stored: readonly number[], changed: readonly number[], epoch = 10, isAsOf = false) {
  const batch = { results: [RESULT], cut: [10], publishedAtMs: 0 };
  const id = { view: VIEW, version: 1, batch, isAsOf, isFolding: false, isAccounted: true };
  return findFirstSlice(id, group, feedOf(changed, epoch), resultOf(stored));
}

const slices = fc.uniqueArray(fc.oneof(fc.integer({ min: 0, max: 6 }), fc.nat(5_000)), { maxLength: 5 });

describe('the last slice of a group that holds anything', () => {
  it('is the last of what batch results and changes hold, wherever the watermark is', async () => {
    await fc.assert(
      fc.asyncProperty(
        slices,
        slices,
        fc.oneof(fc.constant(null), fc.integer({ min: -10, max: 6_000 })),
        fc.integer({ min: -3, max: 3 }),
        async (stored, changed, watermark, shift) => {
          const sorted = (list: readonly number[]) => list.map((slice) => slice + shift).toSorted((a, b) => a - b);
          const all = sorted([...stored, ...changed]);
          const group = groupOf(all[0], watermark === null ? null : watermark + shift);
          expect(await find(group, sorted(stored), sorted(changed))).toBe(all.at(-1));
        },
      ),
    );
  });

  it('is none where the group has no reading, or what it had is gone', async () => {
    expect(await find(groupOf(undefined, 5), [3], [4])).toBeUndefined();
    expect(await find(groupOf(2, 5), [], [])).toBeUndefined();
  });

  it('leaves out rows that the batch results cover, and as of a cut all rows of changes', async () => {
    expect(await find(groupOf(2, 5), [3], [7], 9)).toBe(3);
    expect(await find(groupOf(2, 5), [3], [7], 10)).toBe(7);
    expect(await find(groupOf(2, 5), [3], [7], 10, true)).toBe(3);
  });
});

describe('the first slice of a group that holds anything', () => {
  it('is found in whichever partition it lies', async () => {
    const [one, other] = [resultOf([5, 6]), resultOf([2, 8])];
    const both: Pick<ResultReader, 'blocks'> = {
      async *blocks(...asked) {
        yield* one.blocks(...asked);
        yield* other.blocks(...asked);
      },
    };
    const batch = { results: [RESULT], cut: [10, 10], publishedAtMs: 0 };
    const id = { view: VIEW, version: 1, batch, isAsOf: false, isFolding: false, isAccounted: true };
    expect(await findFirstSlice(id, groupOf(2, 20), feedOf([], 10), both)).toBe(2);
  });

  it('is the first of what batch results and changes hold, also before its first reading', async () => {
    const group = groupOf(9, 20);
    expect(await findFirst(group, [3, 9], [9, 12])).toBe(3);
    expect(await findFirst(group, [9, 10], [-4, 12])).toBe(-4);
    expect(await findFirst(group, [], [])).toBeUndefined();
  });

  it('leaves out rows that the batch results cover, and as of a cut all rows of changes', async () => {
    const group = groupOf(3, 20);
    expect(await findFirst(group, [3], [2], 9)).toBe(3);
    expect(await findFirst(group, [3], [2], 10)).toBe(2);
    expect(await findFirst(group, [3], [2], 10, true)).toBe(3);
  });
});
