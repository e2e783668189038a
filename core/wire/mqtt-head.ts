/** Bytes of the longest fixed header of an MQTT packet: the first byte and a length of four. */
export const PACKET_HEAD_BYTES_MAX = 5;

/** What the fixed header of a packet says. */
export interface PacketHead {
  readonly type: number;
  readonly flags: number;
  /** Of the whole packet, its head included. */
  readonly packetBytes: number;
  readonly headBytes: number;
}

/** Reads the fixed header that `bytes` begin with (MQTT 3.1.1 and 5.0, section 2). */
export function readPacketHead(bytes: Uint8Array): PacketHead | 'incomplete' | 'malformed' {
  let length = 0;
  for (let at = 1; at < PACKET_HEAD_BYTES_MAX; at++) {
    const byte = bytes[at];
    if (byte === undefined) return 'incomplete';
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte >= 0x80) continue;
    return { type: bytes[0]! >> 4, flags: bytes[0]! & 0x0f, packetBytes: at + 1 + length, headBytes: at + 1 };
  }
  return 'malformed';
}
