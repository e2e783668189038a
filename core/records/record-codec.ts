import { strict as assert } from 'node:assert';
import { WeirError } from '../errors.ts';
import { FORMAT_VERSION, formatOf, readHeader } from '../frames/header.ts';
import { TIME_MS_MAX } from '../frames/limits.ts';
import { parseSeriesName } from '../series/series.ts';
import { VERDICT_CODE_MAX, VERDICT_DETAIL_MAX } from '../wire/down-messages.ts';
import { encodeHeartbeat, INCARNATION_MAX, parseHeartbeat } from '../wire/heartbeat.ts';
import {
  isIntegerWithin,
  isMessageFault,
  type MessageFault,
  messageFault,
  parseObject,
} from '../wire/message-fault.ts';
import { encodeRefusalReport, parseRefusalReport } from '../wire/refusal-report.ts';
import { AGENT_ID } from '../wire/topics.ts';
import { ACCEPTED, type AgentOrder, type LogRecord, type Verdict } from './record.ts';

/**
 * A record of the log, little endian:
 *
 * ```
 *   at  size
 *    0   1   record version   1; of an order 2, 3 where it ends a series, 4 where it inherits
 *    1   1   kind             1 frame, 2 heartbeat, 3 refusals, 4 cut, 5 order
 *    2   1   name bytes  n    1 … 128: the agent; of a cut, its id
 *    3   1   code bytes  c    0: accepted; otherwise refused, with this code. 0 unless a frame
 *    4   2   detail bytes d   u16, 0 where c is 0
 *    6   2   0
 *    8   8   atMs             f64, an integer: when the broker received it, or the batch layer cut
 *   16   n   name             UTF-8
 *        c   code             UTF-8
 *        d   detail           UTF-8
 *        …   payload          frame: its bytes; heartbeat, refusals: JSON as on the wire; order: JSON; cut: nothing
 * ```
 *
 * The version keeps its place in every later format, so that a newer record is refused by name and never guessed at; it
 * stays below the characters of text, so that text which has strayed into a log is no record that is to come.
 * A record is written in the oldest version that has its kind, so that older readers refuse only what they can't know.
 */
export const RECORD_VERSION = 4;

/** The highest version that there will ever be. */
export const RECORD_VERSION_MAX = 0x1f;

/** The versions that records of each kind are written in. */
const VERSIONS = { frame: [1], heartbeat: [1], refusals: [1], cut: [1], order: [2, 3, 4] } as const satisfies Readonly<
  Record<LogRecord['kind'], readonly number[]>
>;

function versionOf(record: LogRecord): number {
  if (record.kind !== 'order') return VERSIONS[record.kind][0];
  switch (record.order.kind) {
    case 'inherit':
      return 4;
    case 'end-series':
      return 3;
    default:
      return VERSIONS.order[0];
  }
}

/** What is wrong with bytes that should be a record. */
export interface RecordFault {
  readonly kind: 'record-fault';
  readonly code: 'too-short' | 'newer-record' | 'not-a-record' | 'range' | 'name' | 'text' | 'payload';
  readonly message: string;
}

/** Bytes of a cut's id. */
export const CUT_ID_BYTES_MAX = 128;

/** Bytes before the name. */
const FIXED_BYTES = 16;
const KINDS = ['frame', 'heartbeat', 'refusals', 'cut', 'order'] as const;
const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes by which a record of a frame may be longer than the frame. */
export const RECORD_OVERHEAD_BYTES_MAX = FIXED_BYTES + CUT_ID_BYTES_MAX + 3 * VERDICT_CODE_MAX + 3 * VERDICT_DETAIL_MAX;

assert(3 * VERDICT_CODE_MAX <= 0xff && 3 * VERDICT_DETAIL_MAX <= 0xffff, 'the lengths of a verdict fit their fields');

