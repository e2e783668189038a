import { describe, expect, it } from 'vitest';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import type { LogRecord } from '#core/records/record.ts';
import { powerSeries } from '#core/series/series.fixtures.ts';
import { addReading } from '#core/stats/merge.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import {
  PendingChanges,
  REFUSED_BYTES_MAX,
  REFUSED_DROPS_MAX,
  REFUSED_ROWS_MAX,
  RefusedRetention,
} from './pending-changes.ts';
import { rowsOfSpan } from './row-span.ts';

const VIEW = { name: 'v', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };

/** A view whose slices are touched by hand. */
function openView() {
  const view = new ViewFold({ view: VIEW, version: 4 });
  const touch = (group: string, slice: number, position: number): number => {
    const slot = view.slots.touch(view.slots.groupOf(group), slice, position);
    addReading(view.slots.table, slot, slice * 60_000, position, false);
    return slot;
  };
  return { view, touch };
}

function countOf(stats: Uint8Array): number {
  const table = new StatsTable(1);
  decodeRow(stats, table, table.allocate());
  return table.count[0]!;
}

describe('changes that wait for a commit', () => {
  it('are the whole states of the slices that changed, under the names of view, partition and epoch', () => {
    const { view, touch } = openView();
    const pending = new PendingChanges(3);
    touch('["a"]', 7, 10);
    touch('["a"]', 7, 11);
    view.slots.markPending(touch('["b"]', -2, 12));
    pending.gather(view, 5);
    expect(pending.rowCount).toBe(2);
    const rows = pending.takeRows().spans.flatMap(rowsOfSpan);
    const names = { view: 'v', version: 4, partition: 3, epoch: 5 };
    expect(rows.map(({ stats, ...row }) => ({ ...row, count: countOf(stats) }))).toEqual([
      { ...names, group: '["a"]', slice: 7, part: 20, revision: 2, flags: 0, count: 2 },
      { ...names, group: '["b"]', slice: -2, part: 24, revision: 1, flags: 1, count: 1 },
    ]);
  });

  it('are told once: what did not change since is not gathered again, what did is, whole', () => {
    const { view, touch } = openView();
    const pending = new PendingChanges(0);
    touch('["a"]', 1, 1);
    touch('["a"]', 2, 2);
    pending.gather(view, 0);
    touch('["a"]', 2, 3);
    pending.gather(view, 0);
    const { spans } = pending.takeRows();
    expect(spans.map((span) => rowsOfSpan(span).map(({ slice, revision }) => [slice, revision]))).toEqual([
      [
        [1, 1],
        [2, 1],
      ],
      [
        [1, 1],
        [2, 2],
      ],
    ]);
    expect(spans.map(({ changed }) => changed)).toEqual([0b110, 0b100]);
    expect(new Set(spans.map(({ opener, part }) => `${opener} ${part}`))).toEqual(new Set(['1 2']));
    pending.gather(view, 0);
    expect(pending.rowCount).toBe(0);
    expect(pending.takeRows()).toEqual({ spans: [], members: [] });
  });

  it('hold the members that are new or changed', () => {
    const { view } = openView();
    const pending = new PendingChanges(2);
    const entry = powerSeries('m', { tags: { region: 'r' } });
    const newcomer = { group: view.groupFor(entry)!, agent: 'x', series: 'm', entry };
    view.noteMember(newcomer, 500);
    view.noteMember(newcomer, 600);
    pending.gather(view, 0);
    const [member, ...others] = pending.takeRows().members;
    expect(others).toEqual([]);
    expect(member).toMatchObject({ view: 'v', version: 4, group: '["r"]', partition: 2, agent: 'x', firstMs: 500 });
    view.noteMember(newcomer, 400);
    pending.gather(view, 0);
    expect(pending.takeRows().members.map(({ firstMs }) => firstMs)).toEqual([400]);
  });

  it('hold what was refused: frames with their verdict, and rows that an agent reports', () => {
    const pending = new PendingChanges(1);
    const items = [{ line: 3, readings: 1, reason: 'no number', text: 'x' }];
    const records: readonly LogRecord[] = [
      { kind: 'frame', agent: 'a', atMs: 5, verdict: { kind: 'accepted' }, frame: new Uint8Array(3) },
      {
        kind: 'frame',
        agent: 'a',
        atMs: 6,
        verdict: { kind: 'refused', code: 'clock-skew', detail: 'ahead' },
        frame: new Uint8Array(3),
      } as LogRecord,
      {
        kind: 'refusals',
        agent: 'b',
        atMs: 7,
        report: { incarnation: 2, sequence: 9, source: 'file', items },
      } as LogRecord,
      { kind: 'cut', id: 'c', atMs: 8 },
    ];
    records.forEach((record, i) => pending.note(10 + i, record, 7));
    expect(pending.refusedBytes).toBe(14);
    const fold = new PartitionFold();
    const { refused, from, to, partition } = pending.take(fold, 4, []);
    expect({ from, to, partition }).toEqual({ from: 4, to: fold.position, partition: 1 });
    expect(refused).toEqual([
      {
        partition: 1,
        position: 11,
        agent: 'a',
        atMs: 6,
        kind: 'frame',
        code: 'clock-skew',
        detail: 'ahead',
        incarnation: null,
        sequence: null,
        source: '',
        items: [],
      },
      {
        partition: 1,
        position: 12,
        agent: 'b',
        atMs: 7,
        kind: 'rows',
        code: 'rows',
        detail: '',
        incarnation: 2,
        sequence: 9,
        source: 'file',
        items,
      },
    ]);
    expect(pending.take(fold, 4, []).refused).toEqual([]);
  });
});

