import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { FrameSource } from '../recompute/frame-source.ts';
import { ArchiveDamaged } from './archive-errors.ts';
import { Archive } from './archive.ts';
import { compactSegment } from './compact-segment.ts';
import { readBlocksOf, type SegmentBlock } from './segment-blocks.ts';

const never = new AbortController().signal;
const RECORDS = 400;
/** So little that a segment has several blocks. */
const BLOCK_BYTES = 1_500;

/** What an agent says each minute, and now and then something that is no record. */
function recordOf(position: number): Uint8Array {
  if (position % 50 === 0) return Uint8Array.from({ length: 60 }, (_, i) => (position * 7 + i * i) & 0xff);
  const heartbeat = { incarnation: 1, highestSequence: position, watermarkMs: position * 60_000, closed: false };
  return encodeRecord({ kind: 'heartbeat', agent: 'roof-1', atMs: position * 60_000 + 17, heartbeat });
}

interface Opened {
  readonly dir: string;
  readonly log: Log;
  readonly archive: Archive;
}

async function open(dir: string, log: Log): Promise<Archive> {
  return Archive.open({ dir: join(dir, 'archive'), log, segmentBytesMax: 10_000 });
}

async function opened(stack: AsyncDisposableStack): Promise<Opened> {
  const { dir } = stack.use(await makeTemporaryDirectory('compacted'));
  const log = stack.use(await openEmbeddedLog({ dir: join(dir, 'log'), partitions: 1 }));
  for (let n = 1; n <= RECORDS; n++) await log.append(0, recordOf(n));
  const archive = stack.use(await open(dir, log));
  void archive.run().catch(() => undefined);
  await archive.whenArchived(0, RECORDS, never);
  return { dir, log, archive };
}

async function compactAll(archive: Archive, segments: number, blockBytes?: number): Promise<void> {
  for (let i = 0; i < segments; i++) await archive.compact((job) => Promise.resolve(compactSegment(job, blockBytes)));
}

/** Reads positions from the archive, and gives the places of their bytes. */
async function placesIn(archive: Archive, from: number, to: number): Promise<Map<number, readonly [string, number]>> {
  const places = new Map<number, readonly [string, number]>();
  for await (const { path, entries } of archive.read(0, from, to)) {
    for (const { position, bytes, at } of entries) {
      expect(Buffer.compare(bytes, recordOf(position))).toBe(0);
      places.set(position, [path, at]);
    }
  }
  expect([...places.keys()]).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i));
  return places;
}

async function sizesIn(dir: string): Promise<number[]> {
  const folder = join(dir, 'archive', '0');
  const names = (await readdir(folder)).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return Promise.all(names.map(async (name) => (await readFile(join(folder, name))).length));
}

async function blocksOf(path: string): Promise<readonly SegmentBlock[]> {
  const file = await readFile(path);
  const read = (at: number, length: number): Promise<Uint8Array> => Promise.resolve(file.subarray(at, at + length));
  return (await readBlocksOf(read, path)).blocks;
}

