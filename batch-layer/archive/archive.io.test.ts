import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { DirectoryUnusable, NewerFormat, StoreUnavailable } from '#backbone/storage-errors.ts';
import { linesUntilKilled } from '#tooling/processes/node-process.ts';
import { ArchiveDamaged, ArchiveOfAnotherLog, ArchiveSeamBroken, NotArchived } from './archive-errors.ts';
import { Archive } from './archive.ts';
import { PartitionArchive } from './partition-archive.ts';
import { refillLog } from './refill-log.ts';
import { RECORD_HEAD_BYTES, writeRecord } from './segment-format.ts';

const never = new AbortController().signal;

/** Bytes that differ from record to record, of lengths from 1 to 500. */
function recordOf(n: number): Uint8Array {
  return Uint8Array.from({ length: 1 + ((n * 37) % 500) }, (_, i) => (n * 7 + i * 13) & 0xff);
}

async function temporaryDir(stack: AsyncDisposableStack): Promise<string> {
  return stack.use(await makeTemporaryDirectory('archive')).dir;
}

interface OpenedLog {
  readonly dir: string;
  readonly log: Log;
}

/** A log to be archived, in a folder of its own. */
async function openLog(stack: AsyncDisposableStack, partitions = 1): Promise<OpenedLog> {
  const dir = await temporaryDir(stack);
  return { dir, log: stack.use(await openEmbeddedLog({ dir: join(dir, 'log'), partitions })) };
}

async function fill(log: Log, partition: number, from: number, to: number): Promise<void> {
  await Promise.all(Array.from({ length: to - from + 1 }, (_, i) => log.append(partition, recordOf(from + i))));
}

/** Opens the archive, lets it follow the log to its end, and gives it to `use`. */
async function archived<T>(log: Log, dir: string, use: (archive: Archive) => Promise<T>): Promise<T> {
  await using archive = await Archive.open({ dir, log, segmentBytesMax: 20_000 });
  const running = archive.run();
  running.catch(() => undefined);
  for (let partition = 0; partition < log.partitions; partition++) {
    const { last } = await log.bounds(partition);
    await Promise.race([archive.whenArchived(partition, last, never), running]);
  }
  return await use(archive);
}

/** Fills the first partition and has it archived beside the log. */
async function fillAndArchive({ dir, log }: OpenedLog, from: number, to: number): Promise<void> {
  await fill(log, 0, from, to);
  await archived(log, join(dir, 'archive'), () => Promise.resolve());
}

