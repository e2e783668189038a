import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList, type SourceCheckpoint } from '../source.ts';
import { collect, type Collected, CSV_ROWS, failure, issuesOf, metricsOf, openSection } from '../sources.fixtures.ts';

const folder = await sharedFolder('csv-headings');
const metrics = metricsOf(metricNamed('power'));

async function read(text: string, given: Readonly<Record<string, unknown>> = {}): Promise<Collected> {
  await writeFile(join(folder, 'rows.csv'), text);
  const registry = new SeriesList();
  return collect(openSection({ ...CSV_ROWS, ...given }, { metrics, registry, folder }), registry);
}

describe('the heading of a CSV file', () => {
  it('is found behind lines of text, beside lines that are no rows', async () => {
    const rows = '2024-01-01,a,1\n# not, "this\n2024-01-02,a,2\n';
    for (const [text, given] of [
      [`"Name : A B",,\n,,\nts,device,value\n${rows}`, { skip: 2, comment: '#' }],
      [`Name\nts\tdevice\tvalue\n${rows.replaceAll(',', '\t')}`, { skip: 1, comment: '#', delimiter: '\t' }],
      [`\uFEFFsep=,\r\nts,device,value\n${rows}`, { comment: '# ' }],
      [`#x\n\n# "\nts,device,value\n${rows}\uFEFFts,"device",value,\n#`, { comment: '#' }],
      [`one\n${rows}`, { comment: '#', skip: 1, columns: ['ts', 'device', 'value'] }],
      [`ts,device,value\n${rows}ts,device,value\n`, { comment: '#', columns: ['ts', 'device', 'value'] }],
    ] as const) {
      const { readings, tallies } = await read(text, given);
      expect([readings.map(({ value }) => value), tallies.rows]).toEqual([[1_000, 2_000], 2]);
    }
    const { refusals } = await read('a\nb\nts,device,value\n2024-01-01,a,x\n', { skip: 2 });
    expect(refusals).toMatchObject([{ line: 4, text: '2024-01-01,a,x' }]);
  });

  it('may have names that go over lines, or have other spaces than are said, and the lines behind it are told', async () => {
    const series = [{ metric: 'power', value: 'Power (kW)', device: '{Meter id}' }];
    for (const heading of [
      'ts,"Power\n(kW)",Meter id',
      '"ts","Power\r\n(kW)","Meter\r\nid"',
      'ts,Power\u00a0(kW),Meter  id',
      'ts,Power (kW),Meter id',
    ]) {
      const { readings, refusals } = await read(`${heading}\n2024-01-01,1,a\n2024-01-02,x,a\n`, { series });
      expect(readings).toMatchObject([{ tags: { device: 'a' }, value: 1_000 }]);
      expect(refusals).toMatchObject([{ line: heading.split('\n').length + 2 }]);
    }
    expect((await failure(read('ts,device,"value\n2024-01-01,a,1\n'))).message).toMatch(
      /heading that can't be read: a quoted field does not close/,
    );
    const endless = `ts,device,"value${'\n2024-01-01,a,1'.repeat(70)}"\n`;
    expect((await failure(read(endless))).message).toMatch(/can't be read: it goes on for 71 lines/);
  });

  it('is told to be a row where it seems to be one, and not to end where lines end with CR alone', async () => {
    expect((await failure(read('2024-01-01,1,1.5\n'))).message).toMatch(/the file has no heading: name its `columns`$/);
    expect((await failure(read('ts,device,value\r2024-01-01,a,1\r'))).message).toMatch(
      /ends its lines with CR alone; /,
    );
  });

  it('is told to stand elsewhere, and by which delimiter, where it does', async () => {
    const text = 'Name : A B\n"x\nts;device;value\n2024-01-01;a;1\n';
    expect((await failure(read(text))).message).toMatch(/line 3 has all: say `delimiter: ";"` and `skip: 2`$/);
    expect((await failure(read(text, { skip: 2 }))).message).toMatch(/line 3 has all: say `delimiter: ";"`$/);
    expect((await failure(read('a,b\nts,device,value\n', { skip: 0 }))).message).toMatch(/: say `skip: 1`$/);
    expect((await failure(read('sep=;\nts;device;value\n'))).message).toMatch(
      /says that its delimiter is ";"; say `delimiter: ";"`$/,
    );
    expect((await failure(read('a\nb\n', { skip: 3 }))).message).toMatch(/fewer than the 3 lines/);
    const columns = ['Cas od', 'Cas do', 'Datum'];
    const series = [{ metric: 'power', value: 'Cas od', device: 'a' }];
    const message = async (named: string): Promise<string> =>
      (await failure(read(`${columns.join(',')}\n`, { time: { columns: [named] }, series }))).message;
    expect(await message('Cas dp')).toMatch(/lacks the column "Cas dp"; did you mean "Cas do"\?$/);
    expect(await message('Zeitpunkt')).toMatch(/lacks the column "Zeitpunkt"; it has "Cas od", "Cas do", "Datum"/);
  });

  it('is read no further where another one follows, by which what is read stands elsewhere, however often it is tried', async () => {
    const message = async (text: string, given: Readonly<Record<string, unknown>> = {}): Promise<string> =>
      (await failure(read(text, given))).message;
    const rows = 'ts,device,value,more\n2024-01-01,a,1,5\n';
    expect(await message(`${rows}ts,device,more,value\n2024-01-02,a,5,2\n`)).toMatch(
      /rows\.csv names the columns anew, with "value" as number 4, not 3, in line 3; move that line and what follows it/,
    );
    expect(await message(`${rows}value,ts,device,more\n1,2024-01-02,a,5\n`)).toMatch(
      /with "ts" as number 2, not 1, in/,
    );
    expect(await message(`${rows}\uFEFF"ts",device,other,more\r\n2024-01-02,a,5,2\r\n`)).toMatch(/with no "value", in/);
    const range = { series: [{ metric: 'power', value: { from: 'device', to: 'more' }, device: '{column}' }] };
    expect(await message(`${rows}ts,device,other,more\n2024-01-02,1,5,2\n`, range)).toMatch(/with no "value", in/);
    // What is read stands where it stood, or the row is one.
    for (const row of ['ts,device,value,other', 'ts,a,1,5', '2024-01-02,ts,x,5', 'value,ts,1', 'more,a,x,5']) {
      const { readings, refusals } = await read(`${rows}${row}\n2024-01-03,a,2,5\n`);
      expect([readings.map(({ value }) => value), refusals.length]).toEqual([[1_000, 2_000], 1]);
    }
  });

  it('leaves what stands before another one to be read, once', async () => {
    const text = 'ts,device,value\n2024-01-01,a,1\nts,value,device\n2024-01-02,2,a\n';
    await writeFile(join(folder, 'rows.csv'), text);
    const source = openSection({ ...CSV_ROWS }, { metrics, registry: new SeriesList(), folder });
    let left: SourceCheckpoint | null = null;
    for (const counts of [[1], []]) {
      const found: number[] = [];
      const reading = async (from: SourceCheckpoint | null): Promise<void> => {
        for await (const batch of source.batches(from, new AbortController().signal)) {
          found.push(batch.count);
          left = batch.checkpoint;
        }
      };
      expect((await failure(reading(left))).message).toContain('in line 3');
      expect(found).toEqual(counts);
    }
  });

  it('may name a device in each of its columns, of which one rule makes a series each', async () => {
    const rule = {
      metric: 'power',
      value: { from: 'M 1', to: 'M3' },
      device: 'meter {column}',
      tags: { site: '{site}' },
    };
    const rows = 'ts,site,M 1,M$&2,M3,sum\n2024-01-01,a,1,2,,6\n2024-01-02,a,4,x,5,9\n';
    const { readings, refusals, tallies } = await read(rows, { series: [rule] });
    expect(readings.map(({ tags, value }) => [tags, value])).toEqual([
      [{ device: 'meter M 1', site: 'a' }, 1_000],
      [{ device: 'meter M$&2', site: 'a' }, 2_000],
      [{ device: 'meter M 1', site: 'a' }, 4_000],
      [{ device: 'meter M3', site: 'a' }, 5_000],
    ]);
    expect(refusals).toMatchObject([{ line: 3, reason: expect.stringContaining('column "M$&2": value "x"') }]);
    expect(tallies).toMatchObject({ rows: 2, readings: 4, missing: 1, quarantined: 1 });
    const ended = await read('ts,site,M 1,M3,\n2024-01-01,a,1,2,\n', {
      series: [{ ...rule, value: { from: 'M 1', to: 'M3' } }],
    });
    expect(ended.readings).toHaveLength(2);
    const message = async (heading: string, value: object): Promise<string> =>
      (await failure(read(`${heading}\n`, { series: [{ ...rule, value }] }))).message;
    expect(await message('ts,site,b,a,a,c', { from: 'b', to: 'c' })).toContain('"a" is there twice');
    expect(await message('ts,site,a,b', { from: 'b', to: 'a' })).toContain('"a" stands before "b"');
    expect(await message('ts,site,a,b', { from: 'a', to: 'd' })).toContain('lacks the column "d"');
    expect(issuesOf({ ...CSV_ROWS, series: [{ ...rule, device: 'x', tags: {} }] })).toContain('device: "{column}"');
  });
});
