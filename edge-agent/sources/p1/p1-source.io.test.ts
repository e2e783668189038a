import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { RECORD_LIMITS } from '../records/record-limits.ts';
import { SeriesList } from '../source.ts';
import { collect, type Collected, metricsOf, openSection } from '../sources.fixtures.ts';
import { BELGIAN, DUTCH, OLD } from './telegrams.fixtures.ts';

const folder = await sharedFolder('p1');
const NOW_MS = Date.UTC(2025, 0, 1);

const metrics = metricsOf(
  metricNamed('energy', { unit: 'kWh', kind: 'counter' }),
  metricNamed('gas', { unit: 'm³', kind: 'counter' }),
  metricNamed('fine', { unit: 'Wh', kind: 'counter' }),
);
const SERIES = [
  { metric: 'energy', value: '1-0:1.8.1', device: '{0-0:96.1.1}' },
  { metric: 'gas', value: '0-1:24.2.1', device: 'gas of {0-0:96.1.1}' },
];

async function read(
  text: string,
  given: Readonly<Record<string, unknown>> = {},
  limits = RECORD_LIMITS,
): Promise<Collected> {
  await writeFile(join(folder, 'meter.p1'), text);
  const registry = new SeriesList();
  const section = { kind: 'p1', file: 'meter.p1', series: SERIES, ...given };
  const stdin = (): Readable => Readable.from([Buffer.from(text)]);
  return collect(openSection(section, { metrics, registry, folder, limits, stdin, nowMs: () => NOW_MS }), registry);
}

const DUTCH_READINGS = [
  ['4531323334353637383930313233', '2024-01-27T09:15:06.000Z', 4_512_381],
  ['gas of 4531323334353637383930313233', '2024-01-27T09:10:00.000Z', 2_311_874],
];

function told({ readings }: Collected): unknown {
  return readings.map(({ tags, timeMs, value }) => [tags['device'], new Date(timeMs).toISOString(), value]);
}

describe('a source of telegrams', () => {
  it.each([RECORD_LIMITS, { ...RECORD_LIMITS, batchReadingsMax: 8, chunkBytes: 700, lineBytesMax: 600 }])(
    'reads one after the other, in the unit of their metric, and refuses what is none: %#',
    async (limits) => {
      const damaged = DUTCH.replace('4512', '4612');
      const all = await read(
        `half of one\r\n!0000\r\n${DUTCH}${damaged}\r\n${BELGIAN}${DUTCH.slice(0, 100)}\r\n${DUTCH}`,
        {},
        limits,
      );
      expect(told(all)).toEqual([
        ...DUTCH_READINGS,
        ['3153414733313030303030323331', '2024-07-27T08:15:06.000Z', 912_117],
        ...DUTCH_READINGS,
      ]);
      expect(all.refusals.map(({ line, reason }) => [line, reason.slice(0, 28)])).toEqual([
        [1, 'the telegram does not begin '],
        [19, 'the telegram has not the che'],
        [36, 'the telegram has the time "6'],
        [47, 'the telegram is cut off: a t'],
      ]);
    },
  );

  it('is not put off by noise where it begins to listen', async () => {
    const noise = Buffer.from([0x93, 0xfe, 0x81, 0x0a]).toString('latin1');
    await writeFile(join(folder, 'meter.p1'), Buffer.from(noise + DUTCH, 'latin1'));
    const registry = new SeriesList();
    const source = openSection({ kind: 'p1', file: 'meter.p1', series: SERIES }, { metrics, registry, folder });
    const all = await collect(source, registry);
    expect(told(all)).toEqual(DUTCH_READINGS);
    expect(all.refusals.map(({ reason }) => reason)).toEqual([expect.stringMatching(/does not begin with/)]);
  });

  it('goes on from any place between them', async () => {
    const limits = { ...RECORD_LIMITS, batchReadingsMax: 8 };
    const text = Array.from({ length: 12 }, () => DUTCH).join('');
    const all = await read(text, {}, limits);
    expect(all.readings).toHaveLength(24);
    expect(all.checkpoints.length).toBeGreaterThan(2);
    for (const [i, checkpoint] of all.checkpoints.entries()) {
      const registry = new SeriesList();
      const section = { kind: 'p1', file: 'meter.p1', series: SERIES };
      const open = () => openSection(section, { metrics, registry, folder, limits });
      const before = await collect(open(), registry, null, i + 1);
      const rest = await collect(open(), registry, checkpoint);
      expect([...before.readings, ...rest.readings]).toEqual(all.readings);
    }
  });

  it('of an old meter has the time of receipt where it is read as it comes, and none where it was kept', async () => {
    expect(told(await read(OLD, { file: '-' }))).toEqual([
      ['4B38', '2025-01-01T00:00:00.000Z', 185_000],
      ['gas of 4B38', '2010-01-15T11:00:00.000Z', 412_378],
    ]);
    const kept = await read(OLD);
    expect(told(kept)).toEqual([['gas of 4B38', '2010-01-15T11:00:00.000Z', 412_378]]);
    expect(kept.refusals.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^the telegram has no time/)]);
  });

  it('refuses a number in another unit, and takes it where its rule says what that makes', async () => {
    const rule = { metric: 'fine', value: '1-0:1.8.1', device: 'a' };
    const { refusals } = await read(DUTCH, { series: [rule] });
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'column "1-0:1.8.1": value "004512.381 kWh" is not in Wh; name its unit under `unit`, with its factor',
    ]);
    const scaled = await read(DUTCH, { series: [{ ...rule, unit: { kWh: 1_000 } }] });
    expect(scaled.readings.map(({ value }) => value)).toEqual([4_512_381_000]);
  });

  it('names a code that never came with the nearest, and a file that holds none', async () => {
    await writeFile(join(folder, 'meter.p1'), DUTCH);
    const registry = new SeriesList();
    const series = [...SERIES, { metric: 'energy', value: '1-0:1.8.3', device: 'b' }];
    const source = openSection({ kind: 'p1', file: 'meter.p1', series }, { metrics, registry, folder });
    await collect(source, registry);
    expect(source.remarks!()).toEqual([
      expect.stringMatching(/^field "1-0:1.8.3" was not in any of 1 telegrams; did you mean 1-0:1\.8\.[12]/),
    ]);
    await expect(read('a,b\n1,2\n')).rejects.toThrow(/holds no telegram of a P1 port; a telegram begins with a line/);
  });
});
