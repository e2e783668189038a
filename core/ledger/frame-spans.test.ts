import { describe, expect, it } from 'vitest';
import { type FrameSpan, FrameSpans, joinedSpans } from './frame-spans.ts';

const span = (from: number, to: number, earliestMs = from, latestMs = to): FrameSpan => ({
  from,
  to,
  earliestMs,
  latestMs,
});

describe('the spans of frames', () => {
  it('cover numbers that lie in them without a gap', () => {
    const spans = new FrameSpans(10);
    spans.tell([span(2, 4), span(5, 6), span(8, 9)]);
    expect(spans.covering(3, 5)).toEqual([span(2, 4), span(5, 6)]);
    expect(spans.covering(2, 6)).toHaveLength(2);
    for (const [from, to] of [
      [1, 2],
      [6, 8],
      [9, 10],
      [7, 7],
    ] as const)
      expect(spans.covering(from, to)).toBeUndefined();
  });

  it('are told anew: what is said later of a number counts', () => {
    const spans = new FrameSpans(10);
    spans.tell([span(1, 9)]);
    spans.tell([span(4, 5, 400, 500), span(9, 12, 900, 1200)]);
    expect(spans.all).toEqual([span(1, 3, 1, 9), span(4, 5, 400, 500), span(6, 8, 1, 9), span(9, 12, 900, 1200)]);
    spans.keep(({ to }) => to > 5);
    expect(spans.all).toEqual([span(6, 8, 1, 9), span(9, 12, 900, 1200)]);
  });

  it('are taken together where there are too many, neighbours only, and the oldest let go of', () => {
    const four = [span(1, 1, 5, 6), span(2, 2, 1, 2), span(3, 3), span(4, 4)];
    expect(joinedSpans(four, 4)).toBe(four);
    expect(joinedSpans(four, 3)).toEqual([span(1, 2, 1, 6), span(3, 4)]);
    expect(joinedSpans(four, 1)).toEqual([span(1, 4, 1, 6)]);
    expect(joinedSpans([span(1, 1), span(3, 3), span(5, 5)], 2)).toEqual([span(3, 3), span(5, 5)]);
    const spans = new FrameSpans(2);
    spans.tell(four);
    expect(spans.all).toEqual([span(1, 2, 1, 6), span(3, 4)]);
  });
});
