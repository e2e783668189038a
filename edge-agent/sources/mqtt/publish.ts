import { readPacketHead } from '#core/wire/mqtt-head.ts';

/** A PUBLISH as it came: a device's, or one that a broker passes on. */
export interface Publish {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  /** Whether it was sent before. */
  readonly isAgain: boolean;
  readonly isRetained: boolean;
  /** The packet identifier; 0 for quality of service 0. */
  readonly id: number;
  readonly payload: Buffer;
}

/**
 * Reads a PUBLISH (MQTT 3.1.1 and 5.0, section 3.3) from its whole packet, or from its beginning; gives what is wrong with
 * it where it is none. Of its properties none changes what a reading is. Topic aliases were never offered, so a topic is there.
 */
export function readPublish(packet: Buffer, version: number): Publish | string {
  const head = readPacketHead(packet);
  if (typeof head === 'string') return 'its length is malformed';
  const qos = (head.flags >> 1) & 3;
  if (qos === 3) return 'its quality of service is 3';
  let at = head.headBytes;
  const topicBytes = at + 2 <= packet.length ? packet.readUInt16BE(at) : 0;
  const topicAt = at + 2;
  at = topicAt + topicBytes;
  if (at > packet.length) return 'its topic is longer than the packet, or than what is kept of it';
  const topic = packet.toString('utf8', topicAt, at);
  if (topic === '') return 'it has no topic';
  if (/[+#\0]/.test(topic)) return 'its topic holds a wildcard';
  let id = 0;
  if (qos > 0) {
    if (at + 2 > packet.length) return 'it has no packet identifier';
    id = packet.readUInt16BE(at);
    at += 2;
    if (id === 0) return 'its packet identifier is 0';
  }
  if (version === 5 && packet.length === head.packetBytes) {
    const properties = readLength(packet, at);
    if (properties === null || properties.end > packet.length) return 'its properties are longer than the packet';
    at = properties.end;
  }
  return {
    topic,
    qos: qos as Publish['qos'],
    isAgain: (head.flags & 8) !== 0,
    isRetained: (head.flags & 1) !== 0,
    id,
    payload: packet.subarray(at),
  };
}

/** Where what begins with its own length (a variable byte integer) ends. */
function readLength(packet: Buffer, from: number): { readonly end: number } | null {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = packet[from + i];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) return { end: from + i + 1 + length };
  }
  return null;
}
