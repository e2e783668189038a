import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { FOLLOW_POLL_MS } from '../records/byte-feed.ts';
import { RECORD_LIMITS, type RecordLimits } from '../records/record-limits.ts';
import { SeriesList, type Source, type SourceCheckpoint } from '../source.ts';
import { collect, type Collected, CSV_ROWS, failure, metricsOf, openSection } from '../sources.fixtures.ts';

const folder = await sharedFolder('again');

const metrics = metricsOf(metricNamed('power'));

interface Opened {
  readonly source: Source;
  readonly registry: SeriesList;
}

function open(given: Readonly<Record<string, unknown>> = {}, limits: RecordLimits = RECORD_LIMITS): Opened {
  const registry = new SeriesList();
  return { source: openSection({ ...CSV_ROWS, ...given }, { metrics, registry, folder, limits }), registry };
}

async function read(text: string): Promise<Collected> {
  await writeFile(join(folder, 'rows.csv'), text);
  const { source, registry } = open();
  return collect(source, registry);
}

describe('a CSV file that is read again', () => {
  const first = 'ts,device,value\n2024-01-01,a,1\n2024-01-02,a,2';

  const second = `${first}\n2024-01-03,a,3\n`;
  const valuesOf = async (from: SourceCheckpoint): Promise<number[]> => {
    const { source, registry } = open();
    return (await collect(source, registry, from)).readings.map(({ value }) => value);
  };

  it.each([
    ['goes on where it has grown', `${first}\n2024-01-03,a,3\n`, [3_000]],
    ['goes on where it has grown by a line of two bytes at its end', `${first}\r\n2024-01-03,a,3`, [3_000]],
    ['is read whole where its last line goes on', `${first}5\n2024-01-03,a,3\n`, [1_000, 25_000, 3_000]],
    ['is read whole where its last line became longer', `${first}5`, [1_000, 25_000]],
    ['gives nothing where it is the same', first, []],
    ['is read whole where it is shorter', 'ts,device,value\n2024-01-01,a,1\n', [1_000]],
    ['is read whole where a row was changed', second.replace('a,1', 'a,7'), [7_000, 2_000, 3_000]],
    ['is read whole where rows come first that are new', second.replace('-01,a,1', '-04,a,4'), [4_000, 2_000, 3_000]],
  ])('%s', async (_what, text, values) => {
    const { checkpoints } = await read(first);
    await writeFile(join(folder, 'rows.csv'), text);
    expect(await valuesOf(checkpoints.at(-1)!)).toEqual(values);
  });

  it('sees a change behind its first bytes, in what was read and nowhere else', async () => {
    const rows = Array.from({ length: 2_000 }, (_, i) => `${new Date(i * 60_000).toISOString()},a,${i}\n`);
    const all = `ts,device,value\n${rows.join('')}`;
    const checkpoint = (await read(all)).checkpoints.at(-1)!;
    await writeFile(join(folder, 'rows.csv'), `${all.replace(',a,1500\n', ',a,1501\n')}1980-01-01,a,5\n`);
    expect(await valuesOf(checkpoint)).toHaveLength(2_001);
    await writeFile(join(folder, 'rows.csv'), `${all}1980-01-01,a,5\n`);
    expect(await valuesOf(checkpoint)).toEqual([5_000]);
    // A checkpoint of before what was read was summed goes on, at a line's end alone.
    const { crc32: _, inode: __, ...older } = { ...checkpoint, version: 1, order: [] } as Record<string, unknown>;
    expect(await valuesOf(older)).toEqual([5_000]);
    await writeFile(join(folder, 'rows.csv'), `${all.replace(',a,1500\n', ',a,15000\n')}1980-01-01,a,5\n`);
    expect(await valuesOf(older)).toHaveLength(2_001);
  });

  it('gives checkpoints with the sum of what was read, however it was cut into chunks', async () => {
    const text = `ts,device,value\n${Array.from({ length: 300 }, (_, i) => `2024-01-01,d${i},${i}\n`).join('')}`;
    await writeFile(join(folder, 'rows.csv'), text);
    const limits = { chunkBytes: 512, lineBytesMax: 64, batchReadingsMax: 7 };
    const { source, registry } = open({}, limits);
    const { checkpoints } = await collect(source, registry);
    expect(checkpoints.length).toBeGreaterThan(40);
    for (const { offset, crc32: sum } of checkpoints) expect(sum).toBe(crc32(text.slice(0, offset as number)));
  });

  it('is refused where the checkpoint is damaged', async () => {
    const { checkpoints } = await read(first);
    const checkpoint = checkpoints.at(-1)!;
    const resume = (from: Readonly<Record<string, unknown>>): Promise<unknown> =>
      collect(open().source, new SeriesList(), from);
    expect((await failure(resume({ ...checkpoint, offset: -1 }))).message).toMatch(/damaged/);
    expect((await failure(resume({ ...checkpoint, version: 3 }))).message).toMatch(/another version of weir/);
  });

  it.each([
    [
      'another one is put in its place',
      async (path: string): Promise<void> => {
        await rename(path, `${path}.1`);
        await appendFile(`${path}.1`, '2024-01-02,a,2\n');
        await writeFile(path, 'ts,device,value\n2024-01-03,a,3\n');
      },
      [1_000, 2_000, 3_000],
    ],
    [
      'it is cut off and begun anew',
      async (path: string): Promise<void> => {
        await writeFile(path, 'ts,device,value\n');
        await appendFile(path, '');
      },
      [1_000, 3_000],
    ],
  ] as const)('is followed on where %s', async (_what, rotate, values) => {
    const path = join(folder, 'rows.csv');
    await writeFile(path, 'ts,device,value\n2024-01-01,a,1\n2024-01-');
    const { source } = open({ follow: true });
    const stop = new AbortController();
    const seen: number[] = [];
    if (values.length === 3) await writeFile(path, 'ts,device,value\n2024-01-01,a,1\n');
    for await (const batch of source.batches(null, stop.signal)) {
      const before = seen.length;
      seen.push(...batch.value);
      if (before === 0) {
        await rotate(path);
        if (values.length === 2) setTimeout(() => void appendFile(path, '2024-01-03,a,3\n'), 2 * FOLLOW_POLL_MS);
      }
      if (seen.at(-1) === 3_000) stop.abort();
    }
    expect(seen).toEqual(values);
  });

  it.each([
    ['is read to its end', '2024-01-01,a,1\n', 1],
    ['is found, where it had no row yet when it was opened,', '', 0],
  ])('%s under the name that a rotation gave it meanwhile, then the new one', async (_what, rows, count) => {
    const path = join(folder, 'rows.csv');
    await writeFile(path, `ts,device,value\n${rows}`);
    const stop = new AbortController();
    let checkpoint: SourceCheckpoint | undefined;
    for await (const batch of open({ follow: true }).source.batches(null, stop.signal)) {
      expect(batch.count).toBe(count);
      checkpoint = batch.checkpoint;
      stop.abort();
    }
    await appendFile(path, '2024-01-02,a,2\n');
    await rename(path, `${path}.1`);
    await writeFile(path, 'ts,device,value\n2024-01-03,a,3\n');
    const again = new AbortController();
    const seen: number[] = [];
    for await (const batch of open({ follow: true }).source.batches(checkpoint!, again.signal)) {
      seen.push(...batch.value);
      if (seen.length >= 2) again.abort();
    }
    expect(seen).toEqual([2_000, 3_000]);
  });

  it('is followed while it grows, where it is to be followed', async () => {
    await writeFile(join(folder, 'rows.csv'), 'ts,device,value\n2024-01-01,a,1\n2024-01-02,');
    const { source } = open({ follow: true });
    expect(source.nature).toBe('live');
    const stop = new AbortController();
    const values: number[] = [];
    for await (const batch of source.batches(null, stop.signal)) {
      values.push(...batch.value);
      if (values.length === 1) await appendFile(join(folder, 'rows.csv'), 'b,2\n');
      if (values.length === 2) stop.abort();
    }
    expect(values).toEqual([1_000, 2_000]);
  });
});
