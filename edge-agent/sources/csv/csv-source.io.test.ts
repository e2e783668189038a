import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { RECORD_LIMITS, type RecordLimits } from '../records/record-limits.ts';
import { SeriesList, type Source } from '../source.ts';
import {
  collect,
  type Collected,
  CSV_ROWS,
  failure,
  FAR_FUTURE_MS,
  issuesOf,
  metricsOf,
  openSection,
} from '../sources.fixtures.ts';

const folder = await sharedFolder('csv');

const metrics = metricsOf(metricNamed('power'), metricNamed('strict', { decimals: 1, excess: 'refuse' }));

interface Opened {
  readonly source: Source;
  readonly registry: SeriesList;
}

function open(
  given: Readonly<Record<string, unknown>> = {},
  stdin?: Readable,
  limits: RecordLimits = RECORD_LIMITS,
  nowMs = FAR_FUTURE_MS,
): Opened {
  const registry = new SeriesList();
  const options = { metrics, registry, folder, stdin: () => stdin ?? Readable.from([]), nowMs: () => nowMs, limits };
  return { source: openSection({ ...CSV_ROWS, ...given }, options), registry };
}

async function read(text: string | Uint8Array, given: Readonly<Record<string, unknown>> = {}): Promise<Collected> {
  await writeFile(join(folder, 'rows.csv'), text);
  const { source, registry } = open(given);
  return collect(source, registry);
}

const at = (text: string): number => Date.parse(text);

