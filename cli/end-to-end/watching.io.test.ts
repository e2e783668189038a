/** What people watch Weir with: each query of the dashboards and rules is put to what it asks. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parser } from '@prometheus-io/lezer-promql';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { INFLUX_BUCKET, type Influxd, startInfluxd } from '#tooling/servers/influxd.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { startEdge } from '../compose/edge.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { judgeConfigText } from '../config/load-config.ts';
import type { WeirConfig } from '../config/schema.ts';
import { storesOf, whenTold } from './influx-points.fixtures.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const PROMTOOL_TIMEOUT_MS = 50_000;

const influxd = await serverForTests('influxd');
const promtool = await serverForTests('promtool');

interface Target {
  readonly refId: string;
  readonly query?: string;
  readonly expr?: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly datasource: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly datasource: { readonly uid: string };
      readonly query: { readonly query: string };
    }[];
  };
}

async function dashboard(name: string): Promise<Dashboard> {
  return JSON.parse(await readFile(join(DEPLOY, 'grafana/dashboards', `${name}.json`), 'utf8')) as Dashboard;
}

const views = await dashboard('views');
const server = await dashboard('server');
const targetsOf = ({ panels }: Dashboard) =>
  panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })));

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
const { groups } = parseYaml(await readFile(join(DEPLOY, 'prometheus/alerts.yaml'), 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** The queries of Prometheus, as Grafana would send them. */
const promQueries = [
  ...targetsOf(server).map(({ title, refId, expr }) => ({ name: `${title} ${refId}`, text: expr! })),
  ...rules.map(({ alert, expr }) => ({ name: alert, text: expr })),
].map(({ name, text }) => ({
  name,
  text: text.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '127.0.0.1:8080'),
}));

const DOOR = { host: '127.0.0.1', port: 0 };
const logger = pino({ level: 'silent' });
let folder: TemporaryDirectory;
let influx: Influxd | undefined;
let running: RunningServer;
let metrics: string;

function configOf(mqttPort: number): WeirConfig {
  const judged = judgeConfigText(`
metrics:
  power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings }
  energy: { unit: kWh, decimals: 3, kind: counter, interval: 1m, send: readings }
agent: { id: roof-1, broker: 'mqtt://127.0.0.1:${mqttPort}', spool: { dir: ${join(folder.dir, 'spool')} } }
sources:
  m:
    kind: csv
    file: m.csv
    time: { columns: [time] }
    series: [{ metric: power, value: kw, device: '{d}' }, { metric: energy, value: kwh, device: '{d}' }]
views:
  power: { metric: power, by: [device], slice: 1m }
  energy: { metric: energy, by: [device], slice: 1m }
${influx === undefined ? '' : `stores: ${storesOf(influx)}`}
`);
  if (judged.kind === 'usable') return judged.config;
  throw new Error(judged.faults.map(({ message }) => message).join('\n'));
}

