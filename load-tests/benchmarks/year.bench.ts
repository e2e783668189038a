import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesIn } from '#backbone/disk/directory.ts';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { peakMemoryBytes, type RunningProcess } from '#tooling/processes/node-process.ts';
import { type RunningUp, startUp, startWeir } from '#tooling/processes/weir-process.ts';
import { RunningSystem } from '../load/running-system.ts';
import { besideGoal, type Figure, figureOf, median, millisecondsOf, printFigures } from '../measure.ts';
import { METER_SOURCE, writeMeterFile } from '../workloads/meter-file.ts';

const METERS = 1_000;
const STEP_MS = 15 * 60_000;
const FROM_MS = Date.UTC(2025, 0, 1);
const TO_MS = Date.UTC(2026, 0, 1);
const STEPS = (TO_MS - FROM_MS) / STEP_MS;
const ASKED = 20;
const LOOK_EVERY_MS = 100;
const READY_EVERY_MS = 5;
const SETTLED_AFTER_MS = 10_000;
const MEGABYTE = 1_000_000;

/** What a year is asked for, and what its figures are held against: readings a second, MB, bytes a reading, ms. */
const GOALS = { ingest: 1_200_000, memory: 500, disk: 2.5, restart: 2_000, device: 20, regions: 100 };

/**
 * A year of 1,000 meters that report every quarter of an hour, 35 million readings: from a file into views by device and by region,
 * a batch run, a restart, and the days of the year of a device and of all regions, as a dashboard asks.
 */
export async function benchYear(): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { dir } = folder;
  const file = { path: join(dir, 'meters.csv'), meters: METERS, steps: STEPS, stepMs: STEP_MS, fromMs: FROM_MS };
  const rows = await writeMeterFile(file);
  const taken = await takeIn(dir, rows);
  await using restarted = await startedAgain(dir);
  const { server } = restarted;
  const device = await daysOf(server, 'load-by-device', (i) => `&device=meter-${(i * 37) % METERS}`);
  const regions = await daysOf(server, 'load-by-region', () => '');
  return [
    besideGoal(figureOf('year', taken.readingsPerSecond, 'readings/s'), GOALS.ingest),
    besideGoal(figureOf('year-agent-memory', taken.agentBytes / MEGABYTE, 'MB'), GOALS.memory),
    besideGoal(figureOf('year-server-memory', taken.serverBytes / MEGABYTE, 'MB'), GOALS.memory),
    besideGoal(figureOf('year-disk', taken.diskBytes / rows, 'bytes/reading', { decimals: 2 }), GOALS.disk),
    besideGoal(figureOf('year-restart', restarted.readyMs, 'ms'), GOALS.restart),
    besideGoal(daysFigure('year-of-one-device', device.later), GOALS.device),
    figureOf('year-of-one-device-first', device.first, 'ms', { decimals: 1 }),
    besideGoal(daysFigure('year-of-all-regions', regions.later), GOALS.regions),
    figureOf('year-of-all-regions-first', regions.first, 'ms', { decimals: 1 }),
  ];
}

function daysFigure(name: string, times: readonly number[]): Figure {
  return figureOf(name, median(times), 'ms', { runs: times.length, decimals: 1 });
}

interface TakenIn {
  readonly readingsPerSecond: number;
  readonly agentBytes: number;
  readonly serverBytes: number;
  readonly diskBytes: number;
}

/** Takes the file in, adds everything up, waits until what that has made superfluous is gone, and stops the server in order. */
async function takeIn(dir: string, rows: number): Promise<TakenIn> {
  await using system = await RunningSystem.start(configFor, dir);
  const agent = startWeir(['edge', '--config', join(dir, 'weir.yaml'), '--once', '--log-level', 'warn'], { cwd: dir });
  await using _owned = agent;
  const agentBytes = await peakUntilEnded(agent);
  const { counted, seconds } = JSON.parse(agent.stdout()) as { readonly counted: number; readonly seconds: number };
  if (counted !== rows) throw new Error(`${rows} readings were sent, and ${counted} are counted: ${agent.stderr()}`);
  await system.run('batch', '--url', system.server.url);
  const diskBytes = await settledBytesIn(join(dir, 'data'));
  const serverBytes = (await system.peakMemoryBytes()) ?? Number.NaN;
  system.server.process.kill('SIGTERM');
  await system.server.ended;
  return { readingsPerSecond: counted / seconds, agentBytes, serverBytes, diskBytes };
}

function configFor(broker: string): unknown {
  const view = (by: string) => ({ metric: 'load', by: [by], slice: '15m' });
  return {
    metrics: { load: { unit: 'W', decimals: 0, kind: 'gauge', interval: '15m' } },
    agent: { id: 'bench', broker },
    sources: {
      meters: METER_SOURCE,
    },
    views: { 'load-by-device': view('device'), 'load-by-region': view('region') },
  };
}

/** Bytes of a directory once they have been the same for a while: LevelDB lets go of what was deleted by and by. */
async function settledBytesIn(dir: string): Promise<number> {
  let before = Number.NaN;
  for (;;) {
    const bytes = await bytesIn(dir);
    if (bytes === before) return bytes;
    before = bytes;
    await sleep(SETTLED_AFTER_MS);
  }
}

/** The most memory that a process has had, told when it has ended in order. */
async function peakUntilEnded(child: RunningProcess): Promise<number> {
  let peak = 0;
  let status: number | null | undefined;
  void child.ended.then((ended) => (status = ended));
  while (status === undefined) {
    peak = Math.max(peak, (await peakMemoryBytes(child.process.pid ?? 0)) ?? 0);
    await sleep(LOOK_EVERY_MS);
  }
  if (status !== 0) throw new Error(`weir edge ended with status ${status}: ${child.stderr()}`);
  return peak;
}

/** The server on the same data, and milliseconds from its start until it says that it is ready. */
async function startedAgain(
  dir: string,
): Promise<AsyncDisposable & { readonly server: RunningUp; readonly readyMs: number }> {
  const startMs = performance.now();
  const server = await startUp(['--config', join(dir, 'weir.yaml'), '--data', join(dir, 'data')], { cwd: dir });
  while (!(await fetch(`${server.url}/health/ready`).then(({ ok }) => ok))) await sleep(READY_EVERY_MS);
  return { server, readyMs: performance.now() - startMs, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Milliseconds that the days of the year took, the first time and then, each time of what `which` names. */
async function daysOf(
  { url }: RunningUp,
  view: string,
  which: (i: number) => string,
): Promise<{ readonly first: number; readonly later: readonly number[] }> {
  const range = `from=${new Date(FROM_MS).toISOString()}&to=${new Date(TO_MS).toISOString()}&window=1d`;
  const ask = (i: number): Promise<number> =>
    millisecondsOf(async () => {
      const answer = await fetch(`${url}/api/v1/views/${view}/windows?${range}${which(i)}`);
      if (!answer.ok) throw new Error(`the days of a year were answered by ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    });
  const first = await ask(0);
  const later: number[] = [];
  for (let i = 1; i <= ASKED; i++) later.push(await ask(i));
  return { first, later };
}

if (import.meta.main) await printFigures(await benchYear());
