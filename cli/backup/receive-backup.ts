import { createHash } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createDurably, makeDirectoryDurably, syncDirectory } from '#backbone/disk/durable-file.ts';
import { codeOf, DirectoryUnusable } from '#backbone/storage-errors.ts';
import { WeirError } from '#core/errors.ts';
import { UserError } from '../failure.ts';
import {
  BACKUP_FILE,
  BACKUP_FILE_BYTES_MAX,
  type Backup,
  type BackupFile,
  isBackupFileName,
  parseBackup,
} from './backup-format.ts';
import { readTar, type TarFile, TarUnreadable } from './tar.ts';

/** What `fsck` leaves on a disk of one's own. */
const NOTHING = new Set(['lost+found']);

/** Throws UserError where `dir` is there and holds anything. */
export async function checkIsEmpty(dir: string, remedy: string): Promise<void> {
  const names = await readdir(dir).catch((failure: unknown) => {
    if (codeOf(failure) === 'ENOENT') return [];
    throw new DirectoryUnusable(dir, failure);
  });
  if (names.every((name) => NOTHING.has(name))) return;
  throw new UserError(`${dir} is not empty; ${remedy}`, { exitCode: 2 });
}

/** Removes what is in a directory that was empty, and leaves the directory, which may be another's. */
export async function emptyAgain(dir: string): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    if (!NOTHING.has(name)) await rm(join(dir, name), { recursive: true, force: true });
  }
}

/**
 * Makes a backup of the tar file that a server sends, in a directory that is empty. What it says of its files is compared with what came; it is on
 * the disk when this resolves, and all of it is removed when this throws TarUnreadable, BackupUnusable, DirectoryUnusable.
 */
export async function receiveBackup(
  dir: string,
  chunks: AsyncIterable<Uint8Array>,
  came: (bytes: number) => void,
): Promise<Backup> {
  try {
    await makeDirectoryDurably(dir);
    return await receive(dir, chunks, came);
  } catch (failure) {
    await emptyAgain(dir);
    throw failure instanceof WeirError || codeOf(failure) === undefined ? failure : new DirectoryUnusable(dir, failure);
  }
}

async function receive(dir: string, chunks: AsyncIterable<Uint8Array>, came: (bytes: number) => void): Promise<Backup> {
  const received = new Map<string, Pick<BackupFile, 'bytes' | 'sha256'>>();
  for await (const file of readTar(chunks)) {
    if (file.name === BACKUP_FILE && file.bytes <= BACKUP_FILE_BYTES_MAX) {
      const told = await text(file.body);
      const backup = parseBackup(dir, told);
      checkAllCame(backup, received);
      for (const folder of new Set([dir, ...[...received.keys()].map((name) => join(dir, dirname(name)))]))
        await syncDirectory(folder);
      await createDurably(join(dir, BACKUP_FILE), Buffer.from(told));
      return backup;
    }
    if (!isBackupFileName(file.name) || received.has(file.name))
      throw new TarUnreadable(`it has a file ${JSON.stringify(file.name)}`);
    received.set(file.name, await writeFile(join(dir, file.name), file));
    came(file.bytes);
  }
  throw new TarUnreadable('it ends too early');
}

async function writeFile(path: string, { bytes, body }: TarFile): Promise<Pick<BackupFile, 'bytes' | 'sha256'>> {
  await makeDirectoryDurably(dirname(path));
  const hash = createHash('sha256');
  await using handle = await open(path, 'wx', 0o600);
  for await (const chunk of body) {
    hash.update(chunk);
    await handle.writeFile(chunk);
  }
  await handle.sync();
  return { bytes, sha256: hash.digest('hex') };
}

function checkAllCame({ files }: Backup, received: ReadonlyMap<string, Pick<BackupFile, 'bytes' | 'sha256'>>): void {
  const differs = files.find(({ name, bytes, sha256 }) => {
    const one = received.get(name);
    return one?.bytes !== bytes || one.sha256 !== sha256;
  });
  if (differs !== undefined) throw new TarUnreadable(`${differs.name} did not come as it was sent`);
  if (received.size !== files.length) throw new TarUnreadable('it has files that it does not name');
}