beforeAll(async () => {
  folder = await makeTemporaryDirectory('watching');
  if (influxd !== undefined) influx = await startInfluxd(join(folder.dir, 'influxd'));
  const rows = Array.from({ length: 240 }, (_, i) => {
    const time = new Date(Date.UTC(2024, 0, 1) + i * 60_000).toISOString();
    return `${time},a,${(i % 7) / 8},${i}\n${time},b,${(i % 5) / 4},${2 * i}`;
  });
  await writeFile(join(folder.dir, 'm.csv'), `time,d,kw,kwh\n${rows.join('\n')}\n`);
  const common = { dashboardDir: undefined, version: '1.2.3', logger };
  running = await startServer({
    config: configOf(1),
    dataDir: join(folder.dir, 'data'),
    http: DOOR,
    mqtt: DOOR,
    ...common,
  });
  const { agent, sources, metrics: declared } = configOf(running.mqttPort);
  await using edge = await startEdge({
    agent: agent!,
    metrics: declared,
    folder: folder.dir,
    logger,
    sources: Object.entries(sources),
  });
  await edge.ended;
  await edge.drain();
  // Until the last frame is folded it counts as missing.
  do metrics = await (await fetch(`http://127.0.0.1:${running.httpPort}/metrics`)).text();
  while (!metrics.includes('weir_agent_missing_frames{agent="roof-1"} 0'));
});
afterAll(async () => {
  await running.stop();
  await influx?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describe('a dashboard', () => {
  it.each([views, server])(
    '$uid reads from sources that are provisioned, and its panels have places of their own',
    async ({ panels, templating }) => {
      const text = await readFile(join(DEPLOY, 'grafana/provisioning/datasources/weir.yaml'), 'utf8');
      const { datasources } = parseYaml(text) as { readonly datasources: readonly { readonly uid: string }[] };
      const known = datasources.map(({ uid }) => uid);
      const asked = [...panels, ...templating.list].map(({ datasource }) => datasource.uid);
      expect(asked.filter((uid) => !known.includes(uid))).toEqual([]);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, i) => `${x + (i % w)}/${y + Math.floor(i / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
    },
  );
});

describe.runIf(influxd)('a query of views that InfluxDB is asked', () => {
  const asked = `option v = {defaultBucket: "${INFLUX_BUCKET}", timeRangeStart: 2024-01-01T00:00:00Z, timeRangeStop: 2024-01-01T04:00:00Z, windowPeriod: 10m}\n`;
  /** With imports before it, as Flux wants them. */
  const put = (query: string, view: string): Promise<readonly Readonly<Record<string, string>>[]> => {
    const imports = query.match(/^import .*$/gm) ?? [];
    const rest = query.replaceAll(/^import .*$/gm, '').replaceAll('${view}', view);
    return influx!.query([...imports, asked, rest].join('\n'));
  };

  beforeAll(async () => {
    const url = `http://127.0.0.1:${running.httpPort}`;
    for (;;) {
      await whenTold(url);
      // Both views have come to InfluxDB, up to their last slice.
      const rows = await put(
        'from(bucket: v.defaultBucket) |> range(start: 2024-01-01T03:59:00Z) |> filter(fn: (r) => r._field == "count")',
        '',
      );
      if (rows.length === 4) return;
    }
  });

  it('finds the views to choose from', async () => {
    const [choice] = views.templating.list;
    const found = await put(choice!.query.query, '');
    expect(new Set(found.map((row) => row['_value']))).toEqual(new Set(['energy', 'power']));
  });

  it.each(targetsOf(views))('gives something: $title $refId', async ({ query }) => {
    for (const view of ['power', 'energy']) expect((await put(query!, view)).length).toBeGreaterThan(0);
  });

  it('tells the mean of readings, not of slices', async () => {
    const rows = await put(views.panels.find(({ title }) => title === 'Mean')!.targets[0]!.query!, 'power');
    const first = rows.find((row) => row['device'] === 'a')!;
    expect(Number(first['_value'])).toBeCloseTo(
      [0, 1, 2, 3, 4, 5, 6, 0, 1, 2].reduce((sum, i) => sum + i / 8, 0) / 10,
      12,
    );
  });
});

describe('a query of Prometheus', () => {
  it.each(promQueries)('can be read: $name', ({ text }) => {
    const faults: string[] = [];
    const names: string[] = [];
    parser.parse(text).iterate({
      enter: ({ type, from, to, node }) => {
        if (type.isError) faults.push(`at ${from} of ${text}`);
        if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') names.push(text.slice(from, to));
      },
    });
    expect(faults).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
    // What Prometheus itself says of a target.
    const told = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!).concat('up');
    const bases = names.map((name) => name.replace(/_bucket$/, ''));
    expect(bases.filter((name) => !told.includes(name))).toEqual([]);
  });

  it('is of what the server measures of an agent that has sent', () => {
    expect(metrics).toContain('weir_agent_missing_frames{agent="roof-1"} 0');
    expect(metrics).toContain('weir_quarantined_total{agent="roof-1",kind="rows"} 0');
    expect(metrics).toMatch(/^weir_agent_connected\{agent="roof-1"\} [01]$/m);
    expect(metrics).toMatch(/^weir_agent_last_seen_timestamp_seconds\{agent="roof-1"\} \d/m);
    expect(metrics).toContain('weir_build_info{version="1.2.3"} 1');
    expect(metrics).toMatch(/^weir_data_disk_free_bytes \d/m);
  });
});

describe.runIf(promtool)('Prometheus itself', () => {
  const run = (...args: readonly string[]) =>
    runCommand(promtool!.path, args, { timeoutMs: PROMTOOL_TIMEOUT_MS, cwd: join(DEPLOY, 'prometheus') });

  it('takes the configuration and its rules', async () => {
    expect(await run('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 });
  });

  it('lets each alert fire when it should, and not before', async () => {
    const text = await readFile(join(DEPLOY, 'prometheus/alerts.test.yaml'), 'utf8');
    const tried = [...text.matchAll(/alertname: (\w+)/g)].map(([, name]) => name);
    expect(rules.map(({ alert }) => alert).filter((alert) => !tried.includes(alert))).toEqual([]);
    expect(await run('test', 'rules', 'alerts.test.yaml')).toMatchObject({ status: 0 });
  });

  it('finds nothing to say about the names and units that are measured', async () => {
    const file = join(folder.dir, 'metrics');
    await writeFile(file, metrics);
    const checked = await runCommand('sh', ['-c', `'${promtool!.path}' check metrics < '${file}'`], {
      timeoutMs: PROMTOOL_TIMEOUT_MS,
    });
    expect(checked).toEqual({ status: 0, output: '' });
  });
});
