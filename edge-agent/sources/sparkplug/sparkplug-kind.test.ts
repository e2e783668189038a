import { describe, expect, it } from 'vitest';
import { declaredSource, issuesOf } from '../sources.fixtures.ts';
import { NameTally } from './metric-table.ts';
import { topicsOf } from './sparkplug-section.ts';
import { parseMessageTopic } from './topic.ts';

const RULE = { metric: 'temperature', value: 'Inputs/Temperature', device: '{device}', tags: { node: '{node}' } };
const SECTION = { kind: 'sparkplug', url: 'mqtt://127.0.0.1:1884', series: [RULE] };

describe('a section of kind sparkplug', () => {
  it('is a broker and rules, with defaults for the rest, and says what it reads', () => {
    expect(issuesOf(SECTION)).toBe('');
    const { description, supports } = declaredSource(SECTION);
    expect(description).toBe('reads Sparkplug B of all edge nodes at the broker mqtt://127.0.0.1:1884');
    expect(supports).toEqual({ nature: 'live', resumes: false });
    const named = declaredSource({ ...SECTION, groups: ['north', 'south'], host: 'weir' });
    expect(named.description).toContain('the edge nodes of north, south');
    expect(named.description).toContain('as host application weir');
  });

  it('is refused with a remedy where it can mean nothing', () => {
    expect(issuesOf({ ...SECTION, url: 'http://127.0.0.1' })).toContain('mqtt://host');
    expect(issuesOf({ ...SECTION, groups: ['a/b'] })).toContain('no +, # or /');
    expect(issuesOf({ ...SECTION, host: '+' })).toContain('no +, # or /');
    expect(issuesOf({ ...SECTION, time: { columns: ['ts'] } })).toContain('time');
  });

  it('names what nobody has declared, and the nearest', () => {
    const faults = (rule: object): readonly string[] =>
      declaredSource({ ...SECTION, series: [{ ...RULE, ...rule }] })
        .faults(['temperature'])
        .map(({ path, value, remedy }) => `${path.join('.')}: ${value}; ${remedy}`);
    expect(faults({})).toEqual([]);
    expect(faults({ metric: 'temperatur' })).toEqual([
      'series.0.metric: "temperatur" is not declared; did you mean temperature?',
    ]);
    expect(faults({ device: '{devise}' })).toEqual([
      'series.0.device: "devise" is none of a Sparkplug metric; did you mean "device"?',
    ]);
    expect(faults({ when: { metric: 'x' } })).toEqual([
      'series.0.when.metric: names a metric; `value` does that already; leave it out',
    ]);
  });

  it('subscribes to what nodes and devices say, and to nothing else', () => {
    const types = ['NBIRTH/+', 'NDATA/+', 'NDEATH/+', 'DBIRTH/+/+', 'DDATA/+/+', 'DDEATH/+/+'];
    expect(topicsOf({})).toEqual(types.map((type) => `spBv1.0/+/${type}`));
    expect(topicsOf({ groups: ['a', 'b'] })).toHaveLength(12);
  });
});

describe('a topic', () => {
  it('says who speaks, where it has the form of the specification (tck-id-topic-structure)', () => {
    expect(parseMessageTopic('spBv1.0/plant/DDATA/line 1/press')).toEqual({
      type: 'DDATA',
      group: 'plant',
      node: 'line 1',
      device: 'press',
    });
    expect(parseMessageTopic('spBv1.0/plant/NBIRTH/line1')).toMatchObject({ device: null });
    for (const other of [
      'spAv1.0/plant/NBIRTH/line1',
      'spBv1.0/plant/NBIRTH/line1/press',
      'spBv1.0/plant/DDATA/line1',
      'spBv1.0/plant/DDATA/line1/',
      'spBv1.0/plant/DDATA//press',
      'spBv1.0/plant/NCMD/line1',
      'spBv1.0/STATE/weir',
      'spBv1.0/plant/DDATA/line1/press/more',
      `spBv1.0/plant/DDATA/line1/${'x'.repeat(2_000)}`,
    ]) {
      expect([other, parseMessageTopic(other)]).toEqual([other, null]);
    }
  });
});

describe('the names of metrics', () => {
  it('that never came are told with the nearest, once anything came', () => {
    const tally = new NameTally(['Inputs/Temperature', 'Inputs/Level']);
    expect(tally.remarks()).toEqual([]);
    expect(['bdSeq', 'Inputs/Temperatur', 'Inputs/Level', ''].map((name) => tally.isTaken(name))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(tally.remarks()).toEqual([
      'metric "Inputs/Temperature" came from no edge node so far; did you mean Inputs/Temperatur?',
    ]);
  });
});