/** The bytes of a record, which hold a copy of its frame. Asserts that agent, times and texts are within their limits. */
export function encodeRecord(record: LogRecord): Uint8Array {
  const name = utf8.encode(record.kind === 'cut' ? record.id : record.agent);
  assert(record.kind === 'cut' || AGENT_ID.test(record.agent), 'the agent of a record has an agent id');
  assert(name.length >= 1 && name.length <= CUT_ID_BYTES_MAX, `the name of a record has ${name.length} bytes`);
  assert(isIntegerWithin(record.atMs, -TIME_MS_MAX, TIME_MS_MAX), `a record's time is ${record.atMs} ms`);
  const refused = record.kind === 'frame' && record.verdict.kind === 'refused' ? record.verdict : undefined;
  assert(refused === undefined || isVerdictText(refused.code, refused.detail), 'a refusal has a short code and detail');
  const code = refused === undefined ? NOTHING : utf8.encode(refused.code);
  const detail = refused === undefined ? NOTHING : utf8.encode(refused.detail);
  const payload = payloadOf(record);
  const bytes = new Uint8Array(FIXED_BYTES + name.length + code.length + detail.length + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, versionOf(record));
  view.setUint8(1, KINDS.indexOf(record.kind) + 1);
  view.setUint8(2, name.length);
  view.setUint8(3, code.length);
  view.setUint16(4, detail.length, true);
  view.setFloat64(8, record.atMs, true);
  let at = FIXED_BYTES;
  for (const part of [name, code, detail, payload]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The record in `bytes`, or what is wrong with them. A frame is a view of `bytes`, not a copy. */
export function decodeRecord(bytes: Uint8Array): LogRecord | RecordFault {
  const version = bytes[0];
  if (version === undefined) return recordFault('too-short', 'record has no bytes');
  if (version < 1 || version > RECORD_VERSION_MAX)
    return recordFault('not-a-record', `record has version ${version}, which is none`);
  if (version > RECORD_VERSION) {
    return recordFault(
      'newer-record',
      `record has version ${version}, this reader knows up to ${RECORD_VERSION}: update it`,
    );
  }
  if (bytes.length < FIXED_BYTES) {
    return recordFault('too-short', `record has ${bytes.length} bytes, its head has ${FIXED_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = KINDS[view.getUint8(1) - 1];
  if (kind === undefined)
    return recordFault('not-a-record', `record kind ${view.getUint8(1)} is not one of 1 to ${KINDS.length}`);
  if (!(VERSIONS[kind] as readonly number[]).includes(version))
    return recordFault('not-a-record', `version ${version} has no records of kind ${kind}`);
  const lengths = [view.getUint8(2), view.getUint8(3), view.getUint16(4, true)] as const;
  const [nameBytes, codeBytes, detailBytes] = lengths;
  if (view.getUint16(6, true) !== 0 || (codeBytes > 0 && kind !== 'frame') || (codeBytes === 0 && detailBytes > 0)) {
    return recordFault('range', `record of kind ${kind} has a verdict of ${codeBytes} and ${detailBytes} bytes`);
  }
  const atMs = view.getFloat64(8, true);
  if (!isIntegerWithin(atMs, -TIME_MS_MAX, TIME_MS_MAX)) return recordFault('range', `record has time ${atMs} ms`);
  const payloadAt = FIXED_BYTES + nameBytes + codeBytes + detailBytes;
  if (bytes.length < payloadAt) {
    return recordFault('too-short', `record has ${bytes.length} bytes, its name and verdict end at ${payloadAt}`);
  }
  const [name, code, detail] = textsOf(bytes, lengths);
  if (name === undefined || code === undefined || detail === undefined) {
    return recordFault('text', 'record has a name or a verdict that is no UTF-8');
  }
  if (codeBytes > 0 && !isVerdictText(code, detail)) {
    return recordFault('range', `record has a verdict of ${code.length} and ${detail.length} characters`);
  }
  const payload = bytes.subarray(payloadAt);
  const verdict: Verdict = codeBytes === 0 ? ACCEPTED : { kind: 'refused', code, detail };
  if (kind === 'cut') return cutOf(name, atMs, payload);
  const record = agentRecordOf(kind, { agent: name, atMs, verdict, payload });
  if (record.kind === 'record-fault' || versionOf(record) === version) return record;
  return recordFault('not-a-record', `version ${version} has no orders of this kind`);
}

interface AgentParts {
  readonly agent: string;
  readonly atMs: number;
  readonly verdict: Verdict;
  readonly payload: Uint8Array;
}

function agentRecordOf(kind: 'frame' | 'heartbeat' | 'refusals' | 'order', parts: AgentParts): LogRecord | RecordFault {
  const { agent, atMs, verdict, payload } = parts;
  if (!AGENT_ID.test(agent)) return recordFault('name', `record names ${JSON.stringify(agent)}, which is no agent id`);
  if (kind === 'frame') return { kind, agent, atMs, verdict, frame: payload };
  if (kind === 'heartbeat') {
    const heartbeat = parseHeartbeat(payload);
    return isMessageFault(heartbeat) ? recordFault('payload', heartbeat.message) : { kind, agent, atMs, heartbeat };
  }
  if (kind === 'order') {
    const order = parseAgentOrder(payload);
    return isMessageFault(order) ? recordFault('payload', order.message) : { kind, agent, atMs, order };
  }
  const report = parseRefusalReport(payload);
  return isMessageFault(report) ? recordFault('payload', report.message) : { kind, agent, atMs, report };
}

function cutOf(id: string, atMs: number, payload: Uint8Array): LogRecord | RecordFault {
  if (id.length === 0 || utf8.encode(id).length > CUT_ID_BYTES_MAX) return recordFault('name', `cut has id ${id}`);
  if (payload.length > 0) return recordFault('payload', `cut has ${payload.length} bytes of payload, it has none`);
  return { kind: 'cut', id, atMs };
}

function payloadOf(record: LogRecord): Uint8Array {
  switch (record.kind) {
    case 'frame':
      return record.frame;
    case 'heartbeat':
      return encodeHeartbeat(record.heartbeat);
    case 'refusals':
      return encodeRefusalReport(record.report);
    case 'order':
      return encodeAgentOrder(record.order);
    case 'cut':
      return NOTHING;
  }
}

/** The texts that stand one after the other behind the head; undefined where one is no UTF-8. */
function textsOf(bytes: Uint8Array, lengths: readonly number[]): (string | undefined)[] {
  let at = FIXED_BYTES;
  return lengths.map((length) => {
    const from = at;
    at += length;
    try {
      return length === 0 ? '' : utf8Decoder.decode(bytes.subarray(from, at));
    } catch {
      return undefined;
    }
  });
}

function isVerdictText(code: string, detail: string): boolean {
  if (!code.isWellFormed() || !detail.isWellFormed()) return false;
  return code.length >= 1 && code.length <= VERDICT_CODE_MAX && detail.length <= VERDICT_DETAIL_MAX;
}

function recordFault(code: RecordFault['code'], message: string): RecordFault {
  return { kind: 'record-fault', code, message };
}

/** Lives that an agent can have: more than anybody replaces a gateway. */
export const LIVES_MAX = 0xffff;

/** An order as JSON: `{"kind": …}` with what belongs to its kind. */
export function encodeAgentOrder(order: AgentOrder): Uint8Array {
  return utf8.encode(JSON.stringify(order));
}

export function parseAgentOrder(bytes: Uint8Array): AgentOrder | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('order is no JSON object in UTF-8');
  const { kind, life, to, incarnation, from, reachedMs } = value;
  switch (kind) {
    case 'readmit':
      if (!isIntegerWithin(life, 0, LIVES_MAX)) return messageFault(`order: life must be from 0 to ${LIVES_MAX}`);
      return { kind, life };
    case 'hand-over':
      if (typeof to !== 'string' || !AGENT_ID.test(to)) return messageFault('order: to must be an agent id');
      return { kind, to };
    case 'inherit':
      if (!isIntegerWithin(reachedMs, -TIME_MS_MAX, TIME_MS_MAX))
        return messageFault('order: reachedMs must be a time in ms');
      return { kind, reachedMs };
    case 'retire':
      return { kind };
    case 'give-up':
      if (!isIntegerWithin(life, 0, LIVES_MAX)) return messageFault(`order: life must be from 0 to ${LIVES_MAX}`);
      if (!isIntegerWithin(incarnation, 1, INCARNATION_MAX))
        return messageFault('order: incarnation must be a u32 from 1');
      if (!isIntegerWithin(from, 1, Number.MAX_SAFE_INTEGER) || !isIntegerWithin(to, from, Number.MAX_SAFE_INTEGER))
        return messageFault('order: from and to must be frame numbers in their order');
      return { kind, life, incarnation, from, to };
    case 'end-series':
      return parseEnd(value);
    default:
      return messageFault('order: kind must be readmit, hand-over, inherit, retire, give-up or end-series');
  }
}

function parseEnd({ metric, device, tags, fromMs }: Readonly<Record<string, unknown>>): AgentOrder | MessageFault {
  if (!isIntegerWithin(fromMs, -TIME_MS_MAX, TIME_MS_MAX)) return messageFault('order: fromMs must be a time in ms');
  const name = parseSeriesName({ metric, device, tags });
  return name.kind === 'series-fault'
    ? messageFault(`order: ${name.message}`)
    : { kind: 'end-series', ...name.name, fromMs };
}

/** A record that a newer Weir has written, in a form that this one doesn't know: what follows it can't be folded without it. */
export class NewerRecord extends WeirError {
  readonly kind = 'newer-record';

  constructor(partition: number, position: number, what: string) {
    super(
      `Record ${position} of partition ${partition} was written by a newer weir: ${what.replace(/: update it$/, '')}. ` +
        'Run that version again, or a later one; the log is whole, and goes on from there.',
      { fault: 'data' },
    );
  }
}

/**
 * The record of an entry of a log, or what is wrong with its bytes. Throws NewerRecord where a later version has written it, or
 * has accepted the frame in it: to pass it over would be to lose it.
 */
export function readRecord(
  partition: number,
  { position, bytes }: { readonly position: number; readonly bytes: Uint8Array },
): LogRecord | RecordFault {
  const record = decodeRecord(bytes);
  if (record.kind === 'record-fault' && record.code === 'newer-record')
    throw new NewerRecord(partition, position, record.message);
  if (record.kind === 'frame' && record.verdict.kind === 'accepted' && formatOf(record.frame) > FORMAT_VERSION) {
    const header = readHeader(record.frame);
    if (header.kind === 'fault' && header.code === 'newer-format')
      throw new NewerRecord(partition, position, header.message);
  }
  return record;
}
