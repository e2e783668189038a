import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { LogPositionAhead, LogPositionGone } from '#backbone/log/log-errors.ts';
import type { Log } from '#backbone/log/log.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { ArchiveSeamBroken } from './archive-errors.ts';
import { Archive } from './archive.ts';
import { LogTrimmer } from './log-trimmer.ts';
import { refillLog } from './refill-log.ts';
import { WholeLog } from './whole-log.ts';

const never = new AbortController().signal;
const FOREVER = Number.POSITIVE_INFINITY;

/** A record that says when it was received: a minute for each position. */
function recordOf(position: number, bytes = 0): Uint8Array {
  const heartbeat = { incarnation: 1, highestSequence: position, watermarkMs: null, closed: false } as const;
  if (bytes === 0) return encodeRecord({ kind: 'heartbeat', agent: 'a', atMs: position * 60_000, heartbeat });
  const frame = Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + position * 17 + ((i * i) >> 3)) & 0xff);
  return encodeRecord({ kind: 'frame', agent: 'a', atMs: position * 60_000, verdict: { kind: 'accepted' }, frame });
}

interface Opened {
  readonly dir: string;
  readonly log: Log;
  readonly archive: Archive;
}

/** A log of so many records, of which the archive has those that are there now. */
async function opened(stack: AsyncDisposableStack, records: number, recordBytes = 0): Promise<Opened> {
  const { dir } = stack.use(await makeTemporaryDirectory('trimmer'));
  const log = stack.use(await openEmbeddedLog({ dir: join(dir, 'log'), partitions: 1 }));
  const archive = stack.use(await Archive.open({ dir: join(dir, 'archive'), log, segmentBytesMax: 500_000 }));
  void archive.run().catch(() => undefined);
  for (let n = 1; n <= records; n++) await log.append(0, recordOf(n, recordBytes));
  await archive.whenArchived(0, records, never);
  return { dir, log, archive };
}

function trimmer({ log, archive }: Opened, keptMs: number, readTo = FOREVER, nowMs = 0): LogTrimmer {
  return new LogTrimmer(log, archive, { keptMs, readTo: () => readTo }, () => nowMs);
}

async function positionsFrom(log: Log, from: number, to: number): Promise<number[]> {
  const positions: number[] = [];
  const stop = new AbortController();
  for await (const entries of log.follow(0, from, { signal: stop.signal, bytesMax: 700 })) {
    for (const { position, bytes } of entries) {
      expect(Buffer.compare(bytes, recordOf(position))).toBe(0);
      positions.push(position);
    }
    if (positions.at(-1)! >= to) stop.abort();
  }
  return positions;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a log behind its archive', () => {
  it('lets go of what is archived and read, but for the last of it', async () => {
    await using stack = new AsyncDisposableStack();
    const all = await opened(stack, 300);
    await trimmer(all, 0, 120).trim();
    expect(await all.log.bounds(0)).toEqual({ first: 120, last: 300 });
    await trimmer(all, 0).trim();
    expect(await all.log.bounds(0)).toEqual({ first: 300, last: 300 });
  });

  it('keeps what is younger than it is kept, and all where it is kept for ever', async () => {
    await using stack = new AsyncDisposableStack();
    const all = await opened(stack, 300);
    await trimmer(all, FOREVER).trim();
    expect((await all.log.bounds(0)).first).toBe(1);
    await trimmer(all, 100 * 60_000, FOREVER, 300 * 60_000).trim();
    expect((await all.log.bounds(0)).first).toBe(200);
    await trimmer(all, 100 * 60_000, 150, 900 * 60_000).trim();
    expect((await all.log.bounds(0)).first).toBe(200);
  });

  it('gives the disk back what it let go of', async () => {
    await using stack = new AsyncDisposableStack();
    const all = await opened(stack, 300, 100_000);
    await trimmer(all, 0).trim(40_000_000);
    expect((await all.log.bounds(0)).first).toBe(1);
    await trimmer(all, 0).trim(20_000_000);
    const db = join(all.dir, 'log', 'db');
    // A table that was merged into another one is removed a moment later.
    await expect
      .poll(async () => {
        const sizes = await Promise.all((await readdir(db)).map(async (name) => (await stat(join(db, name))).size));
        return sizes.reduce((sum, size) => sum + size, 0);
      })
      .toBeLessThan(3_000_000);
  });

  it('is one with it for who reads from the first record on, also while it is trimmed', async () => {
    await using stack = new AsyncDisposableStack();
    const all = await opened(stack, 300);
    const whole = new WholeLog(all.log, all.archive);
    const followed = positionsFrom(whole, 1, 310);
    await trimmer(all, 0).trim();
    await expect(all.log.read(0, 299, { bytes: 1 })).rejects.toThrow(LogPositionGone);
    for (let n = 301; n <= 310; n++) await whole.append(0, recordOf(n));
    expect(await followed).toEqual(range(1, 310));
    expect(await positionsFrom(whole, 297, 310)).toEqual(range(297, 310));
    expect(await whole.bounds(0)).toEqual({ first: 1, last: 310 });
    const few = await whole.read(0, 7, { bytes: 2 * recordOf(7).length + 1 });
    expect(few.map(({ position }) => position)).toEqual([7, 8]);
    await expect(whole.read(0, 312, { bytes: 1 })).rejects.toThrow(LogPositionAhead);
  });

  it('that was set back gets its tail again, and an archive that was set back or lost is told', async () => {
    await using stack = new AsyncDisposableStack();
    const all = await opened(stack, 300);
    await trimmer(all, 0).trim();
    const restored = join(all.dir, 'restored');
    const { generation } = all.log;
    {
      await using older = await openEmbeddedLog({ dir: restored, partitions: 1, generation });
      for (let n = 1; n <= 250; n++) await older.append(0, recordOf(n));
      await older.trim(0, 200);
      expect(await refillLog(older, all.archive)).toEqual([{ partition: 0, from: 251, to: 300 }]);
      expect(await older.bounds(0)).toEqual({ first: 200, last: 300 });
    }
    await using empty = await Archive.open({ dir: join(all.dir, 'empty'), log: all.log });
    await expect(empty.run()).rejects.toThrow(ArchiveSeamBroken);
    await expect(empty.run()).rejects.toThrow('the log begins at 300');
  });
});
