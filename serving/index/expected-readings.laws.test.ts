import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpectedReadings } from './expected-readings.ts';

const member = fc.record({ intervalMs: fc.constantFrom(1, 2, 3, 5, 7), firstMs: fc.integer({ min: -40, max: 40 }) });

describe('the readings that are expected', () => {
  it('are those that each member owes, counted one by one', () => {
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 8 }),
        fc.integer({ min: -60, max: 60 }),
        fc.nat(50),
        (members, startMs, spanMs) => {
          const endMs = startMs + spanMs;
          let counted = 0;
          for (const { intervalMs, firstMs } of members) {
            for (let atMs = firstMs; atMs < endMs; atMs += intervalMs) if (atMs >= startMs) counted++;
          }
          expect(new ExpectedReadings(members).count(startMs, endMs)).toBe(counted);
        },
      ),
    );
  });
});
