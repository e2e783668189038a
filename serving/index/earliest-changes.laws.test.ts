import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EarliestChanges, STEPS_REMEMBERED_MAX } from './earliest-changes.ts';

describe('the earliest event time that changes reach', () => {
  it('is the least of all after a number', () => {
    const changes = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(Infinity, -Infinity)));
    fc.assert(
      fc.property(changes, (reached) => {
        const earliest = new EarliestChanges();
        for (const [i, ms] of reached.entries()) earliest.push(i + 1, ms);
        for (let sequence = 0; sequence <= reached.length; sequence++)
          expect(earliest.since(sequence)).toBe(Math.min(Infinity, ...reached.slice(sequence)));
      }),
    );
  });

  it('is told too early and never too late where there are many, and close to now as it is', () => {
    const count = 5 * STEPS_REMEMBERED_MAX;
    const earliest = new EarliestChanges();
    for (let i = 1; i <= count; i++) earliest.push(i, i);
    for (let sequence = 0; sequence < count; sequence += 97)
      expect(earliest.since(sequence)).toBeLessThanOrEqual(sequence + 1);
    expect(earliest.since(0)).toBe(1);
    expect(earliest.since(count / 2)).toBeGreaterThan(count / 4);
    expect(earliest.since(count - 1)).toBe(count);
    expect(earliest.since(count)).toBe(Infinity);
  });
});
