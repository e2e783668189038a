import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CSV } from './csv/csv-opener.ts';
import { HTTP } from './http/http-source.ts';
import { NDJSON } from './ndjson/ndjson-opener.ts';
import { declaredSource, issuesOf } from './sources.fixtures.ts';

const SECTION = `
household:
  kind: csv
  file: household.csv
  delimiter: ";"
  missing: ["", "?", -999]
  time: { columns: [Date, Time], format: dd/MM/yyyy HH:mm:ss, zone: Europe/Paris }
  series:
    - { metric: power, value: Global_active_power, device: house-1, tags: { region: IDF } }
plugs:
  kind: csv
  file: plugs.csv
  columns: [id, ts, value, property, plug, household, house]
  time: { columns: [ts], format: unix }
  lateness: 1d
  series:
    - { metric: load, value: value, when: { property: 1 }, device: "{house}-{household}-{plug}", tags: { house: "{house}" } }
events: { kind: ndjson, file: '-', time: { columns: [at.time] }, series: [{ metric: power, value: v, device: d }] }
door: { kind: http, listen: "[::1]:8090" }
`;

const csv = {
  kind: 'csv',
  file: 'a.csv',
  time: { columns: ['ts'] },
  series: [{ metric: 'power', value: 'value', device: 'd' }],
};

describe('the sources section', () => {
  it('takes the forms of the documentation, with defaults for what is left out', () => {
    const sections = parse(SECTION) as Readonly<Record<string, unknown>>;
    expect(CSV.schema.parse(sections['household'])).toMatchObject({
      delimiter: ';',
      missing: ['', '?', '-999'],
      lateness: 0,
      follow: false,
    });
    expect(CSV.schema.parse(sections['plugs'])).toMatchObject({
      delimiter: ',',
      missing: [''],
      time: { format: 'unix', zone: 'UTC' },
      lateness: 86_400_000,
      series: [{ when: { property: { texts: ['1'], isNot: false } } }],
    });
    expect(NDJSON.schema.parse(sections['events'])).toMatchObject({ time: { format: 'iso' } });
    expect(HTTP.schema.parse(sections['door'])).toEqual({
      kind: 'http',
      listen: { host: '::1', port: 8090 },
      lateness: 10_000,
    });
  });

  it.each([
    [{ ...csv, kind: 'xml' }, 'kind'],
    [{ ...csv, delimitr: ';' }, 'delimitr'],
    [{ ...csv, delimiter: '"' }, 'delimiter must be one ASCII character'],
    [{ ...csv, delimiter: ';;' }, 'delimiter must be one ASCII character'],
    [{ ...csv, time: { columns: ['ts'], format: 'yyyy-MM-dd QQ' } }, 'unknown field "QQ"'],
    [{ ...csv, time: { columns: ['ts'], zone: 'Europe/Pariis' } }, 'did you mean Europe/Paris?'],
    [{ ...csv, time: { columns: [] } }, 'time.columns'],
    [{ ...csv, series: [] }, 'series'],
    [{ ...csv, series: [{ ...csv.series[0], device: '{house' }] }, 'brace without its partner'],
    [{ ...csv, series: [{ ...csv.series[0], tags: { device: 'x' } }] }, 'given by `device`'],
    [{ ...csv, series: [{ ...csv.series[0], tags: { 'a\u0001': 'x' } }] }, 'without control characters'],
    [{ ...csv, series: [{ ...csv.series[0], tags: { ['t'.repeat(129)]: 'x' } }] }, 'at most 128 characters'],
    [
      {
        ...csv,
        series: [
          { ...csv.series[0], tags: Object.fromEntries(Array.from('0123456789abcdefghijklmnopqrstuv', (c) => [c, c])) },
        ],
      },
      'at most 31 tags',
    ],
    [{ ...csv, decimal: ';' }, 'decimal'],
    [{ ...csv, decimal: ',', thousands: ',' }, '"," is the decimal mark already'],
    [{ ...csv, thousands: '.' }, '"." is the decimal mark already; say `decimal` too'],
    [{ ...csv, series: [{ ...csv.series[0], scale: 0 }] }, 'scale 0 makes every reading 0'],
    [{ ...csv, series: [{ ...csv.series[0], unit: { Wh: 'x' } }] }, 'unit "Wh" needs the factor'],
    [{ ...csv, series: [{ ...csv.series[0], unit: '3x' }] }, '"3x" is no unit'],
    [{ ...csv, series: [{ ...csv.series[0], value: { from: 'a', to: 'b', every: '1d2' } }] }, 'is not a whole number'],
    [{ ...csv, series: [{ ...csv.series[0], value: { from: 'a', to: 'b', every: '1mo' } }] }, 'is no part of a day'],
    [{ ...csv, series: [{ ...csv.series[0], value: { from: 'a', every: '1h' } }] }, '{ from, to, every }'],
    [
      {
        ...csv,
        time: { columns: ['ts'], stamp: 'end' },
        series: [{ ...csv.series[0], value: { from: 'a', to: 'b', every: '1h' } }],
      },
      'leave `stamp` out',
    ],
    [{ ...csv, skip: -1 }, 'skip'],
    [{ ...csv, comment: '"' }, 'comment must be what a line begins with'],
    [{ ...csv, header: false }, 'a file without a heading needs `columns`'],
    [{ ...csv, columns: ['ts', 'ts'] }, 'is named twice'],
    [{ ...csv, lateness: '5 minutes' }, 'not a whole number with a unit'],
    [{ ...csv, file: '-', follow: true }, 'leave `follow` out'],
    [{ kind: 'http', listen: '8090' }, 'is not host:port'],
    [{ kind: 'http', listen: 'localhost:80900' }, 'is not host:port'],
  ])('says what is wrong: %#', (config, fault) => {
    expect(issuesOf(config)).toContain(fault);
  });
});

