import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { buildProgram } from '../program.ts';
import { keepPrinted } from '../terminal/terminal.fixtures.ts';
import { WHOLE } from '../whole-program.ts';

const folder = folderPerTest('init');
const printed = keepPrinted();

async function init(file: string): Promise<void> {
  await buildProgram(WHOLE, () => undefined).parseAsync(['init', file], { from: 'user' });
}

describe('a sample', () => {
  it('is written with its data beside it, in a folder that is made, and names itself', async () => {
    const file = join(folder.dir, 'plant/mine.yaml');
    await init(file);
    expect(await readFile(file, 'utf8')).toContain(`weir check --config ${file} `);
    expect((await stat(join(folder.dir, 'plant/sample-meters.csv'))).size).toBeGreaterThan(1_000);
    expect(printed()).toMatch(new RegExp(`^Wrote ${file}, and .*sample-meters\\.csv for it to read\\. Next:\\n`));
  });

  it('overwrites neither a configuration nor data', async () => {
    const file = join(folder.dir, 'weir.yaml');
    const data = join(folder.dir, 'sample-meters.csv');
    await writeFile(data, 'mine');
    await init(file);
    expect(await readFile(data, 'utf8')).toBe('mine');
    await writeFile(file, 'mine');
    await expect(init(file)).rejects.toMatchObject({
      message: `${file} is there already and is left as it is; name another file, or move it away`,
      exitCode: 2,
    });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('that can not be written says so', async () => {
    await writeFile(join(folder.dir, 'file'), '');
    const file = join(folder.dir, 'file/weir.yaml');
    await expect(init(file)).rejects.toMatchObject({
      message: `${file} can't be written (EEXIST); choose a directory that you may write to`,
      exitCode: 1,
    });
  });
});
