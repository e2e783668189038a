import { strict as assert } from 'node:assert';
import { AGENT_KEEPALIVE_S } from '#core/wire/limits.ts';

/** How often an agent says that it lives and how far it got. */
export const HEARTBEAT_MS = 5_000;

/** From dialling to CONNACK. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** From CONNACK to the ledger's head. A broker that can't say it in this time has no ledger at hand. */
export const HEAD_TIMEOUT_MS = 5_000;

/** Acknowledgements that stay out for so long with frames in flight mean that the connection is dead. */
export const ACKNOWLEDGEMENT_TIMEOUT_MS = 45_000;

/** The first wait before dialling again. */
export const BACKOFF_MS_MIN = 250;

/** The longest: a fleet that lost its broker is back within a minute, and doesn't come all at once. */
export const BACKOFF_MS_MAX = 30_000;

/** How long `stop` waits for the closing heartbeat to be acknowledged, and then for the connection to end. */
export const CLOSING_TIMEOUT_MS = 2_000;

assert(BACKOFF_MS_MIN < BACKOFF_MS_MAX, 'backing off grows');
assert(ACKNOWLEDGEMENT_TIMEOUT_MS >= AGENT_KEEPALIVE_S * 1500, 'a broker gives up on a silent agent first');
assert(HEARTBEAT_MS < AGENT_KEEPALIVE_S * 1000, 'a heartbeat comes before the keep-alive needs a ping');
