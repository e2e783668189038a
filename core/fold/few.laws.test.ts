import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, type Few, itemOf, itemsOf, withItem, withoutKey } from './few.ts';

interface Named {
  readonly name: number;
  readonly text: string;
}

const nameOf = ({ name }: Named): number => name;

const change = fc.record({
  kind: fc.constantFrom('put', 'put', 'delete', 'clear'),
  name: fc.integer({ min: 0, max: 3 }),
  text: fc.string({ maxLength: 2 }),
});

describe('a few items', () => {
  it('are what a map holds after the same changes, and one of them is held as itself', () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        let few: Few<number, Named>;
        const map = new Map<number, Named>();
        for (const { kind, name, text } of changes) {
          const item = { name, text };
          if (kind === 'put') few = withItem(few, item, nameOf);
          if (kind === 'put') map.set(name, item);
          if (kind === 'delete') few = withoutKey(few, name, nameOf);
          if (kind === 'delete') map.delete(name);
          if (kind === 'clear') few = undefined;
          if (kind === 'clear') map.clear();
          expect([...itemsOf(few)]).toEqual([...map.values()]);
          expect(countOf(few)).toBe(map.size);
          if (map.size < 2) expect(few).toBe([...map.values()][0]);
          for (let key = 0; key < 4; key++) expect(itemOf(few, key, nameOf)).toEqual(map.get(key));
        }
      }),
    );
  });
});
