import { describe, expect, it } from 'vitest';
import { wallClock } from './live-source.ts';

describe('the wall clock', () => {
  it('shows at least what it was asked to reach', async () => {
    const atMs = wallClock.nowMs() + 30;
    await wallClock.reach(atMs, new AbortController().signal);
    expect(wallClock.nowMs()).toBeGreaterThanOrEqual(atMs);
  });

  it('does not wait for what has passed, nor for an aborted signal', async () => {
    const stop = new AbortController();
    const farMs = wallClock.nowMs() + 3_600_000;
    const waiting = wallClock.reach(farMs, stop.signal);
    stop.abort();
    await waiting;
    await wallClock.reach(farMs, stop.signal);
    await wallClock.reach(0, new AbortController().signal);
    expect(wallClock.nowMs()).toBeLessThan(farMs);
  });
});
