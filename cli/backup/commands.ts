import { ask, type AskedServer } from '../api/ask.ts';
import { ProgressBar } from '../terminal/progress-bar.ts';
import type { Backup } from './backup-format.ts';
import { checkIsEmpty, receiveBackup } from './receive-backup.ts';
import { checkBackup, restoreBackup } from './restore-backup.ts';

/** Takes a backup of a server into `dir`. Throws UserError, and what {@link receiveBackup} throws. */
export async function backUp(dir: string, server: AskedServer): Promise<object> {
  const startedMs = performance.now();
  await checkIsEmpty(dir, 'name one for this backup alone');
  const response = await ask(server, { method: 'POST', path: '/api/v1/backup' });
  using bar = new ProgressBar();
  let bytes = 0;
  try {
    const backup = await receiveBackup(dir, response, (more) => bar.show({ label: 'backup', done: (bytes += more) }));
    return { dir, ...summaryOf(backup, startedMs) };
  } finally {
    response.destroy();
  }
}

/** Restores a backup into `data`, or only looks whether that would go. */
export async function restore(dir: string, data: string | undefined): Promise<object> {
  const startedMs = performance.now();
  using bar = new ProgressBar();
  const progress = (done: number, total: number): void => bar.show({ label: 'checking', done, total });
  if (data !== undefined) await checkIsEmpty(data, 'name a directory that is not there yet');
  const backup = data === undefined ? await checkBackup(dir, progress) : await restoreBackup(dir, data, progress);
  const { takenAt, files } = backup;
  if (data !== undefined && files.some(({ name }) => name.startsWith('identity/')))
    process.stderr.write(
      `agents and tokens that were revoked after ${takenAt} are known again; revoke them before you start\n`,
    );
  return { ...(data === undefined ? {} : { data }), taken: takenAt, ...summaryOf(backup, startedMs) };
}

function summaryOf({ log, files }: Backup, startedMs: number): object {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  return { positions: log.positions, files: files.length, bytes, seconds };
}
