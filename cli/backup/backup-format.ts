import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf, NewerFormat } from '#backbone/storage-errors.ts';
import { reasonOf, WeirError } from '#core/errors.ts';

/**
 * The format of a backup, a directory of plain files:
 *
 * ```
 * archive/PARTITION/FIRST.seg   every record of the log up to `positions`, as the archive has them
 * objects/N                     what batch runs have made, as far as a manifest names it; `of` is the object's name
 * state/N                       manifests and claims, each the value of a key, which `of` names
 * identity/…, audit/…           who is known, and what was refused, where the server keeps it
 * backup.json                   which files these are, with their checksums; written last, so what was cut off has none
 * ```
 *
 * What the speed layer keeps is not in it: that is folded from the log again, to the same bits.
 */
export const BACKUP_FORMAT = 1;

/** The file that makes a directory a backup. */
export const BACKUP_FILE = 'backup.json';

/** The largest one: some 100 bytes for each of a million files. */
export const BACKUP_FILE_BYTES_MAX = 128 * 1024 * 1024;

/** Directories of the server's data that are copied as they are, where they are there, one after the other: `audit` names what `identity` holds. */
export const COPIED_FOLDERS = ['audit', 'identity'] as const;

const FILE_NAME =
  /^(?:archive\/\d{1,5}\/[1-9]\d{0,15}\.seg|(?:objects|state)\/\d{1,9}|(?:identity|audit)\/\w[-\w.]{0,60})$/;

const backupFile = z.strictObject({
  name: z.string().regex(FILE_NAME),
  of: z.string().optional(),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const backupSchema = z.strictObject({
  kind: z.literal('backup'),
  format: z.literal(BACKUP_FORMAT),
  /** The version that took it. */
  weir: z.string(),
  takenAt: z.iso.datetime(),
  /** The log that it restores, up to the position of each partition. */
  log: z.strictObject({ generation: z.string().min(1), positions: z.array(z.int().min(0)).min(1) }),
  files: z.array(backupFile),
});

export type BackupFile = Readonly<z.output<typeof backupFile>>;
export type Backup = Readonly<Omit<z.output<typeof backupSchema>, 'files'>> & { readonly files: readonly BackupFile[] };

/** Whether a file of this name can be part of a backup; nothing that it allows leads out of its directory. */
export function isBackupFileName(name: string): boolean {
  return FILE_NAME.test(name);
}

/** A directory is no backup, or not one that can be restored. Nothing has been changed in it. */
export class BackupUnusable extends WeirError {
  readonly kind = 'backup-unusable';
  constructor(dir: string, why: string, cause?: unknown) {
    super(`${dir} can't be restored: ${why}. Restore another backup; nothing has been changed.`, {
      fault: 'data',
      cause,
    });
  }
}

/** The backup in `dir`, by its `backup.json`; its files are not looked at. Throws BackupUnusable, NewerFormat. */
export async function readBackup(dir: string): Promise<Backup> {
  let text: string;
  try {
    text = await readFile(join(dir, BACKUP_FILE), 'utf8');
  } catch (failure) {
    const why =
      codeOf(failure) === 'ENOENT'
        ? `it has no ${BACKUP_FILE}, so it is no backup, or one that was cut off`
        : reasonOf(failure);
    throw new BackupUnusable(dir, why, failure);
  }
  return parseBackup(dir, text);
}

export function parseBackup(dir: string, text: string): Backup {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (failure) {
    throw new BackupUnusable(dir, `its ${BACKUP_FILE} is no JSON`, failure);
  }
  const { kind, format } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (kind === 'backup' && typeof format === 'number' && format > BACKUP_FORMAT)
    throw new NewerFormat('backup', dir, format, BACKUP_FORMAT);
  const parsed = backupSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new BackupUnusable(dir, `its ${BACKUP_FILE} is not that of a backup${where === '' ? '' : ` (${where})`}`);
}
