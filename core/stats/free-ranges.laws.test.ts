import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeRanges, RANGE_SLOTS_MAX } from './free-ranges.ts';

const lengths = fc.integer({ min: 0, max: Math.log2(RANGE_SLOTS_MAX) }).map((order) => 1 << order);
const SLOTS = 8 * RANGE_SLOTS_MAX;

/** The longest range that is free in a map of slots, aligned to its length. */
function longestFree(isFree: readonly boolean[]): number {
  for (let length = RANGE_SLOTS_MAX; length >= 1; length /= 2) {
    for (let first = 0; first < isFree.length; first += length)
      if (isFree.slice(first, first + length).every(Boolean)) return length;
  }
  return 0;
}

describe('ranges of slots that nobody has', () => {
  it('are given out once at a time, aligned, as long as any of that length is free', () => {
    const steps = fc.array(fc.record({ takes: fc.boolean(), length: lengths, which: fc.nat() }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SLOTS }), steps, (size, taken) => {
        const ranges = new FreeRanges();
        ranges.giveAll(0, size);
        const isFree = Array.from({ length: SLOTS }, (_, i) => i < size);
        const held: [number, number][] = [];
        for (const { takes, length, which } of taken) {
          if (takes) {
            const first = ranges.take(length);
            expect(first === undefined).toBe(longestFree(isFree) < length);
            if (first === undefined) continue;
            expect(first % length).toBe(0);
            expect(isFree.slice(first, first + length)).not.toContain(false);
            isFree.fill(false, first, first + length);
            held.push([first, length]);
          } else if (held.length > 0) {
            const [[first, count]] = held.splice(which % held.length, 1) as [[number, number]];
            ranges.give(first, count);
            isFree.fill(true, first, first + count);
          }
          expect(ranges.slots).toBe(isFree.filter(Boolean).length);
        }
        const end = Math.floor(size / 2);
        ranges.truncate(end);
        isFree.fill(false, end);
        expect(ranges.slots).toBe(isFree.filter(Boolean).length);
        for (let length = longestFree(isFree); length > 0; length = longestFree(isFree)) {
          const first = ranges.take(length)!;
          isFree.fill(false, first, first + length);
        }
        expect([ranges.slots, ranges.take(1)]).toEqual([0, undefined]);
      }),
    );
  });
});