describe('references of a source', () => {
  it('are to metrics and columns that exist, else the nearest is named', () => {
    const source = declaredSource({
      ...csv,
      columns: ['time', 'house', 'value'],
      time: { columns: ['tme'] },
      series: [{ metric: 'powr', value: 'value', device: '{hose}', tags: { a: '{zzzzzzzz}' } }],
    });
    expect(source.faults(['power', 'energy'])).toEqual([
      {
        path: ['series', 0, 'metric'],
        subject: 'metric',
        value: '"powr" is not declared',
        remedy: 'did you mean power?',
      },
      {
        path: ['time', 'columns', 0],
        subject: 'column',
        value: '"tme" is not in the file',
        remedy: 'did you mean "time"?',
      },
      {
        path: ['series', 0, 'device'],
        subject: 'column',
        value: '"hose" is not in the file',
        remedy: 'did you mean "house"?',
      },
      {
        path: ['series', 0, 'tags', 'a'],
        subject: 'column',
        value: '"zzzzzzzz" is not in the file',
        remedy: 'the file has "time", "house", "value"',
      },
    ]);
  });

  it('are to a series each, unless no row fits both of two rules', () => {
    const rule = { metric: 'power', value: 'a', device: '{house}', tags: { phase: '1' } };
    const faults = (...series: readonly object[]): readonly string[] =>
      declaredSource({ ...csv, series })
        .faults(['power', 'energy'])
        .map(({ path, value, remedy }) => `${path.join('.')}: ${value}; ${remedy}`);
    expect(faults(rule, { ...rule, value: 'b' })).toEqual([
      'series.1: for "b" makes the same series as the one for "a", power of {house}; give one of them another `device` or tag, or tell their rows apart by `when`',
    ]);
    expect(faults(rule, { ...rule, metric: 'energy' }, { ...rule, tags: { phase: '2' } })).toEqual([]);
    const kinds = [
      { ...rule, when: { kind: 'p', at: 'x' } },
      { ...rule, when: { kind: 'q ' } },
    ];
    expect(faults(...kinds)).toEqual([]);
    expect(faults(...kinds, { ...rule, when: { at: 'x' } })).toHaveLength(1);
    expect(faults(...kinds, { ...rule, when: { kind: ' q' } })).toHaveLength(1);
  });

  it.each([
    ['csv', csv],
    ['ndjson', { ...csv, kind: 'ndjson' }],
    ['poll', { kind: 'poll', url: 'http://127.0.0.1/', every: '5m', time: { columns: ['ts'] } }],
    ['line-protocol', { kind: 'line-protocol', listen: '127.0.0.1:0' }],
    ['sparkplug', { kind: 'sparkplug', url: 'mqtt://127.0.0.1' }],
    ['mqtt', { kind: 'mqtt', listen: '127.0.0.1:0' }],
  ])('are to a series each, whatever the rows come in: %s', (kind, section) => {
    const rule = { metric: 'power', value: 'line.a', device: 'd' };
    const faults = (...series: readonly object[]): readonly string[] =>
      declaredSource(kind === 'mqtt' ? { ...section, topics: [{ topic: 'a', series }] } : { ...section, series })
        .faults(['power'])
        .map(({ path, value }) => `${path.slice(-2).join('.')}: ${value}`);
    expect(faults(rule, { ...rule, value: 'line.b' })).toEqual([
      'series.1: for "line.b" makes the same series as the one for "line.a", power of d',
    ]);
    expect(faults(rule, { ...rule, value: 'line.b', tags: { phase: '2' } })).toEqual([]);
  });

  it('are to a series for each metric of Sparkplug that a template names', () => {
    const rule = { metric: 'power', value: 'L1/kW', device: '{device}', tags: { of: '{metric}' } };
    const series = [rule, { ...rule, value: 'L2/kW' }];
    expect(declaredSource({ kind: 'sparkplug', url: 'mqtt://127.0.0.1', series }).faults(['power'])).toEqual([]);
  });

  it('are to cells in their order, and to no more than a row may give', () => {
    const rule = { ...csv.series[0], device: 'd', metric: 'power' };
    const faults = (columns: readonly string[], series: readonly object[]): readonly string[] =>
      declaredSource({ ...csv, columns, time: { columns: [columns[0]!] }, series })
        .faults(['power'])
        .map(({ subject, value }) => `${subject} ${value}`);
    const value = { from: 'c', to: 'b', every: '1h' };
    expect(faults(['a', 'b', 'c'], [{ ...rule, value }])).toEqual(['column "b" stands before "c"']);
    const columns = Array.from({ length: 16_384 }, (_, i) => `c${i}`);
    const wide = Array.from({ length: 5 }, (_, i) => ({
      ...rule,
      device: `d${i}`,
      value: { from: 'c1', to: 'c16383', every: '1m' },
    }));
    expect(faults(columns, wide)).toEqual(['its rules take 81915 readings of a row']);
    expect(faults(columns, wide.slice(1))).toEqual([]);
  });

  it('to columns are left to the file where it has a heading', () => {
    expect(declaredSource(csv).faults(['power'])).toEqual([]);
    expect(declaredSource({ kind: 'http', listen: 'localhost:0' }).faults([])).toEqual([]);
  });
});

describe('a declared source', () => {
  it('says what it reads, and how that is written', () => {
    expect(declaredSource(csv).description).toBe('a.csv');
    expect(declaredSource({ ...csv, decimal: ',', thousands: '.', skip: 5, comment: '#' }).description).toBe(
      'a.csv, numbers like 1.234,5, its first 5 lines skipped, lines with "#" left out',
    );
  });

  it.each([
    [csv, 'file', true, 'a.csv'],
    [{ ...csv, follow: true }, 'live', true, 'a.csv, followed as it grows'],
    [{ ...csv, file: '-' }, 'file', false, 'standard input, read as it comes'],
    [{ kind: 'http', listen: '[::1]:80' }, 'live', false, 'takes POST http://[::1]:80/readings'],
    [{ kind: 'http', listen: 'localhost:80' }, 'live', false, 'takes POST http://localhost:80/readings'],
  ])('says what it can do, and what it reads: %#', (section, nature, resumes, description) => {
    expect(declaredSource(section)).toMatchObject({ supports: { nature, resumes }, description });
  });
});