async function positionsOf(archive: Archive, partition: number, from: number, to: number): Promise<number[]> {
  const positions: number[] = [];
  for await (const { entries } of archive.read(partition, from, to)) {
    for (const { position, bytes } of entries) {
      expect(bytes).toEqual(recordOf(position));
      positions.push(position);
    }
  }
  return positions;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('the archive', () => {
  it('the archive holds every record of the log byte for byte, in sealed segments, and goes on after it is reopened', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack, 2);
    await fill(log, 0, 1, 400);
    await fill(log, 1, 1, 3);
    const archiveDir = join(dir, 'archive');
    await archived(log, archiveDir, async (archive) => {
      expect(await positionsOf(archive, 0, 1, 400)).toEqual(range(1, 400));
      expect(await positionsOf(archive, 0, 130, 131)).toEqual([130, 131]);
      expect(await positionsOf(archive, 1, 1, 3)).toEqual([1, 2, 3]);
      await expect(positionsOf(archive, 1, 1, 4)).rejects.toThrow(NotArchived);
    });
    await fill(log, 0, 401, 700);
    await archived(log, archiveDir, async (archive) => {
      expect(archive.archivedTo(0)).toBe(700);
      expect(await positionsOf(archive, 0, 1, 700)).toEqual(range(1, 700));
      // The record bytes after 650 are those of 50 records, less or more by what the index skips over.
      expect(archive.bytesAfter(0, 650)).toBeGreaterThan(50 * 16);
      expect(archive.bytesAfter(0, 650)).toBeLessThan(archive.bytesAfter(0, 0) / 3);
    });
    expect((await readdir(join(archiveDir, '0'))).length).toBeGreaterThan(2);
  });

  it('a torn tail is cut off at the last whole record and read again from the log', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fillAndArchive({ dir, log }, 1, 60);
    const path = join(dir, 'archive', '0', '1.seg');
    const whole = await readFile(path);
    for (const tear of ['cut', 'garbage', 'zeros', 'header'] as const) {
      await writeFile(path, whole);
      if (tear === 'cut') await truncate(path, whole.length - 3);
      else if (tear === 'garbage') await appendFile(path, recordOf(99));
      else if (tear === 'zeros') await appendFile(path, new Uint8Array(100));
      else await truncate(path, 11);
      await using reopened = await Archive.open({ dir: join(dir, 'archive'), log });
      const expected = tear === 'header' ? 0 : tear === 'cut' ? 59 : 60;
      expect({ tear, archivedTo: reopened.archivedTo(0) }).toEqual({ tear, archivedTo: expected });
      const running = reopened.run();
      await Promise.race([reopened.whenArchived(0, 60, never), running]);
      expect(Buffer.compare(await readFile(path), whole)).toBe(0);
    }
  });

  it('a footer that a crash cut off is written again', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fillAndArchive({ dir, log }, 1, 200);
    await fillAndArchive({ dir, log }, 201, 201);
    const folder = join(dir, 'archive', '0');
    const firsts = (await readdir(folder)).map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
    await rm(join(folder, `${firsts.at(-1)}.seg`));
    const path = join(folder, `${firsts.at(-2)}.seg`);
    const { size } = await stat(path);
    await truncate(path, size - 5);
    await archived(log, join(dir, 'archive'), async (archive) => {
      expect(await positionsOf(archive, 0, 1, 201)).toEqual(range(1, 201));
    });
    expect((await stat(path)).size).toBe(size);
  });

  it('an archive killed while it writes has every record that it called archived, and goes on', async () => {
    await using stack = new AsyncDisposableStack();
    const dir = await temporaryDir(stack);
    const follower = new URL('./archive-follower.child.ts', import.meta.url);
    for (const enough of [5, 40]) {
      let count = 0;
      const lines = await linesUntilKilled(follower, [dir], () => ++count === enough);
      const told = Number(lines.findLast((line) => /^\d+$/.test(line)));
      await using log = await openEmbeddedLog({ dir: join(dir, 'log') });
      await using archive = await Archive.open({ dir: join(dir, 'archive'), log, segmentBytesMax: 20_000 });
      // A torn line may name more than was told, never a whole one.
      expect(archive.archivedTo(0)).toBeGreaterThanOrEqual(told);
      const { last } = await log.bounds(0);
      const running = archive.run();
      await Promise.race([archive.whenArchived(0, last, never), running]);
      const inLog = await log.read(0, 1, { bytes: 100_000_000 });
      let next = 0;
      for await (const { entries } of archive.read(0, 1, last)) {
        for (const { position, bytes } of entries) expect({ position, bytes }).toEqual(inLog[next++]);
      }
      expect(next).toBe(last);
    }
  });

  it('goes on by itself once the disk has failed, from what had reached it', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fill(log, 0, 1, 60);
    const archiveDir = join(dir, 'archive');
    const failures: unknown[] = [];
    // What has the name of the next segment is in its way.
    const obstacle = join(archiveDir, '0', '1.seg');
    await using archive = await Archive.open({
      dir: archiveDir,
      log,
      segmentBytesMax: 5_000,
      pauseMs: 1,
      failed: (failure) => {
        failures.push(failure);
        if (failures.length === 3) void rm(obstacle, { recursive: true });
      },
    });
    await mkdir(obstacle);
    const running = archive.run();
    await expect(archive.whenArchived(0, 60, never)).rejects.toThrow('EEXIST');
    await expect.poll(() => archive.archivedTo(0), { timeout: 5000 }).toBe(60);
    expect(await positionsOf(archive, 0, 1, 60)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(failures.length).toBeGreaterThanOrEqual(3);
    await archive[Symbol.asyncDispose]();
    await running;
  });

  it('says which directory fails where it is to end meanwhile', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fill(log, 0, 1, 3);
    const archiveDir = join(dir, 'archive');
    const stop = new AbortController();
    await using archive = await Archive.open({ dir: archiveDir, log, failed: () => stop.abort() });
    await mkdir(join(archiveDir, '0', '1.seg'));
    await expect(archive.run(stop.signal)).rejects.toThrow(`The directory ${archiveDir} can't be used`);
  });

  it('opened again it has only what had reached the disk, and the rest once more', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fill(log, 0, 1, 60);
    const owner = { generation: log.generation, partition: 0 };
    const first = await PartitionArchive.open(dir, owner, 5_000);
    const stop = new AbortController();
    const running = first.run(log, stop.signal);
    await first.whenArchived(60, never);
    stop.abort();
    await running;
    // Whole, but never synced: a later look at the file finds it, though the disk may not have it.
    const unsynced = new Uint8Array(RECORD_HEAD_BYTES + recordOf(61).length);
    writeRecord(unsynced, 0, 61, recordOf(61));
    const firsts = (await readdir(join(dir, '0'))).map((name) => Number.parseInt(name, 10));
    await appendFile(join(dir, '0', `${Math.max(...firsts)}.seg`), unsynced);
    const again = await first.openAgain(new Error('the disk has failed'));
    expect(again.archivedTo).toBe(60);
    await again.close();
  });

  it('a segment and an archive of a newer format are refused by name and left as they are', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fillAndArchive({ dir, log }, 1, 3);
    const path = join(dir, 'archive', '0', '1.seg');
    const file = await open(path, 'r+');
    await file.write(Uint8Array.of(3), 0, 1, 4);
    await file.close();
    const bytes = await readFile(path);
    await expect(Archive.open({ dir: join(dir, 'archive'), log })).rejects.toThrow(NewerFormat);
    expect(await readFile(path)).toEqual(bytes);
    const marker = join(dir, 'archive', 'weir.json');
    await writeFile(marker, (await readFile(marker, 'utf8')).replace('"format":1', '"format":2'));
    await expect(Archive.open({ dir: join(dir, 'archive'), log })).rejects.toThrow(NewerFormat);
  });

  it('a segment that is not there any more, or fails to be read, is told by a sentence', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fillAndArchive({ dir, log }, 1, 3);
    await using archive = await Archive.open({ dir: join(dir, 'archive'), log });
    const path = join(dir, 'archive', '0', '1.seg');
    await rm(path);
    await expect(positionsOf(archive, 0, 1, 3)).rejects.toThrow(DirectoryUnusable);
    await mkdir(path);
    await expect(positionsOf(archive, 0, 1, 3)).rejects.toThrow(StoreUnavailable);
  });

  it('a log that was restored from an older copy gets its tail back, as it was', async () => {
    await using stack = new AsyncDisposableStack();
    const dir = await temporaryDir(stack);
    const [place, copy, archive] = ['log', 'copy', 'archive'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    const opened = () => openEmbeddedLog({ dir: place, partitions: 2 });
    const withLog = async <T>(use: (log: Log) => Promise<T>): Promise<T> => {
      await using log = await opened();
      return await use(log);
    };
    const refilled = (log: Log) => archived(log, archive, (one) => refillLog(log, one));
    await withLog((log) => fill(log, 0, 1, 3));
    await cp(place, copy, { recursive: true });
    await withLog(async (log) => {
      await fill(log, 0, 4, 9);
      await fill(log, 1, 1, 2);
      expect(await refilled(log)).toEqual([]);
    });
    await rm(place, { recursive: true });
    await cp(copy, place, { recursive: true });
    await withLog(async (log) => {
      await using stored = await Archive.open({ dir: archive, log });
      expect(await refillLog(log, stored)).toEqual([
        { partition: 0, from: 4, to: 9 },
        { partition: 1, from: 1, to: 2 },
      ]);
      expect((await log.read(0, 1, { bytes: 1e6 })).map(({ bytes }) => bytes)).toEqual(
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map(recordOf),
      );
    });
    await rm(place, { recursive: true });
    await cp(copy, place, { recursive: true });
    await withLog(async (log) => {
      await log.append(0, recordOf(77));
      await using stored = await Archive.open({ dir: archive, log });
      await expect(refillLog(log, stored)).rejects.toThrow(ArchiveSeamBroken);
      expect((await log.bounds(0)).last).toBe(4);
    });
  });

  it('is copied up to its positions while it grows, and the log is made again of the copy', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack, 2);
    await fill(log, 0, 1, 300);
    const { positions, files } = await archived(log, join(dir, 'archive'), (archive) => archive.files());
    expect(positions).toEqual([300, 0]);
    expect(files.length).toBeGreaterThan(2);
    await fillAndArchive({ dir, log }, 301, 600);
    const copy = await openLog(stack);
    for (const { name, path, bytes } of files) {
      await mkdir(join(copy.dir, 'archive', '0'), { recursive: true });
      await writeFile(join(copy.dir, 'archive', name), (await readFile(path)).subarray(0, bytes));
    }
    const again = stack.use(
      await openEmbeddedLog({ dir: join(copy.dir, 'again'), partitions: 2, generation: log.generation }),
    );
    await using archive = await Archive.open({ dir: join(copy.dir, 'archive'), log: again });
    expect(await refillLog(again, archive)).toEqual([{ partition: 0, from: 1, to: 300 }]);
    const entries = await again.read(0, 1, { bytes: 1_000_000 });
    expect(entries.map(({ bytes }) => bytes)).toEqual(range(1, 300).map(recordOf));
  });

  it('an archive refuses another log, and a log that lost or changed what is archived', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fillAndArchive({ dir, log }, 1, 3);
    await using other = await openEmbeddedLog({ dir: join(dir, 'other'), partitions: 1 });
    await expect(Archive.open({ dir: join(dir, 'archive'), log: other })).rejects.toThrow(ArchiveOfAnotherLog);

    const posingAs = (generation: string, records: Log): Log =>
      new Proxy(records, {
        get: (target, key) => {
          if (key === 'generation') return generation;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    await fill(other, 0, 1, 2);
    await using shorter = await Archive.open({ dir: join(dir, 'archive'), log: posingAs(log.generation, other) });
    await expect(shorter.run()).rejects.toThrow(ArchiveSeamBroken);
    await other.append(0, Uint8Array.of(1, 2, 3));
    await using changed = await Archive.open({ dir: join(dir, 'archive'), log: posingAs(log.generation, other) });
    await expect(changed.run()).rejects.toThrow('another record at that position');
  });

  it('a sealed segment with a changed record is damaged, and a missing one too', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log } = await openLog(stack);
    await fillAndArchive({ dir, log }, 1, 200);
    await fillAndArchive({ dir, log }, 201, 260);
    const path = join(dir, 'archive', '0', '1.seg');
    await mkdir(join(dir, 'kept'));
    await copyFile(path, join(dir, 'kept', '1.seg'));
    const file = await open(path, 'r+');
    await file.write(Uint8Array.of(0xee, 0xee), 0, 2, 5000);
    await file.close();
    await using archive = await Archive.open({ dir: join(dir, 'archive'), log });
    await expect(positionsOf(archive, 0, 1, 200)).rejects.toThrow(ArchiveDamaged);
    await rm(path);
    await expect(Archive.open({ dir: join(dir, 'archive'), log })).rejects.toThrow(ArchiveDamaged);
  });
});
