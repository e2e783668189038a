import { describe, expect, it } from 'vitest';
import { BatchColumns } from '../batch-columns.ts';
import { SeriesList } from '../source.ts';
import { MESSAGE_ROWS_MAX, UNFIT_TOPICS_MAX } from './limits.ts';
import type { MqttMessage } from './message-line.ts';
import { MessageReader } from './message-reader.ts';
import { mqttSchema } from './mqtt-section.ts';
import { METRICS, NOW_MS } from './mqtt.fixtures.ts';

type Rule = Readonly<Record<string, unknown>>;

/** Reads messages, one a millisecond; gives the readings as `metric tags value time`, and what else there is to see. */
function readAll(rules: readonly Rule[], messages: readonly (readonly [topic: string, payload: string | Buffer])[]) {
  const { topics } = mqttSchema.parse({ kind: 'mqtt', listen: '127.0.0.1:0', topics: rules });
  const batch = new BatchColumns(100);
  const registry = new SeriesList();
  const reader = new MessageReader({ topics, metrics: METRICS, registry, batch, nowMs: () => NOW_MS + 1e6 });
  messages.forEach(([topic, payload], i) => {
    const bytes = Buffer.from(payload);
    const message: MqttMessage = {
      topic,
      payload: bytes,
      isKept: false,
      isWhole: true,
      receivedMs: NOW_MS + i,
      bytes: 1,
      acknowledged: () => undefined,
    };
    reader.read(message);
  });
  const { highestMs } = reader;
  const closed = batch.close({ checkpoint: {}, watermarkMs: highestMs, ambiguousTimes: reader.takeAmbiguous() });
  const readings = Array.from({ length: closed.count }, (_, i) => {
    const { metric, tags } = registry.descriptions[closed.entry[i]!]!;
    return [metric, tags, closed.value[i]! / 1_000, closed.timeMs[i]! - NOW_MS] as const;
  });
  return { ...closed, readings, highestMs, remarks: reader.tally.remarks() };
}

const rule = (more: Rule = {}): Rule => ({
  topic: 'home/+/+',
  names: ['site', 'device'],
  series: [{ metric: 'temperature', value: 'temperature', device: '{device}', tags: { site: '{site}' } }],
  ...more,
});

describe('a message of several rows', () => {
  const rows = rule({
    rows: 'all',
    series: [{ metric: 'temperature', value: 't', device: '{name}', tags: { site: '{site}' } }],
  });

  it('has fields of its own for them, which come first; what can be no reading is told with its row', () => {
    const { readings, tallies, refusals } = readAll(
      [rows],
      [
        ['home/a/b', '{"name":"n","all":[{"t":1},{"t":2,"name":"m"},{"t":null},{"x":5},7,{"t":"much"}]}'],
        ['home/a/b', '{"name":"n","all":{"t":3}}'],
        ['home/a/b', '{"name":"n","all":[]}'],
        ['home/a/b', '{"name":"n","t":9}'],
      ],
    );
    expect(readings.map(([, { device }, value]) => [device, value])).toEqual([
      ['n', 1],
      ['m', 2],
      ['n', 3],
    ]);
    expect(tallies).toMatchObject({ readings: 3, missing: 1, quarantined: 1 });
    expect(refusals[0]!.text).toBe('home/a/b {"t":"much"}');
  });

  it('is refused where it has more of them than a batch has room for', () => {
    const { tallies, refusals } = readAll(
      [rows],
      [['home/a/b', JSON.stringify({ all: Array.from({ length: MESSAGE_ROWS_MAX + 1 }, () => 1) })]],
    );
    expect(tallies).toMatchObject({ readings: 0, quarantined: 1 });
    expect(refusals[0]!.reason).toContain(`${MESSAGE_ROWS_MAX} is the limit`);
  });
});

