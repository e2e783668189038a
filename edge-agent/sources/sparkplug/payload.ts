import protobuf from 'protobufjs';

/**
 * The payload of Sparkplug B (Eclipse Sparkplug 3.0, §6.4.1, "Google Protocol Buffer Schema") as far as readings need it.
 * What is no single value (data sets, templates, extensions) is told apart and left packed; all else is skipped.
 */
const SCHEMA = `
  syntax = "proto2";
  message Payload {
    optional uint64 timestamp = 1;
    repeated Metric metrics = 2;
    optional uint64 seq = 3;
    optional string uuid = 4;
  }
  message Metric {
    optional string name = 1;
    optional uint64 alias = 2;
    optional uint64 timestamp = 3;
    optional uint32 datatype = 4;
    optional bool is_null = 7;
    optional PropertySet properties = 9;
    oneof value {
      uint32 int_value = 10;
      uint64 long_value = 11;
      float float_value = 12;
      double double_value = 13;
      bool boolean_value = 14;
      string string_value = 15;
      bytes bytes_value = 16;
      bytes dataset_value = 17;
      bytes template_value = 18;
      bytes extension_value = 19;
    }
  }
  message PropertySet {
    repeated string keys = 1;
    repeated PropertyValue values = 2;
  }
  message PropertyValue {
    optional uint32 int_value = 3;
    optional uint64 long_value = 4;
  }`;

/** An integer of 64 bits, as the protobuf library gives it. */
export interface Integer64 {
  /** The halves, each as a signed integer of 32 bits. */
  readonly low: number;
  readonly high: number;
}

/** A metric of a payload. What wasn't sent has its default: '', 0, false. */
export interface SparkplugMetric {
  readonly name: string;
  readonly alias: Integer64;
  readonly timestamp: Integer64;
  readonly datatype: number;
  readonly isNull: boolean;
  readonly properties: {
    readonly keys: readonly string[];
    readonly values: readonly { readonly intValue: number; readonly longValue: Integer64 }[];
  } | null;
  /** Which of the values was sent, if any. */
  readonly value?:
    | 'intValue'
    | 'longValue'
    | 'floatValue'
    | 'doubleValue'
    | 'booleanValue'
    | 'stringValue'
    | 'bytesValue'
    | 'datasetValue'
    | 'templateValue'
    | 'extensionValue';
  readonly intValue: number;
  readonly longValue: Integer64;
  readonly floatValue: number;
  readonly doubleValue: number;
  readonly booleanValue: boolean;
  readonly stringValue: string;
}

export interface SparkplugPayload {
  /** When it was sent, in ms, or NaN. */
  readonly atMs: number;
  readonly metrics: readonly SparkplugMetric[];
  /** From 0 to 255. What isn't sent is 0: writers of proto3 leave zeros out. */
  readonly seq: number;
}

/** Data types of metrics (§6.4.17) whose values are read in a way of their own. */
export const DATATYPE = { unknown: 0, int8: 1, int16: 2, int32: 3, int64: 4, boolean: 11 } as const;

/** A request, of the one metric that every edge node has, to be born again (§6.4.21). */
export const REBIRTH_METRIC = 'Node Control/Rebirth';

/** What payloads are marked with whose body holds another, packed: Tahu's clients can, the specification doesn't know it. */
const COMPRESSED_UUID = 'SPBV1.0_COMPRESSED';

const SEQ_MAX = 255;
const TWO_TO_32 = 4_294_967_296;

const payloadType = protobuf.parse(SCHEMA).root.lookupType('Payload');

interface Decoded {
  readonly timestamp: Integer64;
  readonly metrics: readonly SparkplugMetric[];
  readonly seq: Integer64;
  readonly uuid: string;
}

/** Reads a payload. Gives what is wrong with it instead: a predicate. */
export function decodePayload(bytes: Uint8Array): SparkplugPayload | string {
  let decoded: Decoded;
  try {
    decoded = payloadType.decode(bytes) as unknown as Decoded;
  } catch (error) {
    // The library throws plain errors for all that isn't well formed.
    return `is no Sparkplug B payload (${error instanceof Error ? error.message : String(error)})`;
  }
  if (decoded.uuid === COMPRESSED_UUID)
    return 'is compressed, which Sparkplug B is not; let its sender send it as it is';
  const seq = toNumber(decoded.seq);
  if (seq > SEQ_MAX) return `has the sequence number ${seq}, which is beyond ${SEQ_MAX}`;
  return { atMs: timestampMs(decoded.timestamp), metrics: decoded.metrics, seq };
}

/** What asks a node for its births. */
export function encodeRebirthRequest(nowMs: number): Uint8Array {
  const request = { name: REBIRTH_METRIC, timestamp: nowMs, datatype: DATATYPE.boolean, booleanValue: true };
  return payloadType.encode(payloadType.create({ timestamp: nowMs, metrics: [request] })).finish();
}

/** A timestamp in ms, NaN where there is none: a clock that stands at zero tells nothing either. */
export function timestampMs(timestamp: Integer64): number {
  const ms = toNumber(timestamp);
  return ms === 0 ? Number.NaN : ms;
}

/** An unsigned integer of 64 bits as a double, rounded beyond 2^53. */
export function toNumber({ low, high }: Integer64): number {
  return (high >>> 0) * TWO_TO_32 + (low >>> 0);
}
