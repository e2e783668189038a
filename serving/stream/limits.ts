/** Limits of the stream: what one node holds for its readers, whatever they do. */

/** Readers at once; a further one is refused with 503 at its upgrade. One that only listens takes some 20 KB. */
export const CLIENTS_MAX = 10_240;

/** Subscriptions of a reader: a dashboard has a few. */
export const SUBSCRIPTIONS_MAX = 32;

/** Bytes of a reader's message: a subscription is a few hundred. */
export const MESSAGE_BYTES_MAX = 16 * 1024;

/** Messages of a reader that wait for their turn; one that sends faster than it is answered is disconnected. */
export const MESSAGES_WAITING_MAX = 64;

/** Changes are told at most this often; what happens between is told once, by its newest state. */
export const CHANGES_EVERY_MS = 25;

/** Telling takes this share of the time at the most: with more readers, or larger changes, they are told less often. */
export const TELLING_SHARE_MAX = 0.25;

/** Readers that are told in one turn of the event loop, of which each takes some 20 µs: nobody who asks waits for a whole round. */
export const TOLD_PER_TURN = 128;

/** A round that takes longer is no longer waited for. */
export const TELLING_MS_MAX = 1_000;

/** A reader that was full is looked at again this often. */
export const FULL_AGAIN_MS = 250;

/**
 * While a reader has more bytes than this on their way it is told nothing. Its changes are not queued: they are read
 * from the index when it has room again, and are then the newest state of each window.
 */
export const QUEUED_BYTES_MAX = 1024 * 1024;

/** Messages that are made at once; others wait, so that readers of the stream never fill the queue of all queries. */
export const TELLINGS_MADE_MAX = 4;

/** Messages to equal subscriptions that are kept until the next change, and their bytes. */
export const SHARED_TELLINGS_MAX = 1_024;
export const SHARED_BYTES_MAX = 16 * 1024 * 1024;

/** Windows of one snapshot or one message of changes; a subscription that reaches further back is refused. */
export const SNAPSHOT_WINDOWS_MAX = 20_000;

/** A reader is pinged this often, and cut off when it has not answered by the next time. */
export const PING_EVERY_MS = 30_000;
