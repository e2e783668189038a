import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import { RECORD_BYTES_MAX } from './log.ts';
import { askSync, parseSync, recordBytesMaxOf, reportOf, type SyncFacts } from './nats-log-report.ts';

const always: SyncFacts = { kind: 'always' };

/** A report on a server of two streams that differ from a well-kept one in what is given. */
function report(differing: Partial<StreamConfig>, sync: SyncFacts, maxPayloadBytes = 1_048_576) {
  const config = { num_replicas: 1, storage: 'file', discard: 'new', retention: 'limits', max_age: 0, max_bytes: -1 };
  const streams = [{ config }, { config: { ...config, ...differing } }] as StreamInfo[];
  const server = { version: '2.15.2', maxPayloadBytes };
  return reportOf({ servers: ['nats://here'] }, server, { partitions: 2, generation: 'g' }, streams, sync);
}

describe('the report on a nats-server', () => {
  it('has no shortfall where it syncs before each acknowledgement', () => {
    expect(report({}, always)).toMatchObject({
      durability: { survives: 'power loss' },
      discard: 'new',
      shortfalls: [],
    });
  });

  it('says what a loss of power costs where it syncs now and then, or nobody knows', () => {
    for (const sync of [
      { kind: 'interval', seconds: 120 },
      { kind: 'unknown', why: 'nobody asked' },
    ] as const) {
      const { durability, shortfalls } = report({}, sync);
      expect(durability.survives).toBe('process crash');
      expect(shortfalls).toHaveLength(1);
      expect(shortfalls[0]?.why).toContain('sync_interval: always');
    }
    expect(report({}, { kind: 'interval', seconds: 120 }).shortfalls[0]?.why).toContain('every 120 s');
  });

  it('trusts three replicas, and the least replicated stream', () => {
    const often: SyncFacts = { kind: 'interval', seconds: 120 };
    expect(report({ num_replicas: 3 }, often).durability.survives).toBe('process crash');
    const [config] = [
      { num_replicas: 3, storage: 'file', discard: 'new', retention: 'limits', max_age: 0, max_bytes: -1 },
    ];
    const server = { version: '2.15.2', maxPayloadBytes: 1_048_576 };
    const facts = { partitions: 1, generation: 'g' };
    const replicated = reportOf({ servers: [] }, server, facts, [{ config }] as StreamInfo[], often);
    expect(replicated).toMatchObject({ replicas: 3, durability: { survives: 'power loss' }, shortfalls: [] });
  });

  it('names memory storage, forgetting and small messages, each with what would mend it', () => {
    expect(report({ storage: 'memory' }, always)).toMatchObject({
      durability: { survives: 'memory only' },
      shortfalls: [{ promise: 'an acknowledged record survives a restart of the server' }],
    });
    for (const forgetting of [{ discard: 'old' }, { max_age: 1 }, { retention: 'interest' }] as const) {
      const { discard, shortfalls } = report(forgetting, always);
      expect(discard).toBe('old');
      expect(shortfalls.map(({ promise }) => promise)).toEqual(['history is kept until it is trimmed']);
    }
    expect(report({}, always, 65_536).shortfalls.map(({ why }) => why)).toEqual([
      expect.stringContaining('max_payload'),
    ]);
  });

  it('says that no promise it lists holds', () => {
    const { shortfalls } = report({ storage: 'memory', discard: 'old' }, always, 65_536);
    expect(shortfalls.map(({ holds }) => holds)).toEqual([false, false, false]);
  });

  it('says what is kept and where, in words', () => {
    expect(report({}, always)).toMatchObject({
      adapter: 'nats',
      engine: 'nats-server 2.15.2',
      place: 'nats://here',
      generation: 'g',
      partitions: 2,
      replicas: 1,
      durability: { how: 'file storage, synced before each acknowledgement, 1 copy' },
    });
    expect(report({ storage: 'memory', num_replicas: 1 }, { kind: 'unknown', why: 'x' }).durability.how).toBe(
      'memory storage, how often it syncs is unknown, 1 copy',
    );
  });

  it('adds up what its streams may hold, where each has a limit', () => {
    const limitOf = (first: number, second: number): number | undefined => {
      const config = { num_replicas: 3, storage: 'file', discard: 'new', retention: 'limits', max_age: 0 };
      const streams = [{ config: { ...config, max_bytes: first } }, { config: { ...config, max_bytes: second } }];
      const server = { version: '2.15.2', maxPayloadBytes: 1_048_576 };
      const facts = { partitions: 2, generation: 'g' };
      return reportOf({ servers: [] }, server, facts, streams as StreamInfo[], always).limits.storeBytesMax;
    };
    expect(limitOf(1, 30)).toBe(31);
    expect(limitOf(30, -1)).toBeUndefined();
    expect(limitOf(30, 0)).toBeUndefined();
  });

  it('takes records that leave room in a message, and none above the limit of all logs', () => {
    expect(recordBytesMaxOf(65_536)).toBe(64_512);
    expect(recordBytesMaxOf(8 * 1_048_576)).toBe(RECORD_BYTES_MAX);
  });
});

describe('what a monitoring page says of syncing', () => {
  const page = (config: unknown): SyncFacts => parseSync('http://here:8222', { config });

  it('is that it syncs always, or how often', () => {
    expect(page({ sync_always: true, sync_interval: 120e9 })).toEqual({ kind: 'always' });
    expect(page({ sync_interval: 120e9 })).toEqual({ kind: 'interval', seconds: 120 });
    expect(page({ sync_always: false, sync_interval: 1e9 })).toEqual({ kind: 'interval', seconds: 1 });
  });

  it('is unknown where it says nothing, or there is none', async () => {
    const silent = { kind: 'unknown', why: "http://here:8222 doesn't say it" };
    for (const config of [{}, undefined, { sync_always: 'true' }]) expect(page(config)).toEqual(silent);
    expect(await askSync(undefined)).toEqual({
      kind: 'unknown',
      why: 'no address of its monitoring page is configured',
    });
    expect(await askSync('no address')).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/^no address can/),
    });
  });
});
