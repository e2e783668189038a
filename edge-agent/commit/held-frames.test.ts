import { describe, expect, it } from 'vitest';
import { HEARTBEAT_SPANS_MAX } from '#core/wire/heartbeat.ts';
import { Outstanding } from './held-frames.ts';

const frame = (sequence: number, earliestMs?: number, latestMs = earliestMs) => ({
  incarnation: 1,
  sequence,
  bytes: Uint8Array.of(),
  readings: 0,
  extent: earliestMs === undefined ? null : { earliestMs, latestMs: latestMs! },
});

describe('outstanding frames', () => {
  it('are told with the event time that they reach until they are acknowledged, births never', () => {
    const outstanding = new Outstanding();
    outstanding.made([frame(1), frame(2, 10, 19), frame(3, 20, 29)]);
    outstanding.made([]);
    expect(outstanding.told(1)).toEqual([
      { from: 2, to: 2, earliestMs: 10, latestMs: 19 },
      { from: 3, to: 3, earliestMs: 20, latestMs: 29 },
    ]);
    expect(outstanding.told(3)).toHaveLength(1);
    expect(outstanding.told(4)).toEqual([]);
  });

  it('are told by few spans however many there are', () => {
    const outstanding = new Outstanding();
    for (let i = 1; i <= 5_000; i++) outstanding.made([frame(i, 10 * i, 10 * i + 9)]);
    const told = outstanding.told(1);
    expect(told.length).toBeLessThanOrEqual(HEARTBEAT_SPANS_MAX);
    expect([told[0]!.from, told.at(-1)!.to]).toEqual([1, 5_000]);
    for (const { from, to, earliestMs, latestMs } of told) {
      expect([earliestMs, latestMs]).toEqual([10 * from, 10 * to + 9]);
    }
  });
});
