import { WeirError } from '#core/errors.ts';
import { readPacketHead } from '#core/wire/mqtt-head.ts';
import { CONTROL_PACKET_BYTES_MAX, PACKET_BYTES_MAX } from './limits.ts';

/** Packet types of MQTT 3.1.1 that a client may send (section 2.2.1), by the upper half of the first byte. */
const CONNECT = 1;
const PUBLISH = 3;
const DISCONNECT = 14;
const FROM_CLIENTS: ReadonlyMap<number, string> = new Map([
  [CONNECT, 'CONNECT'],
  [PUBLISH, 'PUBLISH'],
  [4, 'PUBACK'],
  [8, 'SUBSCRIBE'],
  [10, 'UNSUBSCRIBE'],
  [12, 'PINGREQ'],
  [DISCONNECT, 'DISCONNECT'],
]);

/** PUBLISH with quality of service 1, not retained: 0011 d01 0, where d says that it was sent before. */
const PUBLISH_MASK = 0b1111_0111;
const PUBLISH_ONCE = 0b0011_0010;

/** What a fixed header says: the packet that begins, that more bytes are needed, or why the connection is cut off. */
export type PacketJudgement =
  | { readonly kind: 'packet'; readonly publish: boolean; readonly disconnect: boolean; readonly packetBytes: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'cut'; readonly code: PacketCutCode; readonly message: string };

type PacketCutCode = 'no-connect' | 'packet-type' | 'publish-flags' | 'malformed-length' | 'packet-too-long';

/** A connection was ended for what it sent. */
export class PacketCut extends WeirError {
  readonly kind = 'packet-cut';
  readonly code: PacketCutCode | 'packet-stalled';

  constructor(code: PacketCut['code'], message: string) {
    super(message, { fault: 'asked' });
    this.code = code;
  }
}

/**
 * Judges a packet by its fixed header (MQTT 3.1.1, section 2.2) before any of the rest is kept, since the parser behind
 * keeps whatever length a packet announces. `first` says that nothing came before it on this connection: it must be a
 * CONNECT then. A PUBLISH has to ask for quality of service 1, which is what the acknowledgement after storing rests
 * on, and may not be retained, since nobody would ever release it.
 */
export function judgePacket(header: Uint8Array, first: boolean): PacketJudgement {
  const head = header[0];
  if (head === undefined) return { kind: 'incomplete' };
  const type = head >> 4;
  const name = FROM_CLIENTS.get(type);
  if (name === undefined) return cut('packet-type', `packet type ${type} is none that a client sends`);
  if (first !== (type === CONNECT)) {
    return cut('no-connect', first ? `a connection begins with CONNECT, not with ${name}` : 'CONNECT came twice');
  }
  const publish = type === PUBLISH;
  if (publish && (head & PUBLISH_MASK) !== PUBLISH_ONCE) {
    return cut(
      'publish-flags',
      `PUBLISH must have quality of service 1 and not be retained; its first byte is ${head}`,
    );
  }
  const bytesMax = publish ? PACKET_BYTES_MAX : CONTROL_PACKET_BYTES_MAX;
  const read = readPacketHead(header);
  if (read === 'incomplete') return { kind: 'incomplete' };
  if (read === 'malformed') return cut('malformed-length', `${name} has a length of more than four bytes`);
  const { packetBytes } = read;
  if (packetBytes <= bytesMax) return { kind: 'packet', publish, disconnect: type === DISCONNECT, packetBytes };
  return cut('packet-too-long', `${name} announces ${packetBytes} bytes, the limit is ${bytesMax}`);
}

function cut(code: PacketCutCode, message: string): PacketJudgement {
  return { kind: 'cut', code, message };
}
