import { beforeEach, describe, expect, it } from 'vitest';
import { type KeyValue, VALUE_BYTES_MAX } from '#backbone/key-value/key-value.ts';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { stableHash } from '#core/records/partition.ts';
import { SeriesClaims } from './claims.ts';
import { CLAIM_ATTEMPTS_MAX } from './limits.ts';

describe('claims of series', () => {
  let store: KeyValue;

  beforeEach(() => {
    store = new MemoryKeyValue();
  });

  const series = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, i) => `["power","d${from + i}"]`);

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
    const [key] = await store.list('claims.');
    for (const other of ['{"a":"x"}', '{"a":[1]}', '["a"]', '{', '', '{"a":["\xff"]}']) {
      const entry = (await store.get(key!))!;
      await store.update(key!, Buffer.from(other, 'latin1'), entry.revision);
      await expect(claims.claim('a', ['x'])).rejects.toMatchObject({ kind: 'claims-unreadable', fault: 'data' });
    }
  });

  it('are stored by bucket, sorted by agent and series, so that every broker writes the same', async () => {
    const one = matesOf('any', 4);
    await new SeriesClaims(store).claim('b', [one[2]!, one[0]!]);
    await new SeriesClaims(store).claim('a', [one[3]!, one[1]!]);
    const [key] = await store.list('claims.');
    expect(await store.list('')).toStrictEqual([key]);
    expect(key).toMatch(/^claims\.\d{1,3}$/);
    expect(new TextDecoder().decode((await store.get(key!))!.value)).toBe(
      JSON.stringify({ a: inOrder(one[1]!, one[3]!), b: inOrder(one[0]!, one[2]!) }),
    );
  });

  it('are not written again where nothing is new', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', ['x']);
    const [key] = await store.list('claims.');
    const { revision } = (await store.get(key!))!;
    await claims.claim('a', ['x']);
    expect((await store.get(key!))!.revision).toBe(revision);
  });

  it('fill a bucket to the last byte of a value, and are refused beyond it', async () => {
    // `{"a":["…"]}` is ten bytes longer than the key.
    const fits = 'x'.repeat(VALUE_BYTES_MAX - 10);
    expect(await new SeriesClaims(store).claim('a', [fits])).toStrictEqual({ kind: 'claimed' });
    const [mate] = matesOf(fits, 1);
    expect(await new SeriesClaims(store).claim('a', [mate!])).toStrictEqual({ kind: 'full', series: mate });
    expect(await new SeriesClaims(new MemoryKeyValue()).claim('a', [`${fits}x`])).toMatchObject({ kind: 'full' });
  });

  it('are tried as often as CLAIM_ATTEMPTS_MAX says while others change the bucket, and no more often', async () => {
    let updates = 0;
    /** A store in which others are first, so many times. */
    const contended = (losses: number): KeyValue =>
      Object.assign(Object.create(store) as KeyValue, {
        get: store.get.bind(store),
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

/** Other keys that fall into the same of 256 buckets. */
function matesOf(key: string, count: number): string[] {
  const bucket = stableHash(key) % 256;
  const mates: string[] = [];
  for (let i = 0; mates.length < count; i++) if (stableHash(`series ${i}`) % 256 === bucket) mates.push(`series ${i}`);
  return mates;
}

function inOrder(a: string, b: string): string[] {
  return a < b ? [a, b] : [b, a];
}
