/** The files of `deploy/` that install Weir: units of systemd as systemd judges them, and an image without a container engine. */
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { startNode } from '#tooling/processes/node-process.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { mustRunAll, ServerNeeded } from '#tooling/servers/server-for-tests.ts';
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

async function isSystemdHere(): Promise<boolean> {
  const { status } = await runCommand('systemd-analyze', ['--version'], { timeoutMs: COMMAND_MS_MAX });
  if (status === 0) return true;
  const message = 'systemd-analyze is not here (Debian: systemd), so the units in deploy/systemd are not judged by it';
  if (mustRunAll()) throw new ServerNeeded(message);
  process.stderr.write(`${message}\n`);
  return false;
}

describe.runIf(await isSystemdHere()).each(['weir', 'weir-agent'])('the unit %s', (name) => {
  async function unit(): Promise<string> {
    const text = await readFile(join(DEPLOY, 'systemd', `${name}.service`), 'utf8');
    const path = join(folder.dir, `${name}.service`);
    await writeFile(path, text.replaceAll('/opt/weir', ROOT.replace(/\/$/, '')));
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

describe('the configurations beside the units', () => {
  it.each(['server.yaml', 'agent.yaml'])('%s can be used as it is', async (file) => {
    const judged = judgeConfigText(await readFile(join(DEPLOY, 'systemd', file), 'utf8'));
    expect(judged).toMatchObject({ kind: 'usable' });
  });
});

/** What the instructions of a kind say, in their order. */
async function instructions(kind: string): Promise<readonly string[]> {
  const text = await readFile(join(DEPLOY, 'container', 'Containerfile'), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith(`${kind} `));
  return lines.map((line) => line.slice(kind.length + 1));
}

/** Puts what the first stage copies where it says, with the packages of this checkout. */
async function copied(root: string): Promise<void> {
  for (const line of await instructions('COPY')) {
    if (line.startsWith('--from')) continue;
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

describe('the image', () => {
  it('has all that a server needs: it starts, says that it is well, writes in its volume alone, and ends when it is asked to', async () => {
    const root = join(folder.dir, 'weir');
    const data = join(folder.dir, 'data');
    await copied(root);
    await mkdir(data);
    const before = await readdir(root, { recursive: true });
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
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(before.toSorted());
  });

  it('runs as nobody, keeps all in one volume, and runs what it copies', async () => {
    expect(await instructions('USER')).toEqual(['65534:65534']);
    expect(await instructions('VOLUME')).toEqual(['/data']);
    const [entry] = JSON.parse((await instructions('ENTRYPOINT'))[0]!) as [string];
    const [, health] = JSON.parse(/\[.*\]/.exec((await instructions('HEALTHCHECK'))[0]!)![0]) as [string, string];
    for (const path of [entry, health]) await readFile(path.replace('/opt/weir/', ROOT));
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    // Installing builds the dashboard.
    expect(scripts).toHaveProperty('prepare');
  });
});
