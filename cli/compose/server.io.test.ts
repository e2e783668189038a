/** The parts of a server and an agent, composed in this process as the commands compose them. */
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { MetricChanged } from '#backbone/manifests/manifest.ts';
import { RECORD_VERSION } from '#core/records/record-codec.ts';
import type { EdgeAgent } from '#edge-agent/edge-agent.ts';
import { judgeConfigText } from '../config/load-config.ts';
import type { WeirConfig } from '../config/schema.ts';
import { startEdge } from './edge.ts';
import type { ServerStatus } from './server-status.ts';
import { type RunningServer, startServer } from './server.ts';
import { openStorage } from './storage.ts';

const DOOR = { host: '127.0.0.1', port: 0 };
const logger = pino({ level: 'silent' });

const folder = folderPerTest('server');
beforeEach(async () => {
  await writeFile(join(folder.dir, 'm.csv'), 'time,kw\n2024-01-01T00:00:00Z,1.5\n2024-01-01T00:01:00Z,2\n');
});

function configOf(text: string): WeirConfig {
  const judged = judgeConfigText(text);
  if (judged.kind === 'usable') return judged.config;
  throw new Error(judged.faults.map(({ message }) => message).join('\n'));
}

function start(config: WeirConfig): Promise<RunningServer> {
  const dataDir = join(folder.dir, 'data');
  return startServer({ config, dataDir, http: DOOR, mqtt: DOOR, dashboardDir: undefined, version: '1.2.3', logger });
}

const metric = (name: string): string =>
  `metrics: { ${name}: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings } }\n`;

/** Starts an agent that sends the file as one metric, and waits until it has read it. */
async function startAgent(name: string, server: RunningServer): Promise<EdgeAgent> {
  const source = `{ kind: csv, file: m.csv, time: { columns: [time] }, series: [{ metric: ${name}, value: kw, device: d }] }`;
  const { metrics, sources, agent } = configOf(
    `${metric(name)}agent: { id: roof-1, broker: 'mqtt://127.0.0.1:${server.mqttPort}' }\nsources: { m: ${source} }\n`,
  );
  const running = await startEdge({
    agent: agent!,
    metrics,
    folder: folder.dir,
    logger,
    sources: Object.entries(sources),
  });
  await running.ended;
  return running;
}

/** Sends the file as one metric, to the end. */
async function send(name: string, server: RunningServer): Promise<void> {
  await using running = await startAgent(name, server);
  await running.drain();
}

async function statusOf({ httpPort }: RunningServer): Promise<ServerStatus> {
  return (await (await fetch(`http://127.0.0.1:${httpPort}/api/v1/status`)).json()) as ServerStatus;
}

