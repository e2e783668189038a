import { describe, expect, it } from 'vitest';
import { InFlightLimit, type InFlightLimitOptions } from './in-flight-limit.ts';

const never = (): never => {
  throw new Error('nobody is refused here');
};

/** Asks for a permit per size, in order, and gives those that were granted, by their index, as they are. */
function takeAll(options: InFlightLimitOptions, sizes: readonly number[]) {
  const limit = new InFlightLimit(options);
  const granted: number[] = [];
  const permits = sizes.map((bytes, index) => limit.take(bytes, () => granted.push(index), never));
  return { limit, granted, permits };
}

describe('an in-flight limit', () => {
  it('lets in as many as its count', () => {
    expect(takeAll({ countMax: 2, bytesMax: 100 }, [1, 1, 1]).granted).toStrictEqual([0, 1]);
  });

  it('lets in as many bytes as its limit, to the byte', () => {
    expect(takeAll({ countMax: 10, bytesMax: 10 }, [4, 6, 1]).granted).toStrictEqual([0, 1]);
  });

  it('says how full it is, and its queue', () => {
    const queue = { countMax: 5, whenFull: () => new Error('full') };
    const { limit } = takeAll({ countMax: 2, bytesMax: 100, queue }, [10, 20, 30]);
    expect(limit.fullness('loads')).toStrictEqual([
      { of: 'loads', held: 2, max: 2 },
      { of: 'loads_bytes', held: 30, max: 100 },
      { of: 'loads_waiting', held: 1, max: 5 },
    ]);
  });

  it('keeps the order of coming, even where a later one would fit', () => {
    const { granted, permits } = takeAll({ countMax: 10, bytesMax: 10 }, [8, 5, 1]);
    expect(granted).toStrictEqual([0]);
    permits[0]!.release();
    expect(granted).toStrictEqual([0, 1, 2]);
  });

  it('keeps it too when there is room again for a later one only', () => {
    const { granted, permits } = takeAll({ countMax: 10, bytesMax: 10 }, [5, 3, 9, 2]);
    permits[1]!.release();
    expect(granted).toStrictEqual([0, 1]);
  });

  it('lets in what is larger than the whole limit, alone', () => {
    const { granted, permits } = takeAll({ countMax: 10, bytesMax: 10 }, [1, 50, 1]);
    expect(granted).toStrictEqual([0]);
    permits[0]!.release();
    expect(granted).toStrictEqual([0, 1]);
    permits[1]!.release();
    expect(granted).toStrictEqual([0, 1, 2]);
  });

  it('lets the next one in when the one that blocks the queue gives up its place', () => {
    const { granted, permits } = takeAll({ countMax: 10, bytesMax: 10 }, [8, 5, 1]);
    permits[1]!.release();
    expect(granted).toStrictEqual([0, 2]);
    expect(permits.map(({ isGranted }) => isGranted)).toStrictEqual([true, false, true]);
  });

  it('takes back each permit once', () => {
    const { limit, permits } = takeAll({ countMax: 2, bytesMax: 10 }, [3, 4]);
    permits[0]!.release();
    permits[0]!.release();
    expect([limit.count, limit.bytes]).toStrictEqual([1, 4]);
  });

  it('refuses those who wait, and all later ones, once it is closed', () => {
    const limit = new InFlightLimit({ countMax: 1 });
    const refused: string[] = [];
    const inFlight = limit.take(0, () => undefined, never);
    const waiting = limit.take(0, never, ({ message }) => refused.push(`waiting: ${message}`));
    limit.close(new Error('it is late'));
    limit.close(new Error('another reason'));
    const late = limit.take(0, never, ({ message }) => refused.push(`late: ${message}`));
    expect(refused).toStrictEqual(['waiting: it is late', 'late: it is late']);
    for (const permit of [waiting, late, inFlight]) permit.release();
    expect(limit.count).toBe(0);
  });

  it('refuses one more than its queue takes, with what its owner says', () => {
    const limit = new InFlightLimit({
      countMax: 1,
      queue: { countMax: 2, whenFull: (waiting) => new Error(`${waiting} are waiting`) },
    });
    const refused: string[] = [];
    for (let i = 0; i < 4; i++)
      limit.take(
        0,
        () => undefined,
        ({ message }) => refused.push(message),
      );
    expect(refused).toStrictEqual(['2 are waiting']);
  });

  it('runs tasks in order, no more at once than its count, and goes on after one that fails', async () => {
    const limit = new InFlightLimit({ countMax: 2 });
    const begun: number[] = [];
    const tasks = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
    const results = tasks.map(({ promise }, index) =>
      limit.run(() => {
        begun.push(index);
        return promise;
      }),
    );
    expect(begun).toStrictEqual([0, 1]);
    tasks[0]!.reject(new Error('task 0 failed'));
    await expect(results[0]).rejects.toThrow('task 0 failed');
    expect(begun).toStrictEqual([0, 1, 2]);
    for (const [index, { resolve }] of tasks.entries()) resolve(index * 10);
    expect(await Promise.all(results.slice(1))).toStrictEqual([10, 20, 30]);
    expect(limit.count).toBe(0);
  });

  it('gives the place back where a task throws before it has begun', async () => {
    const limit = new InFlightLimit({ countMax: 1 });
    const failing = limit.run((): Promise<never> => {
      throw new Error('nothing to ask');
    });
    await expect(failing).rejects.toThrow('nothing to ask');
    expect(await limit.run(() => Promise.resolve('next'))).toBe('next');
  });
});
