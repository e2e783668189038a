/**
 * Frames per second from a spool over MQTT into a synced embedded log, in one process: `node cli/end-to-end/uplink.bench.ts`.
 * Staging is synced too, in groups, as an agent under load does it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { startBroker } from '#broker/broker.ts';
import { Spool } from '#edge-agent/spool/spool.ts';
import { startUplink } from '#edge-agent/uplink/uplink.ts';
import { sealedFrame } from './sealed-frame.ts';

const RUNS = 3;
const GROUP = 32;

async function run(frameBytes: number, count: number): Promise<{ perSecond: number; rssMb: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const logger = pino({ level: 'warn' });
  try {
    await using log = await openEmbeddedLog({ dir: join(dir, 'log'), partitions: 4 });
    await using claims = await openEmbeddedKeyValue({ dir: join(dir, 'claims') });
    await using table = await openEmbeddedTable({ dir: join(dir, 'agent') });
    const ledgerHead = (): Promise<{ incarnation: number; highestSequence: number }> =>
      Promise.resolve({ incarnation: 0, highestSequence: 0 });
    await using broker = await startBroker({
      listen: { host: '127.0.0.1', port: 0 },
      log,
      claims,
      metrics: null,
      clock: Date.now,
      logger,
      ledgerHead,
    });
    const spool = await Spool.open(table, { bytesMax: 1 << 30, prefix: Uint8Array.of(7) });
    for (let sequence = 1; sequence <= count;) {
      const items = Array.from({ length: Math.min(GROUP, count - sequence + 1) }, () => ({
        channel: 'frame' as const,
        incarnation: 1,
        sequence,
        bytes: sealedFrame({ sequence: sequence++ }, frameBytes),
      }));
      await table.write(spool.stage(items), { sync: true });
      spool.committed(items);
    }
    const startedAtMs = performance.now();
    await using uplink = startUplink({
      url: `mqtt://127.0.0.1:${broker.port}`,
      agent: 'bench-1',
      spool,
      heartbeat: () => ({ incarnation: 1, highestSequence: count, watermarkMs: null, closed: false }),
      logger,
      random: Math.random,
      onHead: () => undefined,
      onVerdict: () => undefined,
    });
    await uplink.drain(AbortSignal.timeout(120_000));
    const seconds = (performance.now() - startedAtMs) / 1000;
    return { perSecond: count / seconds, rssMb: process.memoryUsage.rss() / 1e6 };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

for (const [frameBytes, count] of [
  [1_000, 10_000],
  [16_000, 5_000],
  [64_000, 1_500],
] as const) {
  const runs: number[] = [];
  let rssMb = 0;
  for (let i = 0; i < RUNS; i++) {
    const result = await run(frameBytes, count);
    runs.push(Math.round(result.perSecond));
    rssMb = Math.max(rssMb, result.rssMb);
  }
  const value = runs.toSorted((a, b) => a - b)[RUNS >> 1] ?? 0;
  const line = {
    name: `uplink-${frameBytes}B`,
    value,
    unit: 'frames/s',
    megabytesPerSecond: Math.round((value * frameBytes) / 1e6),
    rssMb: Math.round(rssMb),
    runs,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
