/** What a new user does: init, check, up, edge, query; a demonstration; Ctrl-C. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { describe, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { answers, freePort } from '#edge-agent/sources/mqtt/brokers.fixtures.ts';
import { startUp, startWeir, weir, whenFolded } from '#tooling/processes/weir-process.ts';
import { runCommand } from '#tooling/servers/command.ts';
import type { EdgeSummary } from './compose/edge.ts';

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));

describe('the first steps', () => {
  it('lead from nothing to an answer about a file', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    const { dir } = folder;
    const written = await weir(['init'], { cwd: dir });
    expect(written).toMatchObject({ status: 0, stderr: '' });

    const checked = await weir(['check', '--config', 'weir.yaml'], { cwd: dir });
    expect(checked).toMatchObject({ status: 0, stderr: '' });
    expect(checked.stdout).toContain('192 rows: 383 readings of 4 series, 1 missing, 0 to quarantine');
    expect(checked.stdout).toContain(
      'view power-by-region: power by region, in slices of 15m: 2 of the series above, in 2 groups',
    );
    expect(checked.stdout).toContain('weir query power-by-region --from 2024-10-13 --to 2024-10-15');

    await using server = await startUp(['--config', 'weir.yaml'], { cwd: dir });
    const text = await readFile(join(dir, 'weir.yaml'), 'utf8');
    await writeFile(
      join(dir, 'weir.yaml'),
      text.replace('mqtt://127.0.0.1:1883', `mqtt://127.0.0.1:${server.mqttPort}`),
    );
    const edge = await weir(['edge', '--config', 'weir.yaml', '--once', '--log-level', 'warn'], { cwd: dir });
    expect(edge).toMatchObject({ status: 0, stderr: '' });
    const { frames, ...counts } = JSON.parse(edge.stdout) as EdgeSummary;
    expect(counts).toMatchObject({
      rows: 192,
      readings: 384,
      counted: 383,
      repeats: 0,
      amended: 0,
      missing: 1,
      quarantined: 0,
    });

    await whenFolded(server.url, 'sample-1', frames, '2024-10-14T21:45:00Z');
    const asked = [
      'query',
      'power-by-region',
      '--from',
      '2024-10-14',
      '--to',
      '2024-10-15',
      '--window',
      '1d',
      '--zone',
      'Europe/Copenhagen',
    ];
    const answer = await weir([...asked, '--stats', 'count', '--format', 'csv', '--url', server.url], { cwd: dir });
    expect(
      answer.stdout
        .split('\r\n')
        .slice(1, 3)
        .map((line) => line.split(',').slice(0, 4).join(' ')),
    ).toEqual(['2024-10-13T22:00:00Z 2024-10-14T22:00:00Z DK1 96', '2024-10-13T22:00:00Z 2024-10-14T22:00:00Z DK2 95']);

    // A second run reads nothing twice, and says the same.
    const again = await weir(['edge', '--config', 'weir.yaml', '--once'], { cwd: dir });
    expect(JSON.parse(again.stdout)).toMatchObject({ rows: 192, counted: 383, repeats: 0 });
  });

  it('lead from a device that publishes to a window', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    const cwd = folder.dir;
    const config = await readFile(join(EXAMPLES, 'devices.yaml'), 'utf8');
    await writeFile(join(cwd, 'devices.yaml'), config);
    await using server = await startUp(['--config', 'devices.yaml'], { cwd });
    const port = await freePort();
    const mine = config
      .replace('listen: 127.0.0.1:1885', `listen: 127.0.0.1:${port}`)
      .replace('{ id: home-1 }', `{ id: home-1, broker: 'mqtt://127.0.0.1:${server.mqttPort}' }`);
    await writeFile(join(cwd, 'mine.yaml'), mine);
    await using _agent = startWeir(['edge', '--config', 'mine.yaml'], { cwd });
    await vi.waitUntil(() => answers(port), { timeout: 30_000 });
    const device = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    await device.publishAsync('home/kitchen', '{"temperature":21.4}', { qos: 1 });
    await device.endAsync();
    const asked = ['query', 'temperature', '--from', '-1h', '--to', 'now', '--window', '1m', '--format', 'csv'];
    const answer = async (): Promise<string> => (await weir([...asked, '--url', server.url], { cwd })).stdout;
    while (!/,kitchen,1,21\.4,21\.4,/.test(await answer()));
  });

  it('overwrite nothing', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    await writeFile(join(folder.dir, 'mine.yaml'), 'mine');
    expect(await weir(['init', 'mine.yaml'], { cwd: folder.dir })).toMatchObject({ status: 2, stdout: '' });
    expect(await readFile(join(folder.dir, 'mine.yaml'), 'utf8')).toBe('mine');
  });

  it('show what would become of a file that is wrong in places, and end with status 1 where one is wrong altogether', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    const { dir } = folder;
    await writeFile(join(dir, 'm.csv'), 'time,kw\n2024-01-01T00:00:00Z,1.5\nyesterday,2\n2024-01-01T00:02:00Z,much\n');
    const source = (file: string): string =>
      `{ kind: csv, file: ${file}, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] }`;
    const metrics = 'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }';
    await writeFile(join(dir, 'some.yaml'), `${metrics}\nsources: { m: ${source('m.csv')} }\n`);
    const some = await weir(['check', '--config', 'some.yaml'], { cwd: dir });
    expect(some.status).toBe(0);
    expect(some.stdout).toMatch(
      /3 rows: 1 readings of 1 series, 0 missing, 2 to quarantine[\s\S]*1\.5 kW[\s\S]*line 3: .*yesterday[\s\S]*line 4: .*much/,
    );
    await writeFile(join(dir, 'none.yaml'), `${metrics}\nsources: { m: ${source('absent.csv')} }\n`);
    const none = await weir(['check', '--config', 'none.yaml'], { cwd: dir });
    expect(none.status).toBe(1);
    expect(none.stdout).toMatch(/absent\.csv does not exist; check its path/);
  });

  it.each(['household', 'temperatures', 'plugs', 'devices'])('work for the example %s', async (name) => {
    const { status, stdout } = await weir(['check', '--config', `${name}.yaml`], { cwd: EXAMPLES });
    expect(stdout).toContain(`${name}.yaml can be used.`);
    expect(status).toBe(0);
  });
});

describe('a server', () => {
  it('simulates a fleet whose windows are seconds old, and stops in order on Ctrl-C', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    await using server = await startUp(['--simulate', 'denmark'], { cwd: folder.dir });
    expect(/https?:\/\/\S+/.exec(server.stdout())?.[0]).toBe(`${server.url}/`);
    const minute = 60_000;
    // The fleet tells its past first; it is there when the minute before this one has readings of both regions.
    for (;;) {
      const now = Date.now();
      const query = new URLSearchParams({
        from: new Date(now - 2 * minute).toISOString(),
        to: new Date(now - minute).toISOString(),
        window: '1m',
      });
      const answer = await fetch(`${server.url}/api/v1/views/usage-by-region/windows?${query.toString()}`);
      const { windows } = (await answer.json()) as {
        windows: { tags: { region: string }; stats: { count: number } }[];
      };
      if (windows.length >= 2 && windows.every(({ stats }) => stats.count > 0)) break;
    }
    server.process.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toBe('');
  });

  it('without a configuration takes what agents declare, and says how to go on', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    await using server = await startUp([], { cwd: folder.dir });
    expect(server.stdout()).toContain('"weir init" writes a configuration to start from');
    expect(await (await fetch(`${server.url}/health/live`)).json()).toMatchObject({ status: 'live' });
  });
});

describe('an agent', () => {
  const configuration = (mqttPort: number): string => `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }
agent: { id: waits, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources: { m: { kind: csv, file: m.csv, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] } }
`;

  it('waits for a broker that can not be reached, says so once, and sends when it can', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    const { dir } = folder;
    await writeFile(join(dir, 'm.csv'), 'time,kw\n2024-01-01T00:00:00Z,1.5\n2024-01-01T00:01:00Z,2\n');
    await using first = await startUp([], { cwd: dir });
    await writeFile(join(dir, 'weir.yaml'), configuration(first.mqttPort));
    await first.kill();
    await using edge = startWeir(['edge', '--config', 'weir.yaml', '--once'], { cwd: dir });
    await vi.waitUntil(() => edge.stderr().includes('broker not reached'), { timeout: 20_000 });
    await using second = await startUp([], { cwd: dir, httpPort: first.httpPort, mqttPort: first.mqttPort });
    expect(await edge.ended).toBe(0);
    expect(edge.stderr().match(/broker not reached/g)).toHaveLength(1);
    expect(edge.stderr()).not.toMatch(/"stack"|\n\s+at /);
    expect(JSON.parse(edge.stdout())).toMatchObject({ rows: 2, counted: 2 });
    expect(second.process.exitCode).toBe(null);
  });

  it('that is stopped before everything is sent says so, and keeps it for the next run', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    const { dir } = folder;
    await writeFile(join(dir, 'm.csv'), 'time,kw\n2024-01-01T00:00:00Z,1.5\n');
    await writeFile(join(dir, 'weir.yaml'), configuration(1));
    await using edge = startWeir(['edge', '--config', 'weir.yaml', '--once'], { cwd: dir });
    await vi.waitUntil(() => edge.stderr().includes('source ended'), { timeout: 20_000 });
    edge.process.kill('SIGTERM');
    expect(await edge.ended).toBe(1);
    expect(edge.stderr()).toMatch(
      /weir: stopped before everything was sent; what was read is in the spool, and the next run goes on from there\n$/,
    );
    await using server = await startUp([], { cwd: dir });
    await writeFile(join(dir, 'weir.yaml'), configuration(server.mqttPort));
    const next = await weir(['edge', '--config', 'weir.yaml', '--once', '--log-level', 'warn'], { cwd: dir });
    expect(JSON.parse(next.stdout)).toMatchObject({ rows: 1, counted: 1, repeats: 0 });
  });

  it('without --once goes on after its files, and leaves tidily on Ctrl-C', async () => {
    await using folder = await makeTemporaryDirectory('first-steps');
    const { dir } = folder;
    await writeFile(join(dir, 'm.csv'), 'time,kw\n2024-01-01T00:00:00Z,1.5\n');
    await using server = await startUp([], { cwd: dir });
    await writeFile(join(dir, 'weir.yaml'), configuration(server.mqttPort));
    await using edge = startWeir(['edge', '--config', 'weir.yaml', '--log-level', 'warn'], { cwd: dir });
    await whenFolded(server.url, 'waits', 2, '2024-01-01T00:00:00Z');
    expect(edge.process.exitCode).toBe(null);
    edge.process.kill('SIGINT');
    expect(await edge.ended).toBe(0);
    const ledger = await weir(['ledger', 'waits', '--format', 'json', '--url', server.url], { cwd: dir });
    expect(JSON.parse(ledger.stdout)).toMatchObject({ agents: [{ agent: 'waits', ledger: { missing: [] } }] });
  });
});

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Runs a line of a shell as somebody would who is in a folder, with nothing that an npm around this test has said. */
async function typed(line: string, cwd: string, path: readonly string[] = []): Promise<string> {
  const mine = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  const env = { ...Object.fromEntries(mine), PATH: [...path, process.env['PATH']].join(delimiter) };
  const { status, output } = await runCommand('sh', ['-c', `cd "$1" && ${line}`, 'sh', cwd], {
    timeoutMs: 50_000,
    env,
  });
  expect({ line, status, output }).toMatchObject({ status: 0 });
  return output;
}

