import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTROL_PACKET_BYTES_MAX, PACKET_BYTES_MAX } from './limits.ts';
import { judgePacket } from './packet-guard.ts';

/** A packet as section 2.2.3 of the standard says: the remaining length in sevens of bits, lowest first. */
function packet(firstByte: number, body: number): Uint8Array {
  const length: number[] = [];
  let left = body;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    length.push(left > 0 ? digit + 128 : digit);
  } while (left > 0);
  return Uint8Array.of(firstByte, ...length, ...Array.from({ length: Math.min(body, 8) }, () => 0));
}

const PUBLISH_1 = 0x32;
const CONNECT = packet(0x10, 20);

describe('the guard', () => {
  it('reads type and length, for every width of the length', () => {
    const widths = [
      [5, 1],
      [127, 1],
      [128, 2],
      [16_383, 2],
      [16_384, 3],
      [500_000, 3],
    ] as const;
    for (const [body, width] of widths) {
      expect(judgePacket(packet(PUBLISH_1, body), false)).toStrictEqual({
        kind: 'packet',
        publish: true,
        disconnect: false,
        packetBytes: 1 + width + body,
      });
    }
    expect(judgePacket(CONNECT, true)).toMatchObject({ kind: 'packet', publish: false, packetBytes: 22 });
    expect(judgePacket(packet(0xe0, 0), false)).toMatchObject({ disconnect: true, packetBytes: 2 });
  });

  it('asks for more until the length is whole, and never for more than five bytes', () => {
    const bytes = packet(PUBLISH_1, 500_000);
    for (let length = 0; length < 4; length++) {
      expect(judgePacket(bytes.subarray(0, length), false)).toStrictEqual({ kind: 'incomplete' });
    }
    expect(judgePacket(bytes.subarray(0, 4), false)).toMatchObject({ kind: 'packet' });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 5 }), fc.boolean(), (header, first) => {
        expect(judgePacket(header, first).kind).not.toBe('incomplete');
      }),
    );
  });

  it('lets the longest packet through and cuts off one byte more, by its announcement alone', () => {
    const longest = PACKET_BYTES_MAX - 4;
    expect(judgePacket(packet(PUBLISH_1, longest), false)).toMatchObject({
      kind: 'packet',
      packetBytes: PACKET_BYTES_MAX,
    });
    expect(judgePacket(packet(PUBLISH_1, longest + 1), false)).toMatchObject({ kind: 'cut', code: 'packet-too-long' });
    expect(judgePacket(Uint8Array.of(0x32, 0xff, 0xff, 0xff, 0x7f), false)).toMatchObject({
      code: 'packet-too-long',
      message: /announces 268435460 bytes/,
    });
    const control = CONTROL_PACKET_BYTES_MAX - 3;
    expect(judgePacket(packet(0x10, control), true)).toMatchObject({ packetBytes: CONTROL_PACKET_BYTES_MAX });
    expect(judgePacket(packet(0x10, control + 1), true)).toMatchObject({ code: 'packet-too-long' });
  });

  it.each([
    ['a first packet that is no CONNECT', packet(PUBLISH_1, 9), true, 'no-connect'],
    ['a second CONNECT', CONNECT, false, 'no-connect'],
    ['a type of servers', Uint8Array.of(0x20, 2), false, 'packet-type'],
    ['the reserved type', Uint8Array.of(0xf0, 0), false, 'packet-type'],
    ['a PUBLISH that nobody acknowledges', packet(0x30, 9), false, 'publish-flags'],
    ['a PUBLISH of quality 2', packet(0x34, 9), false, 'publish-flags'],
    ['a retained PUBLISH', packet(0x33, 9), false, 'publish-flags'],
    ['a length of five bytes', Uint8Array.of(0x32, 0x80, 0x80, 0x80, 0x80, 1), false, 'malformed-length'],
  ])('cuts off %s', (_what, bytes, first, code) => {
    expect(judgePacket(bytes, first)).toMatchObject({ kind: 'cut', code });
  });

  it('knows the packets that clients send, by name, and no others', () => {
    const known = new Map([
      [3, 'PUBLISH'],
      [4, 'PUBACK'],
      [8, 'SUBSCRIBE'],
      [10, 'UNSUBSCRIBE'],
      [12, 'PINGREQ'],
      [14, 'DISCONNECT'],
    ]);
    for (let type = 0; type < 16; type++) {
      if (type === 1) continue;
      const name = known.get(type);
      const judgement = judgePacket(packet((type << 4) | 2, 2_000_000), false);
      expect(judgement).toMatchObject(
        name === undefined
          ? { kind: 'cut', code: 'packet-type', message: `packet type ${type} is none that a client sends` }
          : { kind: 'cut', code: 'packet-too-long', message: new RegExp(`^${name} announces 2000005 bytes`) },
      );
    }
  });

  it('lets a PUBLISH through that is sent again', () => {
    expect(judgePacket(packet(0x3a, 9), false)).toMatchObject({ kind: 'packet' });
  });
});
