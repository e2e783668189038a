import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SourceError } from '../source-error.ts';
import type { SourceCheckpoint } from '../source.ts';

/** First bytes of a file that are hashed, so that one which begins otherwise is told without reading all of it. */
export const IDENTITY_BYTES_MAX = 4_096;

const CHECKPOINT_VERSION = 2;

const count = z.int().min(0);

const sharedFields = {
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
  /** Counted since the source was first opened. */
  totals: z.strictObject({
    rows: count,
    readings: count,
    missing: count,
    quarantined: count,
    ambiguousTimes: count,
    truncatedTimes: count,
  }),
};

const checkpointSchema = z.strictObject({
  version: z.literal(CHECKPOINT_VERSION),
  ...sharedFields,
  /** What tells the passes of repeated hours apart (LocalOrder). */
  order: z.strictObject({
    lastMs: z.int().nullable(),
    later: count,
    earlier: count,
    inside: z.array(
      z.tuple([
        z.string(),
        z.int(),
        z.int(),
        z.boolean(),
        z.int(),
        z.boolean(),
        count,
        count,
        // Written only where times stand at an interval's end, which versions without it don't know.
        z.literal(true).optional(),
      ]),
    ),
  }),
  /** CRC-32 of all bytes before the offset; null where an older version left the checkpoint. */
  crc32: z.int().min(0).max(0xffff_ffff).nullable(),
  /** The file's place on its device, by which it is found under the name that a rotation gave it. */
  inode: z.strictObject({ dev: z.number(), ino: z.number() }).nullable(),
});

/** What versions before this one left: nothing tells whether the file is still the same behind its first bytes. */
const firstSchema = z.strictObject({ version: z.literal(1), ...sharedFields, order: z.array(z.unknown()) });

/** Where a file of records is to be taken up again. */
export type RecordCheckpoint = z.output<typeof checkpointSchema>;
export type FileIdentity = RecordCheckpoint['identity'];
export type Inode = NonNullable<RecordCheckpoint['inode']>;

/** A source that was left within a repeated hour goes on as one that enters it. */
const NO_ORDER_YET: RecordCheckpoint['order'] = { lastMs: null, later: 0, earlier: 0, inside: [] };

/** The checkpoint that a batch carried, checked. Throws SourceError for one that another version wrote, or no version. */
export function readCheckpoint(subject: string, checkpoint: SourceCheckpoint): RecordCheckpoint {
  const read = checkpointSchema.safeParse(checkpoint);
  if (read.success) return read.data;
  const first = firstSchema.safeParse(checkpoint);
  if (first.success)
    return { ...first.data, version: CHECKPOINT_VERSION, order: NO_ORDER_YET, crc32: null, inode: null };
  const known = checkpoint['version'] === CHECKPOINT_VERSION || checkpoint['version'] === 1;
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

/** Whether a file with this beginning may be the one that was read; one that begins otherwise isn't. */
export function beginsAs(left: FileIdentity, head: Uint8Array): boolean {
  return head.length >= left.bytes && identityOf(head.subarray(0, left.bytes)).sha256 === left.sha256;
}