describe('a CSV source', () => {
  it('refuses a time that can not be yet, and nothing else with it', async () => {
    const nowMs = at('2024-01-01T00:00:00Z');
    const text = 'ts,device,value\n2023-12-31T23:59:00Z,a,1\n2062-01-01T00:00:00Z,a,2\n2024-01-01T00:04:00Z,a,3\n';
    await writeFile(join(folder, 'rows.csv'), text);
    const { source, registry } = open({}, undefined, RECORD_LIMITS, nowMs);
    const { readings, refusals, tallies } = await collect(source, registry);
    expect(readings.map(({ value }) => value)).toEqual([1_000, 3_000]);
    expect(refusals).toMatchObject([{ line: 3, readings: 1, reason: expect.stringContaining('2062-01-01T00:00:00Z') }]);
    expect(tallies).toMatchObject({ readings: 2, quarantined: 1 });
  });

  it('skips a byte order mark and empty lines, and takes spaces and quotes off', async () => {
    const { readings, tallies } = await read(
      '\uFEFFts, device ,value\r\n\r\n"2024-01-01T00:00:00Z", "a ""b""", 1.5 \r\n   \r\n2024-01-01T00:00:01.5+01:00,c,-2',
    );
    expect(readings).toEqual([
      { metric: 'power', tags: { device: 'a "b"' }, timeMs: at('2024-01-01T00:00:00Z'), value: 1_500 },
      { metric: 'power', tags: { device: 'c' }, timeMs: at('2023-12-31T23:00:01.500Z'), value: -2_000 },
    ]);
    expect(tallies.rows).toBe(2);
  });

  it('says of the series of a rule since when they are expected', async () => {
    await writeFile(join(folder, 'rows.csv'), 'ts,device,value,more\n2024-01-04,a,1,2\n');
    const rule = { metric: 'power', value: 'value', device: '{device}' };
    const series = [
      { ...rule, since: '2024-01-01' },
      { ...rule, value: 'more', device: 'b' },
    ];
    const { source, registry } = open({ series });
    await collect(source, registry);
    expect(registry.descriptions.map(({ device, sinceMs }) => [device, sinceMs])).toEqual([
      ['a', at('2024-01-01T00:00:00Z')],
      ['b', undefined],
    ]);
    expect(issuesOf({ ...CSV_ROWS, series: [{ ...rule, since: 'Monday' }] })).toContain('Monday');
  });

  it('names line, reason and text of what it quarantines', async () => {
    const { refusals, tallies } = await read(
      'ts,device,value\n2024-01-01,"x\ny",1\nyesterday,a,1\n2024-01-01,a,NaN\n2024-01-01,a\n2024-01-01,,1\n3000000-01-01,a,1\n2024-01-01,a,\n',
    );
    expect(refusals.map(({ line, text }) => [line, text])).toEqual([
      [2, '2024-01-01,"x\ny",1'],
      [4, 'yesterday,a,1'],
      [5, '2024-01-01,a,NaN'],
      [6, '2024-01-01,a'],
      [7, '2024-01-01,,1'],
      [8, '3000000-01-01,a,1'],
    ]);
    expect(refusals.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('not UTF-8 text on one line'),
      expect.stringContaining('time "yesterday" is not ISO 8601'),
      expect.stringContaining('column "value": value "NaN" is not a decimal number'),
      'the row has 2 fields where the file has 3 columns',
      expect.stringContaining('device'),
      expect.stringContaining('time "3000000-01-01" is not ISO 8601'),
    ]);
    expect(tallies).toMatchObject({ rows: 7, readings: 0, missing: 1, quarantined: 6 });
  });

  it('takes a delimiter at the end of rows, or of the heading, for no field', async () => {
    const rows = ['2024-01-01,a,1', '2024-01-02,a,2'];
    const ended = rows.map((row) => `${row},`);
    for (const [heading, lines] of [
      ['ts,device,value', ended],
      ['ts,device,value,', rows],
      ['ts,device,value,', ended],
      ['ts,device,value', [...rows.slice(0, 1), ...ended.slice(1), ',,,', ' , ,']],
    ] as const) {
      const { readings, tallies } = await read([heading, ...lines].join('\r\n'));
      expect(readings.map(({ value }) => value)).toEqual([1_000, 2_000]);
      expect(tallies).toMatchObject({ rows: 2, quarantined: 0 });
    }
    const { readings, refusals } = await read('ts,device,value\n2024-01-01,a,1,5\n2024-01-01,a,1,,\n2024-01-01,a\n');
    expect(readings).toEqual([]);
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'the row has 4 fields where the file has 3 columns',
      'the row has 5 fields where the file has 3 columns',
      'the row has 2 fields where the file has 3 columns',
    ]);
    // A column that the heading doesn't name may hold something all the same.
    expect((await read('ts,device,value,\n2024-01-01,a,1,ok\n')).readings).toHaveLength(1);
  });

  it('reads numbers with the marks, units and factors that are said, and its strict metric refuses what is too fine', async () => {
    const { readings, refusals } = await read(
      'ts;device;value;Faktor\n2024-01-01;a;1.234,5 kW;1\n2024-01-02;a;0,5;1/2\n2024-01-03;a;1,5 W;0,1\n',
      {
        delimiter: ';',
        decimal: ',',
        thousands: '.',
        series: [{ metric: 'strict', value: 'value', device: '{device}', scale: 'Faktor', unit: 'kW' }],
      },
    );
    expect(readings.map(({ value }) => value)).toEqual([12_345]);
    expect(refusals.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/value "0,5 · 1\/2" has more than the 1 decimals declared/),
      expect.stringContaining('value "1,5 W" is not in kW; name its unit under `unit`'),
    ]);
  });

  it('loses one line, not the rest of the file, to a quote that nobody closes', async () => {
    const { readings, refusals } = await read('ts,device,value\n2024-01-01,"a,1\n2024-01-02,b,2\n2024-01-03,c,3\n');
    expect(readings.map(({ value }) => value)).toEqual([2_000, 3_000]);
    expect(refusals).toEqual([
      { line: 2, readings: 1, reason: 'a quoted field does not close before the file ends', text: '2024-01-01,"a,1' },
    ]);
  });

  it('takes the lines after such a quote for one record each, as far as it was looked for', async () => {
    const { readings, refusals } = await read('ts,device,value\n2024-01-01,"a,1\n2024-01-02,x","b\n2024-01-05,e,5\n');
    expect(readings.map(({ value }) => value)).toEqual([5_000]);
    const reasons = refusals.map(({ line, reason }) => [line, reason]);
    expect(reasons).toEqual([
      [2, expect.stringContaining('before the file ends')],
      [3, expect.stringContaining('on its line')],
    ]);
  });

  it('names a device only where all columns of its name are filled', async () => {
    const series = [{ metric: 'power', value: 'value', device: '{house}-{plug}', tags: { house: 'h{house}' } }];
    const { readings, refusals } = await read(
      'ts,house,plug,value\n2024-01-01,1,2,1\n2024-01-01,,2,1\n2024-01-01,1,,1\n',
      { series },
    );
    expect(readings.map(({ tags }) => tags)).toEqual([{ device: '1-2', house: 'h1' }]);
    expect(refusals.map(({ line }) => line)).toEqual([3, 4]);
  });

  it('quarantines a line that is longer than a line may be, and reads on after it', async () => {
    const { readings, refusals } = await read(
      `ts,device,value\n2024-01-01,${'a'.repeat(3_000_000)},1\n2024-01-02,b,2\n`,
    );
    expect(readings.map(({ value }) => value)).toEqual([2_000]);
    expect(refusals).toMatchObject([{ line: 2, readings: 1, reason: 'the line is longer than 1048576 bytes' }]);
    expect(refusals[0]!.text).toHaveLength(200);
  });

  it('tells a wide file by its rules: a row that can not be read is lost for all of them', async () => {
    const series = ['a', 'b'].map((column) => ({ metric: 'power', value: column, device: column }));
    const { refusals, tallies } = await read('ts,a,b\n2024-01-01,1,2,3\nnever,1,2\n2024-01-02,1,x\n2024-01-03,,7\n', {
      series,
    });
    expect(refusals.map(({ readings }) => readings)).toEqual([2, 2, 1]);
    expect(tallies).toMatchObject({ rows: 4, readings: 2, missing: 1, quarantined: 5 });
  });

  it('reads rows that have one of some texts, or any but these, and no row twice', async () => {
    const rows =
      'ts,state,value\n2024-01-01,ok,1\n2024-01-02,est,2\n2024-01-03,bad,3\n2024-01-04,,4\n2024-01-05,true,5\n';
    const rule = (state: unknown) => ({ metric: 'power', value: 'value', device: 'd', when: { state } });
    const values = async (...conditions: readonly unknown[]): Promise<readonly number[]> =>
      (await read(rows, { series: conditions.map(rule) })).readings.map(({ value }) => value / 1_000);
    expect(await values(['ok', ' est '])).toEqual([1, 2]);
    expect(await values({ not: ['bad', ''] })).toEqual([1, 2, 5]);
    expect(await values({ not: 'bad' })).toEqual([1, 2, 4, 5]);
    expect(await values(true)).toEqual([5]);
    expect(await values('ok', { not: ['ok', 'bad'] })).toEqual([1, 2, 4, 5]);
    for (const state of [[], { no: 'bad' }])
      expect(issuesOf({ ...CSV_ROWS, series: [rule(state)] })).toContain('not: …');
  });

  it('takes digits that a spreadsheet is to leave alone for what they are', async () => {
    const { readings } = await read('ts,device,value\n2024-01-01,="007","=""1.5"""\n2024-01-02,007,2\n');
    expect(readings.map(({ tags, value }) => [tags['device'], value])).toEqual([
      ['007', 1_500],
      ['007', 2_000],
    ]);
  });

  it('makes nothing of rows that no rule is for', async () => {
    const series = [{ metric: 'power', value: 'value', when: { kind: 'p' }, device: 'd' }];
    const { tallies } = await read('ts,kind,value\n2024-01-01,p,1\nnever,q,x\n2024-01-01,P,1\nshort\n', { series });
    expect(tallies).toMatchObject({ rows: 4, readings: 1, missing: 0, quarantined: 1 });
  });

  it('refuses or rounds decimals as the metric says', async () => {
    const series = ['strict', 'power'].map((metric) => ({ metric, value: 'value', device: metric }));
    const { readings, refusals } = await read('ts,value\n2024-01-01,0.0625\n', { series });
    expect(readings.map(({ value }) => value)).toEqual([62]);
    expect(refusals).toMatchObject([
      { line: 2, readings: 1, reason: expect.stringContaining('more than the 1 decimals') },
    ]);
  });

  it('resolves the repeated hour of a long file per series: of each metric of a device apart', async () => {
    const hour = (local: string): string => `2024-10-27T${local},a,p,1\n2024-10-27T${local},a,s,1\n`;
    const rule = (metric: string, kind: string) => ({ metric, value: 'value', device: '{device}', when: { kind } });
    const { readings, tallies } = await read(
      `ts,device,kind,value\n${['01', '02', '02', '03'].map((h) => hour(`${h}:00`)).join('')}`,
      {
        time: { columns: ['ts'], zone: 'Europe/Paris' },
        series: [rule('power', 'p'), rule('strict', 's')],
      },
    );
    for (const metric of ['power', 'strict']) {
      const times = readings.filter((one) => one.metric === metric).map(({ timeMs }) => new Date(timeMs).toISOString());
      expect(times.map((time) => time.slice(11, 16))).toEqual(['23:00', '00:00', '01:00', '02:00']);
    }
    expect(tallies).toMatchObject({ readings: 8, ambiguousTimes: 0 });
  });

  it('resolves the repeated hour of a long file per device, and counts what stays undecided', async () => {
    const { readings, tallies } = await read(
      'ts,device,value\n2024-10-27T02:30,a,1\n2024-10-27T02:30,b,2\n2024-10-27T02:00,a,3\n2024-10-27T02:45,b,4\n2024-10-27T03:00,b,5\n2024-03-31T02:30,a,6\n2024-10-27T02:15,b,7\n',
      { time: { columns: ['ts'], zone: 'Europe/Paris' } },
    );
    expect(readings.map(({ timeMs }) => new Date(timeMs).toISOString().slice(11, 16))).toEqual([
      '00:30',
      '00:30',
      '01:00',
      '00:45',
      '02:00',
      '00:15',
    ]);
    expect(tallies).toMatchObject({ readings: 6, ambiguousTimes: 3, quarantined: 1 });
  });

  it('keeps the order of each device also where `when` tells devices apart', async () => {
    const series = ['a', 'b'].map((device) => ({ metric: 'power', value: 'value', when: { device }, device }));
    const { readings } = await read(
      'ts,device,value\n2024-10-27T02:30,a,1\n2024-10-27T02:29,b,2\n2024-10-27T02:31,a,3\n',
      {
        time: { columns: ['ts'], zone: 'Europe/Paris' },
        series,
      },
    );
    expect(readings.map(({ timeMs }) => new Date(timeMs).toISOString().slice(11, 16))).toEqual([
      '00:30',
      '00:29',
      '00:31',
    ]);
  });

  it('joins the columns of a time by one space and cuts digits finer than a millisecond', async () => {
    const time = { columns: ['day', 'clock'], format: 'd.M.yyyy HH:mm:ss.SSSSSS' };
    const { readings, tallies } = await read(
      'clock;day;value\n12:00:00.123456;1.2.2024;1\n12:00:00.123000;1.2.2024;1\n',
      {
        delimiter: ';',
        time,
        series: [{ metric: 'power', value: 'value', device: 'd' }],
      },
    );
    expect(readings.map(({ timeMs }) => timeMs)).toEqual([
      at('2024-02-01T12:00:00.123Z'),
      at('2024-02-01T12:00:00.123Z'),
    ]);
    expect(tallies.truncatedTimes).toBe(1);
  });

  it('has a watermark that trails its newest reading by its lateness, and reaches it at the end', async () => {
    await writeFile(join(folder, 'rows.csv'), `ts,device,value\n2024-01-01T00:01:00Z,a,1\n2024-01-01T00:00:30Z,a,1\n`);
    const { source, registry } = open({ lateness: '10s' }, undefined, { ...RECORD_LIMITS, batchReadingsMax: 1 });
    const { watermarks } = await collect(source, registry);
    const highest = at('2024-01-01T00:01:00Z');
    expect(watermarks).toEqual([highest - 10_000, highest - 10_000, highest]);
  });
});

