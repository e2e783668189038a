import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, type CommandResult } from './servers/command.ts';

const LOCK = {
  packages: {
    '': { name: 'weir' },
    'node_modules/level': { version: '10.0.0' },
    'node_modules/@oxlint/binding-win32-x64-msvc': { version: '1.0.0', optional: true },
  },
};

let root = '';

/** A program of this checkout that notes how it was called and then does `script`. */
async function program(path: string, script: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), `#!/bin/sh\necho "$(basename "$0") $*" >> ${root}/calls\n${script}\n`);
  await chmod(join(root, path), 0o755);
}

async function bootstrap(): Promise<CommandResult & { readonly calls: string }> {
  const env = { ...process.env, PATH: [join(root, 'bin'), process.env['PATH']].join(delimiter) };
  const result = await runCommand(process.execPath, [join(root, 'tooling/bootstrap.mjs')], { timeoutMs: 20_000, env });
  return { ...result, calls: await readFile(join(root, 'calls'), 'utf8').catch(() => '') };
}

async function installed(levelVersion: string): Promise<void> {
  await program('node_modules/.bin/node', '');
  const packages = { 'node_modules/level': { version: levelVersion } };
  await writeFile(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-bootstrap-'));
  await mkdir(join(root, 'tooling'));
  for (const file of ['bootstrap.mjs', 'dashboard-build.mjs']) {
    await copyFile(new URL(file, import.meta.url), join(root, 'tooling', file));
  }
  await writeFile(join(root, 'package.json'), JSON.stringify({ type: 'module', dependencies: { node: '24.21.0' } }));
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(LOCK));
  await program('bin/npm', `mkdir -p ${root}/node_modules/.bin && touch ${root}/node_modules/.bin/node`);
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('the bootstrap', () => {
  it('installs into a fresh clone', async () => {
    expect(await bootstrap()).toStrictEqual({
      status: 0,
      output: 'Installing the dependencies (nothing is installed yet) ...\n',
      calls: 'npm ci\n',
    });
  });

  it('does and says nothing where all is there', async () => {
    await installed('10.0.0');
    expect(await bootstrap()).toStrictEqual({ status: 0, output: '', calls: '' });
  });

  it('installs again when the lock file has moved on, and says what made it', async () => {
    await installed('9.9.9');
    const { output, calls } = await bootstrap();
    expect(output).toContain('(level is 9.9.9, the lock file has 10.0.0)');
    expect(calls).toBe('npm ci\n');
  });

  it('ends with a remedy when the installation fails', async () => {
    await program('bin/npm', 'exit 7');
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(output).toContain('npm ci failed (status 7). Check that the package registry can be reached');
    expect(output).not.toContain('    at ');
  });

  it("ends with a remedy when npm did not fetch the project's Node", async () => {
    await program('bin/npm', '');
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(output).toContain('npm rebuild node --ignore-scripts=false');
  });

  it('builds the dashboard when its sources are newer than its build, and then no more', async () => {
    await installed('10.0.0');
    const home = join(root, 'serving/dashboard');
    const build = `mkdir -p ${home}/dist && touch ${home}/dist/index.html && sleep 0.02 && touch ${home}/dist/app.js`;
    await program('node_modules/.bin/node', build);
    await mkdir(join(home, 'src'), { recursive: true });
    await mkdir(join(root, 'node_modules/vite/bin'), { recursive: true });
    await writeFile(join(root, 'node_modules/vite/bin/vite.js'), '');
    await writeFile(join(home, 'index.html'), '<!doctype html>');

    const first = await bootstrap();
    expect(first.output).toBe('Building the dashboard ...\n');
    expect(first.calls).toMatch(/^node \S+vite\.js build --logLevel warn \S+serving\/dashboard\n$/);
    expect((await bootstrap()).calls).toBe(first.calls);
    await writeFile(join(home, 'src/main.tsx'), '');
    expect((await bootstrap()).calls).toBe(first.calls + first.calls);
  });
});
