import { describe, expect, it } from 'vitest';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { NatsUnreachable, NatsUnsuitable, openBucket, openNatsLink } from '../nats/nats-connection.ts';
import { describeOnNatsServer } from '../nats/nats-server.fixtures.ts';
import { NewerFormat, TooLarge } from '../storage-errors.ts';
import { runLogCrashCases, runLogServerCrashCases } from './log-crash.cases.ts';
import { LogFull, LogMisconfigured, LogPositionAhead } from './log-errors.ts';
import { runLogCases } from './log.cases.ts';
import { type LogServerHarness, numberOf, numbers, readAll, recordOf } from './log.fixtures.ts';
import { streamName } from './nats-log-streams.ts';
import { openNatsLog } from './nats-log.ts';

await describeOnNatsServer((nats) => {
  const makeHarness = async (): Promise<LogServerHarness> => ({
    opening: {
      module: import.meta.resolve('./nats-log.ts'),
      open: 'openNatsLog',
      options: { ...nats.newPlace() },
    },
    restartStorage: nats.restart,
    [Symbol.asyncDispose]: async () => {},
  });
  runLogCases('nats', makeHarness);
  runLogCrashCases('nats', makeHarness);
  runLogServerCrashCases('nats', makeHarness);

  it('two that make the log at once open the same one', async () => {
    const place = nats.newPlace();
    const logs = await Promise.all(numbers(1, 4).map(() => openNatsLog({ ...place, partitions: 3 })));
    expect(new Set(logs.map((log) => log.generation)).size).toBe(1);
    await Promise.all(logs.map((log, index) => log.append(2, recordOf(index))));
    expect(new Set((await readAll(logs[0]!, 2)).map(numberOf))).toEqual(new Set([0, 1, 2, 3]));
    for (const log of logs) await log[Symbol.asyncDispose]();
  });

  it('a log of a newer format is refused by name', async () => {
    const place = nats.newPlace();
    await using link = await openNatsLink(place);
    const bucket = await openBucket(link, `${place.name}-meta`, 1);
    await bucket.create('log', JSON.stringify({ format: 2, partitions: 1, generation: 'g' }));
    const opening = openNatsLog({ ...place, partitions: 1 });
    await expect(opening).rejects.toThrow(NewerFormat);
    await expect(opening).rejects.toThrow(/format 2.*formats up to 1/);
  });

  it('a log of which a stream is missing, or records without facts, is not taken for a new one', async () => {
    const place = nats.newPlace();
    {
      await using log = await openNatsLog({ ...place, partitions: 2 });
      await log.append(0, recordOf(1));
    }
    await using link = await openNatsLink(place);
    await link.manager.streams.delete(streamName(place.name, 1));
    await expect(openNatsLog(place)).rejects.toThrow(LogMisconfigured);
    await link.manager.streams.delete(`KV_${place.name}-meta`);
    const anew = openNatsLog({ ...place, partitions: 2 });
    await expect(anew).rejects.toThrow(LogMisconfigured);
    await expect(anew).rejects.toThrow('holds records');
  });

  it('a stream at its limit gives back appends as LogFull and forgets nothing', async () => {
    const place = nats.newPlace();
    await using log = await openNatsLog({ ...place, partitions: 1 });
    await using link = await openNatsLink(place);
    const name = streamName(place.name, 0);
    const { config } = await link.manager.streams.info(name);
    await link.manager.streams.update(name, { ...config, max_msgs: 10 });
    const outcomes = await Promise.allSettled(numbers(1, 15).map((n) => log.append(0, recordOf(n))));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refused).toHaveLength(5);
    for (const reason of refused) expect(reason).toBeInstanceOf(LogFull);
    expect((await readAll(log, 0)).map(numberOf)).toEqual(numbers(1, 10));
    await link.manager.streams.update(name, { ...config, max_msgs: -1 });
    expect(await log.append(0, recordOf(16))).toBe(11);
  });

  it('a follower is told when the log loses its tail under it', async () => {
    const place = nats.newPlace();
    await using log = await openNatsLog({ ...place, partitions: 1 });
    await Promise.all(numbers(1, 5).map((n) => log.append(0, recordOf(n))));
    const groups = log.follow(0, 1, { signal: new AbortController().signal, bytesMax: 1_000 })[Symbol.asyncIterator]();
    expect((await groups.next()).value).toHaveLength(5);
    const waiting = groups.next();
    await using link = await openNatsLink(place);
    const name = streamName(place.name, 0);
    const { config } = await link.manager.streams.info(name);
    await link.manager.streams.delete(name);
    await link.manager.streams.add(config);
    await expect(waiting).rejects.toThrow(LogPositionAhead);
  });

  it('the report says what the server really does, and the promise that its syncing breaks', async () => {
    const monitor = await nats.monitor();
    const place = nats.newPlace();
    await using known = await openNatsLog({ ...place, partitions: 1, monitor });
    expect(await known.report()).toMatchObject({
      adapter: 'nats',
      engine: expect.stringMatching(/^nats-server 2\.\d+\.\d+$/),
      durability: { survives: 'power loss', how: 'file storage, synced before each acknowledgement, 1 copy' },
      shortfalls: [],
    });
    await using unknown = await openNatsLog(place);
    expect(await unknown.report()).toMatchObject({
      durability: { survives: 'process crash' },
      shortfalls: [{ promise: 'an acknowledged record survives a loss of power', holds: false }],
    });
  });

  it('a server with a small max_payload takes smaller records, and the report says so', async () => {
    await using store = await makeTemporaryDirectory('nats');
    await using server = await startNatsServer({
      storeDir: store.dir,
      syncAlways: false,
      config: 'max_payload: 65536',
    });
    await using log = await openNatsLog({ servers: [server.url], partitions: 1 });
    const { limits, shortfalls } = await log.report();
    expect(limits.recordBytesMax).toBeLessThan(65_536);
    expect(shortfalls.map(({ promise }) => promise)).toContainEqual(expect.stringContaining('bytes are stored'));
    expect(await log.append(0, new Uint8Array(limits.recordBytesMax))).toBe(1);
    await expect(log.append(0, new Uint8Array(limits.recordBytesMax + 1))).rejects.toThrow(TooLarge);
  });

  it('a name that no stream can have is refused', async () => {
    const opening = openNatsLog({ servers: [nats.server.url], name: 'a.b', partitions: 1 });
    await expect(opening).rejects.toThrow(NatsUnsuitable);
  });
});

describe('a log without a server', () => {
  it('names the address and the remedy', async () => {
    const opening = openNatsLog({ servers: ['nats://127.0.0.1:1'], partitions: 1 });
    await expect(opening).rejects.toThrow(NatsUnreachable);
    await expect(opening).rejects.toThrow(/127\.0\.0\.1:1.*Start one/);
  });
});
