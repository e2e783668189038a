import { AssertionError } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreClosed, TooLarge } from '../storage-errors.ts';
import { LogPartitionsMismatch, LogPartitionsMissing, LogPositionAhead, LogPositionGone } from './log-errors.ts';
import { type LogHarness, numberOf, numbers, openLog, patternOf, readAll, recordOf } from './log.fixtures.ts';
import { type Log, type LogEntry, RECORD_BYTES_MAX } from './log.ts';

type MakeHarness = () => Promise<LogHarness>;

/**
 * The laws of the `Log` port, as tests. A new adapter runs them:
 *
 * ```ts
 * const makeHarness = async () => ({ opening: { module: import.meta.resolve('./my-log.ts'), open: 'openMyLog',
 *   options: { … } }, [Symbol.asyncDispose]: async () => { … } });
 * runLogCases('mine', makeHarness);
 * runLogCrashCases('mine', makeHarness);
 * ```
 */
export function runLogCases(name: string, makeHarness: MakeHarness): void {
  describe(`a log on ${name}`, () => {
    describe('append and read', () => {
      appendAndReadCases(makeHarness);
    });
    describe('follow', () => {
      followCases(makeHarness);
    });
    describe('trim', () => {
      trimCases(makeHarness);
    });
    describe('opening and closing', () => {
      openingCases(makeHarness);
    });
    describe('against its model', () => {
      modelCases(makeHarness);
    });
  });
}

function appendAndReadCases(makeHarness: MakeHarness): void {
  it('gives positions from 1, one by one, in the order of the calls, with hundreds in flight', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 2);
    const positions = await Promise.all(numbers(1, 1000).map((n) => log.append(n % 2, recordOf(n))));
    expect(positions.filter((_, index) => index % 2 === 0)).toEqual(numbers(1, 500));
    expect(positions.filter((_, index) => index % 2 === 1)).toEqual(numbers(1, 500));
    const stored = await readAll(log, 1);
    expect(stored.map(numberOf)).toEqual(numbers(1, 1000).filter((n) => n % 2 === 1));
  });

  it('gives back the very bytes, from one byte to the largest record', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    const records = [1, 2, 255, 65_536, RECORD_BYTES_MAX].map((bytes) => patternOf(bytes));
    await Promise.all(records.map((record) => log.append(0, record)));
    const entries = await readAll(log, 0);
    expect(entries.map((entry) => entry.bytes.length)).toEqual(records.map((record) => record.length));
    for (const [index, entry] of entries.entries()) expect(Buffer.compare(entry.bytes, records[index]!)).toBe(0);
  });

  it('refuses a record above the limit by name and goes on', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    const tooLarge = log.append(0, new Uint8Array(RECORD_BYTES_MAX + 1));
    await expect(tooLarge).rejects.toThrow(TooLarge);
    expect(await log.append(0, recordOf(7))).toBe(1);
  });

  it('knows the partitions below its number, positions from 1 on and records of at least a byte, and nothing else', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 2);
    const signal = new AbortController().signal;
    const uses: readonly ((partition: number, position: number) => unknown)[] = [
      (partition) => log.append(partition, recordOf(1)),
      (partition) => log.bounds(partition),
      (partition, position) => log.read(partition, position, { bytes: 1 }),
      (partition, position) => log.trim(partition, position),
      (partition, position) => log.follow(partition, position, { signal, bytesMax: 1 })[Symbol.asyncIterator]().next(),
    ];
    for (const use of uses) {
      for (const partition of [-1, 2, 0.5])
        await expect(attempt(() => use(partition, 1))).rejects.toThrow(AssertionError);
    }
    for (const use of uses.slice(2)) {
      for (const position of [0, -1, 1.5])
        await expect(attempt(() => use(1, position))).rejects.toThrow(AssertionError);
    }
    await expect(attempt(() => log.append(1, new Uint8Array(0)))).rejects.toThrow(AssertionError);
    expect(await log.append(1, recordOf(1))).toBe(1);
  });

  it('shows a reader every record as soon as its append has resolved', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    for (const n of numbers(1, 20)) {
      const position = await log.append(0, recordOf(n));
      expect((await log.read(0, position, { bytes: 1 })).map(numberOf)).toEqual([n]);
      expect(await log.bounds(0)).toEqual({ first: 1, last: n });
    }
  });

  it('reads what fits into the bytes asked for, one record at least, nothing at the end', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    await Promise.all(numbers(1, 10).map(() => log.append(0, new Uint8Array(100))));
    const positionsOf = async (from: number, bytes: number): Promise<number[]> =>
      (await log.read(0, from, { bytes })).map((entry) => entry.position);
    expect(await positionsOf(1, 1)).toEqual([1]);
    expect(await positionsOf(3, 99)).toEqual([3]);
    expect(await positionsOf(3, 100)).toEqual([3]);
    expect(await positionsOf(3, 299)).toEqual([3, 4]);
    expect(await positionsOf(9, 10_000)).toEqual([9, 10]);
    expect(await positionsOf(11, 10_000)).toEqual([]);
  });

  it('throws for a position behind its end, which says that it has lost its tail', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    expect(await log.read(0, 1, { bytes: 100 })).toEqual([]);
    expect(await log.bounds(0)).toEqual({ first: 1, last: 0 });
    await expect(log.read(0, 2, { bytes: 100 })).rejects.toThrow(LogPositionAhead);
    const following = log.follow(0, 2, { signal: new AbortController().signal, bytesMax: 100 })[Symbol.asyncIterator]();
    await expect(following.next()).rejects.toThrow(LogPositionAhead);
  });
}

