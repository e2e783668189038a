/** How a token that is told once gets to who is to have it: to standard output, or into a file that nobody else reads. */
import { fstatSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { UserError } from '../failure.ts';
import { writeOut } from '../terminal/output.ts';

/** What a token's file may be: its owner's. */
const OWNER_ONLY = 0o600;
const OF_OTHERS = 0o077;

/** Where a token goes: a file that is made for it, or standard output where none is named. */
export interface TokenFlags {
  readonly out?: string;
}

/**
 * Lets somebody in by `admit`, and tells their token once that is done. The file is there before, so that no token is lost for
 * want of a place; it is gone again where `admit` fails. Throws UserError, and what `admit` throws.
 */
export async function tellOnce(token: string, { out }: TokenFlags, admit: () => Promise<void>): Promise<void> {
  if (out === undefined) {
    await admit();
    await writeOut(`${token}\n`);
    if (isReadByOthers()) process.stderr.write(READ_BY_OTHERS);
    return;
  }
  await using file = await newFile(out);
  try {
    await admit();
  } catch (error) {
    await rm(out, { force: true });
    throw error;
  }
  await file.writeFile(`${token}\n`);
  await file.sync();
}

const READ_BY_OTHERS =
  'others of this machine may read the file that it went to: let them not, by chmod 600, or name it by --out\n';

/** Whether standard output is a file that not its owner alone may read. */
function isReadByOthers(): boolean {
  const { fd } = process.stdout;
  const stat = fstatSync(fd);
  return stat.isFile() && (stat.mode & OF_OTHERS) !== 0;
}

async function newFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', OWNER_ONLY);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UserError(`${path} is there already; name another file, or remove it`);
    throw new UserError(`${path} can't be written: ${message}; name a file in a folder that is there`);
  }
}
