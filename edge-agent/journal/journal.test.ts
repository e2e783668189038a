import { describe, expect, it } from 'vitest';
import { joinKeys, prefixRange, stringKey, uintKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import type { TakenReadings } from '../accept/amend.ts';
import { chunkEnds, chunksOf, decodeChunk, encodeChunks } from './chunk-codec.ts';
import { CHANGES_FILED_MAX, type ChunkSeries, Journal, mayForget } from './journal.ts';

function taken(rows: readonly (readonly [entry: number, timeMs: number, value: number])[]): TakenReadings {
  return {
    count: rows.length,
    entry: Int32Array.from(rows, ([entry]) => entry),
    timeMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    value: Float64Array.from(rows, ([, , value]) => value),
  };
}

const open = (
  table: MemoryTable,
  given: { horizonMs?: number; readingsMax?: number; bytesMax?: number } = {},
): Promise<Journal> =>
  Journal.open({
    table,
    seriesOf: (entry) => entry,
    seriesCount: 1,
    repeatHorizonOf: () => given.horizonMs ?? null,
    readingsMax: given.readingsMax ?? 1_000,
    bytesMax: given.bytesMax ?? 1e9,
  });

/** Commits one reading of series 0 at a time, each in a frame at once. */
async function commitAll(journal: Journal, table: MemoryTable, times: readonly number[]): Promise<void> {
  for (const timeMs of times) {
    journal.series[0]!.append(timeMs, timeMs, 0);
    journal.series[0]!.sealedMs = timeMs;
    journal.took(taken([[0, timeMs, timeMs]]));
    const operations = journal.record(encodeChunks(taken([[0, timeMs, timeMs]]), 1), []);
    operations.push(...journal.trim(), ...journal.seals.record());
    await journal.lookAhead();
    await table.write(operations, { sync: true });
  }
}

const SECONDS = Array.from({ length: 200 }, (_, i) => i * 1_000);

async function bytesOn(table: MemoryTable, kind: string): Promise<number> {
  let bytes = 0;
  for await (const [, value] of table.scan(prefixRange(stringKey(kind)))) bytes += value.length;
  return bytes;
}

describe('a journal', () => {
  it('forgets the oldest where it would take more of the disk than it has', async () => {
    const table = new MemoryTable();
    const journal = await open(table, { bytesMax: 2_000 });
    await commitAll(journal, table, SECONDS);
    expect(journal.bytes).toBeLessThanOrEqual(2_000);
    expect(journal.bytes).toBe(await bytesOn(table, 'journal'));
    expect(journal.series[0]!.forgottenMs).toBeGreaterThan(0);
    expect((await open(table, { bytesMax: 2_000 })).bytes).toBe(journal.bytes);
  });

  it('keeps each changed value once, however often it is changed', async () => {
    const table = new MemoryTable();
    const journal = await open(table);
    await commitAll(journal, table, [0, 1_000, 2_000]);
    for (let i = 0; i < 3 * CHANGES_FILED_MAX; i++) {
      const timeMs = (i % 2) * 1_000;
      journal.series[0]!.values[timeMs / 1_000] = i;
      await table.write(journal.record([], [{ series: 0, timeMs, value: i }]), { sync: true });
    }
    const records = await Array.fromAsync(table.scan(prefixRange(stringKey('changed'))));
    expect(records.length).toBeLessThanOrEqual(CHANGES_FILED_MAX);
    expect(journal.bytes).toBe((await bytesOn(table, 'journal')) + (await bytesOn(table, 'changed')));
    const again = await open(table);
    expect(Array.from(again.series[0]!.values.slice(0, 3))).toEqual([
      3 * CHANGES_FILED_MAX - 2,
      3 * CHANGES_FILED_MAX - 1,
      2_000,
    ]);
    expect(again.bytes).toBe(journal.bytes);
  });

  it('opens what was written when forgotten readings were called released', async () => {
    const released = { releasedMs: 20, releasedValue: 2, lastMs: 30, lastValue: 3, entry: 0 };
    const sealed = new Uint8Array(Float64Array.of(30).buffer);
    const table = new MemoryTable();
    const put = (key: Uint8Array, value: Uint8Array) => ({ kind: 'put', key, value }) as const;
    await table.write(
      [
        put(joinKeys(stringKey('released'), uintKey(0)), Buffer.from(JSON.stringify(released))),
        put(stringKey('sealed'), sealed),
      ],
      { sync: true },
    );
    const [series] = (await open(table)).series;
    expect(series).toMatchObject({ length: 1, lastMs: 30, forgottenMs: 20, sealedMs: 30, tailStart: 1 });
    expect(series!.before(0)).toEqual({ timeMs: 20, value: 2 });
  });

  it('forgets the oldest readings when it has no room, a sixteenth of them at once', async () => {
    const table = new MemoryTable();
    const journal = await open(table, { readingsMax: 50 });
    await commitAll(journal, table, SECONDS);
    const { length, forgottenMs } = journal.series[0]!;
    // A commit or two more at the most, since what was looked at with one goes with the next.
    expect(length).toBeGreaterThanOrEqual(50 - 3);
    expect(length).toBeLessThanOrEqual(52);
    expect(forgottenMs).toBe((199 - length) * 1_000);
    // A chunk for each reading, and one record each of what is forgotten and what is sealed.
    expect(table.size).toBe(length + 2);
  });

  it('keeps the last chunk, however little room it has', async () => {
    const table = new MemoryTable();
    const journal = await open(table, { readingsMax: 0 });
    await commitAll(journal, table, SECONDS.slice(0, 5));
    // What was looked at with one commit goes with the next.
    for (let commit = 0; commit < 4; commit++) {
      await journal.lookAhead();
      await table.write(journal.trim(), { sync: true });
    }
    expect(table.size).toBe(1 + 2);
    expect((await open(table)).series[0]!).toMatchObject({ length: 1, lastMs: 4_000, forgottenMs: 3_000 });
  });

  it('forgets what lies beyond the horizon of its metric, and nothing else, though there is room', async () => {
    const table = new MemoryTable();
    const journal = await open(table, { horizonMs: 20_000 });
    await commitAll(journal, table, SECONDS);
    expect(journal.series[0]!.times[0]).toBeLessThanOrEqual(179_000);
    expect(journal.series[0]!.times[0]).toBeGreaterThanOrEqual(177_000);
    const all = await open(new MemoryTable());
    await commitAll(all, new MemoryTable(), SECONDS);
    expect(all.series[0]!.length).toBe(200);
  });

  it('lets go of changes with the chunk that they are filed under', async () => {
    const table = new MemoryTable();
    const journal = await open(table, { readingsMax: 50 });
    await commitAll(journal, table, SECONDS.slice(0, 10));
    await table.write(journal.record([], [{ series: 0, timeMs: 9_000, value: 77 }]), { sync: true });
    expect((await open(table)).series[0]!.valueAt(9_000)).toBe(77);
    await commitAll(journal, table, SECONDS.slice(10));
    expect(table.size).toBe(journal.series[0]!.length + 2);
  });

  it('needs no chunk for a batch of which nothing was taken', async () => {
    expect((await open(new MemoryTable())).record(encodeChunks(taken([]), 1), [])).toEqual([]);
  });
});

describe('chunks of readings', () => {
  it('hold runs of one entry in ascending order, and give back what was put in', () => {
    const [chunk] = encodeChunks(
      taken([
        [0, 10, 1],
        [0, 20, -2],
        [0, 15, 3],
        [1, 20, 4],
      ]),
      2,
    );
    expect(chunk!.count).toBe(4);
    expect(chunkEnds(chunk!.bytes)).toEqual([
      { entry: 0, lastMs: 20 },
      { entry: 0, lastMs: 15 },
      { entry: 1, lastMs: 20 },
    ]);
    expect(decodeChunk(chunk!.bytes)).toEqual([
      { entry: 0, times: Float64Array.of(10, 20), values: Float64Array.of(1, -2) },
      { entry: 0, times: Float64Array.of(15), values: Float64Array.of(3) },
      { entry: 1, times: Float64Array.of(20), values: Float64Array.of(4) },
    ]);
  });

  it('are as many as the largest frame asks for, in the order of the readings', () => {
    // Values without any order take all their digits.
    const value = (i: number): number => ((i * 2_654_435_761) % 4_294_967_296) * 1_000_003 - (i % 7);
    const rows = Array.from({ length: 150_000 }, (_, i) => [0, i * 977 + (value(i) & 511), value(i)] as const);
    const chunks = encodeChunks(taken(rows), 1);
    expect(chunks.length).toBeGreaterThan(1);
    const runs = chunks.flatMap(({ bytes }) => decodeChunk(bytes));
    expect(chunks.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
    const ends = chunks.flatMap(({ bytes }) => chunkEnds(bytes));
    expect(ends.map(({ lastMs }) => lastMs)).toEqual(runs.map(({ times }) => times.at(-1)));
    expect(runs.flatMap(({ values }) => [...values])).toEqual(rows.map(([, , of]) => of));
    expect(runs.flatMap(({ times }) => [...times])).toEqual(rows.map(([, timeMs]) => timeMs));
  });
});

describe('what was taken', () => {
  const readings = taken([
    [0, 10, 1],
    [0, 20, 2],
    [1, 10, 3],
  ]);
  const birth = { bytes: Uint8Array.of(1), readings: 0 };
  const [one, two] = [
    { bytes: Uint8Array.of(2), readings: 1 },
    { bytes: Uint8Array.of(3), readings: 2 },
  ];

  it('is in the frames that hold all of it, and else in chunks of its own', () => {
    expect(chunksOf(readings, [birth, one, two], 2)).toEqual([
      { bytes: one.bytes, count: 1 },
      { bytes: two.bytes, count: 2 },
    ]);
    expect(chunksOf(readings, [birth, two], 2)).toEqual(encodeChunks(readings, 2));
    expect(chunksOf(taken([]), [birth], 2)).toEqual([]);
  });
});

const CHUNK_SERIES: ChunkSeries = { lastMs: 100, sealedMs: 100, newestMs: 200, repeatHorizonMs: null };

describe('the oldest chunk of a journal', () => {
  it('is forgotten when there is no room for it, but not while a reading of it is in no frame', () => {
    expect(mayForget([CHUNK_SERIES, CHUNK_SERIES], true)).toBe(true);
    expect(mayForget([CHUNK_SERIES, { ...CHUNK_SERIES, sealedMs: 99 }], true)).toBe(false);
  });

  it('stays while there is room, where no metric has a horizon', () => {
    expect(mayForget([CHUNK_SERIES], false)).toBe(false);
  });

  it('is forgotten once all of it lies beyond the horizons of its metrics', () => {
    const beyond = { ...CHUNK_SERIES, repeatHorizonMs: 99 };
    expect(mayForget([beyond], false)).toBe(true);
    expect(mayForget([{ ...beyond, repeatHorizonMs: 100 }], false)).toBe(false);
    expect(mayForget([beyond, { ...beyond, newestMs: 199 }], false)).toBe(false);
    expect(mayForget([beyond, CHUNK_SERIES], false)).toBe(false);
    expect(mayForget([{ ...beyond, sealedMs: 99 }], false)).toBe(false);
  });
});
