import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Few } from './few.ts';

interface Named {
  readonly name: number;
  readonly text: string;
}

const change = fc.record({
  kind: fc.constantFrom('put', 'put', 'delete', 'clear'),
  name: fc.integer({ min: 0, max: 3 }),
  text: fc.string({ maxLength: 2 }),
});

describe('a few items', () => {
  it('are what a map holds after the same changes', () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const few = new Few<number, Named>(({ name }) => name);
        const map = new Map<number, Named>();
        for (const { kind, name, text } of changes) {
          if (kind === 'put') few.put({ name, text });
          if (kind === 'put') map.set(name, { name, text });
          if (kind === 'delete') few.delete(name);
          if (kind === 'delete') map.delete(name);
          if (kind === 'clear') few.clear();
          if (kind === 'clear') map.clear();
          expect([...few.values()]).toEqual([...map.values()]);
          expect(few.size).toBe(map.size);
          for (let key = 0; key < 4; key++) expect(few.get(key)).toEqual(map.get(key));
        }
      }),
    );
  });
});
