import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { UserError } from '../failure.ts';
import { asCalled, writeOut } from '../terminal/output.ts';
import { addCommand, type Declare } from './flags.ts';

const SAMPLE_CONFIG = new URL('../sample/weir.yaml', import.meta.url);
const SAMPLE_DATA = 'sample-meters.csv';

export const declareInit: Declare = (program) => {
  addCommand(program, 'init', {
    summary: 'write a commented configuration and a small file to try it with',
    description:
      'Writes a configuration that works as it stands, and sample-meters.csv beside it for it to read. Overwrites nothing.',
    usage: '[FILE]',
    examples: ['weir init', 'weir init plant/weir.yaml'],
  })
    .argument('[file]', 'where to write it', 'weir.yaml')
    .action(init);
};

/** Writes a sample configuration and its data. Throws UserError where the file is there, or can't be written. */
async function init(file: string): Promise<void> {
  const data = join(dirname(file), SAMPLE_DATA);
  await make(file, () => makeDirectory(dirname(file)));
  const isNew = await writeNew(file, (await readFile(SAMPLE_CONFIG, 'utf8')).replaceAll('weir.yaml', file));
  if (!isNew)
    throw new UserError(`${file} is there already and is left as it is; name another file, or move it away`, {
      exitCode: 2,
    });
  // A sample that is there from the last time, or a file of the user's own, is as good.
  await writeNew(data, await readFile(new URL(`../sample/${SAMPLE_DATA}`, import.meta.url)));
  await writeOut(
    asCalled(
      `Wrote ${file}, and ${data} for it to read. Next:\n\n` +
        `  weir check --config ${file}          what it would do\n` +
        `  weir up --config ${file}             the server; in a second terminal:\n` +
        `  weir edge --config ${file} --once    read the file and send it\n` +
        '  weir query power-by-region --from 2024-10-14 --to 2024-10-15 --window 1h --zone Europe/Copenhagen\n\n' +
        `Then name your own file under "sources" in ${file}.\n`,
    ),
  );
}

/** Writes a file that must not be there; gives whether it wasn't. */
async function writeNew(file: string, content: string | Uint8Array): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritable(file, error);
  }
}

async function make(file: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): UserError {
  return new UserError(
    `${file} can't be written (${(error as NodeJS.ErrnoException).code ?? String(error)}); choose a directory that you may write to`,
  );
}
