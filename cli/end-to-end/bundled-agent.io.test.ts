/** The agent as one file, alone in a folder, as it is on a gateway. */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { bundleAgent } from '#tooling/bundle-agent.ts';
import { type RunningProcess, startNode } from '#tooling/processes/node-process.ts';
import { startUp, whenFolded } from '#tooling/processes/weir-process.ts';
import { askJson } from '../api/ask.ts';

const folder = folderPerTest('bundled-agent');
const METRICS = 'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }\n';

let place: TemporaryDirectory;
let bundled: string;

/** Where nothing else is that a program could find. */
const gateway = (): string => join(folder.dir, 'gateway');

beforeAll(async () => {
  place = await makeTemporaryDirectory('bundle');
  bundled = await bundleAgent(place.dir);
});

afterAll(() => place[Symbol.asyncDispose]());

/** Runs the copy in the empty folder, without anything of this checkout in its environment. */
function agent(...args: readonly string[]): RunningProcess {
  const script = pathToFileURL(join(gateway(), 'weir-agent.mjs'));
  return startNode(script, args, { cwd: gateway(), env: { NODE_PATH: '', NODE_OPTIONS: '' } });
}

async function setUp(config: string): Promise<void> {
  await mkdir(gateway());
  await copyFile(bundled, join(gateway(), 'weir-agent.mjs'));
  await writeFile(join(gateway(), 'weir.yaml'), config);
}

describe('the agent as one file', () => {
  it('reads, keeps and sends as the one of a checkout does, and leaves nothing behind', async () => {
    await writeFile(
      join(folder.dir, 'weir.yaml'),
      `${METRICS}views: { power: { metric: power, by: [device], slice: 1m } }\n`,
    );
    await using server = await startUp(['--config', 'weir.yaml', '--data', 'data'], { cwd: folder.dir });
    await setUp(
      `${METRICS}agent: { id: roof-1, broker: 'mqtt://127.0.0.1:${server.mqttPort}' }\nsources: { m: { kind: csv, file: m.csv, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] } }\n`,
    );
    const rows = Array.from({ length: 60 }, (_, i) => `2024-05-01T10:${String(i).padStart(2, '0')}:00Z,0.${i + 100}\n`);
    await writeFile(join(gateway(), 'm.csv'), `time,kw\n${rows.join('')}`);
    await using running = agent('edge', '--config', 'weir.yaml', '--once');
    expect([await running.ended, running.stderr().includes('rror')]).toEqual([0, false]);
    expect(JSON.parse(running.stdout())).toMatchObject({ readings: 60, counted: 60, quarantined: 0 });
    await whenFolded(server.url, 'roof-1', 1, '2024-05-01T10:59:00Z');
    const query = 'from=2024-05-01&to=2024-05-02&window=1h&stats=count,sum';
    const { windows } = await askJson<{ windows: { stats: object }[] }>(
      { url: new URL(server.url) },
      { path: `/api/v1/views/power/windows?${query}` },
    );
    expect(windows.map(({ stats }) => stats)).toEqual([{ count: 60, sum: 7.77 }]);
    expect((await readdir(gateway())).toSorted()).toEqual(['.weir', 'm.csv', 'weir-agent.mjs', 'weir.yaml']);
  });

  it('says what it is and what is wrong with a configuration', async () => {
    await setUp('agent: { id: roof-1 }\nsources: { m: { kind: sparklug } }\n');
    const version = agent('--version');
    expect([await version.ended, version.stdout()]).toEqual([
      0,
      expect.stringMatching(/^weir \d+\.\d+\.\d+\nnode v?2\d/),
    ]);
    const check = agent('check', '--config', 'weir.yaml');
    expect([await check.ended, check.stdout()]).toEqual([1, expect.stringContaining('did you mean sparkplug?')]);
  });

  it('has the licences of what is in it beside it', async () => {
    const licences = await readFile(bundled.replace(/mjs$/, 'licenses.txt'), 'utf8');
    for (const name of ['classic-level', 'mqtt', 'zod', 'yaml', 'pino']) expect(licences).toContain(`${name} `);
  });
});
