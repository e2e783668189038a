import { readHeader } from '#core/frames/header.ts';
import type { Step } from '../plan/plan.ts';
import type { Meddler } from '../platform/network.ts';
import type { World } from './world.ts';

/** The MQTT control packet type of a PUBLISH (MQTT 3.1.1, §2.2.1). */
const PUBLISH = 3;
/** Of all messages that pass a box which meddles, how many it does so with. */
const MEDDLED_SHARE = 0.3;

/**
 * A box in the network that understands MQTT as far as it has to: it loses, repeats or swaps whole messages of a
 * connection, while TCP on both of its sides sees nothing wrong.
 */
export function meddlerWith(world: World, step: Extract<Step, { kind: 'meddle' }>, untilMs: number): () => Meddler {
  const { scheduler, network } = world.platform;
  return () => {
    const packetsOf = packetReader();
    let heldBack: Uint8Array | undefined;
    return (bytes) => {
      const out: Uint8Array[] = [];
      for (const packet of packetsOf(bytes)) {
        const meddles = packet[0]! >> 4 === PUBLISH && scheduler.nowMs < untilMs && network.draws.chance(MEDDLED_SHARE);
        if (meddles && heldBack === undefined) {
          world.count(EVENTS[step.how]);
          if (step.how === 'repeat') out.push(packet, packet);
          else if (step.how === 'swap') heldBack = packet;
          continue;
        }
        out.push(packet);
        if (heldBack === undefined) continue;
        out.push(heldBack);
        heldBack = undefined;
      }
      return out;
    };
  };
}

/** A box that lets no frame of an agent pass, or no birth, and everything else. */
export function frameBarrier(holdsBack: 'frames' | 'births'): Meddler {
  const packetsOf = packetReader();
  return (bytes) =>
    packetsOf(bytes).filter((packet) => {
      const frame = frameIn(packet);
      return frame === undefined || (holdsBack === 'births' && readHeader(frame).kind !== 'birth');
    });
}

const FRAME_TOPIC_END = Buffer.from('/frame');
/** The packet's type and length take five bytes at the most, the length of the topic two, and a topic of ours some more. */
const TOPIC_BYTES_MAX = 128;
/** A packet identifier, between topic and payload (MQTT 3.1.1, §3.3.2.2). */
const PACKET_ID_BYTES = 2;

function frameIn(packet: Uint8Array): Uint8Array | undefined {
  const at = Buffer.from(packet.subarray(0, TOPIC_BYTES_MAX)).indexOf(FRAME_TOPIC_END);
  const isFrame = packet[0]! >> 4 === PUBLISH && at > 0;
  return isFrame ? packet.subarray(at + FRAME_TOPIC_END.length + PACKET_ID_BYTES) : undefined;
}

/** Cuts what passes a connection into whole packets. */
function packetReader(): (bytes: Uint8Array) => readonly Uint8Array[] {
  let rest: Uint8Array = new Uint8Array(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const packets: Uint8Array[] = [];
    for (let length = packetLength(rest); length !== undefined; length = packetLength(rest)) {
      packets.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return packets;
  };
}

const EVENTS = {
  drop: 'a message is dropped',
  repeat: 'a message is repeated',
  swap: 'messages are reordered',
} as const;

/** The length of the packet that begins the bytes, where it is whole. */
function packetLength(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let i = 1, shift = 0; i <= 4; i++, shift += 7) {
    const digit = bytes[i];
    if (digit === undefined) return undefined;
    length |= (digit & 0x7f) << shift;
    if ((digit & 0x80) === 0) return bytes.length >= i + 1 + length ? i + 1 + length : undefined;
  }
  return undefined;
}
