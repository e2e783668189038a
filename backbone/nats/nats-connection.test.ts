import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { apiCodeOf, isConflict, untilAborted } from './nats-connection.ts';

describe('waiting for a server that may be gone', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const never = new AbortController().signal;

  it('ends with the answer, or the error that came for one', async () => {
    expect(await untilAborted(Promise.resolve('answer'), never, 1_000)).toBe('answer');
    await expect(untilAborted(Promise.reject(new Error('no')), never, 1_000)).rejects.toThrow('no');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the reason as soon as the connection is lost, also where it was before', async () => {
    const lost = new AbortController();
    const waiting = untilAborted(new Promise(() => undefined), lost.signal, 1_000);
    lost.abort(new Error('lost'));
    await expect(waiting).rejects.toThrow('lost');
    await expect(untilAborted(new Promise(() => undefined), lost.signal, 1_000)).rejects.toThrow('lost');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends after its time, and says how long that was', async () => {
    const outcome = untilAborted(new Promise(() => undefined), never, 2_500).catch(String);
    await vi.advanceTimersByTimeAsync(2_499);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toBe('Error: no answer within 2.5 s');
  });
});

describe('what JetStream answers', () => {
  const answer = (code: unknown): Error => Object.assign(new Error('no'), { code });

  it('has a code, where it gave one', () => {
    expect(apiCodeOf(answer(10_059))).toBe(10_059);
    for (const other of [answer('ECONNREFUSED'), new Error('no'), { code: 10_059 }])
      expect(apiCodeOf(other)).toBeUndefined();
  });

  it('is a conflict where another change came first, and in no other case', () => {
    for (const code of [10_071, 10_164]) expect(isConflict(answer(code))).toBe(true);
    for (const code of [10_059, 10_077, undefined]) expect(isConflict(answer(code))).toBe(false);
  });
});
