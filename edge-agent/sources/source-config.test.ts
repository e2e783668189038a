import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { sourceConfigSchema, sourcesSchema, type SourceConfig } from './source-config.ts';
import { checkSourceReferences } from './source-references.ts';

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
demo: { kind: simulate, scenario: denmark, seed: 7 }
`;

const csv = {
  kind: 'csv',
  file: 'a.csv',
  time: { columns: ['ts'] },
  series: [{ metric: 'power', value: 'value', device: 'd' }],
};

function issuesOf(config: unknown): string {
  const result = sourceConfigSchema.safeParse(config);
  return result.success ? '' : z.prettifyError(result.error);
}

describe('the sources section', () => {
  it('takes the forms of the documentation, with defaults for what is left out', () => {
    const sources = sourcesSchema.parse(parse(SECTION));
    expect(sources['household']).toMatchObject({
      delimiter: ';',
      missing: ['', '?', '-999'],
      lateness: 0,
      follow: false,
    });
    expect(sources['plugs']).toMatchObject({
      delimiter: ',',
      missing: [''],
      time: { format: 'unix', zone: 'UTC' },
      lateness: 86_400_000,
      series: [{ when: { property: '1' } }],
    });
    expect(sources['events']).toMatchObject({ time: { format: 'iso' } });
    expect(sources['door']).toEqual({ kind: 'http', listen: { host: '::1', port: 8090 }, lateness: 10_000 });
    expect(sources['demo']).toEqual({ kind: 'simulate', scenario: 'denmark', seed: 7 });
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
  const parsed = (config: unknown): SourceConfig => sourceConfigSchema.parse(config);

  it('are to metrics and columns that exist, else the nearest is named', () => {
    const config = parsed({
      ...csv,
      columns: ['time', 'house', 'value'],
      time: { columns: ['tme'] },
      series: [{ metric: 'powr', value: 'value', device: '{hose}', tags: { a: '{zzzzzzzz}' } }],
    });
    expect(checkSourceReferences(config, ['power', 'energy'])).toEqual([
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
        remedy: 'did you mean time?',
      },
      {
        path: ['series', 0, 'device'],
        subject: 'column',
        value: '"hose" is not in the file',
        remedy: 'did you mean house?',
      },
      {
        path: ['series', 0, 'tags', 'a'],
        subject: 'column',
        value: '"zzzzzzzz" is not in the file',
        remedy: 'the file has time, house, value',
      },
    ]);
  });

  it('to columns are left to the file where it has a heading', () => {
    expect(checkSourceReferences(parsed(csv), ['power'])).toEqual([]);
    expect(checkSourceReferences(parsed({ kind: 'http', listen: 'localhost:0' }), [])).toEqual([]);
  });
});
