import { describe, expect, it } from 'vitest';
import { startSimulator } from './simulators.ts';
import type { SimulationClock } from './sources/live-source.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);

/** A clock that stands still: what lies ahead of it never comes, unless the one who waits is stopped. */
const stoppedClock: SimulationClock = {
  nowMs: () => NOW_MS,
  async reach(atMs, signal) {
    if (atMs <= NOW_MS || signal.aborted) return;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  },
};

const registry = { intern: () => 0 };
const never = new AbortController().signal;

describe('a simulator', () => {
  it('tells the past that it is asked for, up to its clock', async () => {
    await using simulator = startSimulator({
      scenario: 'denmark',
      meters: 2,
      clock: stoppedClock,
      backfillMs: 600_000,
    });
    const times: number[] = [];
    const { promise: toldAll, resolve } = Promise.withResolvers<void>();
    const taking = (async () => {
      for await (const batch of simulator.source(registry).batches(null, never)) {
        times.push(...batch.timeMs);
        if (batch.watermarkMs >= NOW_MS) resolve();
      }
    })();
    await toldAll;
    expect(Math.min(...times)).toBeGreaterThanOrEqual(NOW_MS - 600_000);
    expect(Math.max(...times)).toBeLessThan(NOW_MS);
    await simulator.drain();
    await taking;
  });

  it('drains once the last batch has been finished, and makes none afterwards', async () => {
    const simulator = startSimulator({ scenario: 'denmark', meters: 2, clock: stoppedClock, backfillMs: 60_000 });
    const batches = simulator.source(registry).batches(null, never)[Symbol.asyncIterator]();
    expect((await batches.next()).done).toBe(false);
    let isDrained = false;
    const draining = simulator.drain().then(() => (isDrained = true));
    await Promise.resolve();
    expect(isDrained).toBe(false);
    expect((await batches.next()).done).toBe(true);
    await draining;
    const late = simulator.source(registry).batches(null, never)[Symbol.asyncIterator]();
    expect((await late.next()).done).toBe(true);
  });

  it('ends a source alone when that is told to', async () => {
    await using simulator = startSimulator({ scenario: 'denmark', meters: 2, clock: stoppedClock, backfillMs: 60_000 });
    const stop = new AbortController();
    stop.abort();
    const stopped = simulator.source(registry).batches(null, stop.signal)[Symbol.asyncIterator]();
    expect((await stopped.next()).done).toBe(true);
    const other = simulator.source(registry).batches(null, never)[Symbol.asyncIterator]();
    expect((await other.next()).done).toBe(false);
    await other.return?.();
  });

  it('of an unknown scenario names the nearest known one', () => {
    expect(() => startSimulator({ scenario: 'denmrak' })).toThrow(/did you mean denmark/);
  });
});
