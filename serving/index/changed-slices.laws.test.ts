import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangedSlices } from './changed-slices.ts';

const slices = fc.array(fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -1e6, max: 1e6 })));

describe('the slices that a batch changed', () => {
  it('are those that were added, each once, in the order of time', () => {
    fc.assert(
      fc.property(slices, slices, (some, others) => {
        const changed = ChangedSlices.of(some);
        changed.addAll(ChangedSlices.of(others));
        const expected = [...new Set([...some, ...others])].toSorted((a, b) => a - b);
        expect([...changed]).toEqual(expected);
        expect(changed.size).toBe(expected.length);
        expect(changed.first()).toBe(expected[0] ?? Number.POSITIVE_INFINITY);
      }),
    );
  });
});