function followCases(makeHarness: MakeHarness): void {
  it('gives history, then live records, each position once and in order', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 2);
    await Promise.all(numbers(1, 300).map((n) => log.append(1, recordOf(n))));
    const appending = (async () => {
      for (const n of numbers(301, 600)) {
        const stored = log.append(1, recordOf(n));
        if (n % 50 === 0) await stored;
      }
    })();
    const followed = await follow(log, 1, 1, 600, 2_000);
    await appending;
    expect(followed.map((entry) => entry.position)).toEqual(numbers(1, 600));
    expect(followed.map(numberOf)).toEqual(numbers(1, 600));
  });

  it('begins where it is asked to, and shows two readers the same', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    await Promise.all(numbers(1, 50).map((n) => log.append(0, recordOf(n))));
    const [one, other] = await Promise.all([follow(log, 0, 20, 31, 64), follow(log, 0, 20, 31, 100_000)]);
    expect(one.map(numberOf)).toEqual(numbers(20, 50));
    expect(other).toEqual(one);
  });

  it('wakes a reader at the end for each new record', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    const stop = new AbortController();
    const groups = log.follow(0, 1, { signal: stop.signal, bytesMax: 1_000 })[Symbol.asyncIterator]();
    for (const n of numbers(1, 10)) {
      const next = groups.next();
      await log.append(0, recordOf(n));
      expect((await next).value?.map(numberOf)).toEqual([n]);
    }
    stop.abort();
    expect(await groups.next()).toEqual({ done: true, value: undefined });
  });

  it('ends without an error when the signal aborts, waiting or not', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    const stop = new AbortController();
    const waiting = log.follow(0, 1, { signal: stop.signal, bytesMax: 1_000 })[Symbol.asyncIterator]();
    const next = waiting.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    await log.append(0, recordOf(1));
    const late = log.follow(0, 1, { signal: stop.signal, bytesMax: 1_000 })[Symbol.asyncIterator]();
    expect(await late.next()).toEqual({ done: true, value: undefined });
  });

  it('holds groups to the bytes asked for, however long the history', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 1);
    await Promise.all(numbers(1, 200).map(() => log.append(0, new Uint8Array(1_000))));
    const stop = new AbortController();
    let entries = 0;
    for await (const group of log.follow(0, 1, { signal: stop.signal, bytesMax: 10_000 })) {
      expect(group.length).toBeGreaterThan(0);
      expect(group.length).toBeLessThanOrEqual(10);
      entries += group.length;
      if (entries === 200) stop.abort();
    }
    expect(entries).toBe(200);
  });
}

