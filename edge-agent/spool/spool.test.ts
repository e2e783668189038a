import { describe, expect, it, vi } from 'vitest';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import type { SpoolItem } from './entry.ts';
import { ENTRY_OVERHEAD_BYTES, RELEASES_UNWRITTEN_MAX, SPOOL_BYTES_MIN, SPOOL_CACHE_BYTES_MAX } from './limits.ts';
import { Spool } from './spool.ts';

const PREFIX = Uint8Array.of(1, 2);
const NEVER = new AbortController().signal;

const open = (table: MemoryTable, bytesMax = SPOOL_BYTES_MIN): Promise<Spool> =>
  Spool.open(table, { bytesMax, prefix: PREFIX });

async function put(table: MemoryTable, spool: Spool, items: readonly SpoolItem[]): Promise<void> {
  await table.write(spool.stage(items), { sync: true });
  spool.committed(items);
}

const frames = (count: number, bytes: number, from = 1, incarnation = 1): SpoolItem[] =>
  Array.from({ length: count }, (_, i) => ({
    channel: 'frame',
    incarnation,
    sequence: from + i,
    bytes: new Uint8Array(bytes),
  }));

describe('the spool', () => {
  it('says when it is full, and when there is room again', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    const fit = Math.floor(SPOOL_BYTES_MIN / (500_000 + ENTRY_OVERHEAD_BYTES));
    await put(table, spool, frames(fit, 500_000));
    expect(spool.hasRoom()).toBe(false);
    expect(spool.hasRoom(1_000)).toBe(true);
    let room = false;
    const waiting = spool.whenRoom(NEVER).then(() => (room = true));
    await Promise.resolve();
    expect(room).toBe(false);
    spool.release(1);
    await waiting;
    expect(spool.hasRoom()).toBe(true);
  });

  it('never deletes what is not released, also beyond its budget', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    for (let from = 1; from <= 20; from++) await put(table, spool, frames(1, 500_000, from));
    expect(spool.keptBytes).toBeGreaterThan(SPOOL_BYTES_MIN);
    expect((await open(table.crash())).unreleasedCount).toBe(20);
  });

  it('gives what is released and kept, frames alone, as far as they are wanted', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    const report: SpoolItem = { channel: 'refused', incarnation: 1, sequence: 2, bytes: new Uint8Array(5) };
    await put(table, spool, [...frames(2, 10), report, ...frames(3, 10, 3)]);
    for (let place = 1; place <= 4; place++) spool.release(place);
    // Out of order: place 5 is not released.
    spool.release(6);
    const { released } = spool;
    spool.release(5);
    const given: number[] = [];
    const isWanted = ({ sequence }: { readonly sequence: number }): boolean => sequence !== 3;
    for (
      let item = await spool.nextKept(0, released, isWanted);
      item;
      item = await spool.nextKept(item.place, released, isWanted)
    ) {
      given.push(item.sequence);
      expect(item.bytes).toHaveLength(10);
    }
    expect(given).toStrictEqual([1, 2, 5]);
    expect(await spool.nextKept(6, spool.released, isWanted)).toBe(undefined);
  });

  it('keeps what is released until its room is needed, and then lets the oldest go', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    await put(table, spool, frames(8, 500_000));
    for (let place = 1; place <= 8; place++) spool.release(place);
    expect(spool.keptBytes).toBe(8 * (500_000 + ENTRY_OVERHEAD_BYTES));
    await put(table, spool, frames(2, 500_000, 9));
    expect(spool.keptBytes).toBe(8 * (500_000 + ENTRY_OVERHEAD_BYTES));
    // Two keys for each of eight, and the place up to which all is released.
    expect(table.size).toBe(8 * 2 + 1);
  });

  it('writes releases down now and then, and at the latest when it is flushed', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    const count = RELEASES_UNWRITTEN_MAX + 5;
    await put(table, spool, frames(count, 1));
    const afterKill = async (): Promise<number> => (await open(table.kill())).unreleasedCount;
    for (let place = 1; place < RELEASES_UNWRITTEN_MAX; place++) spool.release(place);
    expect(await afterKill()).toBe(count);
    spool.release(RELEASES_UNWRITTEN_MAX);
    await vi.waitUntil(async () => (await afterKill()) === 5);
    spool.release(RELEASES_UNWRITTEN_MAX + 1);
    await spool.flush();
    expect(await afterKill()).toBe(4);
    // A loss of power takes what was not synced; the frames are sent again.
    expect((await open(table.crash())).unreleasedCount).toBe(count);
  });

  it('gives from the table what does not fit into memory', async () => {
    const table = new MemoryTable();
    const bytesMax = 4 * SPOOL_CACHE_BYTES_MAX;
    const spool = await open(table, bytesMax);
    const count = Math.floor(SPOOL_CACHE_BYTES_MAX / 500_000) + 10;
    for (let from = 1; from <= count; from++) await put(table, spool, frames(1, 500_000, from));
    const seen: number[] = [];
    for (let item = await spool.next(0); item !== undefined; item = await spool.next(item.place)) {
      seen.push(item.sequence);
      spool.release(item.place);
    }
    expect(seen).toStrictEqual(Array.from({ length: count }, (_, i) => i + 1));
    await spool.whenDrained(NEVER);
  });

  it('wakes who waits for the next item, and for the last', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    await spool.whenDrained(NEVER);
    const next = spool.whenNext(0, NEVER);
    await put(table, spool, frames(1, 5));
    await next;
    const drained = spool.whenDrained(NEVER);
    spool.release(1);
    spool.release(1);
    spool.release(77);
    await drained;
    const impatient = new AbortController();
    const waiting = spool.whenNext(1, impatient.signal);
    impatient.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(spool.whenRoom(impatient.signal)).rejects.toThrow('enough');
  });

  it('remembers the highest numbers of the two newest incarnations, whatever was released', async () => {
    const table = new MemoryTable();
    const spool = await open(table);
    await put(table, spool, frames(3, 1, 1, 1));
    await put(table, spool, frames(2, 1, 1, 2));
    await put(table, spool, [
      ...frames(4, 1, 1, 3),
      { channel: 'refused', incarnation: 3, sequence: 99, bytes: new Uint8Array(1) },
    ]);
    for (let place = 1; place <= 10; place++) spool.release(place);
    await spool.flush();
    const heads = [
      { incarnation: 2, highestSequence: 2 },
      { incarnation: 3, highestSequence: 4 },
    ];
    expect(spool.heads()).toStrictEqual(heads);
    expect((await open(table.kill())).heads()).toStrictEqual(heads);
  });
});
