import { strict as assert } from 'node:assert';
import { MESSAGE_BYTES_MAX } from '../mqtt/limits.ts';
import { KEY_BYTES_MAX } from '../rows/key-table.ts';

/** The longest topic that is heard: no key of a series is longer. */
export const TOPIC_CHARS_MAX = KEY_BYTES_MAX;

/** What a payload takes in memory once it is read, by its bytes: a metric of 20 bytes becomes an object of some 150. */
export const READ_BYTES_PER_BYTE = 8;

/** Edge nodes of one source. For another one, one that is gone is forgotten; where there is none, it isn't heard. */
export const NODES_MAX = 4_096;

/** Devices of one edge node. Of another one no birth is taken. */
export const DEVICES_MAX = 4_096;

/** Metrics, and devices, that all births together have defined. A birth that has no room defines none. */
export const DEFINITIONS_MAX = 1_000_000;

/** Messages of one node that wait for one before them. When full, the missing one is waited for no longer. */
export const HELD_MESSAGES_MAX = 64;

/** Bytes that the messages of all nodes, which wait for others, hold. When full, likewise. */
export const HELD_BYTES_MAX = 67_108_864;

/** A node isn't asked for its births sooner after it was asked, and from time to time less often where that doesn't help. */
export const REBIRTH_AGAIN_MS = 10_000;
export const REBIRTH_AGAIN_MS_MAX = 300_000;

/** Requests in one go: a broker that comes back isn't flooded with the births of a whole plant. */
export const REBIRTHS_AT_ONCE_MAX = 32;

/** How often it is looked whether something is due. */
export const TICK_MS = 250;

/** Names of metrics that are remembered, to name the nearest to one that never came, and how long they may be. */
export const NAMES_REMEMBERED_MAX = 1_024;
export const NAME_CHARS_MAX = 256;

assert(HELD_BYTES_MAX >= 2 * MESSAGE_BYTES_MAX * READ_BYTES_PER_BYTE, 'the largest payload may wait beside another');