function trimCases(makeHarness: MakeHarness): void {
  it('lets go of what lies below, and of nothing else', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 2);
    await Promise.all(numbers(1, 40).map((n) => log.append(n % 2, recordOf(n))));
    await log.trim(0, 11);
    await log.trim(0, 5);
    expect(await log.bounds(0)).toEqual({ first: 11, last: 20 });
    expect(await log.bounds(1)).toEqual({ first: 1, last: 20 });
    expect((await readAll(log, 0, 11)).map((entry) => entry.position)).toEqual(numbers(11, 20));
    await expect(log.read(0, 10, { bytes: 100 })).rejects.toThrow(LogPositionGone);
    const behind = log.follow(0, 10, { signal: new AbortController().signal, bytesMax: 100 });
    await expect(behind[Symbol.asyncIterator]().next()).rejects.toThrow(LogPositionGone);
  });

  it('can let go of everything, and goes on counting, also after it was opened again', async () => {
    await using harness = await makeHarness();
    {
      await using log = await openLog(harness, 1);
      await Promise.all(numbers(1, 5).map((n) => log.append(0, recordOf(n))));
      await log.trim(0, 6);
      expect(await log.bounds(0)).toEqual({ first: 6, last: 5 });
      expect(await log.read(0, 6, { bytes: 100 })).toEqual([]);
      await expect(log.trim(0, 7)).rejects.toThrow(LogPositionAhead);
    }
    await using log = await openLog(harness);
    expect(await log.bounds(0)).toEqual({ first: 6, last: 5 });
    expect(await log.append(0, recordOf(6))).toBe(6);
    expect((await readAll(log, 0, 6)).map(numberOf)).toEqual([6]);
  });
}

function openingCases(makeHarness: MakeHarness): void {
  it('keeps records, partitions and generation when it is opened again', async () => {
    await using harness = await makeHarness();
    let generation: string;
    {
      await using log = await openLog(harness, 3);
      ({ generation } = log);
      await log.append(2, recordOf(1));
    }
    await using log = await openLog(harness);
    expect(log.partitions).toBe(3);
    expect(log.generation).toBe(generation);
    expect((await readAll(log, 2)).map(numberOf)).toEqual([1]);
    expect(await log.append(2, recordOf(2))).toBe(2);
  });

  it('refuses another number of partitions, naming both and the remedy', async () => {
    await using harness = await makeHarness();
    await (await openLog(harness, 4))[Symbol.asyncDispose]();
    const other = openLog(harness, 8);
    await expect(other).rejects.toThrow(LogPartitionsMismatch);
    await expect(other).rejects.toThrow(/4 partitions.*8\. Set partitions to 4/);
  });

  it('asks how many partitions a log shall have that is not there yet', async () => {
    await using harness = await makeHarness();
    await expect(openLog(harness)).rejects.toThrow(LogPartitionsMissing);
  });

  it('is made with 1 to 256 partitions, nothing else', async () => {
    for (const partitions of [0, 257, 1.5]) {
      await using harness = await makeHarness();
      await expect(openLog(harness, partitions)).rejects.toThrow(AssertionError);
    }
  });

  it('settles appends in flight before it is closed, and refuses later ones', async () => {
    await using harness = await makeHarness();
    const log = await openLog(harness, 1);
    const appends = numbers(1, 700).map((n) => log.append(0, recordOf(n)));
    await log[Symbol.asyncDispose]();
    expect(await Promise.all(appends)).toEqual(numbers(1, 700));
    await expect(log.append(0, recordOf(1))).rejects.toThrow(StoreClosed);
    await expect(log.read(0, 1, { bytes: 1 })).rejects.toThrow(StoreClosed);
    await expect(log.bounds(0)).rejects.toThrow(StoreClosed);
    await using again = await openLog(harness);
    expect(await again.bounds(0)).toEqual({ first: 1, last: 700 });
  });

  it('throws StoreClosed to a follower that waits while it is closed', async () => {
    await using harness = await makeHarness();
    const log = await openLog(harness, 1);
    const next = log.follow(0, 1, { signal: new AbortController().signal, bytesMax: 1 })[Symbol.asyncIterator]().next();
    await Promise.all([expect(next).rejects.toThrow(StoreClosed), log[Symbol.asyncDispose]()]);
  });

  it('reports its partitions, its generation and a limit that holds the largest frame', async () => {
    await using harness = await makeHarness();
    await using log = await openLog(harness, 3);
    const report = await log.report();
    expect(report).toMatchObject({ partitions: 3, generation: log.generation, discard: 'new' });
    expect(report.limits.recordBytesMax).toBeGreaterThanOrEqual(640 * 1024);
    for (const shortfall of report.shortfalls) expect(shortfall.why).not.toBe('');
  });
}

