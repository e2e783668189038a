import { describe, expect, it } from 'vitest';
import { type ChunkSeries, mayForget } from './trim.ts';

const SERIES: ChunkSeries = { lastMs: 100, sealedMs: 100, newestMs: 200, repeatHorizonMs: null };

describe('the oldest chunk of a journal', () => {
  it('is forgotten when there is no room for it, but not while a reading of it is in no frame', () => {
    expect(mayForget([SERIES, SERIES], true)).toBe(true);
    expect(mayForget([SERIES, { ...SERIES, sealedMs: 99 }], true)).toBe(false);
  });

  it('stays while there is room, where no metric has a horizon', () => {
    expect(mayForget([SERIES], false)).toBe(false);
  });

  it('is forgotten once all of it lies beyond the horizons of its metrics', () => {
    const beyond = { ...SERIES, repeatHorizonMs: 99 };
    expect(mayForget([beyond], false)).toBe(true);
    expect(mayForget([{ ...beyond, repeatHorizonMs: 100 }], false)).toBe(false);
    expect(mayForget([beyond, { ...beyond, newestMs: 199 }], false)).toBe(false);
    expect(mayForget([beyond, SERIES], false)).toBe(false);
    expect(mayForget([{ ...beyond, sealedMs: 99 }], false)).toBe(false);
  });
});
