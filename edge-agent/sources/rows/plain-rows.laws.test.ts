import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { RowKernel } from '#core/kernels/row-kernel.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList } from '../source.ts';
import { collect, type Collected, metricsOf, openSection } from '../sources.fixtures.ts';

const folder = await sharedFolder('plain');

const EARLIEST_MS = Date.UTC(2024, 4, 31, 12);
const NOW_MS = Date.UTC(2024, 5, 2);

const metrics = metricsOf(
  metricNamed('power', { earliestMs: EARLIEST_MS, minScaled: -5_000_000, maxScaled: 90_000_000_000 }),
  metricNamed('level', { decimals: 1, excess: 'refuse' }),
);

/** A line limit that some lines are longer than. */
const LINE_BYTES_MAX = 70;

interface Rows {
  readonly section: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function read({ section, text }: Rows, chunkBytes: number, rowByRow: boolean): Promise<Collected> {
  await writeFile(join(folder, 'rows.csv'), text);
  const registry = new SeriesList();
  const limits = { chunkBytes, lineBytesMax: LINE_BYTES_MAX, batchReadingsMax: 50 };
  return collect(openSection(section, { metrics, registry, folder, limits, rowByRow, nowMs: () => NOW_MS }), registry);
}

const ODD_ISO = [
  '2024-06-01T24:00Z',
  '2024-06-01T23:60Z',
  '2024-06-01T23:59:60Z',
  '2024-06-31',
  '2024-13-01',
  '2024-00-01',
  '2023-02-29',
  '2024-02-29',
  '1900-02-29',
  '2000-02-29T12:00',
  '0000-01-01',
  '9999-12-31T23:59:59.999Z',
  '2024-6-01',
  '2024-06-01T',
  '2024-06-01T1:00',
  '2024/06/01',
  '2024-06-0',
  '1969-12-31T23:59:59Z',
  '',
  'ts',
  '20240601T120000Z',
  '20240601T1200+02:00',
  '2024-06-01T00:00Z[UTC]',
];
const ODD_VALUES = [
  '1.0005',
  '1.0015',
  '-1.0025',
  '1.00050000',
  '1.000500001',
  '1.9995',
  '7.00049999999999999999999',
  '',
  '?',
  '-0',
  '+7',
  '.5',
  '5.',
  '.',
  '-',
  '1e2',
  '1,5',
  '5-',
  ' 4',
  '4 ',
  '"3"',
  '1.23456',
  '1.10000',
  'x',
  '00012',
  '9007199254740991',
  '999999999999.9',
  '99999999.9',
  '1000000000000000',
  '\u22125',
  '0x1',
  '1 000',
  '="5"',
  '\u20135',
];
const ODD_LINES = [
  '',
  '   ',
  '# 1',
  '#',
  ',,,',
  '"',
  'ts,device,note,value,level',
  '\ufeffts,device,note,value,level',
  '\r',
  'one',
];

const second = fc.integer({ min: EARLIEST_MS / 1_000 - 2_000, max: NOW_MS / 1_000 + 1_000 });

function iso(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 19);
}

