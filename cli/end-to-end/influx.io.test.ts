/**
 * A real InfluxDB keeps the slices of real files as the API answers them, while late and changed readings come, batches run
 * and are taken back, and server and influxd are killed. WEIR_KILLS says how often each.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startUp, weir, whenFolded } from '#tooling/processes/weir-process.ts';
import { startInfluxd } from '#tooling/servers/influxd.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import type { EdgeSummary } from '../compose/edge.ts';
import {
  type ComparedView,
  expectFluxHours,
  expectPointsOfSlices,
  storesOf,
  storeStatus,
  whenTold,
} from './influx-points.fixtures.ts';
import { replayMeters } from './meters-replay.fixtures.ts';
import { householdSource, plugsSource, temperatureSource } from './real-files.fixtures.ts';

const KILLS = Number(process.env['WEIR_KILLS'] ?? 2);
const SEED = Number(process.env['WEIR_SEED'] ?? 1);
const TEST_MS_MAX = 120_000 + KILLS * 20_000;

const influxd = await serverForTests('influxd');

const NAB = { from: '2013-07-01', to: '2014-06-30' };
const DEBS = { from: '2013-08-31', to: '2013-09-02' };
const FILES: readonly ComparedView[] = [
  { view: 'power', tag: 'device', slice: '1m', decimals: 3, kind: 'gauge', from: '2006-12-01', to: '2007-01-31' },
  {
    view: 'sub-by-region',
    tag: 'region',
    slice: '15m',
    decimals: 3,
    kind: 'gauge',
    from: '2006-12-01',
    to: '2007-01-31',
  },
  { view: 'machine', tag: 'device', slice: '5m', decimals: 6, kind: 'gauge', ...NAB },
  { view: 'work-by-plug', tag: 'device', slice: '1m', decimals: 3, kind: 'counter', ...DEBS },
];

const CHANGED: ComparedView = {
  view: 'power',
  tag: 'device',
  slice: '1m',
  decimals: 3,
  kind: 'gauge',
  from: '2024-01-01',
  to: '2024-01-02',
};

const REPLAYED: ComparedView = {
  view: 'by-region',
  tag: 'region',
  slice: '1m',
  decimals: 3,
  kind: 'gauge',
  from: '2024-03-30',
  to: '2024-04-02',
};

/** Writes a configuration that reads three of the real files; gives its path. */
async function writeFiles(dir: string, mqttPort: number, stores: string): Promise<string> {
  const file = join(dir, 'files.yaml');
  await writeFile(
    file,
    `
metrics:
  power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings }
  sub: { unit: Wh, decimals: 3, kind: gauge, interval: 1m }
  machine: { unit: F, decimals: 6, kind: gauge, interval: 5m }
  work: { unit: kWh, decimals: 3, kind: counter, interval: 1s }
agent: { id: files, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources:${householdSource([
      '{ metric: power, value: Global_active_power, device: home }',
      '{ metric: sub, value: Sub_metering_1, device: kitchen, tags: { region: IDF } }',
      '{ metric: sub, value: Sub_metering_2, device: laundry, tags: { region: IDF } }',
    ])}${temperatureSource('machine')}${plugsSource(0, ["{ metric: work, value: value, when: { property: '0' }, device: '{house}-{household}-{plug}' }"])}
views:
  power: { metric: power, by: [device], slice: 1m }
  sub-by-region: { metric: sub, by: [region], slice: 15m }
  machine: { metric: machine, by: [device], slice: 5m }
  work-by-plug: { metric: work, by: [device], slice: 1m }
stores: ${stores}
`,
  );
  return file;
}

