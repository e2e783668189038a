import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyValue } from '#backbone/key-value/key-value.ts';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { SeriesClaims } from './claims.ts';
import { CLAIM_ATTEMPTS_MAX, CLAIM_CHUNK_BYTES, CLAIM_LINE_BYTES_MAX } from './limits.ts';

describe('claims of series', () => {
  let store: KeyValue;

  beforeEach(() => {
    store = new MemoryKeyValue();
  });

  const series = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, i) => `["power","d${from + i}"]`);

  /** What is stored, chunk by chunk. */
  const chunks = async (): Promise<string[]> => {
    const values: string[] = [];
    for (let n = 1, entry; (entry = await store.get(`claimed.${n}`)) !== undefined; n++)
      values.push(new TextDecoder().decode(entry.value));
    return values;
  };

  it('admit one owner, who may claim again', async () => {
    const claims = new SeriesClaims(store);
    expect(await claims.claim('a', series(3))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('a', series(5))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('b', series(1, 4))).toStrictEqual({
      kind: 'taken',
      owners: new Map([['["power","d4"]', 'a']]),
    });
    expect(await claims.claim('b', series(1, 5))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('b', [])).toStrictEqual({ kind: 'claimed' });
  });

  it('give all or nothing of a birth with a foreign series', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', series(1, 2));
    expect(await claims.claim('b', series(5))).toStrictEqual({
      kind: 'taken',
      owners: new Map([['["power","d2"]', 'a']]),
    });
    expect(await claims.claim('c', ['["power","d0"]', '["power","d4"]'])).toStrictEqual({ kind: 'claimed' });
  });

  it('are seen by another broker, and through a cache that has grown old', async () => {
    const one = new SeriesClaims(store);
    const other = new SeriesClaims(store);
    await one.claim('a', series(50));
    expect(await other.claim('b', series(50))).toStrictEqual({
      kind: 'taken',
      owners: new Map(series(50).map((name) => [name, 'a'])),
    });
    await other.claim('b', series(50, 50));
    expect(await one.claim('a', series(1, 70))).toStrictEqual({
      kind: 'taken',
      owners: new Map([['["power","d70"]', 'b']]),
    });
  });

  it('are taken up once each by another broker, for what was given on twice would be given elsewhere', async () => {
    const one = new SeriesClaims(store);
    const other = new SeriesClaims(store);
    await one.claim('a', ['x', 'x'.repeat(CLAIM_CHUNK_BYTES)]);
    await one.claim('b', ['y']);
    await one.move('b', 'c');
    await one.move('a', 'b');
    expect(await other.claim('d', ['x'])).toStrictEqual({ kind: 'taken', owners: new Map([['x', 'b']]) });
    await one.claim('e', ['z']);
    expect(await other.claim('d', ['x', 'z'])).toStrictEqual({
      kind: 'taken',
      owners: new Map([
        ['x', 'b'],
        ['z', 'e'],
      ]),
    });
  });

  it('give each series to one of many agents that come at the same time', async () => {
    const agents = Array.from({ length: 8 }, (_, i) => `agent-${i}`);
    const outcomes = await Promise.all(
      agents.map((agent) => new SeriesClaims(store).claim(agent, ['["power","one"]'])),
    );
    const winners = agents.filter((_, i) => outcomes[i]?.kind === 'claimed');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.kind !== 'claimed')
        expect(outcome).toStrictEqual({ kind: 'taken', owners: new Map([['["power","one"]', winners[0]!]]) });
    }
  });

  it('say so when what is stored are no claims', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', ['x']);
    const key = 'claimed.1';
    for (const other of ['{"from":"x"}\n', '["a",1]\n', '[]\n', '{', '["a","x"]', '["a","\xff"]\n']) {
      const entry = (await store.get(key))!;
      await store.update(key, Buffer.from(other, 'latin1'), entry.revision);
      await expect(new SeriesClaims(store).claim('a', ['x'])).rejects.toMatchObject({
        kind: 'claims-unreadable',
        fault: 'data',
      });
    }
  });

  it('are stored line by line in chunks, of which only the last is written again', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('b', ['x', 'y']);
    await claims.claim('a', ['z']);
    await claims.move('b', 'c');
    expect(await chunks()).toStrictEqual(['["b","x","y"]\n["a","z"]\n{"from":"b","to":"c"}\n']);
    const long = 'x'.repeat(CLAIM_CHUNK_BYTES);
    await claims.claim('a', [long]);
    const { revision } = (await store.get('claimed.1'))!;
    await claims.claim('a', ['last']);
    expect((await chunks())[1]).toBe('["a","last"]\n');
    expect((await store.get('claimed.1'))!.revision).toBe(revision);
    expect(await new SeriesClaims(store).claim('d', ['x', long, 'last'])).toStrictEqual({
      kind: 'taken',
      owners: new Map([
        ['x', 'c'],
        [long, 'a'],
        ['last', 'a'],
      ]),
    });
  });

  it('are not written again where nothing is new', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', ['x']);
    const { revision } = (await store.get('claimed.1'))!;
    await claims.claim('a', ['x']);
    await claims.move('b', 'a');
    expect((await store.get('claimed.1'))!.revision).toBe(revision);
  });

  it('of more series than a line takes are made in several, all of them', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(CLAIM_LINE_BYTES_MAX / 24, '…'));
    expect(await new SeriesClaims(store).claim('a', names)).toStrictEqual({ kind: 'claimed' });
    expect((await chunks()).length).toBeGreaterThan(1);
    const { owners } = (await new SeriesClaims(store).claim('b', names)) as { owners: ReadonlyMap<string, string> };
    expect([...owners]).toStrictEqual(names.map((name) => [name, 'a']));
  });

  it('are refused beyond what may have owners, and taken up to it', async () => {
    const claims = new SeriesClaims(store, 3);
    expect(await claims.claim('a', series(2))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('a', series(4))).toStrictEqual({ kind: 'full', series: '["power","d3"]' });
    expect(await claims.claim('a', series(3))).toStrictEqual({ kind: 'claimed' });
  });

  it('of versions before hold, and can be given to another', async () => {
    await store.create('claims.17', Buffer.from('{"old":["x","y"],"other":["z"]}'));
    const claims = new SeriesClaims(store);
    expect(await claims.claim('a', ['w', 'x'])).toStrictEqual({ kind: 'taken', owners: new Map([['x', 'old']]) });
    expect(await claims.move('old', 'a')).toBe(2);
    for (const one of [claims, new SeriesClaims(store)]) {
      expect(await one.claim('a', ['x', 'y', 'w'])).toStrictEqual({ kind: 'claimed' });
      expect(await one.claim('a', ['z'])).toMatchObject({ kind: 'taken' });
    }
    await store.update('claims.17', Buffer.from('{"old":"x"}'), 1);
    await expect(new SeriesClaims(store).claim('a', ['x'])).rejects.toMatchObject({ kind: 'claims-unreadable' });
  });

  it('count as they are stored where a change of them failed and was made nevertheless', async () => {
    const lossy = Object.assign(Object.create(store) as KeyValue, {
      get: store.get.bind(store),
      list: store.list.bind(store),
      create: async (key: string, value: Uint8Array) => {
        await store.create(key, value);
        throw new Error('lost');
      },
    });
    const claims = new SeriesClaims(lossy);
    await expect(claims.claim('a', ['x'])).rejects.toThrow('lost');
    expect(await claims.claim('b', ['x'])).toStrictEqual({ kind: 'taken', owners: new Map([['x', 'a']]) });
    expect(await claims.claim('a', ['x'])).toStrictEqual({ kind: 'claimed' });
  });

  it('go on from what is left where somebody removed the last of them', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', ['x']);
    await store.remove('claimed.1', (await store.get('claimed.1'))!.revision);
    expect(await claims.claim('b', ['x'])).toStrictEqual({ kind: 'claimed' });
  });

  it('are tried as often as CLAIM_ATTEMPTS_MAX says while others change the bucket, and no more often', async () => {
    let updates = 0;
    /** A store in which others are first, so many times. */
    const contended = (losses: number): KeyValue =>
      Object.assign(Object.create(store) as KeyValue, {
        get: store.get.bind(store),
        list: store.list.bind(store),
        create: async (key: string, value: Uint8Array) =>
          ++updates <= losses ? { kind: 'conflict' } : store.create(key, value),
      });
    const failing = new SeriesClaims(contended(CLAIM_ATTEMPTS_MAX)).claim('a', ['x']);
    await expect(failing).rejects.toMatchObject({ kind: 'claims-contended', fault: 'world', retryable: true });
    expect(updates).toBe(CLAIM_ATTEMPTS_MAX);
    updates = 0;
    expect(await new SeriesClaims(contended(CLAIM_ATTEMPTS_MAX - 1)).claim('a', ['x'])).toMatchObject({
      kind: 'claimed',
    });
  });
});
