import { describe, expect, it } from 'vitest';
import { declaredSource, issuesOf } from '../sources.fixtures.ts';
import { TEMPERATURE } from './mqtt.fixtures.ts';

type Section = Readonly<Record<string, unknown>>;

const section = (more: Section): Section => ({ kind: 'mqtt', topics: [TEMPERATURE], ...more });
const URL_1 = { url: 'mqtt://127.0.0.1:1883' };
const LISTEN = { listen: '127.0.0.1:1883' };

function described(more: Section): string {
  return declaredSource(section(more)).description;
}

describe('a section of MQTT', () => {
  it('says which messages it reads, and whose', () => {
    expect(described(URL_1)).toBe('reads zigbee2mqtt/+ of the broker mqtt://127.0.0.1:1883');
    expect(described(LISTEN)).toBe('takes zigbee2mqtt/+ at mqtt://127.0.0.1:1883');
  });

  it('has a broker or an address, and the keys that go with it', () => {
    expect(issuesOf(section({}))).toContain('either the url of a broker or an address to listen at, and neither');
    expect(issuesOf(section({ ...URL_1, ...LISTEN }))).toContain('both stand here');
    expect(issuesOf(section({ ...URL_1, tls: { cert: 'a', key: 'b' } }))).toContain(
      'tls goes with listen, not with url',
    );
    expect(issuesOf(section({ ...LISTEN, clientId: 'x' }))).toContain('clientId goes with url, not with listen');
    expect(issuesOf(section({ listen: '0.0.0.0:1883' }))).toContain('is open to other machines');
  });

  it('names a broker without who may come in, and its files only where they are of use', () => {
    expect(issuesOf(section({ url: 'mqtt://meter:secret@home' }))).toMatch(/belongs into `user`/);
    expect(issuesOf(section({ url: 'mqtt://meter:secret@home' }))).not.toContain('secret');
    for (const url of ['home:1883', 'http://home', 'mqtt://', 'mqtt://home/path'])
      expect(issuesOf(section({ url }))).toContain('write mqtt://host, or mqtts://host for TLS');
    expect(issuesOf(section({ ...URL_1, password: { file: 'p' } }))).toContain('a password needs a `user`');
    expect(issuesOf(section({ ...URL_1, ca: 'ca.pem' }))).toContain('write url: mqtts://');
    expect(issuesOf(section({ url: 'mqtts://home', ca: 'ca.pem', user: 'a', password: { file: 'p' } }))).toBe('');
  });

  it('gives names to all + of a topic, or to none', () => {
    const rule = (more: Section): string => issuesOf(section({ ...LISTEN, topics: [{ ...TEMPERATURE, ...more }] }));
    expect(rule({ names: ['a', 'b'] })).toContain('topic zigbee2mqtt/+ has 1 +, and 2 names');
    expect(rule({ topic: '+/+', names: ['device', 'device'] })).toContain('a name stands there twice');
    expect(rule({ topic: 'a/#/b' })).toContain('# comes last');
    expect(rule({ payload: 'text' })).toContain(
      '"temperature" is not in a payload that is text; there are device, payload',
    );
    expect(rule({ topic: 'a/#', names: [] })).toBe('');
  });

  it('reads no message twice where a broker would send it twice', () => {
    const topics = (...filters: readonly string[]): string =>
      issuesOf(section({ ...URL_1, topics: filters.map((topic) => ({ ...TEMPERATURE, topic, names: [] })) }));
    expect(topics('a/+', 'a/#', 'b', 'b')).toBe('');
    expect(topics('a/+/c', 'a/b/+')).toContain('topic a/b/+ means some that a/+/c means too');
    const rules = ['a/+/c', 'a/b/+'].map((topic) => ({ ...TEMPERATURE, topic, names: [] }));
    expect(issuesOf(section({ ...LISTEN, topics: rules }))).toBe('');
  });

  it('asks by a broker alone, at topics that something can be published to', () => {
    const asks = (where: object, ...ask: readonly object[]): string =>
      issuesOf(section({ ...where, topics: [TEMPERATURE], ask }));
    expect(asks(URL_1, { topic: 'R/a/keepalive', every: '30s' })).toBe('');
    expect(asks(LISTEN, { topic: 'R/a/keepalive', every: '30s' })).toContain('ask goes with url');
    expect(asks(URL_1, { topic: 'R/+/keepalive', every: '30s' })).toContain(
      'is no topic that something is published to',
    );
    expect(asks(URL_1, { topic: 'R/a', every: '10ms' })).toContain('every is 1s at least');
  });

  it('has rows and times of its own where its format says them', () => {
    const topics = (more: object): string => issuesOf(section({ ...LISTEN, topics: [{ ...TEMPERATURE, ...more }] }));
    expect(topics({ payload: 'senml', rows: 'a' })).toContain('leave it out beside `payload: senml`');
    expect(topics({ payload: 'line-protocol', time: { columns: ['t'] } })).toContain('leave `time` out');
    expect(topics({ topic: 'a/#', names: ['device'] })).toBe('');
    expect(topics({ payload: 'senml', gone: { device: 'a' } })).toContain('holds readings alone');
    expect(topics({ payload: 'text', series: undefined, gone: { device: 'a', when: { state: 'x' } } })).toContain(
      '"state" is not in a payload that is text',
    );
    expect(topics({ series: undefined })).toContain('a topic has `series`, or says who is `gone`');
    expect(topics({ series: undefined, gone: { device: '{device}' } })).toBe('');
  });

  it('names the metric that nobody has declared', () => {
    expect(declaredSource(section(LISTEN)).faults(['temperatur'])).toEqual([
      {
        path: ['topics', 0, 'series', 0, 'metric'],
        subject: 'metric',
        value: '"temperature" is not declared',
        remedy: 'did you mean temperatur?',
      },
    ]);
  });

  it('names two rules of a topic that make the same series, of which one message would give one reading alone', () => {
    const [rule] = TEMPERATURE.series;
    const faults = (...series: readonly object[]): readonly string[] =>
      declaredSource(section({ ...LISTEN, topics: [{ ...TEMPERATURE, series }] }))
        .faults(['temperature'])
        .map(({ path, value }) => `${path.join('.')}: ${value}`);
    expect(faults(rule!, { ...rule, value: 'inside' })).toEqual([
      expect.stringMatching(/^topics\.0\.series\.1: for "inside" makes the same series as the one for /),
    ]);
    expect(faults(rule!, { ...rule, value: 'inside', tags: { at: 'inside' } })).toEqual([]);
  });
});
