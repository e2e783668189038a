import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Silence, silencedFrom, SILENCES_MAX, spokenWithin } from './silences.ts';

const END_MS = 40;
const NONE: readonly Silence[] = [];

type Said =
  | { readonly kind: 'end'; readonly fromMs: number }
  | { readonly kind: 'speak'; readonly firstMs: number; readonly lastMs: number };

const said: fc.Arbitrary<Said> = fc.oneof(
  fc.nat(END_MS - 1).map((fromMs): Said => ({ kind: 'end', fromMs })),
  fc.tuple(fc.nat(END_MS - 1), fc.nat(6)).map(([firstMs, more]): Said => {
    return { kind: 'speak', firstMs, lastMs: firstMs + more };
  }),
);

function apply(silences: readonly Silence[], one: Said): readonly Silence[] {
  return one.kind === 'end' ? silencedFrom(silences, one.fromMs) : spokenWithin(silences, one.firstMs, one.lastMs);
}

function isSilent(silences: readonly Silence[], atMs: number): boolean {
  return silences.some(([fromMs, toMs]) => fromMs <= atMs && (toMs === null || atMs < toMs));
}

describe('the silences of a series', () => {
  it('are in order, apart and few, and hold none of the times at which it has spoken since they began', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), (all) => {
        let silences = NONE;
        for (const one of all) {
          silences = apply(silences, one);
          for (const [i, [fromMs, toMs]] of silences.entries()) {
            expect(toMs === null ? i === silences.length - 1 : fromMs < toMs).toBe(true);
            if (i > 0) expect(fromMs).toBeGreaterThanOrEqual(silences[i - 1]![1]!);
          }
          if (one.kind === 'end') expect(isSilent(silences, END_MS * 2)).toBe(true);
          else for (let at = one.firstMs; at <= one.lastMs; at++) expect(isSilent(silences, at)).toBe(false);
        }
      }),
    );
  });

  it('come to the same in whatever order the series speaks', () => {
    fc.assert(
      fc.property(
        fc.nat(END_MS - 1),
        fc.array(fc.nat(END_MS), { maxLength: 8 }),
        fc.array(fc.nat(END_MS), { maxLength: 8 }),
        (fromMs, before, after) => {
          const open = before.reduce((all, at) => spokenWithin(all, at, at), silencedFrom(NONE, fromMs));
          const spoken = [...before, ...after];
          const forward = after.reduce((all, at) => spokenWithin(all, at, at), open);
          const backward = spoken
            .toReversed()
            .reduce((all, at) => spokenWithin(all, at, at), silencedFrom(NONE, fromMs));
          expect(backward).toEqual(forward);
          const next = Math.min(...spoken.filter((at) => at >= fromMs));
          const expected = next === fromMs ? [] : [[fromMs, Number.isFinite(next) ? next : null]];
          expect(forward).toEqual(expected);
        },
      ),
    );
  });

  it('are no more than a person gives', () => {
    let silences = NONE;
    for (let at = 0; at < 3 * SILENCES_MAX; at++) {
      silences = spokenWithin(silencedFrom(silences, 10 * at), 10 * at + 5, 10 * at + 5);
    }
    expect(silences).toHaveLength(SILENCES_MAX);
  });
});
