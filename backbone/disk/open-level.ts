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
