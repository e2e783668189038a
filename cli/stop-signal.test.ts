import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STOP_TIMEOUT_MS, type StopSignal, stopSignal, stopWithin } from './stop-signal.ts';

const logger = pino({ level: 'silent' });
const exit = vi.fn<(code: number) => never>();

beforeEach(() => {
  exit.mockReset();
  vi.spyOn(process, 'exit').mockImplementation(exit as typeof process.exit);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Sends a signal to the listener that was added last, as the system would. */
function send(name: 'SIGINT' | 'SIGTERM'): void {
  (process.listeners(name).at(-1) as (name: string) => void)(name);
}

describe('the wish to stop', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('comes by %s, once and politely', async (name) => {
    using stopping: StopSignal = stopSignal(logger);
    expect(stopping.signal.aborted).toBe(false);
    send(name);
    await stopping.asked;
    expect(stopping.signal.reason).toMatchObject({ message: `stopped by ${name}` });
    expect(exit).not.toHaveBeenCalled();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that comes again by %s ends the process as a shell expects', (name, status) => {
    using stopping = stopSignal(logger);
    send('SIGINT');
    expect(stopping.signal.aborted).toBe(true);
    send(name);
    expect(exit).toHaveBeenCalledExactlyOnceWith(status);
  });

  it('can come from within; a signal then ends the process at once', () => {
    using stopping = stopSignal(logger);
    stopping.stop();
    expect(stopping.signal.aborted).toBe(true);
    send('SIGTERM');
    expect(exit).toHaveBeenCalledExactlyOnceWith(143);
  });

  it('is listened for until it is disposed of', () => {
    const before = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')];
    {
      using stopping = stopSignal(logger);
      expect(stopping.signal.aborted).toBe(false);
      expect(process.listenerCount('SIGINT')).toBe(before[0]! + 1);
    }
    expect([process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]).toEqual(before);
  });
});

describe('a tidy stop', () => {
  it('that takes too long is given up with status 1', async () => {
    vi.useFakeTimers();
    const never = Promise.withResolvers<void>();
    void stopWithin(never.promise, logger);
    await vi.advanceTimersByTimeAsync(STOP_TIMEOUT_MS - 1);
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('in time ends nothing, also where it fails', async () => {
    vi.useFakeTimers();
    await stopWithin(Promise.resolve(), logger);
    await expect(stopWithin(Promise.reject(new Error('it broke')), logger)).rejects.toThrow('it broke');
    await vi.advanceTimersByTimeAsync(STOP_TIMEOUT_MS);
    expect(exit).not.toHaveBeenCalled();
  });
});
