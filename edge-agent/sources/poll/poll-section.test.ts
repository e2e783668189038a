import { describe, expect, it } from 'vitest';
import { issuesOf } from '../sources.fixtures.ts';
import { declaredPoll, LOADS } from './served.fixtures.ts';

const URL_1 = 'http://127.0.0.1:9000/dataset/Consumption?start={from}&end={to}';

const issues = (more: object): string => issuesOf({ kind: 'poll', url: URL_1, every: '5m', ...LOADS, ...more });

describe('a section of a polled service', () => {
  it('says whom it asks, how often, and for what', () => {
    expect(declaredPoll({ url: URL_1, overlap: '2d', since: '2024-01-01' }).description).toBe(
      'asks http://127.0.0.1:9000/dataset/Consumption every 5m, 2d before it once more, first what there is since 2024-01-01',
    );
    expect(declaredPoll({ url: 'http://plug/status', time: undefined }).description).toBe(
      'asks http://plug/status every 5m, times are those of receipt',
    );
    expect(declaredPoll({ url: URL_1 }).supports).toEqual({ nature: 'live', resumes: true, answers: true });
  });

  it('has a URL whose places are known, and in which no secret stands', () => {
    expect(issues({ url: 'https://host/load?filter={"a":["b"]}&start={from}&end={to}&timezone=UTC' })).toBe('');
    expect(issues({ url: 'http://host/{from}/{to}' })).toBe('');
    expect(issues({ url: 'http://host?start={form}' })).toContain('did you mean {from}?');
    expect(issues({ url: 'http://host?end={to}' })).toContain('{to} without {from}');
    for (const url of ['ftp://host', 'host/load', 'http://{from}/load', 'http://', 'http:///x', 'http://a b/'])
      expect(issues({ url })).toContain('url is no address of a service');
    for (const url of [
      'http://me:s3cret@host/',
      'http://host/?a=1&api_key=s3cret',
      'http://host/?securityToken=s3cret',
    ]) {
      expect(issues({ url })).toMatch(/belongs|put the header|name the file that holds it/);
      expect(issues({ url })).not.toContain('s3cret');
    }
    expect(issues({ url: 'http://host/?api_key={token}', token: { file: 't' } })).toBe('');
    expect(issues({ url: 'http://host/?api_key={token}' })).toContain('name the file that holds it');
  });

  it('has spans and keys that go together', () => {
    expect(issues({ every: '100ms' })).toContain('every is 1s at least');
    expect(issues({ every: 'often' })).toContain('is not a whole number with a unit');
    expect(issues({ since: '-7d', overlap: '0' })).toBe('');
    expect(issues({ since: 'yesterday' })).toContain('is not ISO 8601');
    expect(issues({ url: 'http://host/', since: '-7d' })).toContain('since needs {from}');
    expect(issues({ format: 'csv', time: undefined })).toContain('CSV needs `time`');
    expect(issues({ format: 'csv', rows: 'records' })).toContain('leave it out');
    expect(issues({ range: { zone: 'Europe/Kopenhagen' } })).toContain('Europe/Copenhagen');
    expect(issues({ pages: { nxt: 'a' } })).toContain('pages must be');
    expect(issues({ pages: { offset: 'offset', limit: 'limit' } })).toBe('');
  });

  it('names the metric that nobody has declared', () => {
    expect(declaredPoll({ url: URL_1 }).faults(['laod'])).toMatchObject([{ remedy: 'did you mean laod?' }]);
  });
});
