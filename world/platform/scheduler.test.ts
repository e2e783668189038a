import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Life } from './life.ts';
import { Platform } from './platform.ts';
import { Scheduler } from './scheduler.ts';
import { VirtualTimer } from './virtual-timer.ts';

describe('virtual time', () => {
  it('lets things happen by their times, and those of one time in the order in which they were asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 20 }), { maxLength: 50 }), async (delays) => {
        const scheduler = new Scheduler();
        const happened: number[] = [];
        for (const [i, delayMs] of delays.entries()) scheduler.after(delayMs, undefined, () => happened.push(i));
        await scheduler.runUntil(() => false);
        const expected = delays.map((_, i) => i).toSorted((a, b) => delays[a]! - delays[b]! || a - b);
        expect(happened).toEqual(expected);
        expect(scheduler.nowMs).toBe(Math.max(0, ...delays));
      }),
    );
  });

  it('stands still until promises have done what they can', async () => {
    const scheduler = new Scheduler();
    const seen: number[] = [];
    scheduler.after(5, undefined, () => {
      void (async () => {
        for (let i = 0; i < 10; i++) await Promise.resolve();
        seen.push(scheduler.nowMs);
      })();
    });
    scheduler.after(6, undefined, () => seen.push(scheduler.nowMs));
    await scheduler.runUntil(() => false);
    expect(seen).toEqual([5, 6]);
  });

  it('goes to the time asked for where nothing happens before', async () => {
    const scheduler = new Scheduler();
    scheduler.after(100, undefined, () => undefined);
    await scheduler.runTo(50);
    expect(scheduler.nowMs).toBe(50);
  });
});

describe('a life', () => {
  it('is found by all that was started in it, until it ends', async () => {
    const { scheduler, machine } = lifeOf('machine');
    const life = machine.start();
    const found: (string | undefined)[] = [];
    life.run(() => {
      new VirtualTimer(life, 10, false, () => found.push(Life.current?.name));
      new VirtualTimer(life, 30, false, () => found.push('after its end'));
    });
    scheduler.after(20, undefined, () => machine.end('killed'));
    await scheduler.runUntil(() => false);
    expect(found).toEqual(['machine#1']);
    expect(machine.start().name).toBe('machine#2');
  });

  it('has timers that repeat, can be put off and be ended', async () => {
    const { scheduler, machine } = lifeOf('machine');
    const life = machine.start();
    const at: number[] = [];
    life.run(() => {
      const repeated = new VirtualTimer(life, 10, true, () => {
        at.push(scheduler.nowMs);
        if (scheduler.nowMs === 30) repeated.close();
      });
      const putOff = new VirtualTimer(life, 15, false, () => at.push(-scheduler.nowMs));
      new VirtualTimer(life, 12, false, () => void putOff.refresh());
    });
    await scheduler.runUntil(() => false);
    expect(at).toEqual([10, 20, -27, 30]);
  });
});

function lifeOf(name: string) {
  const platform = new Platform(1, 0);
  return { scheduler: platform.scheduler, machine: platform.machine(name) };
}
