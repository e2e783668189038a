import { strict as assert } from 'node:assert';
import { FRAME_BYTES_MAX } from '../frames/limits.ts';

/** What an agent keeps to on its connection, and a broker can count on. */

/** Messages sent and not yet acknowledged: enough to keep a log busy that syncs every few milliseconds. */
export const AGENT_IN_FLIGHT_MAX = 256;

/** Bytes of them. At 16 kB per frame and 5 ms per sync this is 800 MB/s, more than a link or a disk has. */
export const AGENT_IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024;

/** MQTT keep-alive; the broker gives up after one and a half of it. A log that stalls for shorter ends no connection. */
export const AGENT_KEEPALIVE_S = 30;

assert(FRAME_BYTES_MAX <= AGENT_IN_FLIGHT_BYTES_MAX, 'the longest frame can be in flight');
