import { AssertionError } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesJournal } from './series-journal.ts';

function journalOf(times: readonly number[], sealedMs = Number.NEGATIVE_INFINITY): SeriesJournal {
  const journal = new SeriesJournal();
  for (const timeMs of times) journal.append(timeMs, timeMs * 10, timeMs % 3);
  journal.sealedMs = sealedMs;
  return journal;
}

function timesOf({ times, length }: SeriesJournal): number[] {
  return [...times.subarray(0, length)];
}

describe('the journal of a series', () => {
  it('finds the first reading at or after a time', () => {
    const journal = journalOf([10, 20, 30]);
    expect([9, 10, 11, 20, 30, 31].map((timeMs) => journal.indexFrom(timeMs))).toEqual([0, 0, 1, 1, 2, 3]);
    expect(journalOf([]).indexFrom(5)).toBe(0);
  });

  it('knows the value at a time, and none beside it', () => {
    const journal = journalOf([10, 20]);
    expect([9, 10, 15, 20, 21].map((timeMs) => journal.valueAt(timeMs))).toEqual([
      undefined,
      100,
      undefined,
      200,
      undefined,
    ]);
    // What was there before readings were forgotten is still in the arrays, and means nothing.
    journal.sealedMs = 20;
    journal.forget(10);
    expect(journal.valueAt(10)).toBeUndefined();
  });

  it('begins its tail after the last sealed time, whether or not a reading is there', () => {
    expect(journalOf([10, 20, 30]).tailStart).toBe(0);
    expect(journalOf([10, 20, 30], 20).tailStart).toBe(2);
    expect(journalOf([10, 20, 30], 25).tailStart).toBe(2);
    expect(journalOf([10, 20, 30], 30).tailStart).toBe(3);
    expect(journalOf([10, 20, 30], 31).tailStart).toBe(3);
    expect(journalOf([10, 20, 30], 5).tailStart).toBe(0);
  });

  it('takes in readings of any time at their places, with their values and entries', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 60 }),
        fc.nat(60),
        (all, split) => {
          const ascending = (times: readonly number[]): number[] => times.toSorted((a, b) => a - b);
          const [held, more] = [ascending(all.slice(0, split)), ascending(all.slice(split))];
          const journal = journalOf(held);
          const padded = [-1, ...more, -1];
          journal.merge(
            padded,
            padded.map((timeMs) => timeMs * 10),
            padded.map((timeMs) => timeMs % 3),
            1,
            1 + more.length,
          );
          const expected = ascending(all);
          expect(timesOf(journal)).toEqual(expected);
          expect([...journal.values.subarray(0, journal.length)]).toEqual(expected.map((timeMs) => timeMs * 10));
          expect([...journal.entries.subarray(0, journal.length)]).toEqual(expected.map((timeMs) => timeMs % 3));
        },
      ),
    );
  });

  it('forgets up to a time, and keeps the last forgotten reading as the neighbour of what came after it', () => {
    const journal = journalOf([10, 20, 30, 40], 40);
    journal.forget(25);
    expect(timesOf(journal)).toEqual([30, 40]);
    expect([journal.forgottenMs, journal.forgottenValue]).toEqual([20, 200]);
    expect(journal.before(0)).toEqual({ timeMs: 20, value: 200 });
    expect(journal.before(1)).toEqual({ timeMs: 30, value: 300 });
    expect(journal.before(2)).toEqual({ timeMs: 40, value: 400 });
    expect([journal.values[0], journal.entries[0]]).toEqual([300, 0]);
  });

  it('forgets a reading at the very time, and never the last one nor one of the tail', () => {
    const all = journalOf([10, 20, 30], 30);
    all.forget(30);
    expect(timesOf(all)).toEqual([30]);
    const tailed = journalOf([10, 20, 30, 40], 20);
    tailed.forget(40);
    expect(timesOf(tailed)).toEqual([20, 30, 40]);
    const unsealed = journalOf([10, 20]);
    unsealed.forget(20);
    expect(timesOf(unsealed)).toEqual([10, 20]);
    expect(unsealed.forgottenMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it('does not go back in what it has forgotten when it forgets readings that came later to earlier times', () => {
    const journal = journalOf([10, 20, 30, 40], 40);
    journal.forget(20);
    journal.merge([5], [55], [0], 0, 1);
    expect(journal.before(0)).toEqual({ timeMs: 20, value: 200 });
    expect(journal.before(1)).toEqual({ timeMs: 20, value: 200 });
    journal.forget(6);
    expect(timesOf(journal)).toEqual([30, 40]);
    expect([journal.forgottenMs, journal.forgottenValue]).toEqual([20, 200]);
  });

  it('holds what it was given and has not forgotten, however often it was given more and forgot', () => {
    const readings = fc.record({ more: fc.nat(40), late: fc.boolean(), forgotten: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(readings, { maxLength: 20 }), (steps) => {
        const journal = new SeriesJournal();
        const held: number[] = [];
        for (const [i, { more, late, forgotten }] of steps.entries()) {
          const fresh = Array.from({ length: more }, (_, k) => 1_000 * (i + 1) + 10 * k);
          const values = fresh.map((timeMs) => timeMs * 10);
          const entries = fresh.map((timeMs) => timeMs % 3);
          journal.extend([0, ...fresh], [0, ...values], [0, ...entries], 1, 1 + more);
          held.push(...fresh);
          if (late && held.length > 0) {
            const lateMs = held.at(-1)! - 5;
            journal.merge([lateMs], [lateMs * 10], [lateMs % 3], 0, 1);
            held.splice(-1, 0, lateMs);
          }
          journal.sealedMs = journal.lastMs;
          const gone = Math.min(forgotten, held.length - 1);
          if (gone > 0) journal.forget(held[gone - 1]!);
          held.splice(0, gone);
          expect(timesOf(journal)).toEqual(held);
          expect([...journal.values.subarray(0, journal.length)]).toEqual(held.map((timeMs) => timeMs * 10));
          expect([...journal.entries.subarray(0, journal.length)]).toEqual(held.map((timeMs) => timeMs % 3));
        }
      }),
    );
  });

  it('takes no more room for ever more readings where as many are forgotten', () => {
    const journal = journalOf([0, 1, 2, 3]);
    for (let timeMs = 4; timeMs < 10_000; timeMs++) {
      journal.extend([timeMs], [0], [0], 0, 1);
      journal.sealedMs = timeMs;
      journal.forget(timeMs - 4);
    }
    expect(timesOf(journal)).toEqual([9_996, 9_997, 9_998, 9_999]);
    expect(journal.times.buffer.byteLength).toBeLessThanOrEqual(16 * Float64Array.BYTES_PER_ELEMENT);
  });

  it('has nothing before its first reading where nothing is forgotten', () => {
    const journal = journalOf([10]);
    expect(journal.before(0)).toBeNull();
    expect(journal.lastMs).toBe(10);
    expect(journalOf([]).lastMs).toBe(Number.NEGATIVE_INFINITY);
    expect(journal.at(0)).toEqual({ timeMs: 10, value: 100 });
    expect(() => journal.at(1)).toThrow(AssertionError);
    expect(() => journal.at(-1)).toThrow(AssertionError);
  });
});
