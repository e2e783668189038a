/** The command as people call it: by npx in the checkout, or linked onto the PATH. */
import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { runCommand } from '#tooling/servers/command.ts';

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
