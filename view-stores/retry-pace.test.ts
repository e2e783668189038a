import { describe, expect, it } from 'vitest';
import { PAUSE_FIRST_MS, PAUSE_MAX_MS, pauseMs, RETRY_AFTER_MAX_MS } from './retry-pace.ts';

describe('the pause after a failure', () => {
  it('doubles up to its limit, a half of it by chance', () => {
    expect([1, 2, 3].map((failures) => pauseMs(failures, 1))).toEqual([1, 2, 4].map((times) => times * PAUSE_FIRST_MS));
    expect(pauseMs(1, 0)).toBe(PAUSE_FIRST_MS / 2);
    expect(pauseMs(1_000_000, 1)).toBe(PAUSE_MAX_MS);
  });

  it('is as long as the server asked for, up to a limit', () => {
    expect(pauseMs(1, 0.5, 7_000)).toBe(7_000);
    expect(pauseMs(1, 0.5, 10 * RETRY_AFTER_MAX_MS)).toBe(RETRY_AFTER_MAX_MS);
  });
});
