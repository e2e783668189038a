import { describe, expect, it } from 'vitest';
import { FOLDED_KINDS, FrameList, type ListedFrame } from './frame-list.ts';

/** Frame i, two at each position from 2 on, whose numbers are all different. */
function frame(i: number): ListedFrame {
  return {
    kind: FOLDED_KINDS[i % 3]!,
    file: i,
    at: i + 2 ** 40,
    bytes: i + 1,
    agent: i + 2,
    position: 2 + Math.floor(i / 2),
    earliestMs: -i,
    latestMs: i,
    readings: i + 3,
  };
}

describe('a list of frames', () => {
  it('holds what was added, however many there are', () => {
    const list = new FrameList();
    const frames = Array.from({ length: 3000 }, (_, i) => frame(i));
    for (const one of frames) list.push(one);
    expect(list.count).toBe(3000);
    const found = Array.from({ length: list.count }, (_, i): ListedFrame => ({
      kind: FOLDED_KINDS[list.kind[i]!]!,
      file: list.file[i]!,
      at: list.at[i]!,
      bytes: list.bytes[i]!,
      agent: list.agent[i]!,
      position: list.position[i]!,
      earliestMs: list.earliestMs[i]! + 0,
      latestMs: list.latestMs[i]!,
      readings: list.readings[i]!,
    }));
    expect(found).toEqual(frames.map((one) => ({ ...one, earliestMs: one.earliestMs + 0 })));
  });

  it('finds the first frame after a position', () => {
    const list = new FrameList();
    expect(list.indexAfter(0)).toBe(0);
    for (let i = 0; i < 10; i++) list.push(frame(i));
    expect([0, 1, 2, 3, 5, 6, 7].map((position) => list.indexAfter(position))).toEqual([0, 0, 2, 4, 8, 10, 10]);
  });

  it('is cut into parts of about the same bytes, between bands where one begins near by', () => {
    const list = new FrameList();
    for (let i = 0; i < 100; i++) list.push({ ...frame(i), bytes: 10, position: i, earliestMs: i * 100 });
    // Bands begin at every eleventh frame.
    expect(list.endsOfParts(0, 100, 2, 1100)).toEqual([55, 100]);
    expect(list.endsOfParts(0, 100, 3, 1100)).toEqual([33, 66, 100]);
    expect(list.endsOfParts(20, 100, 2, 1100)).toEqual([55, 100]);
    // None begins near by.
    expect(list.endsOfParts(0, 100, 4, 100_000)).toEqual([25, 50, 75, 100]);
    expect(list.endsOfParts(0, 100, 1, 1100)).toEqual([100]);
  });

  it('is cut nowhere within the frames of one position', () => {
    const list = new FrameList();
    for (let i = 0; i < 40; i++) list.push({ ...frame(i), bytes: 10, position: Math.floor(i / 15), earliestMs: i });
    expect(list.endsOfParts(0, 40, 8, 1)).toEqual([15, 30, 40]);
    expect(list.endsOfParts(0, 15, 8, 1)).toEqual([15]);
  });

  it('gives a part as columns of its own', () => {
    const list = new FrameList();
    for (let i = 0; i < 10; i++) list.push(frame(i));
    const part = list.columns(3, 5);
    list.push(frame(3));
    expect(part).toEqual({
      count: 2,
      file: Int32Array.of(3, 4),
      at: Float64Array.of(2 ** 40 + 3, 2 ** 40 + 4),
      bytes: Int32Array.of(4, 5),
      agent: Int32Array.of(5, 6),
      position: Float64Array.of(3, 4),
    });
  });
});
