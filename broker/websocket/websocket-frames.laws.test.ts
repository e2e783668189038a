import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from './websocket-frames.ts';

/** A frame as a client makes it (RFC 6455, section 5.2), byte by byte. */
function clientFrame(opcode: number, payload: Uint8Array, { final = true, mask = [1, 2, 3, 4] } = {}): Uint8Array {
  const { length } = payload;
  const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : undefined;
  if (size === undefined) throw new Error('frames of these tests are short');
  const masked = payload.map((byte, i) => byte ^ mask[i % 4]!);
  return Uint8Array.of((final ? 0x80 : 0) | opcode, 0x80 | size[0]!, ...size.slice(1), ...mask, ...masked);
}

/** What a reader tells of pieces. */
function told(pieces: readonly Uint8Array[]): { data: number[]; pings: number[][]; closed: number[] } {
  const heard = { data: [] as number[], pings: [] as number[][], closed: [] as number[] };
  const reader = new FrameReader({
    data: (bytes) => heard.data.push(...bytes),
    ping: (payload) => heard.pings.push([...payload]),
    closed: (code) => heard.closed.push(code),
  });
  for (const piece of pieces) reader.read(piece.slice());
  return heard;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const to = at + (sizes[i % sizes.length] ?? bytes.length);
    pieces.push(bytes.subarray(at, to));
    at = to;
  }
  return pieces;
}

const mask = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(0, 125, 126, 127, 300).map((length) => new Uint8Array(length).fill(7)),
);
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

describe('frames of a WebSocket', () => {
  it('give the same bytes in whatever pieces they come, and with pings in between', () => {
    const message = fc.record({ parts: fc.array(payload, { minLength: 1, maxLength: 4 }), mask });
    const pinged = fc.uint8Array({ maxLength: 125 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), pinged, sizes, (messages, ping, at) => {
        const frames = messages.flatMap(({ parts, mask }) =>
          parts.flatMap((part, i) => [
            clientFrame(i === 0 ? 2 : 0, part, { final: i === parts.length - 1, mask }),
            clientFrame(9, ping, { mask }),
          ]),
        );
        const bytes = Uint8Array.from(frames.flatMap((frame) => [...frame]));
        const parts = messages.flatMap((one) => one.parts);
        expect(told(cut(bytes, at))).toEqual({
          data: parts.flatMap((part) => [...part]),
          pings: parts.map(() => [...ping]),
          closed: [],
        });
      }),
    );
  });

  it('tell nothing after what may not be sent, and never fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), sizes, (bytes, at) => {
        const once = told([bytes]);
        expect(once.closed.length).toBeLessThanOrEqual(1);
        expect(told(cut(bytes, at))).toEqual(once);
      }),
    );
  });

  it.each([
    ['text', clientFrame(1, Uint8Array.of(65)), 1003],
    ['an opcode that is none', clientFrame(3, Uint8Array.of()), 1002],
    ['a reserved bit', clientFrame(0x42, Uint8Array.of()), 1002],
    ['a frame without a mask', Uint8Array.of(0x82, 1, 7), 1002],
    ['a ping in parts', clientFrame(9, Uint8Array.of(), { final: false }), 1002],
    ['a ping that is too long', clientFrame(9, new Uint8Array(126)), 1002],
    ['a part of a message that never began', clientFrame(0, Uint8Array.of(1)), 1002],
    ['a length beyond 2^53', Uint8Array.of(0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4), 1002],
    ['a close', clientFrame(8, Uint8Array.of(3, 232)), 1000],
  ])('end with %s', (_, frame, code) => {
    const after = clientFrame(2, Uint8Array.of(9));
    expect(told([Buffer.concat([frame, after])])).toEqual({ data: [], pings: [], closed: [code] });
  });

  it('refuse a new message inside of another', () => {
    const begun = clientFrame(2, Uint8Array.of(1), { final: false });
    expect(told([begun, clientFrame(2, Uint8Array.of(2))])).toEqual({ data: [1], pings: [], closed: [1002] });
  });
});
