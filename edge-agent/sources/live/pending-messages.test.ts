import { describe, expect, it } from 'vitest';
import { BatchColumns } from '../batch-columns.ts';
import {
  BATCH_MESSAGES_MAX,
  PENDING_MESSAGE_BYTES_MAX,
  PENDING_MESSAGES_MAX,
  type PendingMessage,
  PendingMessages,
} from './pending-messages.ts';

interface Counted extends PendingMessage {
  readonly values: readonly number[];
}

/** A line whose messages give their values at the time of each value; what becomes of them is written down. */
class Line {
  readonly done: string[] = [];
  readonly pending: PendingMessages<Counted>;
  #highestMs: number | null = null;

  constructor(batchReadingsMax = 100) {
    const batch = new BatchColumns(batchReadingsMax);
    this.pending = new PendingMessages<Counted>({
      batch,
      read: ({ values }) => {
        batch.rows++;
        for (const value of values) batch.push(0, value, value);
        this.#highestMs = Math.max(this.#highestMs ?? 0, ...values);
      },
      readingsMax: ({ values }) => values.length,
      highestMs: () => this.#highestMs,
      takeAmbiguous: () => 0,
      latenessMs: 10,
      nowMs: () => 1_000,
    });
  }

  push(name: string, values: readonly number[] = [1], bytes = 1): void {
    const acknowledged = (failure?: Error): void =>
      void this.done.push(failure === undefined ? name : `${name}: ${failure.message}`);
    this.pending.push({ bytes, values, acknowledged });
  }
}

describe('pending messages', () => {
  it('come together in one batch, and are acknowledged one by one once it is durable', async () => {
    const line = new Line();
    const asked = line.pending.next();
    line.push('a', [5]);
    line.push('b', [7, 6]);
    const batch = (await asked)!;
    expect([...batch.value]).toEqual([5, 7, 6]);
    expect(batch.watermarkMs).toBe(-3);
    expect(line.done).toEqual([]);
    batch.acknowledged!();
    batch.acknowledged!(new Error('twice'));
    expect(line.done).toEqual(['a', 'b']);
  });

  it('that a batch has no room for come in the next one, which leaves the columns of the first alone', async () => {
    const line = new Line(3);
    for (const first of [1, 3, 5]) line.push(`from ${first}`, [first, first + 1]);
    const one = (await line.pending.next())!;
    const two = (await line.pending.next())!;
    expect([[...one.value], [...two.value]]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    two.acknowledged!();
    one.acknowledged!();
    expect((await line.pending.next())!.count).toBe(2);
  });

  it('are not all read at once', async () => {
    const line = new Line(2 * BATCH_MESSAGES_MAX);
    for (let i = 0; i <= BATCH_MESSAGES_MAX; i++) line.push('m');
    expect((await line.pending.next())!.count).toBe(BATCH_MESSAGES_MAX);
    expect((await line.pending.next())!.count).toBe(1);
  });

  it('stop those who bring them by number and by size, until enough are durable', async () => {
    const many = new Line(PENDING_MESSAGES_MAX);
    for (let i = 0; i < PENDING_MESSAGES_MAX; i++) many.push('m', []);
    const large = new Line();
    large.push('l', [], PENDING_MESSAGE_BYTES_MAX);
    for (const { pending } of [many, large]) {
      expect(pending.isFull).toBe(true);
      let told = 0;
      const takeBack = pending.whenRoom(() => (told += 10));
      pending.whenRoom(() => told++);
      takeBack();
      const batch = (await pending.next())!;
      expect([told, pending.isFull]).toEqual([0, true]);
      batch.acknowledged!();
      expect([told, pending.isFull]).toEqual([1, false]);
      pending.whenRoom(() => told++);
      expect(told).toBe(2);
    }
  });

  it('are refused when the source stops, but for those that the agent was given', async () => {
    const line = new Line();
    line.push('given');
    const batch = (await line.pending.next())!;
    line.push('waiting');
    line.pending.stop();
    line.push('late');
    expect(await line.pending.next()).toBeNull();
    batch.acknowledged!();
    expect(line.done).toEqual(['waiting: the agent is stopping', 'late: the agent is stopping', 'given']);
  });

  it('are answered also when the agent never acknowledges them, and when the source fails', async () => {
    const line = new Line();
    line.push('given');
    await line.pending.next();
    line.push('waiting');
    line.pending.fail(new Error('broken'));
    line.pending.abandon();
    await expect(line.pending.next()).rejects.toThrow('broken');
    expect(line.done).toEqual(['waiting: broken', 'given: the agent stopped before they were']);
  });
});
