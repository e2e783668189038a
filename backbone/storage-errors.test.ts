import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { codeOf, StoreUnavailable } from './storage-errors.ts';

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe('the code of a failure', () => {
  it("is the system's, however deep in what was made of it", async () => {
    const failure: unknown = await readFile('/nowhere/at/all').catch((error: unknown) => error);
    expect(codeOf(failure)).toBe('ENOENT');
    expect(codeOf(new StoreUnavailable('log', '/data', new Error('it was not read', { cause: failure })))).toBe(
      'ENOENT',
    );
  });

  it('is none of a mistake of our own, which nothing can be expected to pass of', () => {
    expect(codeOf(thrownBy(() => assert(false)))).toBeUndefined();
    expect(codeOf(thrownBy(() => Buffer.alloc(-1)))).toBeUndefined();
  });
});

describe('a store that does not answer', () => {
  it('says why in one sentence, whatever that is', () => {
    const { message } = new StoreUnavailable('table', '/data', new Error('It is full.'));
    expect(message).toBe(
      "The table at /data doesn't answer: It is full. Check the disk and its free space; it goes on when there is room.",
    );
  });
});
