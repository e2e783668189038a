import { describe, expect, it } from 'vitest';
import { conflictAt, decide } from './decide.ts';

const EMPTY = { lastMs: Number.NEGATIVE_INFINITY, forgottenMs: Number.NEGATIVE_INFINITY };
/** Remembers readings from after 100 up to 200, and has forgotten those before. */
const HALF_FORGOTTEN = { lastMs: 200, forgottenMs: 100 };

describe('an offered reading', () => {
  it.each([
    ['of a series without readings', -5, undefined, EMPTY, 'new'],
    ['later than all its series has had', 201, undefined, HALF_FORGOTTEN, 'new'],
    ['at the last time, where the journal has none', 200, undefined, HALF_FORGOTTEN, 'late'],
    ['right after what is forgotten', 101, undefined, HALF_FORGOTTEN, 'late'],
    ['at the last time that is forgotten', 100, undefined, HALF_FORGOTTEN, 'unchecked'],
    ['before it', -1, undefined, HALF_FORGOTTEN, 'unchecked'],
    ['with the value that is known', 150, 7, HALF_FORGOTTEN, 'repeat'],
    ['with the value that is known of a time that is forgotten', 50, 7, HALF_FORGOTTEN, 'repeat'],
    ['with another value', 150, 8, HALF_FORGOTTEN, 'amend'],
    ['with another value than 0', 150, 0, HALF_FORGOTTEN, 'amend'],
  ] as const)('%s is decided', (_what, timeMs, known, memory, decision) => {
    expect(decide(timeMs, 7, known, memory, 'last')).toBe(decision);
  });

  it('with another value is refused where the first one counts, and a repeat is one all the same', () => {
    expect(decide(150, 7, 8, HALF_FORGOTTEN, 'first')).toBe('refused');
    expect(decide(150, 7, 7, HALF_FORGOTTEN, 'first')).toBe('repeat');
  });
});

describe('which of two values counts', () => {
  const memory = { lastMs: 200, forgottenMs: 100, sealedMs: 180 };
  it.each([
    ['of a pane that is known whole', 101, 101, 'last'],
    ['of a pane that begins at the last time that is forgotten', 149, 50, 'first'],
    ['of the pane after it', 150, 50, 'last'],
    ['of a pane that is half forgotten', 119, 60, 'first'],
    ['of a reading among forgotten ones', 40, 10, 'first'],
    ['of a reading that is in no frame yet', 181, 200, 'last'],
    ['of the last one that is in a frame', 180, 200, 'first'],
  ] as const)('%s', (_what, timeMs, paneMs, counts) => {
    expect(conflictAt(timeMs, memory, { conflict: 'last', paneMs })).toBe(counts);
    expect(conflictAt(timeMs, memory, { conflict: 'first', paneMs })).toBe('first');
  });

  it('is told by the metric while nothing is forgotten', () => {
    expect(conflictAt(-5, { ...EMPTY, sealedMs: 200 }, { conflict: 'last', paneMs: 10 })).toBe('last');
  });
});
