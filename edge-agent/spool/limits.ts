import { strict as assert } from 'node:assert';
import { FRAME_BYTES_MAX } from '#core/frames/limits.ts';

/** What an entry counts for beside its bytes: keys, index and what the table adds. It bounds the number of entries too. */
export const ENTRY_OVERHEAD_BYTES = 128;

/** The least a spool may be given: a few of the largest frames, so that one can be staged while others travel. */
export const SPOOL_BYTES_MIN = 8 * (FRAME_BYTES_MAX + ENTRY_OVERHEAD_BYTES);

/** What of the bytes that an agent is given its journal may take; the frames have the rest. */
const JOURNAL_SHARE = 1 / 4;

/** The least that frames have then. */
export const FRAMES_BYTES_MIN = 6 * (FRAME_BYTES_MAX + ENTRY_OVERHEAD_BYTES);

/** How the bytes that an agent may keep on its disk are shared. */
export function sharesOf(bytes: number): { readonly journalBytes: number; readonly frameBytes: number } {
  const journalBytes = Math.floor(bytes * JOURNAL_SHARE);
  return { journalBytes, frameBytes: bytes - journalBytes };
}

assert(sharesOf(SPOOL_BYTES_MIN).frameBytes >= FRAMES_BYTES_MIN, 'the smallest spool has room for its frames');

/** Bytes of unreleased entries that are also kept in memory, so that a live uplink never reads what was just written. */
export const SPOOL_CACHE_BYTES_MAX = 8 * 1024 * 1024;

/** Bytes, and entries, that are read from the table at a time when the uplink catches up. */
export const READ_AHEAD_BYTES = 1024 * 1024;
export const READ_AHEAD_ENTRIES_MAX = 256;

/** Releases that may go unwritten: as many frames are sent twice, and folded once, after a crash. */
export const RELEASES_UNWRITTEN_MAX = 64;

/** Released entries deleted with one staging, so that no write becomes long when much is released at once. */
export const DELETIONS_PER_STAGE_MAX = 256;