type Step =
  | { readonly kind: 'append'; readonly partition: number; readonly bytes: readonly number[] }
  | { readonly kind: 'read'; readonly partition: number; readonly from: number; readonly bytes: number }
  | { readonly kind: 'trim'; readonly partition: number; readonly part: number }
  | { readonly kind: 'reopen' };

function modelCases(makeHarness: MakeHarness): void {
  const partition = fc.nat({ max: 2 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('append'), partition, bytes: sizes() } as const) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('read'),
        partition,
        from: fc.integer({ min: 1, max: 30 }),
        bytes: fc.integer({ min: 1, max: 2_000 }),
      } as const),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim'), partition, part: fc.nat({ max: 100 }) } as const) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen') } as const) },
  );

  it('does what an array per partition would do, for any sequence of steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await using harness = await makeHarness();
        let log = await openLog(harness, 3);
        const model = numbers(1, 3).map(() => ({ records: [] as number[], first: 1 }));
        try {
          for (const next of steps) {
            if (next.kind === 'reopen') {
              await log[Symbol.asyncDispose]();
              log = await openLog(harness);
            } else {
              await checkStep(log, model[next.partition]!, next);
            }
          }
        } finally {
          await log[Symbol.asyncDispose]();
        }
      }),
      { numRuns: 15 },
    );
  });
}

function sizes(): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 5 });
}

async function checkStep(
  log: Log,
  model: { records: number[]; first: number },
  step: Exclude<Step, { kind: 'reopen' }>,
): Promise<void> {
  const last = model.records.length;
  if (step.kind === 'append') {
    const positions = await Promise.all(step.bytes.map((bytes) => log.append(step.partition, patternOf(bytes))));
    expect(positions).toEqual(step.bytes.map((_, index) => last + 1 + index));
    model.records.push(...step.bytes);
  } else if (step.kind === 'trim') {
    const before = 1 + Math.round((last * step.part) / 100);
    await log.trim(step.partition, before);
    model.first = Math.max(model.first, before);
    expect(await log.bounds(step.partition)).toEqual({ first: model.first, last });
  } else if (step.from < model.first) {
    await expect(log.read(step.partition, step.from, step)).rejects.toThrow(LogPositionGone);
  } else if (step.from > last + 1) {
    await expect(log.read(step.partition, step.from, step)).rejects.toThrow(LogPositionAhead);
  } else {
    const entries = await log.read(step.partition, step.from, step);
    let room = step.bytes;
    const fitting = model.records.slice(step.from - 1).filter((bytes, index) => (room -= bytes) >= 0 || index === 0);
    expect(entries.map((entry) => entry.bytes.length)).toEqual(fitting);
    expect(entries.map((entry) => entry.position)).toEqual(fitting.map((_, index) => step.from + index));
  }
}

async function follow(log: Log, partition: number, from: number, count: number, bytesMax: number): Promise<LogEntry[]> {
  const stop = new AbortController();
  const entries: LogEntry[] = [];
  for await (const group of log.follow(partition, from, { signal: stop.signal, bytesMax })) {
    entries.push(...group);
    if (entries.length >= count) stop.abort();
  }
  return entries;
}

/** What an act throws at once or later, as a rejection. */
async function attempt(act: () => unknown): Promise<void> {
  await act();
}
