import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { RECORD_LIMITS, type RecordLimits } from '../records/record-limits.ts';
import { SeriesList, type Source, type SourceCheckpoint } from '../source.ts';
import { collect, type Collected, metricsOf, openSection } from '../sources.fixtures.ts';

const folder = await sharedFolder('ndjson');

const metrics = metricsOf(metricNamed('power'), metricNamed('fine', { decimals: 9 }));
const rules = {
  missing: ['', '?'],
  time: { columns: ['ts'], format: 'unix' },
  series: [{ metric: 'power', value: 'value', when: { kind: 'p' }, device: '{device}' }],
};

function open(
  kind: 'csv' | 'ndjson',
  given: Readonly<Record<string, unknown>>,
  registry: SeriesList,
  limits: RecordLimits = RECORD_LIMITS,
): Source {
  return openSection({ kind, file: `rows.${kind}`, ...given }, { metrics, registry, folder, limits });
}

async function read(text: string, given: Readonly<Record<string, unknown>> = rules): Promise<Collected> {
  await writeFile(join(folder, 'rows.ndjson'), text);
  const registry = new SeriesList();
  return collect(open('ndjson', given, registry), registry);
}

describe('an NDJSON source', () => {
  it('keeps every digit of a number, takes numbers as text, and reaches into nested fields', async () => {
    const { readings } = await read(
      '{"at":{"time":1704067200.25},"m":{"v":9007199.254740991},"d.e":"x"}\n\n{"at":{"time":"1704067201"},"m":{"v":" -1e-9 "},"d.e":7}\r\n',
      { time: { columns: ['at.time'], format: 'unix' }, series: [{ metric: 'fine', value: 'm.v', device: '{d.e}' }] },
    );
    expect(readings).toEqual([
      { metric: 'fine', tags: { device: 'x' }, timeMs: 1_704_067_200_250, value: 9_007_199_254_740_991 },
      { metric: 'fine', tags: { device: '7' }, timeMs: 1_704_067_201_000, value: -1 },
    ]);
  });

  it('reaches into arrays, and names the paths that never led anywhere with the nearest that do', async () => {
    await writeFile(
      join(folder, 'rows.ndjson'),
      '{"ts":1,"E":{"Total":[3711.903,{"v":[2]}],"Power":[62,5]}}\n{"ts":2,"E":{"Total":[1]}}\n',
    );
    const registry = new SeriesList();
    const rule = (value: string): unknown => ({ metric: 'power', value, device: value });
    const paths = [
      'E.Total.0',
      'E.Total.1.v.0',
      'E.Total.01',
      'E.Total.-1',
      'E.Total.length',
      'E.Powr.0',
      'E.Total.1.x',
    ];
    const source = open('ndjson', { time: rules.time, series: paths.map(rule) }, registry);
    const { readings, tallies } = await collect(source, registry);
    expect(readings.map(({ tags, value }) => [tags['device'], value])).toEqual([
      ['E.Total.0', 3_711_903],
      ['E.Total.1.v.0', 2_000],
      ['E.Total.0', 1_000],
    ]);
    expect(tallies.missing).toBe(11);
    expect(source.remarks!().slice(-2)).toEqual([
      'field "E.Powr.0" was not in any of 2 lines; did you mean E.Power.0?',
      expect.stringMatching(/^field "E.Total.1.x" was not in any of 2 lines; did you mean E.Total.0/),
    ]);
    expect(source.remarks!()).toHaveLength(5);
    const { refusals } = await read('{"ts":1,"E":[1,2],"kind":"p","device":"a"}', {
      ...rules,
      series: [rule('E')],
    });
    expect(refusals[0]!.reason).toBe('field "E" holds an array where a value is wanted; name what is in it, like E.0');
  });

  it.each([RECORD_LIMITS, { ...RECORD_LIMITS, batchReadingsMax: 8, chunkBytes: 48, lineBytesMax: 47 }])(
    'reads lines that are arrays of objects, and goes on within them: %#',
    async (limits) => {
      const row = (ts: number): string => `{"ts":${ts},"kind":"p","device":"]}","value":${ts}}`;
      const text = [
        `[${row(1)},${row(2)} , ${row(3)}]\r`,
        row(4),
        ' [ ] ',
        `[${row(5)},{"ts":5`,
        `[${row(6)} ${row(7)}]`,
        `[${row(8)}] 9`,
        '[1,2]',
        `[${row(9)}]`,
      ].join('\n');
      await writeFile(join(folder, 'rows.ndjson'), text);
      const registry = new SeriesList();
      const all = await collect(open('ndjson', rules, registry, limits), registry);
      expect(all.readings.map(({ timeMs }) => timeMs / 1_000)).toEqual([1, 2, 3, 4, 5, 6, 8, 9]);
      expect(all.refusals.map(({ line }) => line)).toEqual([4, 5, 6, 7]);
      for (const [i, checkpoint] of all.checkpoints.entries()) {
        const rest = await collect(open('ndjson', rules, registry, limits), registry, checkpoint);
        const before = await collect(open('ndjson', rules, registry, limits), registry, null, i + 1);
        expect([...before.readings, ...rest.readings]).toEqual(all.readings);
      }
    },
  );

  it.each([RECORD_LIMITS, { ...RECORD_LIMITS, batchReadingsMax: 8, chunkBytes: 96, lineBytesMax: 95 }])(
    'reads a file that is one array over lines, a row each or indented: %#',
    async (limits) => {
      const rows = [1, 2, 3].map((ts) => ({ ts, kind: 'p', device: '}],', value: ts }));
      const files = [
        `[\n${rows.map((row) => JSON.stringify(row)).join(',\r\n')}\n]\n`,
        JSON.stringify(rows, null, 2),
        `\n[ ${JSON.stringify(rows[0])},\n  oops,\n${JSON.stringify(rows[1])}, ${JSON.stringify(rows[2])}\n]`.trim(),
      ];
      const refusedLines: (readonly number[])[] = [];
      for (const text of files) {
        await writeFile(join(folder, 'rows.ndjson'), text);
        const registry = new SeriesList();
        const all = await collect(open('ndjson', rules, registry, limits), registry);
        expect(all.readings.map(({ value }) => value)).toEqual([1_000, 2_000, 3_000]);
        refusedLines.push(all.refusals.map(({ line }) => line));
        for (const [i, checkpoint] of all.checkpoints.entries()) {
          const rest = await collect(open('ndjson', rules, registry, limits), registry, checkpoint);
          const before = await collect(open('ndjson', rules, registry, limits), registry, null, i + 1);
          expect([...before.readings, ...rest.readings]).toEqual(all.readings);
        }
      }
      expect(refusedLines).toEqual([[], [], [2]]);
    },
  );

  it.each([RECORD_LIMITS, { ...RECORD_LIMITS, batchReadingsMax: 4, chunkBytes: 180, lineBytesMax: 180 }])(
    'reads the rows that a line holds, with what stands around them, and goes on between lines: %#',
    async (limits) => {
      const lines = [
        '{"device":"a","ts":9,"data":{"rows":[{"ts":1,"value":1},{"value":2,"device":"b"},{"ts":3,"value":3}]}}',
        '{"device":"a","ts":4,"data":{"rows":{"value":4}}}',
        '{"device":"a","ts":5,"data":{"rows":[]}}',
        '{"device":"a","ts":6,"joined":true}',
        '{"device":"a","data":{"rows":[{"ts":7,"value":7},{"value":8},{"ts":9,"value":"?"}]}}',
        `{"device":"a","data":{"rows":[${Array.from({ length: 5 }, (_, i) => `{"ts":${i + 10},"value":1}`).join()}]}}`,
      ];
      await writeFile(join(folder, 'rows.ndjson'), `${lines.join('\n')}\n`);
      const given = {
        ...rules,
        rows: 'data.rows',
        series: [{ metric: 'power', value: 'value', device: '{device}' }],
      };
      const registry = new SeriesList();
      const all = await collect(open('ndjson', given, registry, limits), registry);
      const isWhole = limits === RECORD_LIMITS;
      expect(all.readings.map(({ tags, timeMs, value }) => [tags['device'], timeMs / 1_000, value / 1_000])).toEqual([
        ['a', 1, 1],
        ['b', 9, 2],
        ['a', 3, 3],
        ['a', 4, 4],
        ['a', 7, 7],
        ...(isWhole ? [10, 11, 12, 13, 14].map((ts) => ['a', ts, 1]) : []),
      ]);
      expect(all.refusals.map(({ line }) => line)).toEqual(isWhole ? [5] : [5, 6]);
      expect(all.tallies.missing).toBe(1);
      if (!isWhole) expect(all.refusals[1]!.reason).toMatch(/^it holds 5 rows, 4 is the limit/);
      for (const [i, checkpoint] of all.checkpoints.entries()) {
        const rest = await collect(open('ndjson', given, registry, limits), registry, checkpoint);
        const before = await collect(open('ndjson', given, registry, limits), registry, null, i + 1);
        expect([...before.readings, ...rest.readings]).toEqual(all.readings);
      }
    },
  );

  it('is refused where no line has the rows that are named', async () => {
    await expect(read('{"ts":1,"data":[{"value":1}]}\n', { ...rules, rows: 'dta' })).rejects.toThrow(
      /has no rows at "dta"; did you mean data\?/,
    );
  });

  it('has 1 and 0 for true and false, and numbers for the texts that stand for one', async () => {
    const { readings, refusals } = await read(
      ['true', 'false', '"ON"', '" OFF "', '2.5', '"standby"']
        .map((value, ts) => `{"ts":${ts + 1},"kind":"p","device":"a","value":${value}}`)
        .join('\n'),
      { ...rules, series: [{ ...rules.series[0], texts: { ON: 1, OFF: 0.25 } }] },
    );
    expect(readings.map(({ value }) => value)).toEqual([1_000, 0, 1_000, 250, 2_500]);
    expect(refusals.map(({ line }) => line)).toEqual([6]);
    const turned = await read('{"ts":1,"kind":"p","device":"a","value":true}', {
      ...rules,
      series: [{ ...rules.series[0], texts: { true: 0, false: 1 } }],
    });
    expect(turned.readings.map(({ value }) => value)).toEqual([0]);
  });

  it('has the decimal mark of its texts, and that of JSON in numbers', async () => {
    const { readings } = await read(
      '{"ts":1.0,"kind":"p","device":"a","value":"1.234,5"}\n{"ts":1700000000.1234567,"kind":"p","device":"a","value":1.25}\n{"ts":3,"kind":"p","device":"a","value":0.35000000000000003}\n',
      { ...rules, decimal: ',', thousands: '.' },
    );
    expect(readings.map(({ value }) => value)).toEqual([1_234_500, 1_250, 350]);
  });

  it('is read where its objects go over lines, or stand behind one another, in arrays or not', async () => {
    const [one, two] = [1, 2].map((ts) => ({ ts, kind: 'p', device: 'a', value: ts }));
    const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
    const [first, second] = [JSON.stringify(one), JSON.stringify(two)];
    for (const text of [
      `${pretty(one)}\n${pretty(two)}\n`,
      pretty([one, two]),
      `${first},\n${second},\n`,
      `${first}${second}`,
      `[[${first},${second}]]\n`,
      `${first} , ${second}`,
    ]) {
      const { readings, tallies } = await read(text);
      expect([readings.map(({ value }) => value), tallies.rows]).toEqual([[1_000, 2_000], 2]);
    }
    const document = pretty({ device: 'a', kind: 'p', data: { values: [one, two] } });
    const { readings } = await read(document, { ...rules, rows: 'data.values' });
    expect(readings.map(({ value }) => value)).toEqual([1_000, 2_000]);
    // A line that is torn is lost alone, also where it is the first.
    expect((await read(`{"ts":1,"kind":"p","dev\n${first}\n${second}\n`)).readings).toHaveLength(2);
    const { refusals } = await read(`${pretty(one)}\n${pretty({ ...two, value: 'x' })}\n`);
    expect(refusals).toMatchObject([{ line: 7 }]);
  });

  it('takes NaN and its like for null, and finds names with dots in them', async () => {
    const line = (value: string): string => `{"ts":1,"kind":"p","device":"NaN \\" inf","data":{"a.b":${value}}}\n`;
    const series = [{ metric: 'power', value: 'data.a.b', device: '{device}' }];
    const { readings, tallies } = await read(['NaN', '-Infinity', 'nan', 'inf', '5', '"nan"'].map(line).join(''), {
      ...rules,
      series,
    });
    expect(readings).toMatchObject([{ tags: { device: 'NaN " inf' }, value: 5_000 }]);
    expect(tallies).toMatchObject({ missing: 4, quarantined: 1 });
  });

  it('counts null, absent and named texts as missing, and quarantines what is no row', async () => {
    const { refusals, tallies } = await read(
      [
        '{"ts":1,"kind":"p","device":"a","value":null}',
        '{"ts":1,"kind":"p","device":"a"}',
        '{"ts":1,"kind":"p","device":"a","value":"?"}',
        '{"ts":1,"kind":"p","device":"a","value":[1]}',
        '{"ts":1,"kind":"p","device":"a","value":"true"}',
        '{"ts":1,"kind":"p","value":1}',
        '{"kind":"p","device":"a","value":1}',
        '{"ts":1,"kind":"p","device":"a","value":1',
        '[1]',
        '"__proto__"',
        '{"ts":1,"kind":"q"}',
      ].join('\n'),
    );
    expect(refusals.map(({ line }) => line)).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'field "value" holds an array where a value is wanted; name what is in it, like value.0',
      expect.stringContaining('"true" is not a decimal number'),
      expect.stringContaining('device'),
      expect.stringContaining('time ""'),
      expect.stringContaining('not JSON'),
      expect.stringContaining('no object'),
      expect.stringContaining('no object'),
    ]);
    expect(tallies).toMatchObject({ rows: 11, readings: 0, missing: 3, quarantined: 7 });
  });

  it('takes null and absent for missing whatever texts are named so', async () => {
    const { tallies } = await read(
      '{"ts":1,"kind":"p","device":"a","value":null}\n{"ts":1,"kind":"p","device":"a"}\n{"ts":1,"kind":"p","device":"a","value":""}\n',
      { ...rules, missing: ['?'] },
    );
    expect(tallies).toMatchObject({ missing: 2, quarantined: 1 });
  });

  it('is refused before anything is produced where the file is no NDJSON or has no time', async () => {
    await expect(read('ts,device,value\n1,a,2\n')).rejects.toThrow(/is not NDJSON; write one JSON object a line/);
    await expect(read('{"tss":1,"kind":"p"}\n')).rejects.toThrow(
      /lacks the field "ts" of the time; did you mean tss\?/,
    );
    await expect(read('')).rejects.toThrow(/is empty/);
  });
});

