import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMarkedDirectoryCases } from '../disk/marked-directory.cases.ts';
import { openLevel } from '../disk/open-level.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { DirectoryInUse, StoreUnavailable } from '../storage-errors.ts';
import { openEmbeddedLog, promisesOn } from './embedded-log.ts';
import { runLogCrashCases } from './log-crash.cases.ts';
import { LogFull, LogPositionGone } from './log-errors.ts';
import { runLogCases } from './log.cases.ts';
import { type LogHarness, numberOf, numbers, readAll, recordOf } from './log.fixtures.ts';

runLogCases('embedded', makeHarness);
runLogCrashCases('embedded', makeHarness);
runMarkedDirectoryCases({
  kind: 'log',
  format: 1,
  isExclusive: true,
  open: ({ dir }) => openEmbeddedLog({ dir, partitions: 4 }),
});

async function makeHarness(): Promise<LogHarness & { readonly dir: string }> {
  const place = await makeTemporaryDirectory('log');
  const { dir } = place;
  return {
    dir,
    opening: { module: import.meta.resolve('./embedded-log.ts'), open: 'openEmbeddedLog', options: { dir } },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

describe('the embedded log', () => {
  it('says what it keeps on a disk, and that a file system in memory keeps less', () => {
    // The numbers are those of Linux' statfs(2): ext4 and tmpfs.
    expect(promisesOn(0xef53, '/d')).toMatchObject({ durability: { survives: 'power loss' }, shortfalls: [] });
    expect(promisesOn(0x01021994, '/d')).toMatchObject({
      durability: { survives: 'process crash' },
      shortfalls: [{ holds: false, why: '/d lies in memory (tmpfs); put it on a disk' }],
    });
  });

  it('of several openings at once of a new log one gets it, the others are told that it is in use', async () => {
    await using harness = await makeHarness();
    const openings = await Promise.allSettled(
      numbers(1, 5).map(() => openEmbeddedLog({ dir: harness.dir, partitions: 2 })),
    );
    const opened = openings.flatMap((opening) => (opening.status === 'fulfilled' ? [opening.value] : []));
    expect(opened).toHaveLength(1);
    for (const opening of openings) {
      if (opening.status === 'rejected') expect(opening.reason).toBeInstanceOf(DirectoryInUse);
    }
    await opened[0]?.[Symbol.asyncDispose]();
  });

  it('begins where it is told to when it is made, also once it is opened again', async () => {
    await using folder = await makeTemporaryDirectory('log');
    const dir = join(folder.dir, 'log');
    {
      await using log = await openEmbeddedLog({ dir, partitions: 2, begins: [7, 1] });
      expect([await log.bounds(0), await log.bounds(1)]).toEqual([
        { first: 7, last: 6 },
        { first: 1, last: 0 },
      ]);
      expect(await log.append(0, Uint8Array.of(1))).toBe(7);
    }
    await using again = await openEmbeddedLog({ dir, begins: [3, 3] });
    expect(await again.bounds(0)).toEqual({ first: 7, last: 7 });
    expect(await again.bounds(1)).toEqual({ first: 1, last: 0 });
    await expect(again.read(0, 6, { bytes: 1 })).rejects.toThrow(LogPositionGone);
  });

  it('a write that fails is its own appends’ loss only: the log is opened anew and goes on', async () => {
    await using harness = await makeHarness();
    const failures = ['IO error: 000005.log: No space left on device', 'IO error: 000007.log: Input/output error'];
    let opened = 0;
    const open: typeof openLevel = async (dir, tuning) => {
      const level = await openLevel(dir, tuning);
      opened++;
      const write = level.batch.bind(level) as (operations: unknown, options: unknown) => Promise<void>;
      let writes = 0;
      const batch = (operations: unknown, options: unknown): Promise<void> => {
        writes++;
        const failure = writes === 2 ? failures.shift() : undefined;
        return failure === undefined ? write(operations, options) : Promise.reject(new Error(failure));
      };
      return Object.assign(level, { batch });
    };
    await using log = await openEmbeddedLog({ dir: harness.dir, partitions: 1 }, open);
    expect(await log.append(0, recordOf(1))).toBe(1);
    const full = log.append(0, recordOf(2));
    await expect(full).rejects.toThrow(LogFull);
    await expect(full).rejects.toThrow('No space left');
    expect(await log.read(0, 1, { bytes: 100 })).toHaveLength(1);
    expect(await log.append(0, recordOf(3))).toBe(2);
    await expect(log.append(0, recordOf(4))).rejects.toThrow(StoreUnavailable);
    expect(await log.append(0, recordOf(5))).toBe(3);
    expect(opened).toBe(3);
    expect((await readAll(log, 0)).map(numberOf)).toEqual([1, 3, 5]);
  });
});
