import { afterEach, describe, expect, it, vi } from 'vitest';
import { ANSWER_TIMEOUT_MS, PENDING_READINGS_MAX, PENDING_REQUESTS_MAX, PendingRequests } from './pending-requests.ts';
import type { SentBatch } from './sent-readings.ts';

function batchOf(count: number, highestMs = 0): SentBatch {
  const tallies = { rows: count, readings: count, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 };
  const columns = { entry: new Int32Array(count), timeMs: new Float64Array(count), value: new Float64Array(count) };
  return { count, ...columns, refusals: [], tallies, highestMs };
}

const NOW_MS = 1_000_000;
const open = (): PendingRequests => new PendingRequests(10, () => NOW_MS);

afterEach(() => vi.useRealTimers());

describe('pending requests', () => {
  it('are answered to come again when they are not stored in time, and are not given out after that', async () => {
    vi.useFakeTimers();
    const pending = open();
    const given = pending.submit([batchOf(PENDING_READINGS_MAX - 1)]);
    const batch = (await pending.next())!;
    const waiting = pending.submit([batchOf(1)]);
    await vi.advanceTimersByTimeAsync(ANSWER_TIMEOUT_MS);
    expect(await given).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    expect(await waiting).toMatchObject({ status: 503, detail: expect.stringContaining('not within 10 s') });
    // What the agent was given is still being stored, and takes its room until then.
    void pending.submit([batchOf(1)]);
    expect(pending.refusal()).toMatchObject({ status: 503 });
    expect((await pending.next())!.count).toBe(1);
    batch.acknowledged!();
    await vi.advanceTimersByTimeAsync(0);
    expect(pending.refusal()).toBeNull();
  });

  it('are refused for now when too many readings wait, and taken again when those are stored', async () => {
    const pending = open();
    const waiting = pending.submit([batchOf(PENDING_READINGS_MAX - 1), batchOf(1)]);
    expect(await pending.submit([batchOf(1)])).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    (await pending.next())!.acknowledged!();
    (await pending.next())!.acknowledged!();
    expect(await waiting).toBeNull();
    expect(pending.refusal()).toBeNull();
  });

  it('are refused for now when there are too many, however few their readings', async () => {
    const pending = open();
    for (let i = 0; i < PENDING_REQUESTS_MAX; i++) void pending.submit([batchOf(0)]);
    expect(await pending.submit([batchOf(0)])).toMatchObject({ status: 503 });
  });

  it('come in the order they were submitted', async () => {
    const pending = open();
    for (const count of [3, 1, 2]) void pending.submit([batchOf(count)]);
    const counts = [await pending.next(), await pending.next(), await pending.next()].map((batch) => batch!.count);
    expect(counts).toEqual([3, 1, 2]);
  });

  it('carry a watermark that never goes back and never passes the clock', async () => {
    const pending = open();
    for (const highestMs of [Number.NEGATIVE_INFINITY, 500, 200, NOW_MS + 60_000])
      void pending.submit([batchOf(1, highestMs)]);
    const watermarks = [];
    for (let i = 0; i < 4; i++) watermarks.push((await pending.next())!.watermarkMs);
    expect(watermarks).toEqual([null, 490, 490, NOW_MS - 10]);
  });

  it('are answered when the source stops: those not given out at once, those given out when acknowledged', async () => {
    const pending = open();
    const given = pending.submit([batchOf(1)]);
    const batch = (await pending.next())!;
    const waiting = pending.submit([batchOf(1)]);
    const half = pending.submit([batchOf(1), batchOf(1)]);
    pending.stop();
    expect(await pending.next()).toBeNull();
    expect(await waiting).toMatchObject({ status: 503, detail: expect.stringContaining('stopping') });
    expect(await half).toMatchObject({ status: 503 });
    batch.acknowledged!();
    expect(await given).toBeNull();
    expect(pending.refusal()).toMatchObject({ status: 503 });
  });

  it('are answered also when the agent never acknowledges them', async () => {
    const pending = open();
    const given = pending.submit([batchOf(1)]);
    await pending.next();
    pending.stop();
    pending.abandon();
    expect(await given).toMatchObject({ status: 503 });
  });
});
