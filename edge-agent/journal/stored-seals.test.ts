import { describe, expect, it } from 'vitest';
import { stringKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { SeriesJournal } from './series-journal.ts';
import { SEALS_PER_RECORD, StoredSeals } from './stored-seals.ts';

const COUNT = 3 * SEALS_PER_RECORD + 1;

/** Series with a reading at each of the times. */
function seriesOf(count: number, times: readonly number[]): SeriesJournal[] {
  return Array.from({ length: count }, () => {
    const series = new SeriesJournal();
    for (const timeMs of times) series.append(timeMs, 0, 0);
    return series;
  });
}

/** Seals of series whose readings at 10 and 20 ms were taken just now. */
function taken(count: number): { readonly series: SeriesJournal[]; readonly seals: StoredSeals } {
  const series = seriesOf(count, [10, 20]);
  const seals = new StoredSeals(series);
  for (let number = count - 1; number >= 0; number--) seals.took(number);
  return { series, seals };
}

async function reopened(table: MemoryTable, count: number): Promise<readonly number[]> {
  const series = seriesOf(count, [10, 20]);
  await new StoredSeals(series).load(table);
  return series.map(({ sealedMs }) => sealedMs);
}

describe('up to where series are in frames', () => {
  it('is on the disk after a commit, whichever series it sealed', async () => {
    const table = new MemoryTable();
    const { series, seals } = taken(COUNT);
    for (const sealed of [[0, 1, COUNT - 1], [SEALS_PER_RECORD], [0, 2 * SEALS_PER_RECORD - 1]]) {
      for (const number of sealed) series[number]!.sealedMs = series[number]!.sealedMs === 10 ? 20 : 10;
      await table.write(seals.record(), { sync: true });
      expect(await reopened(table, COUNT)).toEqual(series.map(({ sealedMs }) => sealedMs));
    }
  });

  it('costs a commit what it sealed, however many series there are', () => {
    const { series, seals } = taken(100 * SEALS_PER_RECORD);
    for (const one of series) one.sealedMs = 20;
    expect(seals.record().length).toBe(100);
    expect(seals.record()).toEqual([]);
    series[7]!.append(30, 0, 0);
    seals.took(7);
    expect([seals.open(), seals.earliestMs()]).toEqual([Int32Array.of(7), 30]);
    expect(seals.record()).toEqual([]);
    series[7]!.sealedMs = 30;
    expect(seals.record().length).toBe(1);
    expect([seals.open(), seals.earliestMs()]).toEqual([new Int32Array(0), Number.POSITIVE_INFINITY]);
  });

  it('is read where one record holds all series, as it once did, and divided by the next commit', async () => {
    const table = new MemoryTable();
    const all = Float64Array.from({ length: COUNT }, (_, i) => (i % 3 === 0 ? Number.NEGATIVE_INFINITY : 10));
    const one = { kind: 'put', key: stringKey('sealed'), value: new Uint8Array(all.buffer) } as const;
    await table.write([one], { sync: true });
    expect(await reopened(table, COUNT)).toEqual([...all]);
    const series = seriesOf(COUNT, [10, 20]);
    const seals = new StoredSeals(series);
    await seals.load(table);
    series[1]!.sealedMs = 20;
    await table.write(seals.record(), { sync: true });
    expect(table.size).toBe(Math.ceil(COUNT / SEALS_PER_RECORD));
    expect(await reopened(table, COUNT)).toEqual(all.with(1, 20).values().toArray());
  });

  it('leaves open what is in no frame, in ascending order, and knows the earliest of it', async () => {
    const { series, seals } = taken(3);
    series[0]!.sealedMs = 10;
    series[1]!.sealedMs = 20;
    const table = new MemoryTable();
    await table.write(seals.record(), { sync: true });
    expect([[...seals.open()], seals.earliestMs()]).toEqual([[0, 2], 10]);
    const again = new StoredSeals(seriesOf(3, [10, 20]));
    await again.load(table);
    expect([[...again.open()], again.earliestMs()]).toEqual([[0, 2], 10]);
  });
});
