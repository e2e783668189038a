import { strict as assert } from 'node:assert';
import { VALUE_BYTES_MAX } from '#backbone/key-value/key-value.ts';
import { RECORD_BYTES_MAX } from '#backbone/log/log.ts';
import { DICTIONARY_ENTRIES_MAX, FRAME_BYTES_MAX } from '#core/frames/limits.ts';
import { RECORD_OVERHEAD_BYTES_MAX } from '#core/records/record-codec.ts';
import { AGENT_IN_FLIGHT_BYTES_MAX, AGENT_IN_FLIGHT_MAX, AGENT_KEEPALIVE_S } from '#core/wire/limits.ts';
import { REPORT_BYTES_MAX } from '#core/wire/refusal-report.ts';
import { agentTopic } from '#core/wire/topics.ts';

/** Every limit of the broker in one place, and how they hang together. */

/** Connections at once. Each costs a socket and at most CONTROL_PACKETS_MAX packets, before it is let in too. */
export const CLIENTS_MAX = 10_000;

/** Of them, those of one address that haven't shown who they are; beyond it the oldest is cut. A whole site may come at once. */
export const STRANGERS_OF_ADDRESS_MAX = 1_000;

/** Bytes of a PUBLISH beside its payload: type and length (5), topic (2 + 82 at most), packet identifier (2). */
export const PACKET_OVERHEAD_BYTES = 128;

/** The longest packet, a PUBLISH with the longest frame. One that announces more is cut off at its length field. */
export const PACKET_BYTES_MAX = FRAME_BYTES_MAX + PACKET_OVERHEAD_BYTES;

/** The longest packet of any other type: a CONNECT with will, name and password; a SUBSCRIBE to every topic there is. */
export const CONTROL_PACKET_BYTES_MAX = 4096;

/**
 * Packets other than PUBLISH that may wait in one connection for their turn. An agent sends a handful in its life; the
 * parser makes objects of hundreds of bytes of them, and a PINGREQ has two bytes.
 */
export const CONTROL_PACKETS_MAX = 16;

/** PUBLISH packets of one client that are not yet answered: an agent's frames, and its other messages. */
export const CLIENT_IN_FLIGHT_MAX = 512;

/** Bytes of them. */
export const CLIENT_IN_FLIGHT_BYTES_MAX = AGENT_IN_FLIGHT_BYTES_MAX;

/** The same over all clients. Full, sockets are no longer read, and TCP tells the agents to wait. */
export const IN_FLIGHT_MAX = 8192;

/** A packet stands in memory up to three times (as read, as parsed, as record), so this is a third of the real cost. */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;

/** From connecting to a complete CONNECT. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** The longest request that asks for a WebSocket, its headers included. */
export const UPGRADE_BYTES_MAX = 8192;

/** How long who shows a wrong token waits for the answer, once it has failed before. */
export const LOGIN_WAIT_MS_MAX = 2_000;

/** Those that wait so at a time; beyond it connections are cut without an answer. */
export const LOGINS_HELD_MAX = 256;

/** From the length field of a PUBLISH, when its permit was given, to its last byte: 17 kB/s for the longest. */
export const PACKET_TIMEOUT_MS = 30_000;

/** How often connections are looked through for packets that stand still. */
export const PACKET_SWEEP_MS = 5_000;

/** A client that says it will be silent for longer can't be told from one that is gone. Seconds, as in MQTT. */
export const KEEPALIVE_S_MAX = 300;

/** A client that doesn't take what it is sent (acknowledgements above all) for so long is cut off. */
export const CLIENT_DRAIN_TIMEOUT_MS = 30_000;

/** How far a frame's event times may be ahead of the broker's clock: what clocks without NTP drift in weeks. */
export const CLOCK_SKEW_MS_MAX = 5 * 60_000;

/** Agents whose presence is remembered; beyond it those that have been offline longest are forgotten. */
export const PRESENCE_AGENTS_MAX = 100_000;

/** Entries of dictionaries that are kept over all agents, a pointer each: four agents with all the series they may have. */
export const DICTIONARY_ENTRIES_KEPT_MAX = 4 * DICTIONARY_ENTRIES_MAX;

/** Different panes of series that are remembered; beyond them they are told apart anew. */
export const PANE_FORMS_MAX = 1024;

/** How long disposing of the broker waits for packets in flight to be stored and answered. */
export const DRAIN_TIMEOUT_MS = 10_000;

/** How long an ended connection may take for its last acknowledgements. */
export const FINISH_TIMEOUT_MS = 1_000;

/** Bytes from which on a chunk of claims is left as it is; until then each line of claims writes it anew. */
export const CLAIM_CHUNK_BYTES = 64 * 1024;

/** Bytes that a line of claims may take at the most: more series are claimed in several lines. */
export const CLAIM_LINE_BYTES_MAX = 512 * 1024;

/** Series that may have owners, some hundred bytes each in a broker. */
export const CLAIMED_SERIES_MAX = 10_000_000;

/** Attempts at adding to claims while others add to them too. */
export const CLAIM_ATTEMPTS_MAX = 16;

const topicBytesMax = agentTopic('x'.repeat(64), 'heartbeat').length;
assert(5 + 2 + topicBytesMax + 2 <= PACKET_OVERHEAD_BYTES, 'a frame with the longest topic fits a packet');
assert(REPORT_BYTES_MAX <= FRAME_BYTES_MAX, 'a refusal report fits a packet');
assert(PACKET_BYTES_MAX + RECORD_OVERHEAD_BYTES_MAX <= RECORD_BYTES_MAX, 'whatever a packet holds fits a record');
assert(PACKET_BYTES_MAX <= CLIENT_IN_FLIGHT_BYTES_MAX, 'the longest packet can be in flight');
assert(AGENT_IN_FLIGHT_MAX < CLIENT_IN_FLIGHT_MAX, 'heartbeats pass beside an agent’s frames');
assert(CLAIM_CHUNK_BYTES + CLAIM_LINE_BYTES_MAX <= VALUE_BYTES_MAX, 'a chunk that has room takes any line');
assert(LOGIN_WAIT_MS_MAX < CONNECT_TIMEOUT_MS, 'who is refused is told before the time to connect ends');
assert(LOGINS_HELD_MAX <= CLIENTS_MAX / 10, 'those that are refused leave room for those that are not');
assert(STRANGERS_OF_ADDRESS_MAX <= CLIENTS_MAX / 10, 'one address leaves room for others');
assert(AGENT_KEEPALIVE_S <= KEEPALIVE_S_MAX, 'agents may be silent as long as they say');
assert(
  CLIENT_IN_FLIGHT_BYTES_MAX <= IN_FLIGHT_BYTES_MAX && CLIENT_IN_FLIGHT_MAX <= IN_FLIGHT_MAX,
  'a client is one of all',
);
