import { strict as assert } from 'node:assert';
import { PENDING_MESSAGE_BYTES_MAX, PENDING_MESSAGES_MAX } from '../live/pending-messages.ts';

/** Every limit of MQTT sources in one place, and how they hang together. */

/** The longest message that is read, topic and all. Of a longer one the topic is noted; its payload is thrown away. */
export const MESSAGE_BYTES_MAX = 1_048_576;

/** The longest packet of any other type: a CONNECT with will, name and password; a SUBSCRIBE to many topics. */
export const CONTROL_PACKET_BYTES_MAX = 65_536;

/** What is kept of a message that is too long: its topic has to be in it. */
export const OVERLONG_KEPT_BYTES = 1_024;

/** Messages of one sender that may wait for their acknowledgement; who speaks MQTT 5 is told so. */
export const RECEIVE_MAX = 2_048;

/** Rows of one message; fewer where its source has so many rules that their readings would not fit into a batch. */
export const MESSAGE_ROWS_MAX = 8_192;

/** Topic rules of one source. */
export const TOPICS_MAX = 256;

/** Topics whose rules are remembered; beyond it they are found anew. */
export const TOPICS_REMEMBERED_MAX = 65_536;

/** Topics that fit no rule, or held no reading, that are named; all are counted. */
export const UNFIT_TOPICS_MAX = 12;

/** Devices that may be connected at a time. */
export const CONNECTIONS_MAX = 4_096;

/** What packets that are still coming in hold together, over all devices. */
export const RECEIVING_BYTES_MAX = 64 * 1_048_576;

/** Devices whose last messages are remembered over the end of a connection; the one that was seen longest ago goes. */
export const SESSIONS_MAX = 4_096;

/** Acknowledged messages per device that are remembered, to know them if they come again. */
export const ANSWERED_MAX = 256;

/**
 * An acknowledgement is taken to have arrived if the connection was still there so long after it: only what was
 * acknowledged later may come again as it was.
 */
export const ANSWER_DOUBTED_MS = 10_000;

/** From dialling to CONNACK, and from a device's connecting to its CONNECT. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** How often a broker is asked whether it is still there. It is given up after one and a half times that of silence. */
export const KEEPALIVE_S = 30;

/** How often connections of devices are looked through for silent ones. */
export const SILENCE_SWEEP_MS = 5_000;

/** A device that doesn't take what it is sent (acknowledgements, all of it) for so long is cut off. */
export const BEHIND_MS_MAX = 30_000;

/** The wait before dialling again: the first, and the longest. */
export const REDIAL_MS_MIN = 500;
export const REDIAL_MS_MAX = 30_000;

/** For how long a broker keeps messages for an agent that is away. Seconds, as in MQTT: a week. */
export const SESSION_EXPIRY_S = 7 * 86_400;

/** How long a stopping source waits for what the agent was given to become durable, so that it is acknowledged. */
export const STOP_TIMEOUT_MS = 5_000;

/** How long a connection that ends in order may take for what it has to be sent still. */
export const FINISH_TIMEOUT_MS = 1_000;

assert(OVERLONG_KEPT_BYTES <= MESSAGE_BYTES_MAX, 'what is kept of a long message is less than a short one');
assert(RECEIVE_MAX <= PENDING_MESSAGES_MAX, 'one sender does not fill the line');
assert(2 * MESSAGE_BYTES_MAX <= PENDING_MESSAGE_BYTES_MAX, 'the longest message can wait beside another');
assert(2 * MESSAGE_BYTES_MAX <= RECEIVING_BYTES_MAX, 'the longest message has room beside one that is given up');
assert(RECEIVE_MAX <= 65_535, 'packet identifiers have two bytes');
assert(REDIAL_MS_MIN < REDIAL_MS_MAX, 'backing off grows');
