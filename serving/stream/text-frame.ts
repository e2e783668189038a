/** RFC 6455, 5.2: a whole message of text (FIN, opcode 1). */
const TEXT = 0x81;
/** Lengths up to here stand in seven bits; longer ones in two bytes behind this mark, or in eight behind the other. */
const SHORT_MAX = 125;
const TWO_BYTES = 126;
const TWO_BYTES_MAX = 0xffff;
const EIGHT_BYTES = 127;

/** A message of text, in UTF-8, as the one frame in which a server sends it: without a mask it is the same for all who get it. */
export function textFrame(...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((bytes, part) => bytes + part.length, 0);
  return Buffer.concat([headerOf(length), ...parts]);
}

function headerOf(length: number): Buffer {
  if (length <= SHORT_MAX) return Buffer.from([TEXT, length]);
  const header = Buffer.alloc(length <= TWO_BYTES_MAX ? 4 : 10);
  header[0] = TEXT;
  header[1] = length <= TWO_BYTES_MAX ? TWO_BYTES : EIGHT_BYTES;
  if (length <= TWO_BYTES_MAX) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
