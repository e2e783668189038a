import { afterEach, describe, expect, it, vi } from 'vitest';
import { BATCH_READINGS_MAX } from '../batch-columns.ts';
import type { LiveBatch } from './live-batch.ts';
import { ANSWER_TIMEOUT_MS, PENDING_READINGS_MAX, PENDING_SUBMISSIONS_MAX, PendingBatches } from './pending-batches.ts';

function batchOf(count: number, highestMs = 0): LiveBatch {
  const tallies = { rows: count, readings: count, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 };
  const columns = { entry: new Int32Array(count), timeMs: new Float64Array(count), value: new Float64Array(count) };
  return { count, ...columns, refusals: [], tallies, highestMs };
}

const NOW_MS = 1_000_000;
const open = (): PendingBatches => new PendingBatches(10, () => NOW_MS);

afterEach(() => vi.useRealTimers());

describe('pending batches', () => {
  it('are answered to come again when they are not stored in time, and are not given out after that', async () => {
    vi.useFakeTimers();
    const pending = open();
    const given = pending.submit([batchOf(PENDING_READINGS_MAX - 1)]);
    const batch = (await pending.next())!;
    const waiting = pending.submit([batchOf(1)]);
    await vi.advanceTimersByTimeAsync(ANSWER_TIMEOUT_MS);
    expect(await given).toContain('not within 10 s');
    expect(await waiting).toContain('not within 10 s');
    // What the agent was given is still being stored, and takes its room until then.
    void pending.submit([batchOf(1)]);
    expect(pending.refusal()).toContain('wait to be stored');
    expect((await pending.next())!.count).toBe(1);
    batch.acknowledged!();
    await vi.advanceTimersByTimeAsync(0);
    expect(pending.refusal()).toBeNull();
  });

  it('are refused for now when too many readings wait, and taken again when those are stored', async () => {
    const pending = open();
    const waiting = pending.submit([batchOf(PENDING_READINGS_MAX - 1), batchOf(1)]);
    expect(await pending.submit([batchOf(1)])).toContain('send these again later');
    (await pending.next())!.acknowledged!();
    (await pending.next())!.acknowledged!();
    expect(await waiting).toBeNull();
    expect(pending.refusal()).toBeNull();
  });

  it('are refused for now when there are too many, however few their readings', async () => {
    const pending = open();
    for (let i = 0; i < PENDING_SUBMISSIONS_MAX; i++) void pending.submit([batchOf(0)]);
    expect(await pending.submit([batchOf(0)])).toContain('wait to be stored');
  });

  it('come in the order they were submitted, those that wait together as one, which answers all of them', async () => {
    const pending = open();
    const answers = [1, 2, 3].map((value) => {
      const refusals = [{ line: value, readings: 1, reason: 'none', text: '' }];
      return pending.submit([{ ...batchOf(2), value: Float64Array.of(value, value), refusals }]);
    });
    const batch = (await pending.next())!;
    expect([...batch.value]).toEqual([1, 1, 2, 2, 3, 3]);
    expect([batch.count, batch.entry.length, batch.timeMs.length]).toEqual([6, 6, 6]);
    expect(batch.tallies).toMatchObject({ rows: 6, readings: 6 });
    expect(batch.refusals.map(({ line }) => line)).toEqual([1, 2, 3]);
    batch.acknowledged!(new Error('the disk is full'));
    for (const answer of answers) expect(await answer).toContain('the disk is full');
  });

  it('are no larger together than a batch may be', async () => {
    const pending = open();
    for (const count of [BATCH_READINGS_MAX - 1, 1, 1, BATCH_READINGS_MAX]) void pending.submit([batchOf(count)]);
    const counts = [await pending.next(), await pending.next(), await pending.next()].map((batch) => batch!.count);
    expect(counts).toEqual([BATCH_READINGS_MAX, 1, BATCH_READINGS_MAX]);
  });

  it('carry a watermark that never goes back and never passes the clock', async () => {
    const pending = open();
    const watermarks = [];
    for (const together of [[Number.NEGATIVE_INFINITY], [500], [200], [300, 600, 550], [NOW_MS + 60_000]]) {
      for (const highestMs of together) void pending.submit([batchOf(1, highestMs)]);
      watermarks.push((await pending.next())!.watermarkMs);
    }
    expect(watermarks).toEqual([null, 490, 490, 590, NOW_MS - 10]);
  });

  it('are answered when the source stops: those not given out at once, those given out when acknowledged', async () => {
    const pending = open();
    const given = pending.submit([batchOf(1)]);
    const batch = (await pending.next())!;
    const waiting = pending.submit([batchOf(1)]);
    const half = pending.submit([batchOf(1), batchOf(1)]);
    pending.stop();
    expect(await pending.next()).toBeNull();
    expect(await waiting).toContain('stopping');
    expect(await half).toContain('stopping');
    batch.acknowledged!();
    expect(await given).toBeNull();
    expect(pending.refusal()).toContain('stopping');
  });

  it('are answered also when the agent never acknowledges them', async () => {
    const pending = open();
    const given = pending.submit([batchOf(1)]);
    await pending.next();
    pending.stop();
    pending.abandon();
    expect(await given).toContain('the agent stopped');
  });
});