const times: Readonly<Record<string, fc.Arbitrary<string>>> = {
  iso: fc.oneof(
    { weight: 6, arbitrary: second.map((at) => `${iso(at)}Z`) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          second,
          fc.constantFrom('T', ' ', 't'),
          fc.constantFrom('', '.5', '.25', '.125', '.1239', '.', '.000'),
          fc.constantFrom('', 'Z', 'z', ' Z', '+02:00', '-05:30', '+0200', '+24:00', 'UTC'),
        )
        .map(([at, mark, fraction, zone]) => iso(at).replace('T', mark) + fraction + zone),
    },
    { weight: 1, arbitrary: second.map((at) => iso(at).slice(0, 16)) },
    { weight: 1, arbitrary: second.map((at) => iso(at).slice(0, 10)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...ODD_ISO),
    },
  ),
  unix: fc.oneof(
    { weight: 6, arbitrary: second.map(String) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('1717200000.5', '1717200000.', '0001717200000', '1717200000000', '-5', '+5', '', '0'),
    },
  ),
  'unix-ms': fc.oneof(
    { weight: 6, arbitrary: fc.tuple(second, fc.nat(999)).map(([at, ms]) => String(at * 1_000 + ms)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('1.7172e12', '1717200000000.0', '1717200000000.4', '0001717200000000', '12x', '-1'),
    },
  ),
  'unix-us': fc.oneof(
    { weight: 6, arbitrary: fc.tuple(second, fc.nat(999)).map(([at, ms]) => `${at * 1_000 + ms}000`) },
    { weight: 1, arbitrary: fc.constantFrom('1717200000000001', '1717200000000999', '9'.repeat(19), '') },
  ),
  'unix-ns': fc.oneof(
    { weight: 6, arbitrary: second.map((at) => `${at}000000000`) },
    { weight: 1, arbitrary: fc.constantFrom('1717200000000000001', '999999', '1717200000123000000', '1'.repeat(20)) },
  ),
};

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -60_000, max: 60_000 }).map((n) => (n / 10).toFixed(1)) },
  { weight: 2, arbitrary: fc.integer({ min: -60_000, max: 60_000 }).map((n) => (n / 1_000).toFixed(3)) },
  { weight: 2, arbitrary: fc.integer({ min: -999_999, max: 999_999 }).map((n) => (n / 100_000).toFixed(5)) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...ODD_VALUES),
  },
);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }).map((n) => `d${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' d1', 'd1 ', '"d1"', 'd"1', 'd\u00e9', '"d,1"', '"d""1"', 'd'.repeat(60)),
  },
);
const note = fc.constantFrom('R1', 'R2', '', ' ', '"a\nb"', 'a"b', '"a', 'x\r');
const odd = fc.constantFrom(...ODD_LINES);

const sections = fc
  .tuple(
    fc.constantFrom(...Object.keys(times)),
    fc.constantFrom('long', 'tagged', 'wide', 'both'),
    fc.constantFrom(undefined, '-15m', '1h'),
    fc.constantFrom(['', '?'], ['-5'], ['']),
  )
  .map(([format, kind, shift, missing]) => {
    const power = { metric: 'power', value: 'value', device: '{device}' };
    const level = { metric: 'level', value: 'level', device: '{device}' };
    const series = {
      long: [power],
      tagged: [{ ...power, tags: { note: '{note}' } }],
      wide: [
        { ...level, device: 'one' },
        { ...power, device: 'one' },
      ],
      both: [power, level],
    }[kind];
    return {
      format,
      section: {
        kind: 'csv',
        file: 'rows.csv',
        comment: '#',
        missing,
        time: { columns: ['ts'], format, ...(shift === undefined ? {} : { shift }) },
        series,
      },
    };
  });

/** How the times of most rows are written. */
const usualTime: Readonly<Record<string, (seconds: number) => string>> = {
  iso: (at) => `${iso(at)}Z`,
  unix: String,
  'unix-ms': (at) => `${at}000`,
  'unix-us': (at) => `${at}000000`,
  'unix-ns': (at) => `${at}000000000`,
};

const files = sections.chain(({ format, section }) => {
  const row = fc.tuple(times[format]!, key, note, value, value).map((fields) => fields.join(','));
  const usual = fc
    .tuple(second.map(usualTime[format]!), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 90_000 }))
    .map(([time, device, of]) => `${time},d${device},R1,${of / 1_000},${of % 100}`);
  const unusual = fc.oneof(
    { weight: 4, arbitrary: row },
    { weight: 1, arbitrary: row.map((text) => `${text},`) },
    { weight: 1, arbitrary: odd },
  );
  const end = fc.constantFrom('\n', '\n', '\r\n');
  const stretch = fc
    .tuple(fc.array(usual, { maxLength: 15 }), unusual, end)
    .map(([rows, one, lineEnd]) => [...rows, one, ''].join(lineEnd));
  return fc.tuple(fc.array(stretch, { maxLength: 6 }), fc.boolean()).map(([stretches, isEnded]) => {
    const text = ['ts,device,note,value,level\n', ...stretches].join('');
    return { section, text: isEnded ? text : text.replace(/\r?\n$/, '') };
  });
});

describe('plain rows', () => {
  it('give what they give one by one, in the same batches, whatever stands between them', async () => {
    const taken = vi.spyOn(RowKernel.prototype, 'take');
    let rows = 0;
    await fc.assert(
      fc.asyncProperty(files, fc.constantFrom(60, 200, 10_000), async (file, chunkBytes) => {
        const expected = await read(file, chunkBytes, true);
        taken.mockClear();
        expect(await read(file, chunkBytes, false)).toEqual(expected);
        for (const { value: count } of taken.mock.results) rows += Number(count);
      }),
      { numRuns: 300 },
    );
    taken.mockRestore();
    expect(rows).toBeGreaterThan(500);
  });
});
