import { describe, expect, it } from 'vitest';
import { DirectoryGone, StoreUnavailable } from '../storage-errors.ts';
import { untilStored } from './until-stored.ts';

const FULL = new StoreUnavailable('table', '/d', new Error('no space left on device'));

function failing(...failures: Error[]): () => Promise<void> {
  return async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
}

describe('a write until it is stored', () => {
  it('is done again, after a pause, while its failure may pass', async () => {
    const told: Error[] = [];
    const { signal } = new AbortController();
    await untilStored(failing(FULL, FULL), { signal, failed: (one) => told.push(one), pauseMs: 1 });
    expect(told).toEqual([FULL, FULL]);
  });

  it('throws what will not pass, and what has not passed when the trying ends', async () => {
    const gone = new DirectoryGone('/d');
    const { signal } = new AbortController();
    await expect(untilStored(failing(gone), { signal, failed: () => undefined })).rejects.toBe(gone);
    const ending = new AbortController();
    const storing = untilStored(failing(FULL, FULL), { signal: ending.signal, failed: () => ending.abort() });
    await expect(storing).rejects.toBe(FULL);
  });
});