describe.runIf(influxd)('a real InfluxDB', () => {
  it('has the slices of real files, and adds them up as the API does', { timeout: TEST_MS_MAX }, async () => {
    await using folder = await makeTemporaryDirectory('influx-files');
    await using influx = await startInfluxd(join(folder.dir, 'influxd'));
    const stores = storesOf(influx);
    const cwd = folder.dir;
    await using server = await startUp(['--config', await writeFiles(cwd, 1, stores), '--data', 'data'], { cwd });
    const config = await writeFiles(cwd, server.mqttPort, stores);
    const edge = await weir(['edge', '--config', config, '--once', '--log-level', 'warn'], { cwd });
    expect(edge).toMatchObject({ status: 0, stderr: '' });
    const { frames } = JSON.parse(edge.stdout) as EdgeSummary;
    await whenFolded(server.url, 'files', frames, '2014-02-19T15:00:00Z');
    await whenTold(server.url);
    for (const file of FILES) {
      await expectPointsOfSlices(influx, server.url, file);
      await expectFluxHours(influx, server.url, file);
    }
    await influx.ask('POST', '/api/v2/delete?org=weir&bucket=views', {
      start: '1970-01-01T00:00:00Z',
      stop: '2100-01-01T00:00:00Z',
      predicate: '_measurement="power"',
    });
    const rebuilt = await weir(['store', 'rebuild', 'influx', '--url', server.url], { cwd });
    expect(rebuilt).toMatchObject({ status: 0, stderr: '' });
    expect((JSON.parse(rebuilt.stdout) as { slices: number }).slices).toBeGreaterThan(20_000);
    for (const file of FILES) await expectPointsOfSlices(influx, server.url, file);
  });

  it('follows late and changed readings, a batch, and a rollback', { timeout: TEST_MS_MAX }, async () => {
    await using folder = await makeTemporaryDirectory('influx-changes');
    await using influx = await startInfluxd(join(folder.dir, 'influxd'));
    const cwd = folder.dir;
    const write = (port: number): Promise<void> =>
      writeFile(
        join(cwd, 'weir.yaml'),
        `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings } }
agent: { id: roof-1, broker: 'mqtt://127.0.0.1:${port}' }
sources:
  meters: { kind: csv, file: m.csv, time: { columns: [time] }, series: [{ metric: power, value: kw, device: '{meter}' }] }
views: { power: { metric: power, by: [device], slice: 1m } }
stores: ${storesOf(influx)}
`,
      );
    await write(1);
    await using server = await startUp(['--config', 'weir.yaml', '--data', 'data'], { cwd });
    await write(server.mqttPort);
    let frames = 0;
    const send = async (rows: readonly string[]): Promise<EdgeSummary> => {
      await writeFile(join(cwd, 'm.csv'), `time,meter,kw\n${rows.join('\n')}\n`);
      const edge = await weir(['edge', '--config', 'weir.yaml', '--once', '--log-level', 'error'], { cwd });
      expect(edge).toMatchObject({ status: 0, stderr: '' });
      const summary = JSON.parse(edge.stdout) as EdgeSummary;
      frames = summary.frames;
      await whenFolded(server.url, 'roof-1', frames, '2024-01-01T03:00:00Z');
      await whenTold(server.url);
      await expectPointsOfSlices(influx, server.url, CHANGED);
      await expectFluxHours(influx, server.url, CHANGED);
      return summary;
    };
    const row = (minute: number, meter: string, kw: number): string =>
      `2024-01-01T${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:00Z,${meter},${kw}`;
    const minutes = Array.from({ length: 240 }, (_, i) => i);
    const first = minutes.flatMap((minute) => [
      row(minute, 'a=b c', minute / 8),
      row(minute, 'Küche', 5 - minute / 100),
    ]);
    await send(first.filter((_, i) => i % 9 !== 4));
    // What was left out comes late, and some values are other ones.
    const second = await send(first.map((text, i) => (i % 25 === 3 ? text.replace(/[^,]+$/, '-7.125') : text)));
    expect(second.amended).toBeGreaterThan(10);
    expect(second.counted).toBeGreaterThan(40);
    for (const command of [['batch'], ['batch', '--full']]) {
      expect(await weir([...command, '--url', server.url], { cwd })).toMatchObject({ status: 0 });
      await whenTold(server.url);
      await expectPointsOfSlices(influx, server.url, CHANGED);
    }
    const back = await fetch(`${server.url}/api/v1/views/power/rollback`, { method: 'POST' });
    expect(back.status).toBe(200);
    await send([...first, row(500, 'new', 1)]);
  });

  it(
    `has what the API answers where both are killed ${KILLS} times each in a replay`,
    { timeout: TEST_MS_MAX },
    async () => {
      await using folder = await makeTemporaryDirectory('influx-kills');
      await using influx = await startInfluxd(join(folder.dir, 'influxd'));
      let looks = 0;
      await replayMeters(folder.dir, {
        kills: KILLS,
        seed: SEED,
        stores: storesOf(influx),
        killMore: () => influx.restart(),
        look: async ({ url }) => {
          await whenTold(url);
          await expectPointsOfSlices(influx, url, REPLAYED);
          looks++;
        },
      });
      expect(looks).toBe(2);
    },
  );

  it('is told what it missed while it was away, and nothing waits for it', { timeout: TEST_MS_MAX }, async () => {
    await using folder = await makeTemporaryDirectory('influx-away');
    await using influx = await startInfluxd(join(folder.dir, 'influxd'));
    await influx.kill();
    let looks = 0;
    await replayMeters(folder.dir, {
      stores: storesOf(influx),
      look: async ({ url }) => {
        if (++looks === 2) return;
        const away = await storeStatus(url);
        expect(away).toMatchObject({ state: 'failing', written: 0 });
        expect(away.failure).toContain('takes nothing now');
        await influx.restart();
        await whenTold(url);
        await expectPointsOfSlices(influx, url, REPLAYED);
      },
    });
    expect(looks).toBe(2);
  });
});
