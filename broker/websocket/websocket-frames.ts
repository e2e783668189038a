/**
 * The frames of a WebSocket as a client sends them (RFC 6455, section 5), read as they come:
 *
 * ```
 *   byte 0   FIN 1 | reserved 3, all 0 | opcode 4
 *   byte 1   masked 1 | length 7: up to 125, or 126: two bytes follow, or 127: eight
 *   4 bytes  mask
 *   payload, each byte through the mask
 * ```
 */

const CONTINUATION = 0x0;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTROL_PAYLOAD_BYTES_MAX = 125;
const HEAD_BYTES_MAX = 14;

/** Why a connection is closed (RFC 6455, section 7.4.1). */
export type CloseCode = 1000 | 1002 | 1003;

/** What frames tell whoever reads them. */
export interface FrameListener {
  /** The next bytes of a message. MQTT doesn't care where messages end (MQTT 3.1.1, section 6). */
  data(bytes: Uint8Array): void;
  /** To be answered with the same payload. */
  ping(payload: Uint8Array): void;
  /** The peer is done, or has sent what may not be sent. Nothing is told after it. */
  closed(code: CloseCode): void;
}

/**
 * Reads frames from the pieces in which they come, and holds none of them but the head of one and a control frame: whatever length
 * a frame announces, its payload is passed on as it comes. Pieces are unmasked in place.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #head = new Uint8Array(HEAD_BYTES_MAX);
  #headBytes = 0;
  readonly #control = new Uint8Array(CONTROL_PAYLOAD_BYTES_MAX);
  #controlBytes = 0;
  #opcode = CONTINUATION;
  readonly #mask = new Uint8Array(4);
  #maskAt = 0;
  #payloadLeft = 0;
  #isInFrame = false;
  #isInMessage = false;
  #isClosed = false;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  read(piece: Uint8Array): void {
    let at = 0;
    while (!this.#isClosed && (at < piece.length || this.#isAtEnd)) {
      at = this.#isInFrame ? this.#readPayload(piece, at) : this.#readHead(piece, at);
    }
  }

  /** Of a frame without payload, or behind the last byte of one. */
  get #isAtEnd(): boolean {
    return this.#isInFrame && this.#payloadLeft === 0;
  }

  #readHead(piece: Uint8Array, from: number): number {
    const head = this.#head;
    let at = from;
    do head[this.#headBytes++] = piece[at++]!;
    while (at < piece.length && this.#headBytes < headBytes(head, this.#headBytes));
    if (this.#headBytes === headBytes(head, this.#headBytes)) this.#begin();
    return at;
  }

  #begin(): void {
    const head = this.#head;
    const [first, second] = [head[0]!, head[1]!];
    const opcode = first & 0x0f;
    const isControl = opcode >= CLOSE;
    const isKnown = opcode === CONTINUATION || opcode === BINARY || (isControl && opcode <= PONG);
    const isFinal = (first & FINAL) !== 0;
    const length = payloadLength(head);
    this.#headBytes = 0;
    if (opcode === 0x1) {
      this.#close(1003);
    } else if (
      !isKnown ||
      (first & RESERVED) !== 0 ||
      (second & MASKED) === 0 ||
      length > Number.MAX_SAFE_INTEGER ||
      (isControl ? !isFinal || length > CONTROL_PAYLOAD_BYTES_MAX : (opcode === CONTINUATION) !== this.#isInMessage)
    ) {
      this.#close(1002);
    } else {
      this.#opcode = opcode;
      this.#mask.set(head.subarray(maskAt(second), maskAt(second) + 4));
      this.#maskAt = 0;
      this.#payloadLeft = length;
      this.#controlBytes = 0;
      this.#isInFrame = true;
      if (!isControl) this.#isInMessage = !isFinal;
    }
  }

  #readPayload(piece: Uint8Array, from: number): number {
    const to = Math.min(piece.length, from + this.#payloadLeft);
    const mask = this.#mask;
    let maskAt = this.#maskAt;
    for (let at = from; at < to; at++, maskAt = (maskAt + 1) & 3) piece[at]! ^= mask[maskAt]!;
    this.#maskAt = maskAt;
    this.#payloadLeft -= to - from;
    const payload = piece.subarray(from, to);
    if (this.#opcode < CLOSE) {
      if (payload.length > 0) this.#listener.data(payload);
    } else {
      this.#control.set(payload, this.#controlBytes);
      this.#controlBytes += payload.length;
    }
    if (this.#payloadLeft === 0) {
      this.#isInFrame = false;
      if (this.#opcode === CLOSE) this.#close(1000);
      else if (this.#opcode === PING) this.#listener.ping(this.#control.slice(0, this.#controlBytes));
    }
    return to;
  }

  #close(code: CloseCode): void {
    this.#isClosed = true;
    this.#listener.closed(code);
  }
}

/** Where the mask begins, by the second byte of a head. */
function maskAt(second: number): number {
  const length = second & 0x7f;
  return length === 127 ? 10 : length === 126 ? 4 : 2;
}

/** Bytes of the head of which `known` are there. A frame without mask has no more to be read. */
function headBytes(head: Uint8Array, known: number): number {
  if (known < 2) return 2;
  return (head[1]! & MASKED) === 0 ? 2 : maskAt(head[1]!) + 4;
}

function payloadLength(head: Uint8Array): number {
  const length = head[1]! & 0x7f;
  if (length < 126 || (head[1]! & MASKED) === 0) return length;
  const view = new DataView(head.buffer);
  return length === 126 ? view.getUint16(2) : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
}

/** The head of a binary message of so many bytes, whole in one frame; what a server sends has no mask. */
export function binaryHead(bytes: number): Uint8Array {
  return headOf(BINARY, bytes);
}

/** A whole frame that answers a ping. */
export function pongFrame(payload: Uint8Array): Uint8Array {
  return Buffer.concat([headOf(PONG, payload.length), payload]);
}

/** A whole frame that says why the connection ends. */
export function closeFrame(code: CloseCode): Uint8Array {
  return Buffer.concat([headOf(CLOSE, 2), Uint8Array.of(code >> 8, code & 0xff)]);
}

function headOf(opcode: number, bytes: number): Uint8Array {
  const first = FINAL | opcode;
  if (bytes < 126) return Uint8Array.of(first, bytes);
  if (bytes < 0x1_0000) return Uint8Array.of(first, 126, bytes >> 8, bytes & 0xff);
  const head = new Uint8Array(10);
  head.set([first, 127]);
  new DataView(head.buffer).setUint32(6, bytes);
  return head;
}
