import { access, chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from './command.ts';
import { cacheRoot, fillDir, locate } from './locate-server.ts';
import { mustRunAll, serverForTests } from './server-for-tests.ts';
import { InstallFailed, SERVER_RECIPES, type ServerRecipe } from './server-recipes.ts';

let home = '';

/** A program that answers `--version` as its tool would. */
async function program(path: string, prints: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${prints}'\n`);
  await chmod(path, 0o755);
}

function recipe(install: ServerRecipe['install']): ServerRecipe {
  return {
    name: 'gauge',
    version: '2.1.0',
    commands: ['gauge'],
    binary: 'gauge',
    leavesUntested: 'gauges are not tested',
    remedy: 'Install gauge.',
    versionIn: (output) => /gauge (\d\S*)/.exec(output)?.[1],
    accepts: (version) => version.startsWith('2.'),
    install,
  };
}

const builds = recipe((draft) => program(join(draft, 'gauge'), 'gauge 2.1.0'));
const can = recipe(() => Promise.reject(new InstallFailed('gauge', 'go: not found')));

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'weir-tools-'));
  vi.stubEnv('XDG_CACHE_HOME', join(home, 'cache'));
  vi.stubEnv('PATH', [join(home, 'bin'), process.env['PATH']].join(delimiter));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

describe('looking for a tool', () => {
  it('takes one from the PATH in a version that will do', async () => {
    await program(join(home, 'bin/gauge'), 'gauge 2.0.7');
    expect(await locate(can)).toMatchObject({ kind: 'found', origin: 'path', version: '2.0.7' });
  });

  it('passes by an old one and something else of the same name, and installs its own, once', async () => {
    await program(join(home, 'bin/gauge'), 'gauge 1.9.0');
    const path = join(home, 'cache/weir/gauge-2.1.0/gauge');
    expect(await locate(builds)).toStrictEqual({
      kind: 'found',
      name: 'gauge',
      path,
      version: '2.1.0',
      origin: 'installed',
    });
    expect(await locate(can)).toMatchObject({ origin: 'cache', path });
    await program(join(home, 'bin/gauge'), 'usage: gauge FILE');
    expect(await locate(can)).toMatchObject({ origin: 'cache', path });
  });

  it('says what is missing, why, what that leaves untested, and the remedy', async () => {
    expect(await locate(can)).toStrictEqual({
      kind: 'missing',
      name: 'gauge',
      isOptional: false,
      message:
        'gauge is not here. gauge could not be installed: go: not found\n' +
        'Without it gauges are not tested. Install gauge.',
    });
  });

  it('says of a tool that a new machine may lack that it is optional', async () => {
    expect(await locate({ ...can, isOptional: true })).toMatchObject({ kind: 'missing', isOptional: true });
  });

  it('does not trust what was installed and does not start', async () => {
    const broken = recipe((draft) => program(join(draft, 'gauge'), 'cannot open shared object'));
    expect(await locate(broken)).toMatchObject({ kind: 'missing', message: expect.stringContaining('does not start') });
  });

  it('leaves nothing behind that looks finished when an installation fails', async () => {
    await locate(can);
    expect(await readdir(cacheRoot())).toStrictEqual([]);
  });

  it('ends with one whole folder when two processes fill it at once', async () => {
    const dir = join(home, 'cache/weir/gauge-2.1.0');
    const fill = (): Promise<void> => fillDir(dir, (draft) => program(join(draft, 'gauge'), 'gauge 2.1.0'));
    await Promise.all([fill(), fill(), fill()]);
    await access(join(dir, 'gauge'));
    expect(await readdir(cacheRoot())).toStrictEqual(['gauge-2.1.0']);
  });
});

describe('a command', () => {
  it('that is not there has no status and says so', async () => {
    expect(await runCommand('no-such-command', [], { timeoutMs: 1_000 })).toStrictEqual({
      status: undefined,
      output: expect.stringContaining('ENOENT'),
    });
  });

  it('that takes too long is ended', async () => {
    const { status, output } = await runCommand('sh', ['-c', 'echo begun; exec sleep 60'], { timeoutMs: 300 });
    expect(status).toBeUndefined();
    expect(output).toMatch(/^begun\n\nsh was ended by SIGKILL/);
  });
});

describe('the versions of nats-server', () => {
  it('are those that have what the log needs', () => {
    expect(SERVER_RECIPES['nats-server'].versionIn('nats-server: v2.15.2\n')).toBe('2.15.2');
    expect(SERVER_RECIPES['nats-server'].versionIn('v2.15.2')).toBeUndefined();
    expect(['2.11.9', '2.12.0', '2.15.2', '3.0.0'].filter(SERVER_RECIPES['nats-server'].accepts)).toStrictEqual([
      '2.12.0',
      '2.15.2',
    ]);
  });
});

describe('the versions of Telegraf', () => {
  it('are those whose outputs are what writers have today', () => {
    expect(SERVER_RECIPES.telegraf.versionIn('Telegraf 1.37.2 (git: HEAD@abc)\n')).toBe('1.37.2');
    expect(SERVER_RECIPES.telegraf.versionIn('Telegraf unknown')).toBeUndefined();
    expect(['1.29.5', '1.30.0', '1.37.2', '2.0.0'].filter(SERVER_RECIPES.telegraf.accepts)).toStrictEqual([
      '1.30.0',
      '1.37.2',
    ]);
  });
});

describe('CI', () => {
  it('asks for all tests unless its variable says no', () => {
    expect([{}, { CI: '' }, { CI: '0' }, { CI: 'false' }].map(mustRunAll)).toStrictEqual([false, false, false, false]);
    expect([{ CI: 'true' }, { CI: '1' }, { CI: 'yes' }].map(mustRunAll)).toStrictEqual([true, true, true]);
  });
});

const browser = await serverForTests('chromium');

describe.runIf(browser)('the browser of the tests', () => {
  it('shows a page as wide as a phone', async () => {
    const running = await chromium.launch({ executablePath: browser?.path ?? '' });
    try {
      const page = await running.newPage({ viewport: { width: 390, height: 844 } });
      await page.setContent('<h1>Weir</h1><script>document.title = innerWidth + " wide"</script>');
      expect(await page.textContent('h1')).toBe('Weir');
      expect(await page.title()).toBe('390 wide');
      expect((await page.screenshot()).subarray(1, 4).toString()).toBe('PNG');
    } finally {
      await running.close();
    }
  });
});
