/** The few packets of MQTT 3.1.1 that a client needs that publishes with quality of service 1. */

export interface Packet {
  readonly type: number;
  readonly body: Uint8Array;
}

const PUBLISH_ONCE = 0x32;

/** CONNECT with a clean session, by a client that says something once in `keepAliveS` at least (section 3.1). */
export function connectPacket(clientId: string, keepAliveS: number): ArrayBuffer {
  const id = asciiBytes(clientId);
  return packetOf(0x10, [[0, 4], asciiBytes('MQTT'), [4, 2, keepAliveS >> 8, keepAliveS & 255], [0, id.length], id]);
}

/** PUBLISH with quality of service 1 (section 3.3). */
export function publishPacket(topic: string, id: number, payload: Uint8Array): ArrayBuffer {
  const name = asciiBytes(topic);
  return packetOf(PUBLISH_ONCE, [[0, name.length], name, [id >> 8, id & 255], payload]);
}

function packetOf(first: number, parts: readonly ArrayLike<number>[]): ArrayBuffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [first];
  for (let rest = length; ; rest >>= 7) {
    head.push((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest < 128) break;
  }
  const packet = new Uint8Array(head.length + length);
  let at = 0;
  for (const part of [head, ...parts]) {
    packet.set(part, at);
    at += part.length;
  }
  return packet.buffer;
}

function asciiBytes(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

/** Reads short packets from the pieces in which they come. */
export class PacketReader {
  #rest = new Uint8Array(0);

  read(piece: Uint8Array): readonly Packet[] {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    const packets: Packet[] = [];
    let at = 0;
    // Whatever a broker answers a publisher has less than 128 bytes.
    while (at + 2 <= bytes.length && at + 2 + bytes[at + 1]! <= bytes.length) {
      const end = at + 2 + bytes[at + 1]!;
      packets.push({ type: bytes[at]! >> 4, body: bytes.slice(at + 2, end) });
      at = end;
    }
    this.#rest = bytes.slice(at);
    return packets;
  }
}
