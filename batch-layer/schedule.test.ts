import { describe, expect, it } from 'vitest';
import { isBatchDue } from './schedule.ts';

const SCHEDULE = { every: 900_000, rows: 2_000_000 };
const NOTHING_YET = { ms: 0, ranMs: 0, rows: 0, isChanged: true };

describe('a run of the batch layer by itself', () => {
  it('begins once its time has come, or its rows have, whichever is first', () => {
    expect(isBatchDue(SCHEDULE, { ...NOTHING_YET, ms: 899_999, rows: 1_999_999 })).toBe(false);
    expect(isBatchDue(SCHEDULE, { ...NOTHING_YET, ms: 900_000 })).toBe(true);
    expect(isBatchDue(SCHEDULE, { ...NOTHING_YET, rows: 2_000_000 })).toBe(true);
  });

  it('does not begin where nothing has changed since the last one', () => {
    expect(isBatchDue(SCHEDULE, { ms: 1e9, ranMs: 0, rows: 1e9, isChanged: false })).toBe(false);
  });

  it('waits as long as the last one took, however many rows come', () => {
    expect(isBatchDue(SCHEDULE, { ...NOTHING_YET, rows: 3e6, ranMs: 500, ms: 999 })).toBe(false);
    expect(isBatchDue(SCHEDULE, { ...NOTHING_YET, rows: 3e6, ranMs: 500, ms: 1000 })).toBe(true);
  });

  it('never begins where it is turned off', () => {
    expect(isBatchDue({ ...SCHEDULE, every: null }, { ms: 1e9, ranMs: 0, rows: 1e9, isChanged: true })).toBe(false);
  });
});
