/** What core asks of Node, for scripts that k6 runs: here `node:assert`. */
function ok(value: unknown, message = 'an assertion does not hold'): asserts value {
  if (value !== true && !value) throw new Error(message);
}

export const strict = Object.assign(ok, {
  equal(actual: unknown, expected: unknown, message?: string): void {
    ok(Object.is(actual, expected), message);
  },
  fail(message?: string): never {
    throw new Error(message);
  },
});

/** Of `node:zlib`: what frames ask of it. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let i = 0; i < 8; i++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

/** CRC-32 (ISO 3309), to go on from `start`. */
export function crc32(bytes: Uint8Array, start = 0): number {
  let value = ~start;
  for (let i = 0; i < bytes.length; i++) value = (value >>> 8) ^ TABLE[(value ^ bytes[i]!) & 255]!;
  return ~value >>> 0;
}

/** UTF-8 by way of URL encoding: k6 has no TextEncoder. */
class Utf8Encoder {
  encode(text: string): Uint8Array {
    const bytes = encodeURIComponent(text).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Uint8Array.from({ length: bytes.length }, (_, i) => bytes.charCodeAt(i));
  }
}

Object.assign(globalThis, { TextEncoder: Utf8Encoder });