describe('a CSV file that can not be read', () => {
  it('is named with what is wrong and what helps, before anything is produced', async () => {
    await mkdir(join(folder, 'directory'), { recursive: true });
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['absent.csv', 'unreadable', /absent\.csv does not exist; check its path/],
      ['directory', 'unreadable', /is a directory; name a file in it/],
      ['/dev/null', 'unreadable', /no regular file; pipe it in/],
    ];
    for (const [file, kind, message] of cases) {
      const error = await failure(collect(open({ file }).source, new SeriesList()));
      expect(error.sourceFault).toBe(kind);
      expect(error.message).toMatch(message);
    }
    expect((await failure(read(''))).message).toMatch(/is empty/);
    expect((await failure(read('\n\n'))).message).toMatch(/has no heading; give it one/);
    expect((await failure(read('ts,device,value\n\0\0'))).message).toMatch(/holds bytes that no text has/);
    expect((await failure(read(Buffer.from('ts,device', 'utf16le')))).message).toMatch(/say `encoding: utf-16`/);
    expect((await failure(read('ts,devise,value\n'))).message).toMatch(
      /lacks the column "device"; did you mean "devise"\?/,
    );
    expect((await failure(read('ts;device;value\n'))).message).toMatch(
      /lacks the columns "ts", "value", "device"; line 1 has all: say `delimiter: ";"`$/,
    );
    const columns = ['ts', 'device', 'value', 'more'];
    expect((await failure(read('ts,device,value\n', { columns, header: true }))).message).toMatch(
      /heading of 3 columns where `columns` names 4/,
    );
    expect((await failure(read('ts,device,value,value\n'))).message).toMatch(/has two columns "value"; rename one/);
  });
});

describe('standard input', () => {
  it('is read as it comes, from its start whatever the checkpoint', async () => {
    const stdin = Readable.from([
      Buffer.from('ts,dev'),
      Buffer.from('ice,value\n2024-01-01,a,1\n2024-'),
      Buffer.from('01-02,a,2'),
    ]);
    const { source, registry } = open({ file: '-' }, stdin);
    const { readings, checkpoints } = await collect(source, registry, { offset: 5 });
    expect(readings.map(({ value }) => value)).toEqual([1_000, 2_000]);
    expect(checkpoints.at(-1)).toEqual({ stream: true });
  });

  it('ends when it is told to, also where nothing comes', async () => {
    const stop = new AbortController();
    const stdin = new Readable({ read: () => undefined });
    stdin.push('ts,device,value\n2024-01-01,a,1\n');
    const values: number[] = [];
    const { source } = open({ file: '-' }, stdin);
    const reading = (async () => {
      for await (const batch of source.batches(null, stop.signal)) {
        values.push(...batch.value);
        setImmediate(() => stop.abort());
      }
    })();
    await reading;
    expect(values).toEqual([1_000]);
  });
});
