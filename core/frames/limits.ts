import { strict as assert } from 'node:assert';

/** Limits of frames. A decoder allocates nothing beyond them, whatever the bytes say. */

/** Bytes of the header of every frame. */
export const HEADER_BYTES = 64;

/** Bytes of the longest frame: half of what a JetStream message may have by default. */
export const FRAME_BYTES_MAX = 512 * 1024;

/** Readings of a `readings` frame, which are at most so many runs. A reading takes four bytes at worst on average. */
export const FRAME_READINGS_MAX = 1 << 17;

/** Corrections in one frame. A late reading makes three: one interval taken back, two put in its place. */
export const FRAME_LINKS_MAX = 1 << 17;

/** Panes of a `panes` frame: 1,000 series for two and a half minutes of 10 s panes. */
export const FRAME_PANES_MAX = 1 << 14;

/** Histogram buckets of all panes of a frame. */
export const FRAME_BUCKETS_MAX = 1 << 17;

/** Amends of an `amend` frame. */
export const FRAME_AMENDS_MAX = 1 << 14;

/** Series of a `birth` frame; an agent with more sends several. */
export const FRAME_ENTRIES_MAX = 1 << 12;

/** Entries of a whole dictionary: dense indexes, for which a reader may allocate. */
export const DICTIONARY_ENTRIES_MAX = 1 << 20;

/**
 * Times lie within ± this many milliseconds of 1970 (140,000 years): the distance of any two is a safe integer, and
 * every one is a valid `Date`.
 */
export const TIME_MS_MAX = 2 ** 52 - 1;

/** Values are scaled safe integers. */
export const VALUE_MAX = Number.MAX_SAFE_INTEGER;

assert(HEADER_BYTES % 4 === 0, 'the body begins at a word');
assert(FRAME_READINGS_MAX * 4 <= FRAME_BYTES_MAX, 'a full frame of 31-bit values fits');
assert(FRAME_PANES_MAX <= FRAME_READINGS_MAX && FRAME_AMENDS_MAX <= FRAME_READINGS_MAX, 'readings are the most');
assert(FRAME_ENTRIES_MAX <= DICTIONARY_ENTRIES_MAX, 'a birth fits into a dictionary');
assert(Number.isSafeInteger(2 * TIME_MS_MAX) && TIME_MS_MAX < 8.64e15, 'distances are safe, times are dates');
