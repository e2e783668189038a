import { describe, expect, it } from 'vitest';
import { besideGoal, figureOf, measure, measureInTurn, median, millisecondsOf, ratePerSecond } from './measure.ts';

describe('a measurement', () => {
  it('gives the middle of its runs, and leaves out those that warm up', async () => {
    const values = [900, 800, 3, 1, 2];
    const run = (i: number): number => values[i]!;
    expect(await measure({ name: 'x', unit: 'ms', runs: 3, warmUps: 2, run })).toEqual({
      name: 'x',
      value: 2,
      unit: 'ms',
      runs: 3,
    });
  });

  it('runs as often as it says, one after the other', async () => {
    const told: string[] = [];
    const run = async (i: number): Promise<number> => {
      told.push(`${i} begins`);
      await Promise.resolve();
      told.push(`${i} ends`);
      return i;
    };
    expect((await measure({ name: 'x', unit: 'ms', runs: 2, run })).runs).toBe(2);
    expect(told).toEqual(['0 begins', '0 ends', '1 begins', '1 ends']);
  });

  it('has a whole value unless it says how many decimals', async () => {
    const run = (): number => 1.2345;
    expect((await measure({ name: 'x', unit: 'ms', runs: 1, run })).value).toBe(1);
    expect((await measure({ name: 'x', unit: 'ms', runs: 1, decimals: 2, run })).value).toBe(1.23);
  });

  it('runs in turn with its reference, and says how many times that it is', async () => {
    const told: string[] = [];
    const of = (name: string, values: readonly number[]) => ({
      name,
      unit: 'ms',
      runs: 3,
      warmUps: 1,
      run: (i: number): number => {
        told.push(name);
        return values[i]!;
      },
    });
    expect(await measureInTurn(of('new', [900, 3, 5, 4]), of('old', [900, 8, 7, 9]))).toEqual([
      { name: 'new', value: 4, unit: 'ms', runs: 3, against: 'old in turn with it', ratio: 0.5 },
      { name: 'old', value: 8, unit: 'ms', runs: 3 },
    ]);
    expect(told).toEqual(['new', 'old', 'new', 'old', 'new', 'old', 'new', 'old']);
  });

  it('fails where a run does', async () => {
    const run = (): Promise<number> => Promise.reject(new Error('the server is gone'));
    await expect(measure({ name: 'x', unit: 'ms', runs: 1, run })).rejects.toThrow('the server is gone');
  });
});

describe('a figure', () => {
  it('of a value that is known is of one run', () => {
    expect(figureOf('size', 0.123_456, 'bytes', { decimals: 4 })).toEqual({
      name: 'size',
      value: 0.1235,
      unit: 'bytes',
      runs: 1,
    });
  });

  it('stands beside its goal with the ratio to it', () => {
    expect(besideGoal({ name: 'query', value: 5, unit: 'ms', runs: 400 }, 20)).toEqual({
      name: 'query',
      value: 5,
      unit: 'ms',
      runs: 400,
      against: 'goal of 20 ms',
      ratio: 0.25,
    });
    expect(besideGoal({ name: 'fold', value: 200, unit: 'readings/s', runs: 1 }, 150).ratio).toBe(1.333);
  });

  it('in the middle is the upper of two, whatever their order and digits', () => {
    expect(median([10, 9])).toBe(10);
    expect(median([100, 9, 20])).toBe(20);
    expect(median([7])).toBe(7);
  });
});

describe('a rate', () => {
  it('is what was done by the time that it took', () => {
    let seconds = 0;
    const rate = ratePerSecond(() => {
      const startMs = performance.now();
      while (performance.now() - startMs < 5);
      seconds = (performance.now() - startMs) / 1_000;
      return 1_000;
    });
    expect(rate).toBeGreaterThan(0);
    expect(rate).toBeLessThanOrEqual(1_000 / seconds);
  });

  it('begins with the work and ends with it', async () => {
    let insideMs = 0;
    const outsideMs = await millisecondsOf(async () => {
      insideMs = await millisecondsOf(() => new Promise((resolve) => setImmediate(resolve)));
    });
    expect(insideMs).toBeGreaterThan(0);
    expect(outsideMs).toBeGreaterThanOrEqual(insideMs);
  });
});
