import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SourceError } from '../source-error.ts';
import type { SourceCheckpoint } from '../source.ts';

/** A file is known by a hash of its first bytes: what is appended changes nothing, what is replaced does. */
export const IDENTITY_BYTES_MAX = 4_096;

const CHECKPOINT_VERSION = 1;

const count = z.int().min(0);

const checkpointSchema = z.strictObject({
  version: z.literal(CHECKPOINT_VERSION),
  /** Byte in the file at which the next record begins. */
  offset: count,
  /** Line on which it begins, from 1. */
  line: z.int().min(1),
  /** What stands at the offset: a record, the rest of a line that was too long, or the end of one that was not ended. */
  at: z.enum(['record', 'overlong', 'open']),
  /** Records that begin before this byte are read as one line each (see RecordCursor). */
  oneLineBefore: count,
  identity: z.strictObject({ bytes: count, sha256: z.string() }),
  highestMs: z.int().nullable(),
  order: z.array(z.tuple([z.string(), z.int(), z.int(), z.int(), count])),
  /** Counted since the source was first opened. */
  totals: z.strictObject({
    rows: count,
    readings: count,
    missing: count,
    quarantined: count,
    ambiguousTimes: count,
    truncatedTimes: count,
  }),
});

/** Where a file of records is to be taken up again. */
export type RecordCheckpoint = z.output<typeof checkpointSchema>;
export type FileIdentity = RecordCheckpoint['identity'];

/** The checkpoint that a batch carried, checked. Throws SourceError for one that another version wrote, or no version. */
export function readCheckpoint(subject: string, checkpoint: SourceCheckpoint): RecordCheckpoint {
  const read = checkpointSchema.safeParse(checkpoint);
  if (read.success) return read.data;
  const known = checkpoint['version'] === CHECKPOINT_VERSION;
  throw new SourceError(
    'checkpoint',
    subject,
    known
      ? 'was left at a checkpoint that is damaged'
      : `was left by another version of weir (checkpoint ${String(checkpoint['version'])})`,
    'use the version that wrote it, or give the source another name to read the file from the start',
  );
}

/** A file's identity, from its first bytes (at most IDENTITY_BYTES_MAX of them). */
export function identityOf(head: Uint8Array): FileIdentity {
  const bytes = head.subarray(0, IDENTITY_BYTES_MAX);
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Makes sure that a file is the one that a checkpoint was left in. Throws SourceError. */
export function checkIdentity(subject: string, left: FileIdentity, head: Uint8Array): void {
  if (head.length >= left.bytes && identityOf(head.subarray(0, left.bytes)).sha256 === left.sha256) return;
  throw new SourceError(
    'changed',
    subject,
    'does not begin as it did when it was last read',
    'give its source another name to read it from the start, or remove the spool to forget what was read',
  );
}
