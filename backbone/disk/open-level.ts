import { join } from 'node:path';
import { Level } from 'level';
import { codeOf, DirectoryInUse, DirectoryUnusable } from '../storage-errors.ts';

/** An ordered store of bytes by bytes; keys compare as unsigned bytes, which is LevelDB's own order. */
export type ByteLevel = Level<Uint8Array, Uint8Array>;

/** What differs between uses; sizes in bytes. */
export interface LevelTuning {
  /** The sorted buffer in memory before a table is written; larger writes fewer tables and recovers more slowly. */
  readonly writeBufferBytes: number;
  /** Blocks kept in memory for reads by key. */
  readonly cacheBytes: number;
  /** Whether blocks are compressed by Snappy: not worth it where values are packed already. */
  readonly compression: boolean;
}

/**
 * Opens the LevelDB in the folder `db` of `dir`, which exists. Only one opening of it may live at a time, on the whole
 * machine: a second one throws DirectoryInUse; anything else that prevents it throws DirectoryUnusable.
 */
export async function openLevel(dir: string, tuning: LevelTuning): Promise<ByteLevel> {
  const level: ByteLevel = new Level<Uint8Array, Uint8Array>(join(dir, 'db'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize: tuning.writeBufferBytes,
    cacheSize: tuning.cacheBytes,
    compression: tuning.compression,
  });
  try {
    await level.open();
    return level;
  } catch (error) {
    if (codeOf(error) === 'LEVEL_LOCKED') throw new DirectoryInUse(dir, { cause: error });
    throw new DirectoryUnusable(dir, error);
  }
}

/** The same bytes as a plain Uint8Array: a Buffer's `slice` shares memory where a Uint8Array's copies. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What LevelDB can do beside what every database behind this interface can. */
interface Compacting {
  compactRange(start: Uint8Array, end: Uint8Array, options: { readonly keyEncoding: 'view' }): Promise<void>;
}

/**
 * Gives the disk back what entries of a range took that are deleted: LevelDB keeps them until it merges their tables. What was put
 * and deleted since it last wrote one is kept longer.
 */
export async function reclaim(level: ByteLevel, gte: Uint8Array, lt: Uint8Array): Promise<void> {
  await (level as ByteLevel & Compacting).compactRange(gte, lt, { keyEncoding: 'view' });
}

/** Writes what is in memory into a table, so that what is deleted after that can be reclaimed. */
export async function writeTable(level: ByteLevel): Promise<void> {
  await reclaim(level, NO_KEY, NO_KEY);
}

const NO_KEY = Uint8Array.of(0);
