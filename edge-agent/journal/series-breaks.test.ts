import { describe, expect, it } from 'vitest';
import { SeriesJournal } from './series-journal.ts';

const ENTRY = 3;

/** A journal of the values 1, 2, 3 at the times 10, 20, 30, all in frames, that broke off at 25. */
function brokenAt25(): SeriesJournal {
  const journal = new SeriesJournal();
  for (const value of [1, 2, 3]) journal.append(10 * value, value, ENTRY);
  journal.sealedMs = 30;
  journal.breaks.add({ entry: ENTRY, atMs: 25 });
  return journal;
}

const held = (sign: 1 | -1, fromMs: number, fromValue: number, toMs: number) => ({
  entry: ENTRY,
  sign,
  fromMs,
  fromValue,
  toMs,
  toValue: fromValue,
});

describe('a series that broke off', () => {
  it('has a link from the reading before, up to the break, and none across it', () => {
    const journal = brokenAt25();
    expect(journal.settleBreaks()).toEqual([held(1, 20, 2, 25)]);
    expect(journal.settleBreaks()).toEqual([]);
    expect([journal.before(1), journal.before(2)]).toEqual([{ timeMs: 10, value: 1 }, null]);
  });

  it('at the time of a reading broke off before it', () => {
    const { breaks } = brokenAt25();
    expect([breaks.lieBetween(20, 24), breaks.lieBetween(20, 25), breaks.lieBetween(25, 30)]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('twice between two readings holds to the earlier break, whichever came first', () => {
    const journal = brokenAt25();
    journal.settleBreaks();
    journal.breaks.add({ entry: ENTRY, atMs: 28 });
    expect(journal.settleBreaks()).toEqual([]);
    journal.breaks.add({ entry: ENTRY, atMs: 22 });
    expect(journal.settleBreaks()).toEqual([held(1, 20, 2, 22), held(-1, 20, 2, 25)]);
  });

  it('moves its link also where the reading before is forgotten, and forgets the break with those before it', () => {
    const journal = brokenAt25();
    journal.settleBreaks();
    journal.forget(20);
    journal.merge([23], [7], [ENTRY], 0, 1);
    journal.breaks.touch(23);
    expect(journal.settleBreaks()).toEqual([held(-1, 20, 2, 25), held(1, 23, 7, 25)]);
    expect(journal.breaks.forget(24)).toEqual([]);
    expect(journal.breaks.forget(25)).toMatchObject([{ entry: ENTRY, atMs: 25 }]);
    expect(journal.breaks.isEmpty).toBe(true);
  });
});
