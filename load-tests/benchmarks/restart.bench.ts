import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { writeWalkCsv } from '#simulators/tables/walk-table.ts';
import { startUp, weir } from '#tooling/processes/weir-process.ts';
import { type Figure, measureInTurn, printFigures } from '../measure.ts';

const SERIES = 1_000;
const SECONDS = 3_000;
/** The narrowest there is: it makes the most rows. */
const SLICE = '10s';
const RUNS = 5;
const LOOK_EVERY_MS = 5;

/**
 * From the start of `weir up` until it is ready, where it holds 300,000 rows of 1,000 devices that no batch has covered, and
 * in turn where it holds nothing. Less is better.
 */
export async function benchRestart(): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { dir } = folder;
  const table = { seed: 1, seriesCount: SERIES, seconds: SECONDS, fromMs: Date.UTC(2024, 0, 1), decimals: 3 };
  const { config } = await writeWalkCsv({ ...table, path: join(dir, 'walk.csv') });
  const file = join(dir, 'weir.yaml');
  const write = (mqttPort: number): Promise<void> =>
    writeFile(
      file,
      // JSON is YAML.
      JSON.stringify({
        ...config,
        source: undefined,
        sources: { walk: config.source },
        agent: { id: 'bench', broker: `mqtt://127.0.0.1:${mqttPort}` },
        views: { 'walk-by-device': { metric: 'walk', by: ['device'], slice: SLICE } },
        batch: { every: 'never' },
      }),
    );
  await write(1);
  await fill(dir, file, write);
  const startOf = (data: string) => () => untilReady(dir, file, join(dir, data));
  return await measureInTurn(
    { name: 'restart', unit: 'ms', runs: RUNS, warmUps: 1, run: startOf('data') },
    { name: 'start-empty', unit: 'ms', runs: RUNS, warmUps: 1, run: startOf('empty') },
  );
}

/** Takes all readings in, and stops in order. */
async function fill(dir: string, file: string, write: (mqttPort: number) => Promise<void>): Promise<void> {
  await using server = await startUp(['--config', file, '--data', join(dir, 'data')], { cwd: dir });
  await write(server.mqttPort);
  const edge = await weir(['edge', '--config', file, '--once', '--log-level', 'warn'], { cwd: dir });
  if (edge.status !== 0) throw new Error(`weir edge ended with status ${edge.status}: ${edge.stderr}`);
  server.process.kill('SIGTERM');
  await server.ended;
}

/** Milliseconds from the start until the server says that it is ready; then it is stopped in order. */
async function untilReady(dir: string, file: string, data: string): Promise<number> {
  const startMs = performance.now();
  await using server = await startUp(['--config', file, '--data', data], { cwd: dir });
  while (!(await fetch(`${server.url}/health/ready`).then(({ ok }) => ok))) await sleep(LOOK_EVERY_MS);
  const tookMs = performance.now() - startMs;
  server.process.kill('SIGTERM');
  await server.ended;
  return tookMs;
}

if (import.meta.main) await printFigures(await benchRestart());
