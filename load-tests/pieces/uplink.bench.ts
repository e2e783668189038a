import { join } from 'node:path';
import { pino } from 'pino';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { Table } from '#backbone/table/table.ts';
import { startBroker } from '#broker/broker.ts';
import { Spool } from '#edge-agent/spool/spool.ts';
import { startUplink } from '#edge-agent/uplink/uplink.ts';
import { type Figure, figureOf, measure, millisecondsOf, printFigures } from '../measure.ts';
import { sealedFrame } from '../workloads/sealed-frame.ts';

const RUNS = 3;
/** Frames that are staged with one sync, as an agent under load does it. */
const FRAMES_PER_WRITE = 32;
const DRAIN_MS_MAX = 120_000;
const WORKLOADS = [
  { frameBytes: 1_000, frames: 10_000 },
  { frameBytes: 16_000, frames: 5_000 },
  { frameBytes: 64_000, frames: 1_500 },
] as const;

type Workload = (typeof WORKLOADS)[number];

/** Frames from a spool over MQTT into a synced embedded log, in one process. */
async function* benchUplink(): AsyncGenerator<Figure> {
  for (const workload of WORKLOADS) {
    const name = `uplink-${workload.frameBytes}B`;
    const figure = await measure({ name, unit: 'frames/s', runs: RUNS, run: () => drainOnce(workload) });
    yield figure;
    yield figureOf(`${name}-megabytes`, (figure.value * workload.frameBytes) / 1e6, 'MB/s', { runs: RUNS });
  }
  yield figureOf('uplink-memory', process.memoryUsage.rss() / 1e6, 'MB');
}

/** Fills a spool and brings it to a broker; gives frames per second. */
async function drainOnce({ frameBytes, frames }: Workload): Promise<number> {
  await using place = await makeTemporaryDirectory('bench');
  const logger = pino({ level: 'warn' });
  await using log = await openEmbeddedLog({ dir: join(place.dir, 'log'), partitions: 4 });
  await using claims = await openEmbeddedKeyValue({ dir: join(place.dir, 'claims') });
  await using table = await openEmbeddedTable({ dir: join(place.dir, 'agent') });
  await using broker = await startBroker({
    listen: { host: '127.0.0.1', port: 0 },
    log,
    claims,
    metrics: null,
    views: [],
    clock: Date.now,
    logger,
    ledgerHead: () => Promise.resolve({ incarnation: 0, highestSequence: 0 }),
    wantedOf: () => new Promise(() => undefined),
    endedOf: () => Promise.resolve([]),
    dictionaryOf: () => [],
  });
  const spool = await filledSpool(table, frameBytes, frames);
  const takenMs = await millisecondsOf(async () => {
    await using uplink = startUplink({
      url: `mqtt://127.0.0.1:${broker.port}`,
      agent: 'bench-1',
      spool,
      heartbeat: () => ({ incarnation: 1, highestSequence: frames, watermarkMs: null, closed: false }),
      logger,
      random: Math.random,
      onHead: () => undefined,
      onVerdict: () => Promise.resolve(),
    });
    await uplink.drain(AbortSignal.timeout(DRAIN_MS_MAX));
  });
  return (frames / takenMs) * 1_000;
}

async function filledSpool(table: Table, frameBytes: number, frames: number): Promise<Spool> {
  const spool = await Spool.open(table, { bytesMax: 1 << 30, prefix: Uint8Array.of(7) });
  for (let sequence = 1; sequence <= frames;) {
    const items = Array.from({ length: Math.min(FRAMES_PER_WRITE, frames - sequence + 1) }, () => ({
      channel: 'frame' as const,
      incarnation: 1,
      sequence,
      bytes: sealedFrame({ sequence: sequence++ }, frameBytes),
    }));
    await table.write(spool.stage(items), { sync: true });
    spool.committed(items);
  }
  return spool;
}

await printFigures(benchUplink());