const record = fc.record({
  ts: fc.nat({ max: 2_000_000_000 }),
  device: fc.constantFrom('a', 'b,c', 'd "e"', ' f ', 'é'),
  kind: fc.constantFrom('p', 'q'),
  value: fc.oneof(fc.double({ min: -1_000, max: 1_000, noNaN: true }), fc.constantFrom('', '?', 'x')),
});
const quoted = (field: unknown): string => `"${String(field).replaceAll('"', '""')}"`;

describe('NDJSON and CSV', () => {
  it('of the same rows give the same, torn and taken up again anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 150, max: 400 }),
        async (rows, chunkBytes) => {
          const csv = [
            'ts,device,kind,value',
            ...rows.map(({ ts, device, kind, value }) => [ts, device, kind, value].map(quoted).join(',')),
          ];
          await writeFile(join(folder, 'rows.csv'), `${csv.join('\n')}\n`);
          await writeFile(join(folder, 'rows.ndjson'), `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
          const registry = new SeriesList();
          const fromCsv = await collect(open('csv', rules, registry), registry);
          const limits = { chunkBytes, lineBytesMax: 1_000, batchReadingsMax: 2 };
          let from: SourceCheckpoint | null = null;
          const torn: Collected[] = [];
          for (let last = false; !last;) {
            const piece = await collect(open('ndjson', rules, registry, limits), registry, from, 1);
            last = piece.checkpoints.length === 0 || JSON.stringify(from) === JSON.stringify(piece.checkpoints[0]);
            from = piece.checkpoints[0] ?? null;
            torn.push(piece);
          }
          expect(torn.flatMap(({ readings }) => readings)).toEqual(fromCsv.readings);
          expect(from?.['totals']).toEqual(fromCsv.tallies);
        },
      ),
      { numRuns: 60 },
    );
  });
});
