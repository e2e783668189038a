import { describe, expect, it } from 'vitest';
import { joinKeys, stringKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import {
  AGENT_STATE_FORMAT,
  AgentStateRefused,
  checkpointOperation,
  givenBy,
  givenFrom,
  headOperation,
  loadCheckpoint,
  loadHead,
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
    await expect(loadHead(table, 'roof-1')).rejects.toThrow('newer than 3');
  });

  it('names the numbers that each start gave, as far as the ledger may still ask for them', async () => {
    const first = await loadHead(new MemoryTable(), 'roof-1');
    expect(givenBy(first)).toEqual({ since: 0, heads: [] });
    const starts = [0, 4, 0, 7].map((sequence, i) => ({ sequence, incarnation: i + 1 }));
    let head = first;
    for (const { incarnation, sequence } of starts) head = { ...head, incarnation, sequence, given: givenBy(head) };
    const given = givenBy(head);
    expect(given).toEqual({
      since: 0,
      heads: [
        { incarnation: 2, highestSequence: 4 },
        { incarnation: 4, highestSequence: 7 },
      ],
    });
    expect(givenFrom(given, 3)).toEqual({ since: 2, heads: [{ incarnation: 4, highestSequence: 7 }] });
    // A state of before this was kept knows the last start that gave any.
    const previous = { incarnation: 2, lastSequence: 4, closed: true };
    const { given: _given, ...older } = { ...head, previous };
    expect(givenBy(older)).toEqual({ ...given, since: 1 });
  });

  it('keeps the numbers of so many starts, and says from which on', async () => {
    let head = await loadHead(new MemoryTable(), 'roof-1');
    for (let incarnation = 1; incarnation <= 100; incarnation++)
      head = { ...head, incarnation, sequence: 1, given: givenBy(head) };
    const { since, heads } = givenBy(head);
    expect([since, heads[0]!.incarnation, heads.length]).toEqual([36, 37, 64]);
  });
});
