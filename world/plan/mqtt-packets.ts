/** An MQTT 3.1.1 packet: type and flags, remaining length, body. Texts are written with their lengths. */
export function mqttPacket(typeAndFlags: number, ...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Uint8Array.of(part);
      if (typeof part !== 'string') return part;
      const bytes = Buffer.from(part);
      return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
    }),
  );
  const length: number[] = [];
  for (let left = body.length; ; left >>= 7) {
    length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) break;
  }
  return Buffer.concat([Uint8Array.of(typeAndFlags, ...length), body]);
}

/** A CONNECT with a clean session and a keep-alive of half a minute. */
export function connectPacket(client: string): Uint8Array {
  return mqttPacket(0x10, 'MQTT', 4, 2, Uint8Array.of(0, 30), client);
}

/** A PUBLISH with quality of service 1. */
export function publishPacket(topic: string, payload: Uint8Array): Uint8Array {
  return mqttPacket(0x32, topic, Uint8Array.of(0, 1), payload);
}
