import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { openEmbeddedLog } from './embedded-log.ts';
import type { Log } from './log.ts';
import { openNatsLog } from './nats-log.ts';

/**
 * Appends per second with 256 in flight, and replay by `follow`, of records of 200 B and 16 kB, on both adapters; one
 * JSON line per figure. Run by itself: `node backbone/log/log.bench.ts`.
 */
const IN_FLIGHT = 256;
const RUNS = 3;
const REPLAY_BYTES_MAX = 8 * 1024 * 1024;
const WORKLOADS = [
  { size: '200B', recordBytes: 200, records: 20_000 },
  { size: '16kB', recordBytes: 16_000, records: 6_000 },
] as const;

type Workload = (typeof WORKLOADS)[number];

/** Seconds that it takes to append all records of a workload to one partition and have them acknowledged. */
async function appendAll(log: Log, workload: Workload): Promise<number> {
  const record = new Uint8Array(workload.recordBytes).fill(7);
  const startMs = performance.now();
  let appended = 0;
  const appendOnAndOn = async (): Promise<void> => {
    while (appended < workload.records) {
      appended++;
      await log.append(0, record);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, appendOnAndOn));
  return (performance.now() - startMs) / 1000;
}

/** Seconds that it takes to follow the partition from its first record to its last. */
async function replayAll(log: Log): Promise<number> {
  const { last } = await log.bounds(0);
  const stop = new AbortController();
  const startMs = performance.now();
  for await (const group of log.follow(0, 1, { signal: stop.signal, bytesMax: REPLAY_BYTES_MAX })) {
    if (group.at(-1)?.position === last) stop.abort();
  }
  return (performance.now() - startMs) / 1000;
}

/** Measures a workload on fresh logs and prints the median of the runs. */
async function measure(adapter: string, workload: Workload, open: (run: number) => Promise<Log>): Promise<void> {
  const appends: number[] = [];
  const replays: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    await using log = await open(run);
    appends.push(workload.records / (await appendAll(log, workload)));
    replays.push(workload.records / (await replayAll(log)));
  }
  for (const [name, rates] of [
    [`append-${workload.size}-${adapter}`, appends],
    [`replay-${workload.size}-${adapter}`, replays],
  ] as const) {
    rates.sort((a, b) => a - b);
    const value = Math.round(rates[RUNS >> 1] ?? 0);
    process.stdout.write(`${JSON.stringify({ name, value, unit: 'records/s', runs: RUNS })}\n`);
  }
}

for (const workload of WORKLOADS) {
  await using place = await makeTemporaryDirectory('bench');
  await measure('embedded', workload, (run) => openEmbeddedLog({ dir: `${place.dir}/${run}`, partitions: 4 }));
}
for (const workload of WORKLOADS) {
  await using place = await makeTemporaryDirectory('bench');
  await using server = await startNatsServer({ storeDir: place.dir, syncAlways: true });
  await measure('nats', workload, (run) => openNatsLog({ servers: [server.url], name: `run-${run}`, partitions: 4 }));
}
