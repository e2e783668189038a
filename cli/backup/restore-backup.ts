import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectoryDurably, syncDirectory } from '#backbone/disk/durable-file.ts';
import { claimDirectory } from '#backbone/disk/marker.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import { codeOf, DirectoryUnusable } from '#backbone/storage-errors.ts';
import { Archive, ARCHIVE_FORMAT } from '#batch-layer/archive/archive.ts';
import { refillLog } from '#batch-layer/archive/refill-log.ts';
import { WeirError } from '#core/errors.ts';
import { type Backup, type BackupFile, BackupUnusable, readBackup } from './backup-format.ts';
import { emptyAgain } from './receive-backup.ts';

/** Says how far it is, in bytes. */
export type RestoreProgress = (done: number, total: number) => void;

/**
 * Reads every file of the backup in `dir` and compares it with its checksum. Throws BackupUnusable, which names the first that differs, and
 * NewerFormat.
 */
export async function checkBackup(dir: string, progress: RestoreProgress = () => undefined): Promise<Backup> {
  const backup = await readBackup(dir);
  const total = backup.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of backup.files) {
    await checkFile(dir, file);
    progress((done += file.bytes), total);
  }
  return backup;
}

async function checkFile(dir: string, { name, bytes, sha256 }: BackupFile): Promise<void> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of createReadStream(join(dir, name)) as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      length += chunk.length;
    }
  } catch (failure) {
    throw new BackupUnusable(
      dir,
      codeOf(failure) === 'ENOENT' ? `${name} is missing` : `${name} can't be read`,
      failure,
    );
  }
  if (length !== bytes) throw new BackupUnusable(dir, `${name} has ${length} bytes instead of ${bytes}`);
  if (hash.digest('hex') !== sha256) throw new BackupUnusable(dir, `${name} is damaged: its checksum is another one`);
}

/**
 * Makes the data directory of a server of a backup: on the embedded backbone, whatever that was which it was taken on. `dataDir` is
 * empty or not there, and is so again when this throws BackupUnusable, NewerFormat or DirectoryUnusable.
 *
 * The archive comes first and the log last, so that a server which is started on half of it refuses an archive that is another log's.
 */
export async function restoreBackup(dir: string, dataDir: string, progress?: RestoreProgress): Promise<Backup> {
  const backup = await checkBackup(dir, progress);
  try {
    await makeDirectoryDurably(dataDir);
    await restore(dir, dataDir, backup);
    return backup;
  } catch (failure) {
    await emptyAgain(dataDir);
    throw failure instanceof WeirError || codeOf(failure) === undefined
      ? failure
      : new DirectoryUnusable(dataDir, failure);
  }
}

async function restore(dir: string, dataDir: string, { log: { generation, positions }, files }: Backup): Promise<void> {
  const partitions = positions.length;
  const archiveDir = join(dataDir, 'archive');
  await claimDirectory(archiveDir, { kind: 'archive', format: ARCHIVE_FORMAT, facts: { generation, partitions } });
  for (const { name } of files.filter(({ of }) => of === undefined)) await copy(join(dir, name), join(dataDir, name));
  {
    await using objects = await openEmbeddedObjects({ dir: join(dataDir, 'objects') });
    await using state = await openEmbeddedKeyValue({ dir: join(dataDir, 'state') });
    for (const { name, of } of files) {
      if (of === undefined) continue;
      const bytes = await readFile(join(dir, name));
      if (name.startsWith('objects/')) await objects.put(of, bytes);
      else await state.create(of, bytes);
    }
  }
  // It begins with the last record of the archive, which has all before that.
  const begins = positions.map((position) => Math.max(1, position));
  await using log = await openEmbeddedLog({ dir: join(dataDir, 'log'), partitions, generation, begins });
  await using archive = await Archive.open({ dir: archiveDir, log });
  const short = positions.findIndex((position, partition) => archive.archivedTo(partition) !== position);
  if (short !== -1)
    throw new BackupUnusable(
      dir,
      `its archive of partition ${short} ends at ${archive.archivedTo(short)} instead of ${positions[short]}`,
    );
  await refillLog(log, archive);
}

/** Copies a file into a directory that may not be there, durably. */
async function copy(from: string, to: string): Promise<void> {
  await makeDirectoryDurably(dirname(to));
  await using source = await open(from);
  await using target = await open(to, 'wx', 0o600);
  await target.writeFile(source.createReadStream({ autoClose: false }));
  await target.sync();
  await syncDirectory(dirname(to));
}
