import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chained, type ChainHead, EMPTY_CHAIN, followedBy, headOf } from './chain.ts';

/** The head that lines make, or the number of the first that doesn't follow. */
function check(lines: readonly string[]): ChainHead | number {
  let head = EMPTY_CHAIN;
  for (const line of lines) {
    if (followedBy(head, line) === undefined) return head.count + 1;
    head = headOf(line, head.count + 1);
  }
  return head;
}

function chainOf(facts: readonly object[]): { readonly lines: readonly string[]; readonly head: ChainHead } {
  const lines: string[] = [];
  let head = EMPTY_CHAIN;
  for (const fact of facts) {
    const next = chained(fact, head);
    lines.push(next.line);
    ({ head } = next);
  }
  return { lines, head };
}

const facts = fc.array(fc.record({ at: fc.string(), what: fc.jsonValue() }), { minLength: 1, maxLength: 12 });
const CHANGES = ['edit', 'drop', 'repeat', 'swap', 'put in'] as const;
const change = fc.constantFrom(...CHANGES);

function changedBy(how: (typeof CHANGES)[number], lines: readonly string[], at: number): string[] {
  const line = lines[at]!;
  switch (how) {
    case 'edit':
      return lines.with(at, JSON.stringify({ ...(JSON.parse(line) as object), at: 'another time, that nothing has' }));
    case 'drop':
      return lines.toSpliced(at, 1);
    case 'repeat':
      return lines.toSpliced(at, 0, line);
    case 'swap':
      return [...lines.slice(0, at), ...lines.slice(at + 1), line];
    case 'put in':
      return lines.toSpliced(at, 0, chained({ put: 'in' }, EMPTY_CHAIN).line);
  }
}

describe('a chain of lines', () => {
  it('is whole as it was written', () => {
    fc.assert(
      fc.property(facts, (all) => {
        const { lines, head } = chainOf(all);
        expect(check(lines)).toEqual(head);
      }),
    );
  });

  it('shows an edit, a line that is gone, repeated, moved or put in: it breaks, or has another head', () => {
    fc.assert(
      fc.property(facts, change, fc.nat(), (all, how, place) => {
        const { lines, head } = chainOf(all);
        const changed = changedBy(how, lines, place % lines.length);
        fc.pre(changed.join('\n') !== lines.join('\n'));
        expect(check(changed)).not.toEqual(head);
      }),
    );
  });

  it('shows what was cut from its end by its head', () => {
    fc.assert(
      fc.property(facts, (all) => {
        const { lines, head } = chainOf(all);
        for (let kept = 0; kept < lines.length; kept++) expect(check(lines.slice(0, kept))).not.toEqual(head);
      }),
    );
  });

  it.each(['', 'null', '[]', '5', '{', '"x"', '{}', `{"n":1}`, `{"n":2,"previous":"${'0'.repeat(64)}"}`])(
    'does not begin with %j',
    (line) => {
      expect(followedBy(EMPTY_CHAIN, line)).toBeUndefined();
    },
  );
});
