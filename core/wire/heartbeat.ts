import { strict as assert } from 'node:assert';
import { TIME_MS_MAX } from '../frames/limits.ts';
import type { FrameSpan } from '../ledger/frame-spans.ts';
import type { Heartbeat } from '../records/record.ts';
import { isIntegerWithin, type MessageFault, messageFault, parseObject } from './message-fault.ts';

/** Incarnations are u32 in a frame's header, so they are here. */
export const INCARNATION_MAX = 0xffff_ffff;

/** A heartbeat is four short fields and a short list; what they leave is room for what later versions add. */
export const HEARTBEAT_BYTES_MAX = 1024;

/** Spans of outstanding frames that a heartbeat tells; an agent takes neighbours together where it has more. */
export const HEARTBEAT_SPANS_MAX = 8;

const SPAN_BYTES_MAX = JSON.stringify([[TIME_MS_MAX * 2, TIME_MS_MAX * 2, -TIME_MS_MAX, -TIME_MS_MAX]]).length;
assert(HEARTBEAT_SPANS_MAX * SPAN_BYTES_MAX <= (HEARTBEAT_BYTES_MAX * 3) / 4, 'a heartbeat with all its spans fits');

const utf8 = new TextEncoder();

/** The body of a `heartbeat` message, at most HEARTBEAT_BYTES_MAX bytes of JSON. */
export function encodeHeartbeat(heartbeat: Heartbeat): Uint8Array {
  const { incarnation, highestSequence, watermarkMs, closed, outstanding = [] } = heartbeat;
  const spans = outstanding.map(({ from, to, earliestMs, latestMs }) => [from, to, earliestMs, latestMs]);
  const told = spans.length === 0 ? {} : { outstanding: spans };
  return utf8.encode(JSON.stringify({ incarnation, highestSequence, watermarkMs, closed, ...told }));
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
  const spans = parseSpans(value['outstanding'] ?? [], highestSequence);
  if (spans === undefined) {
    return messageFault(
      `heartbeat: outstanding must be up to ${HEARTBEAT_SPANS_MAX} ascending [from, to, earliestMs, latestMs] of numbers up to highestSequence`,
    );
  }
  const told = { incarnation, highestSequence, watermarkMs, closed };
  return spans.length === 0 ? told : { ...told, outstanding: spans };
}

/** Spans whose numbers ascend and don't meet; undefined for anything else. */
function parseSpans(value: unknown, highestSequence: number): readonly FrameSpan[] | undefined {
  if (!Array.isArray(value) || value.length > HEARTBEAT_SPANS_MAX) return undefined;
  const spans: FrameSpan[] = [];
  let next = 1;
  for (const one of value as readonly unknown[]) {
    if (!Array.isArray(one) || one.length !== 4) return undefined;
    const [from, to, earliestMs, latestMs] = one as readonly unknown[];
    if (!isIntegerWithin(from, next, highestSequence) || !isIntegerWithin(to, from, highestSequence)) return undefined;
    if (!isIntegerWithin(earliestMs, -TIME_MS_MAX, TIME_MS_MAX)) return undefined;
    if (!isIntegerWithin(latestMs, earliestMs, TIME_MS_MAX)) return undefined;
    spans.push({ from, to, earliestMs, latestMs });
    next = to + 1;
  }
  return spans;
}