describe('a server', () => {
  it('takes what agents declare where it does not declare it itself', async () => {
    await using server = await start(configOf(metric('heat')));
    await send('power', server);
    expect((await statusOf(server)).broker).toMatchObject({ framesRefused: 0 });
  });

  it('refuses a metric that it declares otherwise', async () => {
    await using server = await start(configOf(metric('power').replace('decimals: 3', 'decimals: 1')));
    await send('power', server);
    expect((await statusOf(server)).broker.framesRefused).toBeGreaterThan(0);
  });

  it('does not start with a metric that means something else than the readings which its views hold', async () => {
    const views = 'views: { usage: { metric: power, by: [device], slice: 1m } }\n';
    const config = configOf(metric('power') + views);
    {
      await using server = await start(config);
      await send('power', server);
      const told = async (): Promise<number> => {
        const range = 'from=2024-01-01T00:00:00Z&to=2024-01-02T00:00:00Z&window=1h';
        const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/v1/views/usage/windows?${range}`);
        return ((await response.json()) as { readonly windows: readonly unknown[] }).windows.length;
      };
      await expect.poll(told, { timeout: 20_000 }).toBe(1);
    }
    const changed = configOf(metric('power').replace('decimals: 3', 'decimals: 2') + views);
    await expect(start(changed)).rejects.toThrow(MetricChanged);
    await using again = await start(config);
    expect(again.httpPort).toBeGreaterThan(0);
  });

  it('says its version, how far its log was acknowledged, and which partitions it folds', async () => {
    await using server = await start(configOf('backbone: { kind: embedded, partitions: 2 }'));
    expect(await statusOf(server)).toMatchObject({
      version: '1.2.3',
      acknowledged: [0, 0],
      partitions: [{ partition: 0 }, { partition: 1 }],
    });
    await send('power', server);
    const { acknowledged } = await statusOf(server);
    expect(acknowledged.toSorted((a, b) => a - b)).toEqual([0, expect.any(Number)]);
    expect(Math.max(...acknowledged)).toBeGreaterThan(0);
  });

  it('folds a view that is declared after a batch run from what the log has let go of, and tells what it holds', async () => {
    const views = (names: string[]): string =>
      `views: { ${names.map((name) => `${name}: { metric: power, by: [device], slice: 1m }`).join(', ')} }\n`;
    const count = async ({ httpPort }: RunningServer, view: string): Promise<unknown> => {
      const range = 'from=2024-01-01T00:00:00Z&to=2024-01-02T00:00:00Z&window=1h&stats=count';
      const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/views/${view}/windows?${range}`);
      const told = (await response.json()) as { readonly windows?: readonly { readonly stats: unknown }[] };
      return told.windows?.[0]?.stats;
    };
    {
      await using server = await start(configOf(metric('power') + views(['usage'])));
      await send('power', server);
      await expect.poll(() => count(server, 'usage'), { timeout: 20_000 }).toEqual({ count: 2 });
      const run = await fetch(`http://127.0.0.1:${server.httpPort}/api/v1/batch`, { method: 'POST' });
      expect(await run.text()).toContain('"result"');
      const { holds } = await statusOf(server);
      expect(holds.map(({ store, until }) => [store, until])).toEqual([
        ['log', 'until it is archived and folded'],
        ['archive', 'for ever'],
        ['results', 'those of the live state, and of 3 before'],
        ['changes', 'until two batch runs have added them up'],
        ['quarantine', 'the newest of each partition'],
      ]);
      expect(holds.find(({ store }) => store === 'archive')?.bytes).toBeGreaterThan(100);
    }
    {
      await using storage = await openStorage({ kind: 'embedded' }, join(folder.dir, 'data'));
      const all = await Promise.all([0, 1, 2, 3].map((partition) => storage.log.bounds(partition)));
      expect(Math.max(...all.map(({ first }) => first))).toBeGreaterThan(1);
    }
    await using server = await start(configOf(metric('power') + views(['usage', 'later'])));
    await expect.poll(() => count(server, 'later'), { timeout: 20_000 }).toEqual({ count: 2 });
  });

  it('stops at a record of a newer version, says so, is not ready, and loses nothing', async () => {
    const config = configOf(`${metric('power')}backbone: { kind: embedded, partitions: 1 }\n`);
    const dataDir = join(folder.dir, 'data');
    {
      await using server = await start(config);
      await send('power', server);
    }
    const records = async (): Promise<readonly Uint8Array[]> => {
      await using storage = await openStorage({ kind: 'embedded' }, dataDir);
      return (await storage.log.read(0, 1, { bytes: 1_000_000 })).map(({ bytes }) => bytes);
    };
    const before = await records();
    {
      await using storage = await openStorage({ kind: 'embedded' }, dataDir);
      await storage.log.append(0, Uint8Array.of(RECORD_VERSION + 1, 1));
      await storage.log.append(0, before[0]!);
    }
    const held = await records();
    expect(held.length).toBe(before.length + 2);
    {
      await using server = await start(config);
      const says = `Record ${before.length + 1} of partition 0 was written by a newer weir`;
      await expect(server.failed).rejects.toThrow(says);
      const ready = await fetch(`http://127.0.0.1:${server.httpPort}/health/ready`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining(says)]);
    }
    expect(await records()).toEqual(held);
  });

  it('refuses batch results of records that its log has lost, and makes all anew once what was folded is away', async () => {
    const views = 'views: { usage: { metric: power, by: [device], slice: 1m } }\n';
    const config = configOf(`${metric('power')}${views}backbone: { kind: embedded, partitions: 1 }\n`);
    const data = join(folder.dir, 'data');
    const count = async ({ httpPort }: RunningServer): Promise<unknown> => {
      const range = 'from=2024-01-01T00:00:00Z&to=2024-01-02T00:00:00Z&window=1h&stats=count';
      const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/views/usage/windows?${range}`);
      const told = (await response.json()) as { readonly windows?: readonly { readonly stats: unknown }[] };
      return told.windows?.[0]?.stats;
    };
    {
      await using server = await start(config);
      await send('power', server);
      await expect.poll(() => count(server), { timeout: 20_000 }).toEqual({ count: 2 });
    }
    const parts = ['log', 'archive'];
    for (const part of parts) await cp(join(data, part), join(folder.dir, part), { recursive: true });
    {
      await using server = await start(config);
      const run = await fetch(`http://127.0.0.1:${server.httpPort}/api/v1/batch`, { method: 'POST' });
      expect(await run.text()).toContain('"result"');
    }
    for (const part of parts) {
      await rm(join(data, part), { recursive: true });
      await cp(join(folder.dir, part), join(data, part), { recursive: true });
    }
    await expect(start(config)).rejects.toThrow('View usage has batch results of records that the log does not hold');
    await rm(join(data, 'speed'), { recursive: true });
    await using server = await start(config);
    await expect.poll(() => count(server), { timeout: 20_000 }).toEqual({ count: 2 });
    const run = await fetch(`http://127.0.0.1:${server.httpPort}/api/v1/batch`, { method: 'POST' });
    expect(await run.text()).toContain('"result"');
    expect(await count(server)).toEqual({ count: 2 });
  });

  it('is not ready, and acknowledges nothing, once its data were removed under it', async () => {
    await using server = await start(configOf(metric('power')));
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${server.httpPort}/health/ready`);
      return (await response.json()) as { readonly status: string; readonly reason?: string };
    };
    await expect.poll(async () => (await ready()).status, { timeout: 20_000 }).toBe('ready');
    await rm(join(folder.dir, 'data'), { recursive: true });
    expect(await ready()).toMatchObject({ reason: expect.stringContaining('removed or replaced') as string });
    await using running = await startAgent('power', server);
    const failures = async (): Promise<number> => (await statusOf(server)).broker.appendsFailed;
    await expect.poll(failures, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(running.unsent()).toBeGreaterThan(0);
    expect((await statusOf(server)).acknowledged).toEqual([0, 0, 0, 0]);
  });

  it('knows after a restart how far its log was acknowledged, and is ready once it has folded that', async () => {
    const config = configOf(metric('power'));
    let before: readonly number[];
    {
      await using server = await start(config);
      await send('power', server);
      before = (await statusOf(server)).acknowledged;
    }
    await using server = await start(config);
    expect((await statusOf(server)).acknowledged).toEqual(before);
    const isReady = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${server.httpPort}/health/ready`)).ok;
    await expect.poll(isReady, { timeout: 20_000 }).toBe(true);
    const { acknowledged, partitions } = await statusOf(server);
    for (const { partition, committed } of partitions)
      expect(committed).toBeGreaterThanOrEqual(acknowledged[partition]!);
  });

  it('stops once, however often it is asked, and lets go of its directory', async () => {
    const first = await start(configOf(''));
    await Promise.all([first.stop(), first.stop()]);
    await using second = await start(configOf(''));
    expect(second.httpPort).toBeGreaterThan(0);
  });
});

describe('the storage of a server', () => {
  it('has four partitions where none are asked for, and keeps the number that it was made with', async () => {
    await using folder = await makeTemporaryDirectory('storage');
    const partitionsOf = async (dir: string, partitions?: number): Promise<number> => {
      await using storage = await openStorage({ kind: 'embedded', partitions }, `${folder.dir}/${dir}`);
      return storage.log.partitions;
    };
    expect(await partitionsOf('a')).toBe(4);
    expect(await partitionsOf('b', 2)).toBe(2);
    expect(await partitionsOf('b')).toBe(2);
    await expect(partitionsOf('b', 3)).rejects.toThrow(/\b3\b/);
  });
});
