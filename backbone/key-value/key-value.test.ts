import { describe, expect, it } from 'vitest';
import { MemoryTable } from '../table/memory-table.fixtures.ts';
import { TableKeyValue } from './embedded-key-value.ts';
import { runKeyValueCases } from './key-value.cases.ts';
import { type KeyValueChange, LatestChanges } from './key-value.ts';

runKeyValueCases('a table in memory', async () => {
  let table = new MemoryTable();
  return {
    open: () => TableKeyValue.open('memory', (table = table.crash())),
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
});

const change = (key: string, revision: number): KeyValueChange => ({ key, value: Uint8Array.of(revision), revision });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes changes on and on; `taken` is what came, as `key@revision`. */
function follow(changes: LatestChanges) {
  const stop = new AbortController();
  const taken: string[] = [];
  const ended = (async () => {
    for await (const { key, revision } of changes.take(stop.signal)) taken.push(`${key}@${revision}`);
  })();
  return { taken, stop, ended };
}

describe('the changes that a watcher has yet to see', () => {
  it('are the newest of each key, in the order in which keys first changed', async () => {
    const changes = new LatestChanges();
    for (const one of [change('a', 1), change('b', 2), change('a', 3), change('c', 4)]) changes.put(one);
    const { taken, stop, ended } = follow(changes);
    await turn();
    expect(taken).toStrictEqual(['a@3', 'b@2', 'c@4']);
    changes.put(change('b', 5));
    await turn();
    expect(taken).toStrictEqual(['a@3', 'b@2', 'c@4', 'b@5']);
    stop.abort();
    await ended;
  });

  it('are never replaced by an older one, or by the same again', async () => {
    const changes = new LatestChanges();
    changes.put(change('a', 3));
    changes.put(change('a', 2));
    changes.put({ ...change('a', 3), value: undefined });
    const taking = changes.take(new AbortController().signal);
    expect((await taking.next()).value).toStrictEqual(change('a', 3));
    changes.end();
    expect((await taking.next()).done).toBe(true);
  });

  it('end at once when the watcher stops, also while it waits', async () => {
    const changes = new LatestChanges();
    const { stop, ended } = follow(changes);
    await turn();
    stop.abort();
    await ended;
    const late = new LatestChanges();
    late.put(change('a', 1));
    expect((await late.take(AbortSignal.abort()).next()).done).toBe(true);
  });

  it('end with an error once all of them are taken, or well without one', async () => {
    const changes = new LatestChanges();
    changes.put(change('a', 1));
    changes.end(new Error('closed'));
    const { taken, ended } = follow(changes);
    await expect(ended).rejects.toThrow('closed');
    expect(taken).toStrictEqual(['a@1']);
    const waiting = new LatestChanges();
    const watcher = follow(waiting);
    await turn();
    waiting.end();
    await watcher.ended;
  });
});
