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
});
