import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Waiters } from '../spool/waiters.ts';
import { FRAME_PAUSE_MS, FRAME_WAIT_MS, FramePace, OPEN_PANE_WAIT_MS } from './frame-pace.ts';

const NEVER = new AbortController().signal;

/** What is on its way, as the test says. */
class Sending {
  unreleasedCount = 0;
  readonly #drained = new Waiters();

  whenDrained(signal: AbortSignal): Promise<void> {
    return this.#drained.until(() => this.unreleasedCount === 0, signal);
  }

  acknowledge(): void {
    this.unreleasedCount = 0;
    this.#drained.wake();
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** When the next frame is due, from now on, and how much goes into it. */
async function due(pace: FramePace): Promise<readonly [afterMs: number, extent: string]> {
  const startMs = performance.now();
  let extent: string | undefined;
  void pace.whenDue(NEVER).then((one) => (extent = one));
  await vi.advanceTimersByTimeAsync(0);
  for (let i = 0; extent === undefined && i < 4; i++) await vi.advanceTimersToNextTimerAsync();
  assert(extent !== undefined, 'a frame is due');
  return [performance.now() - startMs, extent];
}

describe('the pace of frames', () => {
  it('lets a reading leave at once where nothing is on its way', () => {
    expect(new FramePace(new Sending()).accept()).toBe('complete');
  });

  it('lets readings that follow wait for the end of a pause', async () => {
    const pace = new FramePace(new Sending());
    pace.accept();
    expect([pace.accept(), pace.accept()]).toEqual(['nothing', 'nothing']);
    expect(await due(pace)).toEqual([FRAME_PAUSE_MS, 'complete']);
  });

  /** The pauses after six frames while readings come so often after each. */
  async function pausesOf(pace: FramePace, times: number): Promise<readonly number[]> {
    pace.accept();
    const pauses: number[] = [];
    for (let frame = 0; frame < 6; frame++) {
      for (let i = 0; i < times; i++) pace.accept();
      pauses.push((await due(pace))[0]);
    }
    return pauses;
  }

  it('doubles the pause while readings come all the time, up to a second, and forgets it after a rest', async () => {
    const pace = new FramePace(new Sending());
    const pauses = await pausesOf(pace, 11);
    expect(pauses).toEqual([100, 200, 400, 800, FRAME_WAIT_MS, FRAME_WAIT_MS]);
    vi.advanceTimersByTime(FRAME_WAIT_MS);
    expect(pace.accept()).toBe('complete');
    pace.accept();
    expect(await due(pace)).toEqual([FRAME_PAUSE_MS, 'complete']);
  });

  it('pauses no longer than ten frames a second ask for where readings come no more often', async () => {
    expect(await pausesOf(new FramePace(new Sending()), 1)).toEqual(Array.from({ length: 6 }, () => FRAME_PAUSE_MS));
  });

  it('forgets a long pause as soon as readings come less often than frames may leave', async () => {
    const pace = new FramePace(new Sending());
    await pausesOf(pace, 11);
    // Four a second: as long as they are held back they share a frame, and are never held back again after it.
    for (let i = 0; i < 4; i++) pace.accept();
    expect(await due(pace)).toEqual([FRAME_WAIT_MS, 'complete']);
    vi.advanceTimersByTime(FRAME_PAUSE_MS);
    expect(pace.accept()).toBe('complete');
  });

  it('waits for what is on its way, and no longer than a second', async () => {
    const sending = new Sending();
    const pace = new FramePace(sending);
    sending.unreleasedCount = 1;
    expect(pace.accept()).toBe('nothing');
    expect(await due(pace)).toEqual([FRAME_WAIT_MS, 'complete']);
    pace.accept();
    setTimeout(() => sending.acknowledge(), FRAME_WAIT_MS / 2);
    expect(await due(pace)).toEqual([FRAME_WAIT_MS / 2, 'complete']);
  });

  it('seals a pane that was opened while nothing was due, though no reading follows', async () => {
    const pace = new FramePace(new Sending());
    const waiting = due(pace);
    setTimeout(() => expect(pace.accept()).toBe('complete'), FRAME_WAIT_MS);
    expect(await waiting).toEqual([FRAME_WAIT_MS + OPEN_PANE_WAIT_MS, 'everything']);
  });

  it('seals open panes after a while, and nothing where nothing has come', async () => {
    const pace = new FramePace(new Sending());
    pace.accept();
    expect(await due(pace)).toEqual([OPEN_PANE_WAIT_MS, 'everything']);
    void pace.whenDue(NEVER);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const waiting = new FramePace(new Sending()).whenDue(stop.signal);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});
