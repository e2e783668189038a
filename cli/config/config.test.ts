import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFault, judgeConfigText, readUtf8 } from './load-config.ts';
import { configSchema, type WeirConfig } from './schema.ts';

const METRICS = 'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }\n';

/** The faults of a configuration as lines `path: message`. */
function faultsOf(text: string): readonly string[] {
  const judged = judgeConfigText(text);
  return judged.kind === 'usable' ? [] : judged.faults.map((fault) => formatFault(fault).trim());
}

function configOf(text: string): WeirConfig {
  const judged = judgeConfigText(text);
  if (judged.kind === 'usable') return judged.config;
  throw new Error(judged.faults.map(formatFault).join('\n'));
}

describe('a configuration', () => {
  it('that is empty has an embedded backbone, a local store, and nothing else', () => {
    const config = configOf('');
    expect({ ...config, metrics: [...config.metrics] }).toEqual({
      metrics: [],
      sources: {},
      views: [],
      backbone: { kind: 'embedded' },
      store: { kind: 'level' },
      stores: {},
      http: { cors: [] },
      mqtt: { websocket: false },
      identity: 'none',
      plainText: false,
      retention: { archive: 'forever', quarantine: 'forever' },
      batch: { every: 900_000, rows: 2_000_000, keep: 3 },
    });
  });

  it('says how long the log keeps what the archive has, and how long what was refused is listed', () => {
    expect(configOf('retention: { log: 7d, quarantine: 90d }\n').retention).toEqual({
      log: { ms: 604_800_000 },
      archive: 'forever',
      quarantine: { ms: 7_776_000_000 },
    });
    expect(configOf('retention: { log: forever }\n').retention.log).toBe('forever');
    expect(faultsOf('retention: { log: never }\n')).toHaveLength(1);
    expect(faultsOf('retention: { log: 59s, quarantine: 1ms }\n')).toHaveLength(2);
    expect(faultsOf('retention: { archive: 5y }\n')).toEqual([expect.stringMatching(/^retention\.archive: /)]);
  });

  it('says when the batch layer runs by itself, if at all', () => {
    expect(configOf('batch: { every: 1h, keep: 8 }\n').batch).toEqual({ every: 3_600_000, rows: 2_000_000, keep: 8 });
    expect(configOf('batch: { every: never, rows: 10000 }\n').batch).toMatchObject({ every: null, rows: 10_000 });
    expect(faultsOf('batch: { every: 999ms }\n')).toHaveLength(1);
    expect(faultsOf('batch: { every: often }\n')).toEqual([expect.stringMatching(/^batch\.every: .*often/)]);
    expect(faultsOf('batch: { rows: 9999, keep: 9 }\n')).toEqual([
      'batch.rows: is 9999; write at least 10000',
      'batch.keep: is 9; write at most 8',
    ]);
    expect(faultsOf('batch: { keep: 0 }\n')).toEqual(['batch.keep: is 0; write at least 1']);
  });

  it('says what InfluxDB keeps, and where it is', () => {
    const influx = (more: string): string =>
      `stores: { influx: { org: weir, bucket: views, token: { file: influx.token }, ${more} } }\n`;
    expect(configOf(influx("url: 'http://127.0.0.1:8086', fields: [sum, count]")).stores.influx).toEqual({
      url: 'http://127.0.0.1:8086',
      org: 'weir',
      bucket: 'views',
      token: { file: 'influx.token' },
      fields: ['sum', 'count'],
    });
    expect(configOf(influx('url: https://influx.example')).stores.influx?.fields).toContain('state');
    expect(faultsOf(influx('url: influx'))).toEqual([
      'stores.influx.url: influx is no URL; write it like http://127.0.0.1:8086',
    ]);
    expect(faultsOf(influx("url: 'http://me:secret@host'"))).toEqual([
      'stores.influx.url: a URL has no secret in it; name the file of the token instead',
    ]);
    expect(faultsOf(influx("url: 'http://host/?org=weir'"))).toHaveLength(1);
    expect(faultsOf(influx('url: mqtt://host'))).toHaveLength(1);
    expect(faultsOf(influx('url: http://host, fields: [men]'))).toHaveLength(1);
    expect(faultsOf(influx('url: http://host, fields: []'))).toHaveLength(1);
  });

  it('refuses a tag that InfluxDB has for itself, where it is to keep the view', () => {
    const text =
      'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }\nviews: { v: { metric: power, by: [time], slice: 1m } }\n';
    const store = 'stores: { influx: { url: http://host, org: o, bucket: b, token: { file: f } } }\n';
    expect(faultsOf(text)).toEqual([]);
    expect(faultsOf(text + store)).toEqual([
      'views.v.by: InfluxDB has no tag named time; give the tag another name, or leave stores.influx out',
    ]);
  });

  it('that "weir init" writes can be used', () => {
    expect(faultsOf(readFileSync(new URL('../sample/weir.yaml', import.meta.url), 'utf8'))).toEqual([]);
  });

  it('that is not YAML says where, once', () => {
    expect(faultsOf('metrics: { power: [\n')).toEqual([
      expect.stringMatching(/^this is not YAML: .* at line 2, column 1$/),
    ]);
  });

  it('is refused where an anchor is missing, can not be merged, or stands for more than anybody writes', () => {
    const tenfold = (name: string, of: string): string =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => of).join(', ')}]\n`;
    const bomb = ['b*a', 'c*b', 'd*c', 'e*d', 'f*e'].map((step) => tenfold(step[0]!, step.slice(1))).join('');
    expect(faultsOf('metrics: *missing\n')).toEqual([expect.stringMatching(/^this can't be resolved: .*missing/)]);
    expect(faultsOf('metrics: { <<: 3 }\n')).toEqual([expect.stringMatching(/^this can't be resolved: Merge/)]);
    expect(faultsOf(`${tenfold('a', 'x')}${bomb}`)).toEqual([
      expect.stringMatching(/^this can't be resolved: .*alias/),
    ]);
  });

  it('is refused where it is nested more deeply than it can be read', () => {
    for (const opener of ['[', '{a: ', '- ', '? ', '&a [', '- - - ? '])
      expect(faultsOf(`metrics:\n  ${opener.repeat(20_000)}`)).toEqual([
        expect.stringMatching(/^this is (?:nested too deeply|not YAML)/),
      ]);
  });

  it('has no keys that are sections or lists, however deep, and says so at once', () => {
    for (const text of ['? { a: 1 }\n: 2\n', '{ [a, b]: 1 }\n', '? '.repeat(700)])
      expect(faultsOf(text)).toEqual(['a section or a list is no key; write text']);
  });

  it('shares parts of itself by anchors', () => {
    const { metrics } = configOf(
      'metrics:\n  a: &a { unit: kW, decimals: 3, kind: gauge, interval: 1m }\n  b: { <<: *a, decimals: 1 }\n',
    );
    expect([...metrics.values()].map(({ name, decimals }) => [name, decimals])).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
  });
});

describe('an agent', () => {
  it('has a broker on this machine and a spool of 256 MB unless it says otherwise', () => {
    expect(configOf('agent: { id: roof-1 }').agent).toEqual({
      id: 'roof-1',
      broker: 'mqtt://127.0.0.1:1883',
      spool: { bytes: 256_000_000 },
    });
  });

  it.each([
    ['64MB', 64_000_000],
    ['1.5 GB', 1_500_000_000],
    ['2TB', 2_000_000_000_000],
    ['64000KB', 64_000_000],
  ])('has a spool of %s', (text, bytes) => {
    expect(configOf(`agent: { id: a, spool: { bytes: ${text} } }`).agent?.spool.bytes).toBe(bytes);
  });

  it.each(['64', '64mb', '64MiB', 'MB', '-1MB', '1.MB'])('has no spool of %s', (text) => {
    expect(faultsOf(`agent: { id: a, spool: { bytes: '${text}' } }`)).toEqual([
      `agent.spool.bytes: ${text} is no amount of bytes; write it like 256MB or 2GB`,
    ]);
  });

  it('gathers as much of its spool in memory as it says, within bounds', () => {
    expect(configOf('agent: { id: a, spool: { memory: 2MB } }').agent?.spool.memory).toBe(2_000_000);
    for (const memory of ['10KB', '1GB'])
      expect(faultsOf(`agent: { id: a, spool: { memory: ${memory} } }`)).toEqual([
        'agent.spool.memory: a spool gathers 1MB to 64MB in memory',
      ]);
  });

  it('has a spool that holds a few of the largest frames', () => {
    expect(faultsOf('agent: { id: a, spool: { bytes: 1KB } }')).toEqual([
      expect.stringMatching(/^agent\.spool\.bytes: a spool has at least \d+MB, room for a few of the largest frames$/),
    ]);
  });

  it.each(['http://host', 'mqtt://', 'mqtt://host/path', 'mqtt:host', "'mqtt://a b'"])(
    'has no broker at %s',
    (broker) => {
      expect(faultsOf(`agent: { id: a, broker: ${broker} }`)).toEqual([
        'agent.broker: the broker is a URL like mqtt://127.0.0.1:1883, or mqtts://weir.example for TLS, or wss://weir.example by WebSocket',
      ]);
    },
  );
});

describe('a backbone', () => {
  it('has as many partitions as a log may have', () => {
    for (const partitions of [1, 256])
      expect(configOf(`backbone: { kind: embedded, partitions: ${partitions} }`).backbone.partitions).toBe(partitions);
    expect(faultsOf('backbone: { kind: embedded, partitions: 0 }')).toEqual([
      'backbone.partitions: is 0; write at least 1',
    ]);
    expect(faultsOf('backbone: { kind: embedded, partitions: 257 }')).toEqual([
      'backbone.partitions: is 257; write at most 256',
    ]);
    expect(faultsOf('backbone: { kind: embedded, partitions: 1.5 }')).toEqual([
      'backbone.partitions: is 1.5; write a whole number',
    ]);
  });

  it('of NATS names a server at least, each by its address, and where it is watched', () => {
    const nats = configOf(
      'backbone: { kind: nats, servers: [nats://a:1, nats://b:2], monitor: http://a:8222 }',
    ).backbone;
    expect(nats).toEqual({ kind: 'nats', servers: ['nats://a:1', 'nats://b:2'], monitor: 'http://a:8222' });
    expect(faultsOf('backbone: { kind: nats, servers: [] }')).toEqual(['backbone.servers: is empty; name at least 1']);
    for (const server of ['a:1', 'nats://name:secret@a:1'])
      expect(faultsOf(`backbone: { kind: nats, servers: ['${server}'] }`)).toEqual([
        'backbone.servers.0: a server is a URL like nats://127.0.0.1:4222, or tls://…, without who logs in',
      ]);
    expect(
      configOf('backbone: { kind: nats, servers: [tls://a:1], credentials: { file: a.creds }, ca: ca.crt }').backbone,
    ).toMatchObject({ servers: ['tls://a:1'], credentials: { file: 'a.creds' }, ca: 'ca.crt' });
    expect(faultsOf('backbone: { kind: nats, servers: [nats://a:1], monitor: a:8222 }')).toEqual([
      'backbone.monitor: a monitoring page is a URL like http://127.0.0.1:8222',
    ]);
  });
});

describe('an origin that may ask', () => {
  it.each(['https://dash.example', 'http://localhost:3000', 'http://[::1]:8080'])('is %s', (origin) => {
    expect(configOf(`http: { cors: ["${origin}"] }`).http.cors).toEqual([origin]);
  });

  it.each(['*', 'null', 'dash.example', 'https://dash.example/', 'https://Dash.example', 'https://dash.example:443'])(
    'is not %s',
    (origin) => {
      expect(faultsOf(`http: { cors: ["${origin}"] }`)).toEqual([
        'http.cors.0: an origin is what browsers send, like https://dash.example or http://localhost:3000, without a path',
      ]);
    },
  );

  it('is none where nothing is said', () => {
    expect(configOf('{}').http.cors).toEqual([]);
  });
});

describe('a fault', () => {
  it.each([
    ['vews: {}', 'unknown key vews; did you mean views?'],
    ['backbone: { kind: embedded, xyzzyx: 1 }', 'backbone: unknown key xyzzyx; known here: kind, partitions'],
    ['sources: { s: { kind: simulate, fleet: x } }', 'sources.s: unknown key fleet; known here: kind, scenario, seed'],
    ['store: { kind: level, xyzzyx: 1 }', 'store: unknown key xyzzyx; known here: kind'],
    ['store: { kind: levl }', 'store.kind: is "levl"; did you mean level?'],
    ['store: { kind: redis }', 'store.kind: is "redis"; write level'],
    ['agent: {}', 'agent.id: is missing; add it (the sample of "weir init" shows how)'],
    ['agent: [a]', 'agent: is a list; write a section with keys'],
    ['agent: { id: { a: 1 } }', 'agent.id: is a section with keys; write text'],
    ['agent: { id: 7 }', 'agent.id: is 7; write text'],
    ['views: 7', 'views: is 7; write a section with keys'],
    ['backbone: {}', 'backbone.kind: is missing; write embedded or nats'],
    ['backbone: { kind: 7 }', 'backbone.kind: is 7; write embedded or nats'],
    ['backbone: { kind: natz }', 'backbone.kind: is "natz"; did you mean nats?'],
  ])('of %s is told as %s', (text, says) => {
    expect(faultsOf(text)).toContain(says);
  });

  it.each([
    ['decimals: 1e300', 'metrics.power.decimals: is 1e+300; write at most 9'],
    ['decimals: -1', 'metrics.power.decimals: is -1; write at least 0'],
  ])('of a metric with bounds that has %s is told', (decimals, says) => {
    const metric = `{ unit: kW, ${decimals}, kind: counter, interval: 1m, min: 0, max: 5, rollover: 9.9 }`;
    expect(faultsOf(`metrics: { power: ${metric} }`)).toContain(says);
  });

  it.each([
    ['value:', 'value: is null; write text, a number or a section with keys'],
    ['value: { from: a, to: , every: 15m }', 'value.to: is null; write text or a number'],
    ['value: { from: a, to: b, evry: 15m }', 'value: unknown key evry; did you mean every?'],
    [
      'value: a, when: { state: }',
      'when.state: is null; write text, a number, true or false, a list or a section with keys',
    ],
    ['value: a, scale: ', 'scale: is null; write a number or text'],
    ['value: a, unit: { kW: }', 'unit.kW: is null; write a number or text'],
  ])('of a rule with %s is told in the words of a configuration', (rule, says) => {
    const source = `{ kind: csv, file: a.csv, time: { columns: [t] }, series: [{ metric: power, device: d, ${rule} }] }`;
    expect(faultsOf(`${METRICS}sources: { s: ${source} }`)).toContain(`sources.s.series.0.${says}`);
  });

  it.each([
    ['batch: { every: }', 'batch.every: is null; write never or a length of time, like 250ms, 10s, 5m or 1h'],
    [
      'views: { v: { metric: power, slice: 60 } }',
      'views.v.slice: is 60; write a length of time, like 250ms, 10s, 5m or 1h',
    ],
    ['metrics: {}\n---\nviews: {}', 'a configuration is one document; join what follows the --- in line 2'],
    [
      'retention: { quarantine: }',
      'retention.quarantine: is null; write forever or a length of time, like 250ms, 10s, 5m or 1h',
    ],
    [
      'retention: { log: [] }',
      'retention.log: is a list; write archived, forever or a length of time, like 250ms, 10s, 5m or 1h',
    ],
  ])('of %s names what may stand there', (text, says) => {
    expect(faultsOf(text)).toEqual([says]);
  });

  it('is UTF-8, and anything else is refused with its line', () => {
    const text = 'metrics:\n  "Wärme":\n    unit: °C\n';
    expect(readUtf8(Buffer.from(text), 'weir.yaml')).toBe(text);
    expect(() => readUtf8(Buffer.from(text, 'latin1'), 'weir.yaml')).toThrow('weir.yaml is not UTF-8 (line 2)');
  });

  it('takes no name that would be lost', () => {
    expect(faultsOf(`metrics: { __proto__: { unit: kW } }`)).toEqual([
      '__proto__: nothing can be named __proto__; choose another name',
    ]);
    expect(faultsOf(METRICS.replace('power', 'constructor'))).toEqual([]);
  });

  it('shows no more of a long value than helps', () => {
    const [fault] = faultsOf(`metrics: { power: { unit: kW, decimals: 3, kind: ${'x'.repeat(100)}, interval: 1m } }`);
    expect(fault).toBe(`metrics.power.kind: is "${'x'.repeat(59)}…; write gauge, counter, total or delta`);
  });

  it('names each metric, view and source that does not fit the others', () => {
    const source =
      '{ kind: csv, file: a.csv, time: { columns: [t] }, series: [{ metric: powr, value: v, device: d }] }';
    expect(
      faultsOf(
        `${METRICS}views: { v: { metric: powr, slice: 1m }, w: { metric: power, slice: 7m } }\nsources: { s: ${source} }\n`,
      ),
    ).toEqual([
      'views.v.metric: metric powr is not declared; did you mean power?',
      'views.w.slice: a slice divides a day evenly (1m, 5m, 15m, 1h, …); 420 s does not',
      'sources.s.series.0.metric: metric "powr" is not declared; did you mean power?',
    ]);
  });

  it('stands in a line with its place, or alone where it is of the whole', () => {
    expect(formatFault({ path: 'a.b', message: 'is 1; write 2' })).toBe('  a.b: is 1; write 2');
    expect(formatFault({ path: '', message: 'this is not YAML' })).toBe('  this is not YAML');
  });
});

describe('the schema', () => {
  it('is strict at its top', () => {
    expect(configSchema.safeParse({ more: 1 }).success).toBe(false);
  });
});
