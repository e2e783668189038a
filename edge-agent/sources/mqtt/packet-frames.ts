import { WeirError } from '#core/errors.ts';
import { PACKET_HEAD_BYTES_MAX, readPacketHead } from '#core/wire/mqtt-head.ts';
import { CONTROL_PACKET_BYTES_MAX, MESSAGE_BYTES_MAX, OVERLONG_KEPT_BYTES } from './limits.ts';

/** Types of packets (section 2.1.2). */
export const CONNECT = 1;
export const CONNACK = 2;
export const PUBLISH = 3;

/** A connection was ended for what came over it. */
export class MqttFault extends WeirError {
  readonly kind = 'mqtt-fault';

  constructor(message: string, cause?: unknown) {
    super(message, { fault: 'world', retryable: true, cause });
  }
}

/** A packet as it came: whole, or, of a PUBLISH that is too long, its beginning. */
export interface PacketFrame {
  readonly type: number;
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/**
 * Cuts what comes over a connection into packets, by their heads alone. No more of one is kept than its type may have: a
 * message that is too long is thrown away as it comes, but for its beginning, so that it can be acknowledged and doesn't
 * come again for ever; any other packet that is too long ends the connection.
 */
export class PacketFrames {
  readonly #take: (frame: PacketFrame) => void;
  /** Which type the next packet has to be of; 0 for any. */
  #expected: number;
  #parts: Uint8Array[] = [];
  #type = 0;
  #keepLeft = 0;
  #dropLeft = 0;
  /** The first bytes of a head whose end hasn't come yet. */
  #head: Uint8Array = new Uint8Array(0);

  /** `first` is the type of the packet that a connection has to begin with. */
  constructor(first: number, take: (frame: PacketFrame) => void) {
    this.#expected = first;
    this.#take = take;
  }

  /** Whether the beginning of a packet is kept whose rest hasn't come yet. */
  get isWithin(): boolean {
    return this.#parts.length > 0;
  }

  /** Takes what came, and gives each packet as it is complete. Throws MqttFault where the connection has to be ended. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#keepLeft > 0) {
        const part = chunk.subarray(at, at + this.#keepLeft);
        this.#parts.push(part);
        this.#keepLeft -= part.length;
        at += part.length;
        if (this.#keepLeft === 0) this.#complete();
      } else if (this.#dropLeft > 0) {
        const dropped = Math.min(this.#dropLeft, chunk.length - at);
        this.#dropLeft -= dropped;
        at += dropped;
      } else {
        at = this.#begin(chunk, at);
      }
    }
  }

  /** Reads the head of the packet that begins at `at`; gives where to go on. */
  #begin(chunk: Uint8Array, at: number): number {
    const carried = this.#head.length;
    const ahead = chunk.subarray(at, at + PACKET_HEAD_BYTES_MAX - carried);
    const bytes = carried === 0 ? ahead : Buffer.concat([this.#head, ahead]);
    if (this.#expected !== 0 && bytes[0]! >> 4 !== this.#expected) {
      throw new MqttFault(`it does not begin with a packet of type ${this.#expected}, as MQTT does`);
    }
    const head = readPacketHead(bytes);
    if (head === 'malformed') throw new MqttFault('a packet has a length of more than four bytes');
    if (head === 'incomplete') {
      this.#head = bytes.slice();
      return at + ahead.length;
    }
    const { type, packetBytes } = head;
    if (type !== PUBLISH && packetBytes > CONTROL_PACKET_BYTES_MAX) {
      throw new MqttFault(
        `a packet of type ${type} announces ${packetBytes} bytes, ${CONTROL_PACKET_BYTES_MAX} is the limit`,
      );
    }
    const kept = packetBytes <= MESSAGE_BYTES_MAX ? packetBytes : OVERLONG_KEPT_BYTES;
    this.#expected = 0;
    this.#type = type;
    this.#parts = carried === 0 ? [] : [this.#head];
    this.#head = new Uint8Array(0);
    this.#keepLeft = kept - carried;
    this.#dropLeft = packetBytes - kept;
    return at;
  }

  #complete(): void {
    const [first] = this.#parts;
    const bytes = this.#parts.length === 1 ? asBuffer(first!) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#take({ type: this.#type, bytes, isWhole: this.#dropLeft === 0 });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
