import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';

const folder = await sharedFolder('token-told');
const run = promisify(execFile);
const WEIR = fileURLToPath(new URL('../weir.ts', import.meta.url));
const TOKEN = /^weir_\w+/;

/** Runs a line of the shell in which `weir` stands for the command, on data of its own. */
async function shell(
  line: string,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
  const weir = `weir() { "${process.execPath}" "${WEIR}" "$@" --data data; }; umask 022;`;
  try {
    return { ...(await run('sh', ['-c', `${weir} ${line}`], { cwd: folder })), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    return { stdout, stderr, code };
  }
}

const at = (name: string): string => join(folder, name);

describe('a token that is told once', () => {
  it('goes into a file for its owner alone where one is named, and to nothing else', async () => {
    for (const [file, line] of [
      ['roof-1.token', 'weir agents enroll roof-1 --out roof-1.token'],
      ['anna.token', 'weir tokens add anna --may read --out anna.token'],
    ] as const) {
      const { stdout, stderr, code } = await shell(line);
      expect([code, stdout]).toEqual([0, '']);
      const token = await readFile(at(file), 'utf8');
      expect(token).toMatch(TOKEN);
      expect(stderr).toContain(`in ${file}\n`);
      expect(stderr).not.toContain(token.trim());
      expect((await stat(at(file))).mode & 0o777).toBe(0o600);
    }
  });

  it('is not given where that file is there, or can not be, and leaves none where it is refused', async () => {
    await writeFile(at('there.token'), 'mine');
    const there = await shell('weir tokens add there --may read --out there.token');
    expect(there).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there.token is there already; name another'),
    });
    expect(await readFile(at('there.token'), 'utf8')).toBe('mine');
    expect((await shell('weir tokens add there --may read --out no/such.token')).stderr).toContain("can't be written");
    expect((await shell('weir tokens list')).stdout).not.toContain('there');
    await shell('weir tokens add twice --may read --out twice.token');
    expect((await shell('weir tokens add twice --may read --out again.token')).code).toBe(1);
    await expect(stat(at('again.token'))).rejects.toThrow('ENOENT');
    expect(await shell('weir agents enroll roof-2 --certificate --out x.token')).toMatchObject({ code: 2 });
  });

  it('that goes to a file which others may read is said to', async () => {
    const open = await shell('weir tokens add open --may read > open.token');
    expect(open.stderr).toContain('others of this machine may read the file that it went to');
    const closed = await shell('umask 077; weir tokens add closed --may read > closed.token');
    expect(closed.stderr).not.toContain('others of this machine');
    const piped = await shell('weir tokens add piped --may read | cat');
    expect(piped.stderr).not.toContain('others of this machine');
    expect(piped.stdout).toMatch(TOKEN);
  });
});
