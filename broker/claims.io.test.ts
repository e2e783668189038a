import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import type { KeyValue } from '#backbone/key-value/key-value.ts';
import { SeriesClaims } from './claims.ts';

describe('claims of series', () => {
  let dir: string;
  let store: KeyValue;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-claims-'));
    store = await openEmbeddedKeyValue({ dir });
  });

  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });

  const series = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, i) => `["power","d${from + i}"]`);

  it('admit one owner, who may claim again', async () => {
    const claims = new SeriesClaims(store);
    expect(await claims.claim('a', series(3))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('a', series(5))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('b', series(1, 4))).toStrictEqual({
      kind: 'taken',
      series: '["power","d4"]',
      owner: 'a',
    });
    expect(await claims.claim('b', series(1, 5))).toStrictEqual({ kind: 'claimed' });
    expect(await claims.claim('b', [])).toStrictEqual({ kind: 'claimed' });
  });

  it('give all or nothing of a birth with a foreign series', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', series(1, 2));
    expect(await claims.claim('b', series(5))).toMatchObject({ kind: 'taken', owner: 'a' });
    expect(await claims.claim('c', ['["power","d0"]', '["power","d4"]'])).toStrictEqual({ kind: 'claimed' });
  });

  it('are seen by another broker, and through a cache that has grown old', async () => {
    const one = new SeriesClaims(store);
    const other = new SeriesClaims(store);
    await one.claim('a', series(50));
    expect(await other.claim('b', series(50))).toMatchObject({ kind: 'taken', owner: 'a' });
    await other.claim('b', series(50, 50));
    expect(await one.claim('a', series(1, 70))).toMatchObject({ kind: 'taken', owner: 'b' });
  });

  it('give each series to one of many agents that come at the same time', async () => {
    const agents = Array.from({ length: 8 }, (_, i) => `agent-${i}`);
    const outcomes = await Promise.all(
      agents.map((agent) => new SeriesClaims(store).claim(agent, ['["power","one"]'])),
    );
    const winners = agents.filter((_, i) => outcomes[i]?.kind === 'claimed');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.kind !== 'claimed') expect(outcome).toMatchObject({ kind: 'taken', owner: winners[0] });
    }
  });

  it('say so when what is stored are no claims', async () => {
    const claims = new SeriesClaims(store);
    await claims.claim('a', ['x']);
    const [key] = await store.list('claims.');
    const entry = await store.get(key ?? '');
    await store.update(key ?? '', new TextEncoder().encode('{"a":"x"}'), entry?.revision ?? 0);
    await expect(claims.claim('a', ['x'])).rejects.toMatchObject({ kind: 'claims-unreadable' });
  });
});
