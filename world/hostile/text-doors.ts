import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { judgeConfigText, readUtf8 } from '#cli/config/load-config.ts';
import { UserError } from '#cli/failure.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { View } from '#core/views/view.ts';
import { readReadingsBody } from '#edge-agent/sources/http/readings-body.ts';
import { readSentReadings } from '#edge-agent/sources/http/sent-readings.ts';
import { LineReader } from '#edge-agent/sources/line-protocol/line-reader.ts';
import { DUTCH, OLD } from '#edge-agent/sources/p1/telegrams.fixtures.ts';
import { SourceError } from '#edge-agent/sources/source-error.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { FAR_FUTURE_MS, metricsOf, openSection } from '#edge-agent/sources/sources.fixtures.ts';
import { parseFilter, parseRange, parseStats, parseWindowSpec, parseZone, QueryError } from '#serving/answers/query.ts';
import { WindowsParams } from '#serving/http/schemas.ts';
import { readPositionToken, writePositionToken } from '#serving/index/position-token.ts';
import { idOf, parseClientMessage } from '#serving/stream/messages.ts';
import { checkBatch, type Door, type Outcome } from './door.ts';

const POWER = metricNamed('power', { quantiles: true });
const LEVEL = metricNamed('level', { decimals: 1, excess: 'refuse' });
const METRICS = metricsOf(POWER, LEVEL);
const VIEW: View = { name: 'power', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();
const textsOf = (...texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => utf8.encode(text));

/** Refused is what throws the error that the door documents; anything else goes on. */
function refusedBy(documented: abstract new (...args: never[]) => Error, read: () => void): Outcome {
  try {
    read();
    return 'accepted';
  } catch (error) {
    if (error instanceof documented) return 'refused';
    throw error;
  }
}

const readings: Door = {
  name: 'HTTP readings',
  samples: textsOf(
    JSON.stringify([
      { time: '2026-01-01T00:00:00+01:00', metric: 'power', device: 'm1', value: 1.25, tags: { region: 'Øst' } },
      { time: 1_767_225_600_000, metric: 'level', device: 'm2', value: '17.5' },
      { time: '2026-01-01T00:01:00Z', metric: 'power', device: 'm1', value: null },
    ]),
    '[{"time":"2026-01-01T00:00:00.123456Z","metric":"power","device":"m3","value":123456789.123456789012345678}]',
    '[]',
  ),
  open: (bytes) => {
    const sent = readReadingsBody(bytes);
    if ('status' in sent) return 'refused';
    const { batches, accepted, missing, quarantined } = readSentReadings(
      sent,
      METRICS,
      new SeriesList(),
      FAR_FUTURE_MS,
    );
    batches.forEach(checkBatch);
    assert.equal(accepted + missing + quarantined.length, sent.length, 'each reading is counted once');
    JSON.stringify(quarantined);
    return 'accepted';
  },
};

/** What a query of windows says in its URL. */
const query: Door = {
  name: 'query',
  samples: textsOf(
    'from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&window=1h',
    'from=2024-10-27T02:30&to=2024-10-28&window=1d&every=1h&zone=Europe/Paris&stats=count,p99,mean&region=N&region=S',
    'from=-7d&to=now&window=1d&offset=6h&zone=Asia/Kathmandu&stats=avg',
    'from=0000-01-01&to=9999-12-31&window=1mo&zone=America/New_York&format=csv&asOf=12,5',
  ),
  open: (bytes) => {
    const given = new URLSearchParams(utf8Decoder.decode(bytes));
    const parsed = WindowsParams.safeParse(Object.fromEntries(given));
    if (!parsed.success) return 'refused';
    const { from, to, window, every, offset, zone: zoneName, stats } = parsed.data;
    return refusedBy(QueryError, () => {
      const zone = parseZone(zoneName);
      const known = Object.keys(WindowsParams.shape);
      const tags = new Set(given.keys()).difference(new Set(known));
      parseFilter(
        [...tags].map((tag) => [tag, given.getAll(tag)]),
        VIEW,
        known,
      );
      const { fromMs, toMs } = parseRange(from, to, zone, Date.UTC(2024, 9, 27));
      assert(Number.isSafeInteger(fromMs) && Number.isSafeInteger(toMs) && fromMs <= toMs);
      parseWindowSpec({ window, every, offset, zone: zoneName }, zone);
      parseStats(stats, POWER);
    });
  },
};

/** A message of a WebSocket client, and what a subscription makes of it. */
const messages: Door = {
  name: 'stream message',
  samples: textsOf(
    '{"type":"subscribe","id":"a","view":"power","window":"1h","every":"10m","zone":"Europe/Paris","stats":["count","p99"],"last":"1d","where":{"region":["N","S"]}}',
    '{"type":"subscribe","id":"b","view":"power","window":"1mo","from":"2026-01-01","resume":"WzEsWzBdLFtbMCw1XV1d"}',
    '{"type":"unsubscribe","id":"a"}',
  ),
  open: (bytes) => {
    const text = utf8Decoder.decode(bytes);
    const id = idOf(text);
    assert(id === undefined || id.length <= 64);
    return refusedBy(QueryError, () => {
      const message = parseClientMessage(text);
      assert.deepEqual(parseClientMessage(JSON.stringify(message)), message);
      if (message.type === 'unsubscribe') return;
      parseWindowSpec(message, parseZone(message.zone));
      parseStats(message.stats?.join(','), POWER);
    });
  },
};

const tokens: Door = {
  name: 'position token',
  samples: textsOf(
    writePositionToken({ run: '5f1c', version: 1, cut: [0, 12], positions: new Map([[0, 5]]) }),
    '["",3,[9007199254740991],[[0,5],[255,77]]]',
    '["7-a",1,[0,0,12],[[0,5],[1,6],[2,1000000]]]',
  ),
  // Most texts are no base64 of JSON, so what stands behind it is changed.
  seal: (bytes) => Buffer.from(Buffer.from(bytes).toString('base64url')),
  open: (bytes) => {
    const token = readPositionToken(utf8Decoder.decode(bytes));
    if (token === undefined) return 'refused';
    // The order of the partitions is the writer's.
    assert.deepEqual(readPositionToken(writePositionToken(token)), token);
    return 'accepted';
  },
};

/** Small, so that records are torn and lines too long in a few kilobytes. */
const LIMITS = { chunkBytes: 2_048, lineBytesMax: 512, batchReadingsMax: 64 };
const TELEGRAM_LIMITS = { ...LIMITS, lineBytesMax: 1_024 };

/** A file of rows, read by its source; each row has to give one reading, or tell why not; of a telegram one at most. */
function rowsDoor(
  name: string,
  given: { readonly kind: string; readonly [key: string]: unknown },
  ...samples: readonly string[]
): Door {
  const rule = { metric: 'power', value: 'kw', device: 'm-{meter}', tags: { region: '{region}' } };
  // Telegrams are in no other encoding, and don't say so.
  const encoding = given.kind === 'p1' ? {} : { encoding: 'utf-8' };
  const section = { file: '-', ...encoding, missing: ['', '?'], series: [rule], ...given };
  return {
    name,
    samples: textsOf(...samples),
    open: async (bytes) => {
      const source = openSection(section, {
        metrics: METRICS,
        registry: new SeriesList(),
        folder: '.',
        limits: given.kind === 'p1' ? TELEGRAM_LIMITS : LIMITS,
        stdin: () => Readable.from([bytes], { objectMode: false }),
      });
      try {
        for await (const batch of source.batches(null, new AbortController().signal)) {
          const { rows, readings: read, missing, quarantined } = batch.tallies;
          const told = read + missing + quarantined;
          assert(given.kind === 'p1' ? told <= rows : told === rows, 'each row is counted once');
          assert.equal(read, batch.count);
          checkBatch(batch);
        }
        return 'accepted';
      } catch (error) {
        if (error instanceof SourceError) return 'refused';
        throw error;
      }
    },
  };
}

const ROWS = [
  'ts,meter,region,kw',
  '2024-10-27 02:30,1,N,1.25',
  '2024-10-27 02:30,2,"a ""b"", c",?',
  '2024-03-31 02:30, 3 ,S,"-0.0625"',
  '',
  '2024-10-27 03:30,1,N,9e3',
];

const LOCAL_TIME = { columns: ['ts'], format: 'yyyy-MM-dd HH:mm', zone: 'Europe/Paris' };

const ROWS_AS_THEY_ARE = [
  'Report of a meter',
  'ts;meter;kw;factor',
  '2024-10-27 02:30;1;1.234,5 W;0,001;',
  '# no row',
  'ts;meter;kw;factor',
  '2024-10-27 02:30;"2";-0,5;1e3',
  ';;;',
];

const OBJECTS = [
  '{"ts":"2026-01-01T00:00:00Z","meter":1,"region":"N","kw":1.25}',
  '{"ts":"2026-01-01T00:01:00+01:00","meter":"2","region":"Ø","kw":"-3"}',
  '{"ts":"2026-01-01T00:02:00.5Z","meter":2,"kw":null,"region":"S","more":{"a":[1]}}',
  '{"ts":"2026-01-01T00:03:00Z","meter":123456789012345678901,"region":"S","kw":0.1234567890123456789}',
];

/** The lines of one request. */
const lines: Door = {
  name: 'line protocol',
  samples: textsOf(
    [
      'cpu,host=web\\ 1,cpu=cpu0 usage_idle=98.0625,usage_user=1.5e0,up=true 1767225600123456789',
      '# a comment',
      'cpu,host=Ø,cpu=c\\,\\=1 usage_idle=12i,text="a \\"b\\", \\\\\nc" -1',
      'meter serial="M 7",kw=18446744073709551615u',
      'meter serial="M 8",kw=f 0',
    ].join('\n'),
    'cpu usage_idle=1,usage_idle=2 1767225600000000000\r\n\r\nmeter kw=-.5\r\n',
  ),
  open: (bytes) => {
    const reader = new LineReader({
      section: {
        missing: [''],
        series: [
          { metric: 'power', value: 'cpu.usage_idle', device: '{host}', tags: { cpu: '{cpu}' }, when: {} },
          { metric: 'level', value: 'meter.kw', device: 'm-{meter.serial}', tags: {}, when: {} },
        ],
      },
      metrics: METRICS,
      registry: new SeriesList(),
      nowMs: () => FAR_FUTURE_MS,
      batchReadingsMax: LIMITS.batchReadingsMax,
    });
    const read = reader.read([bytes], 'ns', Date.UTC(2026, 0, 1));
    assert(read !== undefined, 'so few bytes are not too many readings');
    read.batches.forEach(checkBatch);
    const sum = (of: 'rows' | 'readings'): number => read.batches.reduce((all, { tallies }) => all + tallies[of], 0);
    assert.equal(sum('rows'), read.lines, 'each line is counted once');
    assert.equal(
      sum('readings') > 0,
      read.batches.some(({ count }) => count > 0),
    );
    assert(read.refusedLines + read.passedLines <= read.lines);
    assert.equal(read.firstRefused === null, read.refusedLines === 0);
    return read.refusedLines === read.lines ? 'refused' : 'accepted';
  },
};

const config: Door = {
  name: 'configuration',
  samples: [
    readFileSync(new URL('../../cli/sample/weir.yaml', import.meta.url)),
    ...textsOf(
      'metrics:\n  a: &a { unit: kW, decimals: 3, kind: gauge, interval: 1m }\n  b: { <<: *a, decimals: 1 }\n',
      'metrics: { a: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }\nviews: { v: { metric: a, by: [x], slice: 1h } }\n',
      'metrics:\n  a: { unit: W, decimals: 1, kind: gauge, interval: 1m, hold: 12h }\n  b: { unit: kWh, decimals: 3, kind: counter, interval: 5m, rollover: 838860.7 }\n  c: { unit: kWh, decimals: 1, kind: total, interval: 1h }\n  d: { unit: kWh, decimals: 3, kind: delta, interval: 30m }\nviews: { v: { metric: a, slice: 10s } }\n',
      'agent: { id: a-1, broker: mqtt://127.0.0.1:1883 }\nsources:\n  s: { kind: http, port: 8090 }\n',
      'batch: { every: 1h, rows: 10000, keep: 8 }\nx: &b [1, 2]\ny: [*b, *b]\n',
    ),
  ],
  open: (bytes) =>
    refusedBy(UserError, () => {
      const judged = judgeConfigText(readUtf8(bytes, 'weir.yaml'));
      if (judged.kind === 'usable') return;
      assert(judged.faults.length > 0, 'what can not be used has a fault');
      throw new UserError('faulty', { exitCode: 2 });
    }),
};

/** Where texts of people and of their programs are read. */
export const TEXT_DOORS: readonly Door[] = [
  readings,
  query,
  messages,
  tokens,
  rowsDoor('csv', { kind: 'csv', time: LOCAL_TIME }, ROWS.join('\n'), ROWS.join('\r\n')),
  rowsDoor(
    'csv as it is',
    {
      kind: 'csv',
      encoding: 'utf-16le',
      delimiter: ';',
      decimal: ',',
      thousands: '.',
      skip: 1,
      comment: '#',
      time: LOCAL_TIME,
      series: [
        { metric: 'power', value: 'kw', device: 'm-{meter}', scale: 'factor', unit: { kW: 1, W: '1/1000', '': 1 } },
      ],
    },
    `${ROWS_AS_THEY_ARE.join('\n')}\n`.replaceAll(/[^]/g, '$&\0'),
  ),
  rowsDoor(
    'ndjson',
    { kind: 'ndjson', time: { columns: ['ts'], format: 'iso' } },
    OBJECTS.join('\n'),
    `${OBJECTS.join('\r\n')}\n`,
  ),
  rowsDoor(
    'ndjson rows',
    {
      kind: 'ndjson',
      rows: 'held.rows',
      time: { columns: ['ts'], format: 'iso' },
      series: [{ metric: 'power', value: 'kw', device: 'm-{meter}' }],
    },
    `{"meter":1,"held":{"rows":[${OBJECTS.slice(0, 2).join()},{"kw":1}]}}\n{"ts":"2026-01-01T00:03:00Z","held":{"rows":{"kw":2}}}\n`,
    `[{"held":{"rows":[]}},{"held":{"rows":[7,[8],${OBJECTS[0]}]}}]`,
  ),
  rowsDoor(
    'telegrams',
    {
      kind: 'p1',
      series: [{ metric: 'power', value: '0-1:24.2.1', device: 'gas of {0-0:96.1.1}', unit: 'm3' }],
    },
    // Without its checksum, so that what is changed in it is read.
    DUTCH.replace(/!.*/, '!'),
    `${DUTCH}${OLD}`,
  ),
  lines,
  rowsDoor(
    'ends of intervals',
    {
      kind: 'csv',
      time: {
        columns: ['ts'],
        format: 'E d MMM yy k:mm:ss.SSS XXX',
        zone: 'Europe/Paris',
        rest: 'ignore',
        stamp: 'end',
        shift: '-15s',
        repeated: { column: 'meter', second: '2' },
      },
    },
    ROWS.join('\n').replaceAll(/2024-(10-27|03-31) 0(\d:\d\d)/g, 'Sun 27 Oct 24 $2:59.123 +01:00 - 4'),
  ),
  rowsDoor(
    'periods',
    {
      kind: 'csv',
      time: { columns: ['ts'], format: 'unix-ns', zone: 'Europe/Paris', period: { column: 'meter', every: '30m' } },
    },
    ROWS.join('\n').replaceAll(/2024-\S+ \S+(?=,)/g, '1.7299800E18'),
  ),
  config,
];
