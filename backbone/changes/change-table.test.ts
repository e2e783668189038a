import { describe, expect, it } from 'vitest';
import { MemoryTable } from '../table/memory-table.fixtures.ts';
import type { KeyRange } from '../table/table.ts';
import { ChangeTable } from './change-table.ts';
import type { AgentRow, ChangeBatch, MemberRow, RefusedRow, SliceRow } from './changes.ts';
import { REFUSED_ROWS_MAX } from './pending-changes.ts';
import { rowsOfSpan, spansOfRows } from './row-span.ts';

function rowOf(changed: Partial<SliceRow> = {}): SliceRow {
  const place = { view: 'v', version: 1, group: '["a"]', slice: 0, partition: 0, epoch: 0, part: 2 };
  return { ...place, revision: 1, flags: 0, stats: Buffer.of(7), ...changed };
}

function memberOf(changed: Partial<MemberRow> = {}): MemberRow {
  const series = { agent: 'x', series: 's', intervalMs: 60_000, firstMs: 0 };
  return { view: 'v', version: 1, group: '["a"]', partition: 0, ...series, ...changed };
}

function agentOf(agent: string, partition = 0): AgentRow {
  const counts = { arrived: 1, quarantined: 0, missing: [], forks: 0, parked: 0 };
  return { partition, agent, watermarkMs: null, holes: false, ...counts, head: { incarnation: 1, highestSequence: 1 } };
}

function refusedOf(position: number): RefusedRow {
  const frame = { code: 'skew', detail: 'ahead', incarnation: 1, sequence: 2, source: '', items: [] };
  return { partition: 0, position, agent: 'x', atMs: 5, kind: 'frame', ...frame };
}

/** A batch with its rows as a test names them. */
type NamedBatch = Partial<ChangeBatch> & { readonly rows?: readonly SliceRow[] };

function batchOf({ rows = [], ...changed }: NamedBatch): ChangeBatch {
  return { partition: 0, from: 0, to: 1, spans: spansOfRows(rows), members: [], agents: [], refused: [], ...changed };
}

async function opened() {
  const table = new MemoryTable();
  const changes = await ChangeTable.open(table);
  const commit = (changed: NamedBatch): Promise<void> => changes.commit(batchOf(changed), []);
  const parts = async (...where: Parameters<ChangeTable['spans']>): Promise<number[]> => {
    const [, , , fromSlice, toSlice] = where;
    const rows = (await Array.fromAsync(changes.spans(...where))).flatMap(rowsOfSpan);
    return rows.filter(({ slice }) => slice >= fromSlice && slice < toSlice).map(({ part }) => part);
  };
  return { table, changes, commit, parts };
}

