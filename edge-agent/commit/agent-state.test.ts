import { describe, expect, it } from 'vitest';
import { joinKeys, stringKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import {
  AGENT_STATE_FORMAT,
  AgentStateRefused,
  checkpointOperation,
  headOperation,
  loadCheckpoint,
  loadHead,
  nextStart,
  shownBy,
} from './agent-state.ts';

describe("an agent's state", () => {
  it('keeps a checkpoint for each source, under the name of before', async () => {
    const table = new MemoryTable();
    await table.write([checkpointOperation('a', { offset: 5 })], { sync: true });
    expect(await loadCheckpoint(table, 'a')).toEqual({ offset: 5 });
    expect(await loadCheckpoint(table, 'b')).toBeNull();
    const stored = await table.get(joinKeys(stringKey('place'), stringKey('a')));
    expect(Buffer.from(stored!).toString()).toBe('{"offset":5}');
  });

  it('begins with nothing, and is refused to another agent and to an older version', async () => {
    const table = new MemoryTable();
    const head = await loadHead(table, 'roof-1');
    expect(head).toMatchObject({ incarnation: 0, sequence: 0, reports: 0, revision: 0, closed: true, previous: null });
    await table.write([headOperation({ ...head, incarnation: 3 })], { sync: true });
    expect(await loadHead(table, 'roof-1')).toEqual({ ...head, incarnation: 3 });
    await expect(loadHead(table, 'roof-2')).rejects.toThrow(AgentStateRefused);
    await table.write([headOperation({ ...head, format: AGENT_STATE_FORMAT + 1 })], { sync: true });
    await expect(loadHead(table, 'roof-1')).rejects.toThrow('newer than 4');
  });

  it('knows what was sent before, however many starts that sent nothing have come since', async () => {
    const fresh = await loadHead(new MemoryTable(), 'roof-1');
    const unsent = nextStart({ ...nextStart(fresh), sequence: 9 });
    expect(shownBy(unsent)).toEqual({ incarnation: 0, newest: null });
    const sending = { ...unsent, acquainted: true, shownBefore: undefined };
    expect(shownBy(sending)).toEqual({ incarnation: 2, newest: { incarnation: 1, highestSequence: 9 } });
    let head = nextStart({ ...sending, sequence: 4 });
    for (let start = 0; start < 100; start++) head = nextStart({ ...head, sequence: 7 });
    expect(head.incarnation).toBe(103);
    expect(shownBy({ ...head, sequence: 7 })).toEqual({
      incarnation: 2,
      newest: { incarnation: 2, highestSequence: 4 },
    });
  });

  it('of a version that did not keep what was sent may all have been', async () => {
    const fresh = await loadHead(new MemoryTable(), 'roof-1');
    const previous = { incarnation: 2, lastSequence: 4, closed: true };
    const older = { ...fresh, incarnation: 6, previous, acquainted: true };
    const sent = { incarnation: 6, newest: { incarnation: 2, highestSequence: 4 } };
    expect(shownBy(older)).toEqual(sent);
    const kept = nextStart(older);
    expect([kept.incarnation, shownBy(kept)]).toEqual([7, sent]);
    // That version takes along what it doesn't know of.
    expect(shownBy({ ...kept, incarnation: 8, sequence: 1 })).toEqual({
      incarnation: 8,
      newest: { incarnation: 8, highestSequence: 1 },
    });
  });
});
