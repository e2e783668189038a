import { strict as assert } from 'node:assert';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { readRetryAfter } from '#edge-agent/sources/poll/answer.ts';
import { RETRY_AFTER_MS_MAX } from '#edge-agent/sources/poll/limits.ts';
import { PageReader } from '#edge-agent/sources/poll/page-reader.ts';
import { Paging } from '#edge-agent/sources/poll/paging.ts';
import { PollError } from '#edge-agent/sources/poll/poll-error.ts';
import { pollSchema } from '#edge-agent/sources/poll/poll-section.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { FAR_FUTURE_MS, metricsOf } from '#edge-agent/sources/sources.fixtures.ts';
import { checkBatch, type Door } from './door.ts';

/** Small, so that records are torn and lines too long in a few kilobytes. */
const LIMITS = { chunkBytes: 2_048, lineBytesMax: 512, batchReadingsMax: 64 };

const SECTION = {
  kind: 'poll',
  url: 'http://service/load',
  every: '1m',
  rows: 'data.records',
  time: { columns: ['ts'] },
  series: [{ metric: 'power', value: 'kw', device: '{area}' }],
};

const URL_1 = new URL('http://service/load?a=1');

const RECORDS = [
  '{"ts":"2026-01-01T00:00:00Z","area":"DK1","kw":1.25}',
  '{"area":"\\"]}\\\\", "ts":"2026-01-01T00:00:00Z","kw":0.1234567890123456789}',
  '{"ts":"2026-01-01T01:00:00+01:00","area":7,"kw":null,"more":[{"a":[]}]}',
];

const TABLE = ['ts,area,kw', '2026-01-01T00:00:00Z,DK1,1.25', '2026-01-01 01:00Z,"DK ""2""",', ''];

/** An answer: its headers `Retry-After`, `Date` and `Link`, a line each, and its body. */
function sample(body: string, link = ''): Uint8Array {
  return Buffer.from(`120\nWed, 10 Jan 2024 08:00:00 GMT\n${link}\n${body}`);
}

/** What a service answers; each row gives one reading, or tells why not, and pages lead nowhere else. */
export const poll: Door = {
  name: 'polled answer',
  samples: [
    sample(`{"total":9,"limit":3,"data":{"next":null,"records":[${RECORDS.join(',\n ')}]}}`),
    sample(`{"data":{"records":${RECORDS[0]}}}`, '</load?page=2>; rel="prev next"; title="a, <b>"'),
    sample('{"data":{"records":{"ts":["2026-01-01T00:00:00Z","2026-01-01"],"area":["a","b"],"kw":[1.5,{}]}}}'),
    sample(TABLE.join('\r\n')),
    sample(TABLE.slice(0, 2).join('\n'), '<http://service/load?page=2>;rel=next'),
  ],
  open: (bytes) => {
    const ends: number[] = [];
    for (let at = -1; ends.length < 3; ends.push(at)) if ((at = bytes.indexOf(0x0a, at + 1)) < 0) return 'refused';
    const header = (i: number): string =>
      Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1]! + 1, ends[i])).toString('latin1');
    const waitMs = readRetryAfter({ get: (name) => header(name === 'date' ? 1 : 0) }, 0);
    assert(waitMs === undefined || (waitMs >= 0 && waitMs <= RETRY_AFTER_MS_MAX), 'no one is waited for forever');
    const body = bytes.subarray(ends[2]! + 1);
    const isJson = body.find((byte) => byte > 0x20) === 0x7b;
    const section = pollSchema.parse(isJson ? SECTION : { ...SECTION, rows: undefined });
    const options = { section, metrics: metricsOf(metricNamed('power')), registry: new SeriesList(), limits: LIMITS };
    const reader = new PageReader({ ...options, nowMs: () => FAR_FUTURE_MS }, null);
    try {
      const page = reader.open({ body, type: '', charset: undefined, link: null, url: URL_1 });
      let rows = 0;
      for (const { batch } of page.batches()) {
        const { readings, missing, quarantined } = batch.tallies;
        assert.equal(readings + missing + quarantined, batch.tallies.rows, 'each row is counted once');
        checkBatch(batch);
        rows += batch.tallies.rows;
      }
      reader.remarks();
      const next = new Paging(undefined, URL_1).next({ ...page, link: header(2), url: URL_1, rows });
      assert(next === null || next.origin === URL_1.origin, 'what lets us in goes nowhere else');
      return 'accepted';
    } catch (error) {
      if (error instanceof PollError) return 'refused';
      throw error;
    }
  },
};
