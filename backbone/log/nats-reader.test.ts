import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppendNotifier } from './nats-reader.ts';

describe('the notifier of appends', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A notifier on a server that is the test: `stored` says that a record was stored. */
  function follow() {
    const stop = new AbortController();
    const unsubscribe = vi.fn<() => void>();
    let stored = (): void => undefined;
    const connection = {
      subscribe: (_subject: string, { callback }: { readonly callback: () => void }) => {
        stored = callback;
        return { unsubscribe };
      },
    };
    const notifier = new AppendNotifier(connection as unknown as NatsConnection, 'weir.stored.0', stop.signal);
    const seen = { isNoticed: false };
    const wait = (mark = notifier.mark()): void => {
      seen.isNoticed = false;
      void notifier.noticed(mark).then(() => (seen.isNoticed = true));
    };
    return { notifier, stored: () => stored(), stop, unsubscribe, seen, wait };
  }

  const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  it('wakes a follower when a record is stored, and at once where one was since it looked', async () => {
    const { notifier, stored, seen, wait } = follow();
    wait();
    await settled();
    expect(seen.isNoticed).toBe(false);
    stored();
    await settled();
    expect(seen.isNoticed).toBe(true);
    const mark = notifier.mark();
    stored();
    wait(mark);
    await settled();
    expect(seen.isNoticed).toBe(true);
    wait();
    await settled();
    expect(seen.isNoticed).toBe(false);
  });

  it('wakes it after a second in case the word was lost', async () => {
    const { seen, wait } = follow();
    wait();
    await vi.advanceTimersByTimeAsync(999);
    expect(seen.isNoticed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.isNoticed).toBe(true);
  });

  it('wakes it when it is done, and keeps nobody waiting then', async () => {
    const { stop, seen, wait } = follow();
    wait();
    stop.abort();
    await settled();
    expect(seen.isNoticed).toBe(true);
    wait();
    await settled();
    expect(seen.isNoticed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks the server for nothing more once it is closed', () => {
    const { notifier, unsubscribe } = follow();
    notifier.close();
    expect(unsubscribe).toHaveBeenCalledOnce();
  });
});