/** The commands that a text tells one to type next. */
const shown = (text: string): readonly string[] =>
  [...text.matchAll(/^ {2}(\S.*?)(?: {2}.*)?$/gm)].map(([, command]) => command!);

describe('the command', () => {
  it('is called by npx in a checkout, where what it tells one to type works', async () => {
    await using folder = await makeTemporaryDirectory('weir-command');
    const [check] = shown(await typed(`npx weir init ${folder.dir}/weir.yaml`, join(ROOT, 'docs')));
    expect(check).toBe(`npx weir check --config ${folder.dir}/weir.yaml`);
    expect(shown(await typed(check!, ROOT))).toContain(`npx weir up --config ${folder.dir}/weir.yaml`);
  });

  it('runs from any folder once it is linked onto the PATH, and tells one to type its bare name', async () => {
    await using folder = await makeTemporaryDirectory('weir-command');
    const { dir } = folder;
    await mkdir(join(dir, 'bin'));
    await symlink(join(ROOT, 'cli/weir.sh'), join(dir, 'bin/weir'));
    const [check] = shown(await typed('weir init', dir, [join(dir, 'bin')]));
    expect(check).toBe('weir check --config weir.yaml');
    expect(await typed(check!, dir, [join(dir, 'bin')])).toContain('weir.yaml can be used.');
  });
});