describe('a message that says who is gone', () => {
  const topics: readonly Rule[] = [
    rule({
      topic: 'home/+',
      names: ['device'],
      time: { columns: ['at'] },
      series: [{ metric: 'temperature', value: 't', device: '{device}' }],
    }),
    { topic: 'home/+/availability', names: ['device'], gone: { device: '{device}', when: { state: 'offline' } } },
    {
      topic: 'tele/+/LWT',
      names: ['device'],
      payload: 'text',
      gone: { device: '{device}', when: { payload: 'Offline' } },
    },
  ];
  const said = (device: string, s: number): readonly [string, string] => [
    `home/${device}`,
    `{"t":1,"at":"${new Date(NOW_MS + s * 1_000).toISOString()}"}`,
  ];

  it('breaks off the series of that device, when it comes, and after all that was said of them', () => {
    const { breaks, tallies, remarks } = readAll(topics, [
      said('a', -60),
      said('b', 1),
      ['home/a/availability', '{"state":"online"}'],
      ['home/a/availability', '{"state":"offline"}'],
      ['home/a/availability', '{"state":"offline"}'],
      ['tele/b/LWT', 'Offline'],
      ['tele/b/LWT', 'Online'],
      ['tele/nobody/LWT', 'Offline'],
      said('a', 2),
      ['home/a/availability', '{"state":"offline"}'],
    ]);
    expect(breaks!.map(({ entry, atMs }) => [entry, atMs - NOW_MS])).toEqual([
      [0, 3],
      [1, 1_001],
      [0, 2_001],
    ]);
    expect([tallies.readings, tallies.quarantined, remarks]).toEqual([3, 0, []]);
  });
});

describe('a message whose format has rows', () => {
  it('has those of SenML refused that are none, or must not be read by who knows RFC 8428 alone', () => {
    const pack = rule({ payload: 'senml', series: [{ metric: 'temperature', value: 'v', device: '{name}' }] });
    const { readings, refusals } = readAll(
      [pack],
      [
        ['home/a/b', '{"n":"x","v":1}'],
        ['home/a/b', '[5,{"n":"x","v":1,"must_":2},{"n":"x","v":2,"bv":40}]'],
        ['home/a/b', '[{"n":"x","v":3,"bver":11}]'],
        ['home/a/b', '[{"n":"x","v":4,"t":"then"}]'],
        ['home/a/b', '[{'],
      ],
    );
    expect(readings).toEqual([['temperature', { device: 'x' }, 42, 1]]);
    expect(refusals.map(({ line }) => line)).toEqual([1, 2, 2, 3, 4, 5]);
  });

  it('has lines refused that are no points, and passes over what no rule is for', () => {
    const points = rule({
      payload: 'line-protocol',
      series: [{ metric: 'temperature', value: 'room.t', device: '{site}', tags: { of: '{of}' } }],
    });
    const text = 'room,of=air t=21.5,h=40 1717200000000000000\nnone\ndisk used=1i\nroom,of=floor h=2\n';
    const { readings, refusals, tallies } = readAll([points], [['home/attic/b', text]]);
    expect(readings).toEqual([['temperature', { of: 'air', device: 'attic' }, 21.5, 0]]);
    expect(refusals).toMatchObject([{ text: 'home/attic/b none' }]);
    expect(tallies).toMatchObject({ readings: 1, missing: 0, quarantined: 1 });
  });
});

