import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { readHeader } from '#core/frames/header.ts';
import { partitionOf } from '#core/records/partition.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import { Spool } from '#edge-agent/spool/spool.ts';
import { startUplink } from '#edge-agent/uplink/uplink.ts';
import { sealedFrame } from '#load-tests/workloads/sealed-frame.ts';
import { type RunningProcess, startNode } from '#tooling/processes/node-process.ts';

/** Against the death of a process (`kill -9`), of either end, in the middle of the stream. */
describe('delivery from the spool into the log', () => {
  let dir: string;
  let stack: AsyncDisposableStack;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-delivery-'));
    stack = new AsyncDisposableStack();
  });

  afterEach(async () => {
    await stack.disposeAsync();
    await rm(dir, { recursive: true });
  });

  const run = (file: string, ...args: readonly string[]): RunningProcess =>
    stack.use(startNode(new URL(file, import.meta.url), args));

  /** Complete lines: the last may be torn. */
  const linesOf = (running: RunningProcess): readonly string[] => running.stdout().split('\n').slice(0, -1);

  const startBroker = async (port = 0): Promise<RunningProcess & { readonly port: number }> => {
    const running = run('./broker.child.ts', join(dir, 'backbone'), String(port));
    await vi.waitUntil(() => linesOf(running).length > 0, { timeout: 20_000 });
    return { ...running, port: Number(linesOf(running)[0]) };
  };

  const stopTidily = async ({ process, ended }: RunningProcess): Promise<void> => {
    process.kill('SIGTERM');
    await ended;
  };

  /** The numbers of an agent's frames as they stand in the log, `incarnation sequence`, repeats left out. */
  const logged = async (agent: string): Promise<string[]> => {
    await using log = await openEmbeddedLog({ dir: join(dir, 'backbone', 'log') });
    const partition = partitionOf(agent, log.partitions);
    const { last } = await log.bounds(partition);
    const entries = last === 0 ? [] : await log.read(partition, 1, { bytes: 1 << 29 });
    expect(entries).toHaveLength(last);
    const numbers = entries.flatMap(({ bytes }) => {
      const record = decodeRecord(bytes);
      if (record.kind !== 'frame') return [];
      const header = readHeader(record.frame);
      return header.kind === 'fault' ? [] : [`${header.incarnation} ${header.sequence}`];
    });
    return [...new Set(numbers)];
  };

  it('loses nothing that was acknowledged when the broker is killed, and brings the rest afterwards', async () => {
    const count = 3_000;
    let broker = await startBroker();
    const table = stack.use(await openEmbeddedTable({ dir: join(dir, 'agent') }));
    const spool = await Spool.open(table, { bytesMax: 64 * 1024 * 1024, prefix: Uint8Array.of(1) });
    const items = Array.from({ length: count }, (_, i) => ({
      channel: 'frame' as const,
      incarnation: 1,
      sequence: i + 1,
      bytes: sealedFrame({ sequence: i + 1 }, 2_000),
    }));
    await table.write(spool.stage(items), { sync: true });
    spool.committed(items);
    const uplink = startUplink({
      url: `mqtt://127.0.0.1:${broker.port}`,
      agent: 'alive-1',
      spool,
      heartbeat: () => ({ incarnation: 1, highestSequence: count, watermarkMs: null, closed: false }),
      logger: pino({ level: 'silent' }),
      random: Math.random,
      onHead: () => undefined,
      onVerdict: () => Promise.resolve(),
    });
    stack.use(uplink);
    for (const enough of [200, 900]) {
      await vi.waitUntil(() => uplink.counters.acknowledged >= enough, { timeout: 20_000, interval: 1 });
      await broker.kill();
      await vi.waitUntil(() => uplink.state !== 'online');
      const { acknowledged } = uplink.counters;
      expect(acknowledged).toBeLessThan(count);
      const present = await logged('alive-1');
      expect(present.slice(0, acknowledged)).toStrictEqual(
        items.slice(0, acknowledged).map(({ sequence }) => `1 ${sequence}`),
      );
      broker = await startBroker(broker.port);
    }
    await uplink.drain(AbortSignal.timeout(40_000));
    await stopTidily(broker);
    expect(await logged('alive-1')).toStrictEqual(items.map(({ sequence }) => `1 ${sequence}`));
    expect(uplink.counters.acknowledged).toBe(count);
  });

  it('brings what a killed agent had spooled, when it starts again', async () => {
    const broker = await startBroker();
    const agentDir = join(dir, 'agent');
    const first = run('./agent.child.ts', agentDir, String(broker.port), '100000');
    await vi.waitUntil(() => linesOf(first).length >= 400, { timeout: 20_000, interval: 1 });
    await first.kill();
    const spooled = linesOf(first);
    const second = run('./agent.child.ts', agentDir, String(broker.port), '40');
    expect(await second.ended).toBe(0);
    await stopTidily(broker);
    const present = await logged('killed-1');
    const ofFirst = present.filter((number) => number.startsWith('1 '));
    expect(ofFirst.slice(0, spooled.length)).toStrictEqual(spooled);
    expect(present.slice(ofFirst.length)).toStrictEqual(Array.from({ length: 40 }, (_, i) => `2 ${i + 1}`));
  });
});
