import { TIME_MS_MAX } from '../frames/limits.ts';
import type { Heartbeat } from '../records/record.ts';
import { isIntegerWithin, type MessageFault, messageFault, parseObject } from './message-fault.ts';

/** Incarnations are u32 in a frame's header, so they are here. */
export const INCARNATION_MAX = 0xffff_ffff;

/** A heartbeat is four short fields; four times what they need leaves room for what later versions add. */
export const HEARTBEAT_BYTES_MAX = 1024;

const utf8 = new TextEncoder();

/** The body of a `heartbeat` message, at most HEARTBEAT_BYTES_MAX bytes of JSON. */
export function encodeHeartbeat(heartbeat: Heartbeat): Uint8Array {
  const { incarnation, highestSequence, watermarkMs, closed } = heartbeat;
  return utf8.encode(JSON.stringify({ incarnation, highestSequence, watermarkMs, closed }));
}

/** Reads what {@link encodeHeartbeat} wrote; fields it doesn't know are passed over. */
export function parseHeartbeat(bytes: Uint8Array): Heartbeat | MessageFault {
  if (bytes.length > HEARTBEAT_BYTES_MAX) {
    return messageFault(`heartbeat has ${bytes.length} bytes, the limit is ${HEARTBEAT_BYTES_MAX}`);
  }
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('heartbeat is no JSON object in UTF-8');
  const { incarnation, highestSequence, watermarkMs, closed } = value;
  if (!isIntegerWithin(incarnation, 0, INCARNATION_MAX)) return messageFault('heartbeat: incarnation must be a u32');
  if (!isIntegerWithin(highestSequence, 0, Number.MAX_SAFE_INTEGER)) {
    return messageFault('heartbeat: highestSequence must be an integer from 0 on');
  }
  if (watermarkMs !== null && !isIntegerWithin(watermarkMs, -TIME_MS_MAX, TIME_MS_MAX)) {
    return messageFault('heartbeat: watermarkMs must be null or integer milliseconds within the limits');
  }
  if (typeof closed !== 'boolean') return messageFault('heartbeat: closed must be true or false');
  return { incarnation, highestSequence, watermarkMs, closed };
}