describe('what was refused', () => {
  const row = (position: number) => ({ position, atMs: 1_000 * position });

  it('is kept up to so many rows, the newest', () => {
    const retention = new RefusedRetention();
    for (let position = 1; position <= REFUSED_ROWS_MAX; position++) retention.add(row(position), 1);
    expect(retention.takeExcess()).toEqual([]);
    retention.add(row(REFUSED_ROWS_MAX + 5), 1);
    retention.add(row(REFUSED_ROWS_MAX + 6), 1);
    expect(retention.takeExcess()).toEqual([1, 2]);
    expect(retention.takeExcess()).toEqual([]);
  });

  it('is kept up to so many bytes, and the newest always', () => {
    const retention = new RefusedRetention();
    retention.add(row(1), REFUSED_BYTES_MAX - 10);
    retention.add(row(2), 10);
    expect(retention.takeExcess()).toEqual([]);
    retention.add(row(3), 1);
    expect(retention.takeExcess()).toEqual([1]);
    retention.add(row(4), REFUSED_BYTES_MAX + 1);
    expect(retention.takeExcess()).toEqual([2, 3]);
  });

  it('goes in pieces where there is much more of it', () => {
    const retention = new RefusedRetention();
    for (let position = 1; position <= REFUSED_ROWS_MAX + REFUSED_DROPS_MAX + 3; position++)
      retention.add(row(position), 1);
    expect(retention.takeExcess()).toHaveLength(REFUSED_DROPS_MAX);
    expect(retention.takeExcess()).toEqual([REFUSED_DROPS_MAX + 1, REFUSED_DROPS_MAX + 2, REFUSED_DROPS_MAX + 3]);
  });

  it('goes once it is older than it is kept', () => {
    const retention = new RefusedRetention();
    for (let position = 1; position <= 5; position++) retention.add(row(position), 3);
    expect(retention.takeOlder(1_000)).toEqual([]);
    expect(retention.takeOlder(3_000)).toEqual([1, 2]);
    expect(retention.bytes).toBe(9);
    expect(retention.takeOlder(1e9)).toEqual([3, 4, 5]);
    expect(retention.bytes).toBe(0);
  });
});