describe('a message', () => {
  it('gives a reading at the time of receipt, whose names are levels of the topic', () => {
    const { readings, tallies, highestMs } = readAll(
      [rule()],
      [
        ['home/attic/a', '{"temperature":21.4,"linkquality":120}'],
        ['home/attic/a', ' {"temperature" : "-0.5"} '],
      ],
    );
    expect(readings).toEqual([
      ['temperature', { site: 'attic', device: 'a' }, 21.4, 0],
      ['temperature', { site: 'attic', device: 'a' }, -0.5, 1],
    ]);
    expect(tallies).toMatchObject({ rows: 2, readings: 2, missing: 0, quarantined: 0 });
    expect(highestMs).toBe(NOW_MS + 1);
  });

  it('gives what its own time says, and fields by paths, also into arrays', () => {
    const series = [1, 0].map((at) => ({
      metric: 'power',
      value: `ENERGY.Power.${at}`,
      device: '{Name}',
      tags: { phase: String(at) },
      when: { site: 'roof' },
    }));
    const rules = [rule({ time: { columns: ['Time'] }, series })];
    const payload = '{"Time":"2024-06-01T00:00:05Z","Name":"plug","ENERGY":{"Power":[1.5,2]}}';
    const { readings } = readAll(rules, [
      ['home/roof/x', payload],
      ['home/cellar/x', payload],
    ]);
    expect(readings).toEqual([
      ['power', { phase: '1', device: 'plug' }, 2, 5_000],
      ['power', { phase: '0', device: 'plug' }, 1.5, 5_000],
    ]);
  });

  it('of a plain number is that number, as text and as JSON, and read by every rule that has its topic', () => {
    const series = (metric: string): Rule[] => [{ metric, value: 'payload', device: '{device}' }];
    const { readings, refusals } = readAll(
      [
        { topic: '+/power', names: ['device'], payload: 'text', series: series('power') },
        { topic: '+/#', names: ['device'], payload: 'json', series: series('temperature') },
      ],
      [
        ['a/power', ' 12.5'],
        ['a/power', 'on'],
        ['b/x/y', '3'],
      ],
    );
    expect(readings).toEqual([
      ['power', { device: 'a' }, 12.5, 0],
      ['temperature', { device: 'a' }, 12.5, 0],
      ['temperature', { device: 'b' }, 3, 2],
    ]);
    expect(refusals.map(({ line, reason, text }) => [line, reason.replace(/:.*/, ''), text])).toEqual([
      [2, 'column "payload"', 'a/power on'],
      [2, 'the payload is not JSON', 'a/power on'],
    ]);
  });

  it('that can not be read goes to quarantine, with its topic and what it was', () => {
    const { refusals, tallies, remarks } = readAll(
      [rule()],
      [
        ['home/a/b', '{"temperature":'],
        ['home/a/b', '{"temperature":{"value":1}}'],
        ['home/a/b', '{"temperature":[1]}'],
        ['home/a/b', Buffer.from([0x22, 0xff, 0x22])],
        ['home/a/b', '{"temperature":"warm"}'],
        ['home/a/', '{"temperature":1}'],
        ['home/a/b', `${'['.repeat(100_000)}`],
        ['home/a/b', ''],
      ],
    );
    expect(tallies).toMatchObject({ readings: 0, quarantined: 7 });
    expect(refusals.map(({ text }) => text).slice(0, 3)).toEqual([
      'home/a/b {"temperature":',
      'home/a/b {"temperature":{"value":1}}',
      'home/a/b {"temperature":[1]}',
    ]);
    for (const [i, reason] of [
      'not JSON',
      'holds an object',
      'holds an array',
      'not JSON',
      'not a decimal number',
      'empty',
      'not JSON',
    ].entries()) {
      expect(refusals[i]!.reason).toContain(reason);
    }
    expect(remarks).toEqual(['1 message without any value that a rule takes: home/a/b (1)']);
  });

  it('counts as missing what it names without a value, where it has another', () => {
    const series = ['temperature', 'humidity'].map((metric) => ({ metric, value: metric, device: '{device}' }));
    const { readings, tallies } = readAll(
      [rule({ series })],
      [
        ['home/a/b', '{"temperature":1}'],
        ['home/a/b', '{"temperature":null,"humidity":2}'],
      ],
    );
    expect(readings.map(([metric, , value]) => [metric, value])).toEqual([
      ['temperature', 1],
      ['humidity', 2],
    ]);
    expect(tallies).toMatchObject({ readings: 2, missing: 2 });
  });
});

describe('messages that give nothing', () => {
  it('are counted with their topics, and a path that was never there is told with the nearest', () => {
    const { tallies, remarks } = readAll(
      [rule({ series: [{ metric: 'temperature', value: 'sensor.temperatur', device: '{device}' }] })],
      [
        ['home/a/b', '{"sensor":{"temperature":1,"battery":90}}'],
        ['home/a/c', '{"state":"ON"}'],
        ['home/a/b', '{"sensor":{"temperature":2}}'],
        ['home/bridge', 'online'],
      ],
    );
    expect(tallies).toMatchObject({ rows: 0, readings: 0, missing: 0, quarantined: 0 });
    expect(remarks).toEqual([
      '3 messages without any value that a rule takes: home/a/b (2), home/a/c (1)',
      '1 message on topics that no rule has: home/bridge (1)',
      'value "sensor.temperatur" was in no message on home/+/+ so far; did you mean sensor.temperature?',
    ]);
  });

  it('name no more topics than fit on a screen', () => {
    const topics = Array.from({ length: UNFIT_TOPICS_MAX + 5 }, (_, i) => [`other/${i}`, '1'] as const);
    const { remarks } = readAll([rule()], topics);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toMatch(/^17 messages on topics that no rule has: .*, and others$/);
    expect(remarks[0]!.match(/other\//g)).toHaveLength(UNFIT_TOPICS_MAX);
  });
});
