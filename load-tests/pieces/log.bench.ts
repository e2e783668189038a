import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { openNatsLog } from '#backbone/log/nats-log.ts';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { type Figure, measure, millisecondsOf, printFigures } from '../measure.ts';

const IN_FLIGHT = 256;
const RUNS = 3;
const REPLAY_BYTES_MAX = 8 * 1024 * 1024;
const WORKLOADS = [
  { size: '200B', recordBytes: 200, records: 20_000 },
  { size: '16kB', recordBytes: 16_000, records: 6_000 },
] as const;

type Workload = (typeof WORKLOADS)[number];

/** Appends with IN_FLIGHT under way, and replay by `follow`, of records of two sizes, on both adapters. */
async function* benchLog(): AsyncGenerator<Figure> {
  for (const workload of WORKLOADS) {
    await using place = await makeTemporaryDirectory('bench');
    yield* measureLog('embedded', workload, (run) => openEmbeddedLog({ dir: `${place.dir}/${run}`, partitions: 4 }));
  }
  for (const workload of WORKLOADS) {
    await using place = await makeTemporaryDirectory('bench');
    await using server = await startNatsServer({ storeDir: place.dir, syncAlways: true });
    yield* measureLog('nats', workload, (run) =>
      openNatsLog({ servers: [server.url], name: `run-${run}`, partitions: 4 }),
    );
  }
}

/** Each run on a fresh log: what is appended in it is replayed in it. */
async function* measureLog(
  adapter: string,
  workload: Workload,
  open: (run: number) => Promise<Log>,
): AsyncGenerator<Figure> {
  const { size, records } = workload;
  const replays: number[] = [];
  const appendAndReplay = async (run: number): Promise<number> => {
    await using log = await open(run);
    const appendMs = await millisecondsOf(() => appendAll(log, workload));
    replays.push(records / ((await millisecondsOf(() => replayAll(log))) / 1_000));
    return records / (appendMs / 1_000);
  };
  const common = { unit: 'records/s', runs: RUNS };
  yield await measure({ ...common, name: `append-${size}-${adapter}`, run: appendAndReplay });
  yield await measure({ ...common, name: `replay-${size}-${adapter}`, run: (run) => replays[run]! });
}

/** Appends all records of a workload to one partition and has them acknowledged. */
async function appendAll(log: Log, { recordBytes, records }: Workload): Promise<void> {
  const record = new Uint8Array(recordBytes).fill(7);
  let appended = 0;
  const appendOnAndOn = async (): Promise<void> => {
    while (appended < records) {
      appended++;
      await log.append(0, record);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, appendOnAndOn));
}

/** Follows the partition from its first record to its last. */
async function replayAll(log: Log): Promise<void> {
  const { last } = await log.bounds(0);
  const stop = new AbortController();
  for await (const group of log.follow(0, 1, { signal: stop.signal, bytesMax: REPLAY_BYTES_MAX })) {
    if (group.at(-1)?.position === last) stop.abort();
  }
}

await printFigures(benchLog());
