import { describe, expect, it } from 'vitest';
import { parseDuration } from '#core/time/duration.ts';
import { openZone } from '#core/time/zone.ts';
import { parseStats, parseWindowSpec } from '../answers/query.ts';
import { POWER, POWER_BY_REGION } from '../world.fixtures.ts';
import { fileNameOf, formatOf } from './answer-format.ts';

describe('the format of an answer', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['text/csv', 'csv'],
    ['TEXT/CSV; header=present', 'csv'],
    ['text/*', 'csv'],
    ['application/x-ndjson', 'ndjson'],
    ['application/json;q=0.5, text/csv', 'csv'],
    ['application/x-ndjson, application/json', 'json'],
    // What a browser sends for a page.
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
    // The more specific range decides, also where it weighs less (RFC 9110, 12.5.1).
    ['*/*, application/json;q=0.1', 'ndjson'],
    ['application/*;q=0.9, application/json;q=0, application/x-ndjson;q=0, text/csv;q=0.2', 'csv'],
  ] as const)('of a reader that accepts %j is %s', (accept, format) => {
    expect(formatOf(undefined, accept)).toBe(format);
  });

  it('is the one that is named, whatever the reader accepts', () => {
    expect(formatOf('csv', 'application/json')).toBe('csv');
    expect(formatOf('json', 'image/png')).toBe('json');
  });

  it.each(['image/png', 'application/json;q=0', '*/*;q=0', 'json', 'text/csv;q=2', ';'])(
    'is refused to a reader that accepts %j, with what there is',
    (accept) => {
      expect(() => formatOf(undefined, accept)).toThrow(
        expect.objectContaining({
          status: 406,
          remedy:
            'ask for application/json, application/x-ndjson, text/csv, or add format=json or format=ndjson or format=csv',
        }) as Error,
      );
    },
  );
});

describe('the name of the file', () => {
  const asked = { view: POWER_BY_REGION, metric: POWER, stats: parseStats('count', POWER), where: new Map() };
  const paris = openZone('Europe/Paris');
  const range = { fromMs: Date.UTC(2026, 0, 31, 23), toMs: Date.UTC(2026, 1, 1, 11, 30) };

  it('has the range by the clock of the zone, and nothing that a system might not take', () => {
    const windows = { ...asked, ...range, spec: parseWindowSpec({ window: '15m' }, paris) };
    expect(fileNameOf(windows, paris, 'csv')).toBe('power-by-region_2026-02-01_2026-02-01T123000_15m.csv');
  });

  it('has the gap of sessions', () => {
    const sessions = { ...asked, ...range, gap: parseDuration('1h') };
    expect(fileNameOf(sessions, openZone('UTC'), 'ndjson')).toBe(
      'power-by-region_2026-01-31T230000_2026-02-01T113000_1h.ndjson',
    );
  });
});