describe('the table of changes', () => {
  it('gives the rows of a group whose slices lie in a half-open range, and no others', async () => {
    const { commit, parts } = await opened();
    await commit({
      rows: [
        rowOf({ slice: -1, part: 1 }),
        rowOf({ slice: 0, part: 2 }),
        rowOf({ slice: 0, part: 3, partition: 1 }),
        rowOf({ slice: 1, part: 4, epoch: 9 }),
        rowOf({ slice: 2, part: 5 }),
        rowOf({ slice: 0, part: 6, group: '["b"]' }),
        rowOf({ slice: 0, part: 7, version: 2 }),
        rowOf({ slice: 0, part: 8, view: 'w' }),
      ],
    });
    expect(await parts('v', 1, '["a"]', 0, 2)).toEqual([2, 3, 4]);
    expect(await parts('v', 1, '["a"]', -1, 3)).toEqual([1, 2, 3, 4, 5]);
    expect(await parts('v', 1, '["a"]', 2, 2)).toEqual([]);
    expect(await parts('v', 2, '["a"]', -1, 3)).toEqual([7]);
  });

  it('holds the newest state of a row, and gives every row of a version with its group', async () => {
    const { changes, commit } = await opened();
    await commit({ rows: [rowOf(), rowOf({ group: '["b"]', slice: 4 })] });
    await commit({ rows: [rowOf({ revision: 2, flags: 3, stats: Buffer.of(1, 2) })], from: 1, to: 2 });
    const rows = await Array.fromAsync(changes.allRows('v', 1));
    expect(rows.map(({ group, slice, revision, flags }) => [group, slice, revision, flags])).toEqual([
      ['["a"]', 0, 2, 3],
      ['["b"]', 4, 1, 0],
    ]);
    expect(Uint8Array.from(rows[0]!.stats)).toEqual(Uint8Array.of(1, 2));
  });

  it('tells each listener of each batch once it is committed, until it no longer wants to hear', async () => {
    const { changes } = await opened();
    const told: string[] = [];
    const end = changes.onCommit(({ to }) => told.push(`first ${to} at ${changes.positions().get(0)}`));
    changes.onCommit(({ to }) => told.push(`second ${to}`));
    const committed = changes.commit(batchOf({ to: 3 }), []);
    expect(told).toEqual([]);
    await committed;
    end();
    await changes.commit(batchOf({ from: 3, to: 5 }), []);
    expect(told).toEqual(['first 3 at 3', 'second 3', 'second 5']);
  });

  it('keeps rows, members, agents, refusals, positions and what the writer adds through a crash', async () => {
    const { table, changes } = await opened();
    const batch = batchOf({
      partition: 3,
      to: 8,
      rows: [rowOf()],
      members: [memberOf()],
      agents: [agentOf('b'), agentOf('a')],
      refused: [refusedOf(7), refusedOf(2)],
    });
    await changes.commit(batch, [{ kind: 'put', key: Buffer.from('own'), value: Buffer.of(9) }]);
    const restarted = table.crash();
    const again = await ChangeTable.open(restarted);
    expect(again.positions()).toEqual(new Map([[3, 8]]));
    expect(await Array.fromAsync(again.allRows('v', 1))).toHaveLength(1);
    expect(await Array.fromAsync(again.members('v', 1))).toEqual([memberOf()]);
    expect(await Array.fromAsync(again.members('v', 2))).toEqual([]);
    expect((await Array.fromAsync(again.agents())).map(({ agent }) => agent)).toEqual(['a', 'b']);
    expect(await Array.fromAsync(again.refused())).toEqual([refusedOf(2), refusedOf(7)]);
    expect(await restarted.get(Buffer.from('own'))).toEqual(Buffer.of(9));
  });

  it('keeps the newest of what was refused, also where it was refused before a restart', async () => {
    const { table, commit } = await opened();
    await commit({ refused: Array.from({ length: REFUSED_ROWS_MAX }, (_, i) => refusedOf(i + 1)) });
    const again = await ChangeTable.open(table.crash());
    await again.commit(batchOf({ refused: [refusedOf(REFUSED_ROWS_MAX + 1), refusedOf(REFUSED_ROWS_MAX + 2)] }), []);
    const kept = (await Array.fromAsync(again.refused())).map(({ position }) => position);
    expect([kept[0], kept.at(-1), kept.length]).toEqual([3, REFUSED_ROWS_MAX + 2, REFUSED_ROWS_MAX]);
  });

  it('forgets what was refused before a time, also where that was before a restart', async () => {
    const { table, commit } = await opened();
    await commit({ refused: [1, 2, 3].map((position) => ({ ...refusedOf(position), atMs: 1_000 * position })) });
    const again = await ChangeTable.open(table.crash());
    const before = again.refusedBytes;
    await again.forgetRefused(3_000);
    expect((await Array.fromAsync(again.refused())).map(({ position }) => position)).toEqual([3]);
    expect(again.refusedBytes).toBeCloseTo(before / 3, -1);
  });

  it('writes rows of a version that is built, tells of them, and leaves the position where it is', async () => {
    const { table, changes, commit } = await opened();
    await commit({ to: 6 });
    const told: ChangeBatch[] = [];
    changes.onCommit((batch) => told.push(batch));
    await changes.writeBuilt(0, spansOfRows([rowOf({ version: 2 })]), [memberOf({ version: 2 })]);
    await changes.writeBuilt(1, [], []);
    expect(told.map(({ partition, from, to }) => [partition, from, to])).toEqual([
      [0, 6, 6],
      [1, 0, 0],
    ]);
    const again = await ChangeTable.open(table.crash());
    expect(again.positions()).toEqual(new Map([[0, 6]]));
    expect(await Array.fromAsync(again.allRows('v', 2))).toHaveLength(1);
    expect(await Array.fromAsync(again.members('v', 2))).toHaveLength(1);
  });

  it('drops the rows of a version that lie before an epoch of their partition', async () => {
    const { changes, commit, parts } = await opened();
    await commit({
      rows: [
        rowOf({ part: 1, epoch: 4 }),
        rowOf({ part: 2, epoch: 5 }),
        rowOf({ part: 3, epoch: 4, partition: 1 }),
        rowOf({ part: 4, epoch: 4, version: 2 }),
      ],
    });
    await changes.dropEpochs('v', 1, (partition) => (partition === 0 ? 5 : 4));
    expect(await parts('v', 1, '["a"]', 0, 1)).toEqual([2, 3]);
    expect(await parts('v', 2, '["a"]', 0, 1)).toEqual([4]);
  });

  it('tells which spans of a partition have flags, until they are dropped', async () => {
    const { changes, commit, table } = await opened();
    await commit({
      rows: [
        rowOf({ part: 1, flags: 1 }),
        rowOf({ part: 2, slice: 1, flags: 0 }),
        rowOf({ part: 3, slice: 40, epoch: 5, flags: 2 }),
        rowOf({ part: 4, flags: 1, partition: 1 }),
        rowOf({ part: 5, flags: 1, version: 2 }),
        rowOf({ part: 6, flags: 1, group: '["b"]' }),
      ],
    });
    // A newer state of a span that is listed already.
    await commit({ rows: [rowOf({ part: 1, flags: 3, revision: 2 })], from: 1, to: 2 });
    const flagged = async (partition = 0): Promise<unknown[]> => {
      const spans = await Array.fromAsync(changes.flaggedSpans('v', 1, partition));
      return spans.map(({ group, part, flags }) => [group, part, flags]);
    };
    expect(await flagged()).toEqual([
      ['["a"]', 1, 3],
      ['["a"]', 3, 2],
      ['["b"]', 6, 1],
    ]);
    expect(await flagged(1)).toEqual([['["a"]', 4, 1]]);
    await changes.dropEpochs('v', 1, () => 5);
    expect(await flagged()).toEqual([['["a"]', 3, 2]]);
    await changes.dropVersion('v', 1, () => true);
    await changes.dropVersion('v', 2, () => true);
    expect(await flagged()).toEqual([]);
    // What is left is the position.
    expect(table.size).toBe(1);
  });

  it('drops the rows and members of a version in the partitions that are named', async () => {
    const { changes, commit, parts } = await opened();
    await commit({
      rows: [rowOf({ part: 1 }), rowOf({ part: 2, partition: 1 }), rowOf({ part: 3, view: 'w' })],
      members: [memberOf(), memberOf({ partition: 1 }), memberOf({ view: 'w' })],
    });
    await changes.dropVersion('v', 1, (partition) => partition === 0);
    expect(await parts('v', 1, '["a"]', 0, 1)).toEqual([2]);
    expect(await Array.fromAsync(changes.members('v', 1))).toEqual([memberOf({ partition: 1 })]);
    expect(await parts('w', 1, '["a"]', 0, 1)).toEqual([3]);
    expect(await Array.fromAsync(changes.members('w', 1))).toHaveLength(1);
  });

  it('drops more rows than go into one write', async () => {
    const { changes, commit } = await opened();
    await commit({
      rows: Array.from({ length: 20_001 }, (_, slice) => rowOf({ slice, epoch: slice < 20_000 ? 0 : 1 })),
    });
    await changes.dropEpochs('v', 1, () => 1);
    expect((await Array.fromAsync(changes.allRows('v', 1))).map(({ slice }) => slice)).toEqual([20_000]);
  });

  it('gives the spans of many groups in one scan, band by band, and of some groups those alone', async () => {
    const { changes, commit } = await opened();
    const slices = [-130, 5, 6, 127, 128, 400];
    const rows = ['["a"]', '["b"]', '["c"]'].flatMap((group) => slices.map((slice) => rowOf({ slice, group })));
    await commit({ rows: [...rows, rowOf({ slice: 5, version: 2 }), rowOf({ slice: 5, view: 'w' })] });
    const found = async (groups: readonly string[] | 'all', from: number, to: number): Promise<string[]> => {
      const batches = await Array.fromAsync(changes.spansOfGroups('v', 1, groups, from, to));
      return batches.flat().map(({ group, opener }) => `${opener}${group[2]}`);
    };
    expect(await found('all', -1_000, 1_000)).toEqual(
      ['-130a', '-130b', '-130c', '5a', '127a', '5b', '127b', '5c', '127c'].concat([
        '128a',
        '128b',
        '128c',
        '400a',
        '400b',
        '400c',
      ]),
    );
    // A scan gives whole bands, a look at some groups what lies in the range.
    expect(await found('all', 6, 7)).toEqual(['5a', '127a', '5b', '127b', '5c', '127c']);
    expect(await found(['["c"]', '["a"]'], 6, 129)).toEqual(['5c', '127c', '5a', '127a', '128c', '128a']);
    expect(await found('all', 401, 401)).toEqual([]);
    expect(await found('all', 2_000, 3_000)).toEqual([]);
  });

  it('walks over bands that hold something alone, and says which is the next one', async () => {
    const { changes, commit, table } = await opened();
    const today = 26 * 365 * 86_400;
    await commit({ rows: [0, today].map((slice) => rowOf({ slice })) });
    await commit({ rows: [rowOf({ slice: 700, group: '["b"]' }), rowOf({ slice: 0, view: 'w' })] });
    let asked = 0;
    const scanRanges = table.scanRanges.bind(table);
    table.scanRanges = (ranges) => {
      const walk = ranges[Symbol.iterator]();
      function* counting(): Generator<KeyRange, void, Uint8Array | undefined> {
        for (let range = walk.next(); range.done !== true; asked++) range = walk.next(yield range.value);
      }
      return scanRanges(counting());
    };
    expect((await Array.fromAsync(changes.spans('v', 1, '["a"]', 0, today + 1))).map(({ opener }) => opener)).toEqual([
      0,
      today,
    ]);
    expect(asked).toBeLessThan(10);
    expect(await changes.heldFrom('v', 1, 0)).toBe(0);
    expect(await changes.heldFrom('v', 1, 128)).toBe(640);
    expect(await changes.heldFrom('v', 1, 650)).toBe(650);
    expect(await changes.heldFrom('v', 1, 768)).toBe(Math.floor(today / 128) * 128);
    expect(await changes.heldFrom('v', 1, today + 128)).toBeUndefined();
    expect(await changes.heldFrom('w', 2, 0)).toBeUndefined();
  });

  it('knows where it has spans, also when it is opened again, and no longer where they were dropped', async () => {
    const { changes, commit, table } = await opened();
    await commit({ rows: [rowOf({ slice: 20, epoch: 3 }), rowOf({ slice: 50, epoch: 3 })] });
    await commit({ rows: [rowOf({ slice: 90, epoch: 7 }), rowOf({ slice: 10, partition: 1, epoch: 7 })] });
    await commit({ rows: [rowOf({ slice: -1, epoch: 3 })] });
    const told = (one: ChangeTable) =>
      [...one.extents('v', 1)].map(({ partition, epoch, fromSlice, toSlice }) => [
        partition,
        epoch,
        fromSlice,
        toSlice,
      ]);
    const all = [
      [0, 3, -16, 64],
      [0, 7, 80, 96],
      [1, 7, 0, 16],
    ];
    expect(told(changes)).toEqual(all);
    expect(told(await ChangeTable.open(table.crash()))).toEqual(all);
    await changes.dropEpochs('v', 1, (partition) => (partition === 0 ? 5 : 0));
    expect(told(changes)).toEqual(all.slice(1));
    expect(told(await ChangeTable.open(table.kill()))).toEqual(all.slice(1));
    await changes.dropVersion('v', 1, (partition) => partition === 1);
    expect(told(changes)).toEqual([[0, 7, 80, 96]]);
    expect([...changes.extents('v', 2)]).toEqual([]);
  });
});
