import { describe, expect, it } from 'vitest';
import type { FeedMark } from '#backbone/answers/slice-feed.ts';
import { stringKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { KeptMarks } from './kept-marks.ts';

const MARK: FeedMark = {
  version: 2,
  asOf: { positions: [[0, 7]], agents: [{ partition: 0, agent: 'roof-1', watermarkMs: 5, turns: 1 }] },
  untold: { allFrom: null, groups: [['["a"]', [3, null]]] },
};

describe('marks of a store', () => {
  it('are there after a restart', async () => {
    const table = new MemoryTable();
    const marks = await KeptMarks.open(table, 'here');
    await marks.put(new Map([['power', MARK]]));
    const again = await KeptMarks.open(table, 'here');
    expect(again.of('power')).toEqual(MARK);
    expect(again.of('heat')).toBeUndefined();
  });

  it('keep what they have in common once', async () => {
    const table = new MemoryTable();
    const marks = await KeptMarks.open(table, 'here');
    const older = { ...MARK, asOf: { positions: [], agents: [] } };
    await marks.put(
      new Map([
        ['power', MARK],
        ['heat', MARK],
        ['gas', older],
      ]),
    );
    const kept = Buffer.from((await table.get(stringKey('marks')))!).toString();
    expect(kept.match(/roof-1/g)).toHaveLength(1);
    const again = await KeptMarks.open(table, 'here');
    expect([again.of('power'), again.of('heat'), again.of('gas')]).toEqual([MARK, MARK, older]);
  });

  it('say nothing of another place', async () => {
    const table = new MemoryTable();
    await (await KeptMarks.open(table, 'here')).put(new Map([['power', MARK]]));
    expect((await KeptMarks.open(table, 'there')).of('power')).toBeUndefined();
  });

  it('of another format are as good as none', async () => {
    const table = new MemoryTable();
    await (await KeptMarks.open(table, 'here')).put(new Map([['power', MARK]]));
    const value = Buffer.from(JSON.stringify({ format: 2, moments: [], marks: [['power', MARK]] }));
    await table.write([{ kind: 'put', key: stringKey('marks'), value }], { sync: true });
    expect((await KeptMarks.open(table, 'here')).of('power')).toBeUndefined();
  });
});
