import { describe, expect, it } from 'vitest';
import type { FeedMark } from '#backbone/answers/slice-feed.ts';
import { tupleKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { KeptMarks } from './kept-marks.ts';

const MARK: FeedMark = {
  version: 2,
  positions: [[0, 7]],
  agents: [{ partition: 0, agent: 'roof-1', watermarkMs: 5, holes: false }],
  untold: { allFrom: null, groups: [['["a"]', [3, null]]] },
};

describe('marks of a store', () => {
  it('are there after a restart', async () => {
    const table = new MemoryTable();
    const marks = await KeptMarks.open(table, 'here', ['power', 'heat']);
    await marks.put(new Map([['power', MARK]]));
    const again = await KeptMarks.open(table, 'here', ['power', 'heat']);
    expect(again.of('power')).toEqual(MARK);
    expect(again.of('heat')).toBeUndefined();
  });

  it('say nothing of another place', async () => {
    const table = new MemoryTable();
    await (await KeptMarks.open(table, 'here', ['power'])).put(new Map([['power', MARK]]));
    expect((await KeptMarks.open(table, 'there', ['power'])).of('power')).toBeUndefined();
  });

  it('of another format are as good as none', async () => {
    const table = new MemoryTable();
    await (await KeptMarks.open(table, 'here', ['power'])).put(new Map([['power', MARK]]));
    const value = Buffer.from(JSON.stringify({ format: 2, mark: MARK }));
    await table.write([{ kind: 'put', key: tupleKey('mark', 'power'), value }], { sync: true });
    expect((await KeptMarks.open(table, 'here', ['power'])).of('power')).toBeUndefined();
  });
});