describe('a compacted archive', () => {
  it('has the same records at the same places, in a tenth of the bytes, and goes on after it is opened again', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log, archive } = await opened(stack);
    const before = await placesIn(archive, 1, RECORDS);
    const beforeBytes = [0, 170, 399].map((position) => archive.bytesAfter(0, position));
    const [first] = await sizesIn(dir);
    // A reader goes on in what was there when it began.
    const reader = archive.read(0, 1, RECORDS)[Symbol.asyncIterator]();
    await reader.next();
    await compactAll(archive, 10);
    let read = 1;
    while ((await reader.next()).done !== true) read++;
    expect(read).toBeGreaterThan(2);
    expect((await sizesIn(dir))[0]! * 10).toBeLessThan(first!);
    expect(await placesIn(archive, 1, RECORDS)).toEqual(before);
    await placesIn(archive, 64, 65);
    await placesIn(archive, 131, 290);
    using source = new FrameSource([...new Set([...before.values()].map(([path]) => path))]);
    const files = [...new Set([...before.values()].map(([path]) => path))];
    for (const position of [399, 3, 120, 121, 250]) {
      const [path, at] = before.get(position)!;
      const bytes = source.frame(files.indexOf(path), at, recordOf(position).length);
      expect(Buffer.compare(bytes, recordOf(position))).toBe(0);
    }
    await archive[Symbol.asyncDispose]();
    await using again = await open(dir, log);
    expect([0, 170, 399].map((position) => again.bytesAfter(0, position))).toEqual(beforeBytes);
    expect(await placesIn(again, 1, RECORDS)).toEqual(before);
    void again.run().catch(() => undefined);
    await log.append(0, recordOf(RECORDS + 1));
    await again.whenArchived(0, RECORDS + 1, never);
    await placesIn(again, 390, RECORDS + 1);
  });

  it('has the same records at the same places where its segments have several blocks', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log, archive } = await opened(stack);
    const before = await placesIn(archive, 1, RECORDS);
    await compactAll(archive, 10, BLOCK_BYTES);
    const blocks = await blocksOf(join(dir, 'archive', '0', '1.seg'));
    expect(blocks.length).toBeGreaterThan(4);
    for (const [i, { end }] of blocks.slice(0, -1).entries()) expect(blocks[i + 1]!.begin).toBe(end);
    expect(await placesIn(archive, 1, RECORDS)).toEqual(before);
    for (let from = 1; from < RECORDS; from += 7) await placesIn(archive, from, Math.min(RECORDS, from + 20));
    const files = [...new Set([...before.values()].map(([path]) => path))];
    using source = new FrameSource(files);
    for (let position = 1; position <= RECORDS; position++) {
      const [path, at] = before.get(position)!;
      const bytes = source.frame(files.indexOf(path), at, recordOf(position).length);
      expect(Buffer.compare(bytes, recordOf(position))).toBe(0);
    }
    await archive[Symbol.asyncDispose]();
    await using again = await open(dir, log);
    expect(await placesIn(again, 1, RECORDS)).toEqual(before);
  });

  it('is one or the other, whole, wherever a crash came, and is compacted in the end', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log, archive } = await opened(stack);
    await archive[Symbol.asyncDispose]();
    const plain = join(dir, 'plain');
    await cp(join(dir, 'archive'), plain, { recursive: true });
    const path = join(dir, 'archive', '0', '1.seg');
    const target = join(dir, 'made.seg');
    const made = compactSegment({ path, target })!;
    expect(made.after).toBe((await readFile(target)).length);
    for (const crash of ['while it writes', 'before it is named', 'after it is named']) {
      await cp(plain, join(dir, 'archive'), { recursive: true, force: true });
      const half = (await readFile(target)).subarray(0, made.after / 2);
      const scratch = join(dir, 'archive', 'scratch');
      await cp(join(dir, 'archive', '0'), join(scratch, 'x'), { recursive: true });
      if (crash === 'after it is named') await cp(target, path, { force: true });
      else
        await writeFile(
          join(scratch, 'x', 'compacted.seg'),
          crash === 'while it writes' ? half : await readFile(target),
        );
      await using again = await open(dir, log);
      await placesIn(again, 1, RECORDS);
      await compactAll(again, 10);
      await placesIn(again, 1, RECORDS);
      expect(Buffer.compare(await readFile(path), await readFile(target))).toBe(0);
      expect(await readdir(join(dir, 'archive'))).toEqual(expect.arrayContaining(['0', 'weir.json']));
    }
  });

  it('tells of every byte that is damaged, and is found damaged where a plain one is', async () => {
    await using stack = new AsyncDisposableStack();
    const { dir, log, archive } = await opened(stack);
    const path = join(dir, 'archive', '0', '1.seg');
    await compactAll(archive, 1);
    await archive[Symbol.asyncDispose]();
    const good = await readFile(path);
    for (let at = 0; at < good.length; at += at < 200 ? 1 : 7) {
      if (at === 6 || at === 7) continue;
      const bad = Uint8Array.from(good);
      bad[at]! ^= 0x40;
      await writeFile(path, bad);
      const read = async (): Promise<void> => {
        await using again = await open(dir, log);
        await placesIn(again, 1, RECORDS);
      };
      await expect(read(), `byte ${at}`).rejects.toThrow(/segment|archive/);
    }
    await writeFile(path, good.subarray(0, good.length - 1));
    await using again = await open(dir, log);
    await expect(placesIn(again, 1, 50)).rejects.toThrow(ArchiveDamaged);
  });
});
