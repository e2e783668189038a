import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { acknowledge, cheapHash, type ReceivedAnswer, RunningSource } from '../doors/doors.fixtures.ts';
import { BODY_BYTES_MAX } from '../doors/http-door.ts';
import type { ReadingBatch, SeriesList } from '../source.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { LINE_PROTOCOL, openLineProtocolSource } from './line-protocol-source.ts';

const NOW_MS = Date.parse('2024-06-01T00:00:00Z');

const IDLE = { metric: 'idle', value: 'cpu.usage_idle', device: '{host}', tags: { cpu: '{cpu}' } };
const RULES = [
  IDLE,
  { metric: 'power', value: 'meter.kw', device: '{meter.serial}' },
  { metric: 'state', value: 'relay.on', device: 'relay-{relay.on}', when: { site: 'a b' } },
  { metric: 'power', value: 'a.b.c', device: 'dotted' },
];

/** A source that listens, and what it says in the log. */
class Running extends RunningSource {
  readonly logged: unknown[];

  constructor(more: object = {}, acknowledging: (batch: ReadingBatch) => void = acknowledge) {
    const section = LINE_PROTOCOL.schema.parse({
      kind: 'line-protocol',
      listen: '127.0.0.1:0',
      series: RULES,
      ...more,
    });
    const logged: unknown[] = [];
    const tell = (fact: unknown): void => void logged.push(fact);
    const options = {
      name: 'telegraf',
      section,
      metrics: metricsOf(metricNamed('idle'), metricNamed('power'), metricNamed('state', { decimals: 0 })),
      folder: '.',
      nowMs: () => NOW_MS,
      logger: { info: tell, warn: tell },
    };
    super((registry: SeriesList) => openLineProtocolSource({ ...options, registry }), acknowledging);
    this.logged = logged;
  }

  write(
    body: string | Uint8Array,
    query = '',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ReceivedAnswer> {
    return this.request({ path: `/api/v2/write?org=o&bucket=b${query}`, headers, body });
  }

  /** All readings that were taken, as [series, ms, value]. */
  get readings(): readonly unknown[] {
    return this.batches.flatMap(({ count, entry, timeMs, value }) =>
      Array.from({ length: count }, (_, i) => {
        const { metric, tags } = this.registry.descriptions[entry[i]!]!;
        return [metric, tags, timeMs[i], value[i]];
      }),
    );
  }
}

const AT_MS = Date.parse('2024-05-01T12:00:00Z');
const AT_NS = `${AT_MS}000000`;

describe('points that are written', () => {
  it('are answered 204 once they are durable, and not before', async () => {
    await using running = new Running({}, () => undefined);
    let isAnswered = false;
    const writing = running.write(`cpu,host=h,cpu=c usage_idle=1 ${AT_NS}`).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await running.arrived(1);
    expect(isAnswered).toBe(false);
    running.batches[0]!.acknowledged!();
    expect(await writing).toMatchObject({ status: 204, text: '' });
  });

  it('give each field that a rule names to its series, every digit of it', async () => {
    await using running = new Running();
    const lines = [
      `cpu,cpu=cpu-total,host=web\\ 1 usage_user=3,usage_idle=98.0625,usage_system=1 ${AT_NS}`,
      '# a comment',
      '',
      `meter serial="M\\"7",kw=9007199254740.991 ${AT_NS}`,
      `meter kw=12i,serial="M8" ${AT_NS}`,
      `relay,site=a\\ b on=true ${AT_NS}`,
      `relay,site=other on=true ${AT_NS}`,
      `relay,site=a\\ b on=F ${AT_NS}`,
      `a.b c=1 ${AT_NS}`,
      `a b.c=2 ${AT_NS}`,
      'cpu,host=h,cpu=c usage_idle=5u',
    ];
    expect(await running.write(lines.join('\n'))).toMatchObject({ status: 204 });
    const device = (name: string, tags: object = {}): object => ({ ...tags, device: name });
    expect(running.readings).toEqual([
      ['idle', device('web 1', { cpu: 'cpu-total' }), AT_MS, 98_062],
      ['power', device('M"7'), AT_MS, Number.MAX_SAFE_INTEGER],
      ['power', device('M8'), AT_MS, 12_000],
      ['state', device('relay-1'), AT_MS, 1],
      ['state', device('relay-0'), AT_MS, 0],
      ['power', device('dotted'), AT_MS, 1_000],
      ['power', device('dotted'), AT_MS, 2_000],
      ['idle', device('h', { cpu: 'c' }), NOW_MS, 5_000],
    ]);
    expect(running.batches[0]!.tallies).toMatchObject({ rows: 9, readings: 8, missing: 0, quarantined: 0 });
    // The watermark stays behind what collectors still hold back.
    expect(running.batches[0]!.watermarkMs).toBe(NOW_MS - 20_000);
  });

  it('have times of the precision that the request names, and nanoseconds where it names none', async () => {
    await using running = new Running();
    const line = (time: string | number): string => `meter serial="m",kw=1 ${time}\n`;
    await running.write(line(`${AT_MS}999999`) + line(`-${AT_NS}`));
    await running.write(line(`${AT_MS}001`), '&precision=us');
    await running.write(line(AT_MS), '&precision=ms');
    await running.write(line(AT_MS / 1_000), '&precision=s');
    const old = (precision: string, time: number) =>
      running.request({ path: `/write?db=d&precision=${precision}`, body: line(time) });
    await old('n', AT_MS * 1e6);
    await old('m', AT_MS / 60_000);
    await old('h', AT_MS / 3_600_000);
    await old('h', -1);
    expect(running.readings.map((reading) => (reading as number[])[2])).toEqual([
      AT_MS,
      -AT_MS,
      AT_MS,
      AT_MS,
      AT_MS,
      AT_MS,
      AT_MS,
      AT_MS,
      -3_600_000,
    ]);
    expect(running.batches.map(({ tallies }) => tallies.truncatedTimes)).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('may be packed with gzip, and are limited by what comes out', async () => {
    await using running = new Running();
    const gzip = { 'content-encoding': 'gzip' };
    const line = `meter serial="m",kw=1 ${AT_NS}\n`;
    expect((await running.write(gzipSync(line.repeat(1_000)), '', gzip)).status).toBe(204);
    expect(running.batches[0]!.count).toBe(1_000);
    expect((await running.write(gzipSync(' '.repeat(BODY_BYTES_MAX + 1)), '', gzip)).status).toBe(413);
    expect((await running.write(gzipSync(' '.repeat(BODY_BYTES_MAX)), '', gzip)).status).toBe(204);
    expect((await running.write(line, '', gzip)).status).toBe(400);
    expect((await running.write(gzipSync(line).subarray(0, 20), '', gzip)).status).toBe(400);
    expect((await running.write(line, '', { 'content-encoding': 'zstd' })).status).toBe(415);
  });

  it("of a client that goes away while it sends are nobody's mistake", async () => {
    await using running = new Running();
    const { port } = await running.source.listening;
    for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
      const gone = httpRequest({
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/api/v2/write',
        headers,
        agent: false,
      });
      gone.on('error', () => undefined);
      const sent = Promise.withResolvers<void>();
      gone.write(gzipSync('meter serial="m",kw=1\n'.repeat(1_000)).subarray(0, 40), () => sent.resolve());
      await sent.promise;
      const closed = new Promise((resolve) => void gone.once('close', resolve));
      gone.destroy();
      await closed;
      expect((await running.write(`meter serial="m",kw=1 ${AT_NS}`)).status).toBe(204);
    }
    expect(running.batches).toHaveLength(2);
  });

  it('are told to come again while too many wait for the disk, and taken again when those are stored', async () => {
    await using running = new Running({}, () => undefined);
    const body = `meter serial="m",kw=1 ${AT_NS}\n`.repeat(100_000);
    const first = running.write(body);
    await running.arrived(1);
    const waiting = [running.write(body), running.write(body), running.write(body)];
    const health = async () => (await running.request({ method: 'GET', path: '/health' })).status;
    while ((await health()) === 200);
    const refused = await running.write('meter serial="m",kw=1');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'unavailable' });
    running.batches[0]!.acknowledged!();
    expect((await first).status).toBe(204);
    expect(await health()).toBe(200);
    // Two of them are more than one batch takes.
    for (const i of [1, 2, 3]) {
      await running.arrived(i + 1);
      running.batches[i]!.acknowledged!();
    }
    for (const answer of waiting) expect((await answer).status).toBe(204);
  });

  it('that no rule is for are counted, and shown in the log, but not each time', async () => {
    await using running = new Running();
    const lines = ['mem,host=h used=1i', 'cpu,host=h usage_user=1', 'cpu,host=h,cpu=c usage_idle=1'].join('\n');
    expect((await running.write(lines)).status).toBe(204);
    expect((await running.write('meter kW=1')).status).toBe(204);
    expect(running.batches.map(({ tallies }) => [tallies.rows, tallies.readings])).toEqual([
      [3, 1],
      [1, 0],
    ]);
    expect(running.logged).toEqual([
      { source: 'telegraf', lines: 2, such: ['mem,host=h used=1i', 'cpu,host=h usage_user=1'] },
    ]);
    expect(running.source.remarks()).toEqual([
      '3 points that no rule is for, such as mem,host=h used=1i; cpu,host=h usage_user=1; meter kW=1',
      'no point had meter.kw; did you mean meter.kW?',
      'no point had relay.on',
      'no point had a.b.c',
    ]);
  });
});

describe('a write of which something is refused', () => {
  const lines = `cpu,host=h,cpu=c usage_idle=1 ${AT_NS}\nmeter kw= ${AT_NS}\ncpu,host=h,cpu=c usage_idle="n" ${AT_NS}\n`;

  it('is answered as InfluxDB 2 does, and the rest is stored', async () => {
    await using running = new Running();
    const { status, text, headers } = await running.write(lines);
    expect([status, headers['content-type']]).toEqual([400, 'application/json; charset=utf-8']);
    expect(JSON.parse(text)).toEqual({
      code: 'invalid',
      message: `partial write: unable to parse 'meter kw= ${AT_NS}': missing field value (line 2; 2 of 3 lines)`,
      line: 2,
    });
    expect(running.batches.map(({ count, refusals }) => [count, refusals.map(({ line }) => line)])).toEqual([
      [1, [2, 3]],
    ]);
  });

  it('is answered as InfluxDB 1 does by its path', async () => {
    await using running = new Running();
    const partial = await running.request({ path: '/write?db=d', body: lines });
    expect(partial.status).toBe(400);
    const message = `partial write: unable to parse 'meter kw= ${AT_NS}': missing field value (line 2; 2 of 3 lines) dropped=2`;
    expect(JSON.parse(partial.text)).toEqual({ error: message });
    expect(partial.headers['x-influxdb-error']).toBe(message);
    const none = await running.request({ path: '/write?db=d', body: 'meter kw=ü\n' });
    expect(JSON.parse(none.text)).toEqual({
      error: "unable to parse 'meter kw=ü': invalid boolean (line 1; 1 of 1 lines) dropped=1",
    });
  });

  it('says what is wrong with a line', async () => {
    await using running = new Running();
    for (const [line, fault] of [
      [',a=b f=1', 'missing measurement'],
      ['m', 'missing fields'],
      ['m ', 'missing fields'],
      ['m,a=b', 'missing fields'],
      ['m, f=1', 'missing tag key'],
      ['m,a f=1', 'missing tag value'],
      ['m,a= f=1', 'missing tag value'],
      ['m,a=b=c f=1', 'invalid tag format'],
      ['cpu,host=a,host=b f=1', 'duplicate tags'],
      ['m =1', 'missing field key'],
      ['m f', 'invalid field format'],
      ['m f=', 'missing field value'],
      ['m f=1,', 'missing field key'],
      ['m f=1x', 'invalid field format'],
      ['m f=NaN', 'invalid boolean'],
      ['m f=1e', 'invalid number'],
      ['m f=9223372036854775808i', 'invalid number'],
      ['m f=-1u', 'invalid number'],
      ['m f="a', 'unbalanced quotes'],
      ['m f=1 noon', 'bad timestamp'],
      ['m f=1 1 1', 'bad timestamp'],
      [`m f="${'x'.repeat(65_536)}"`, 'longer than 65536 bytes'],
      ['meter serial="m",kw=1e300', 'beyond'],
      ['meter kw=1', 'the device'],
      [`meter serial="m",kw=1 ${NOW_MS + 3_600_000}000000`, 'ahead of this agent'],
      ['meter serial="m",kw=1 9223372036854775807', 'ahead of this agent'],
    ] as const) {
      const { status, text } = await running.write(line);
      expect(status).toBe(400);
      expect((JSON.parse(text) as { message: string }).message).toContain(fault);
    }
  });
});

describe('beside what is written', () => {
  it('a ping and the question for health are answered to anybody', async () => {
    await using running = new Running({ users: { meter: cheapHash('secret') } });
    for (const method of ['GET', 'HEAD']) {
      const ping = await running.request({ method, path: '/ping' });
      expect([ping.status, ping.text, ping.headers['x-influxdb-version']]).toEqual([204, '', 'weir']);
    }
    const health = await running.request({ method: 'GET', path: '/health' });
    expect([health.status, JSON.parse(health.text)]).toEqual([
      200,
      { name: 'weir', message: 'ready for writes', status: 'pass' },
    ]);
    expect((await running.request({ method: 'POST', path: '/ping' })).headers['allow']).toBe('GET, HEAD');
  });

  it('what is not there is said, in the form of the path', async () => {
    await using running = new Running();
    const answer = async (method: string, path: string) => {
      const { status, text } = await running.request({ method, path });
      return [status, JSON.parse(text)];
    };
    expect(await answer('GET', '/api/v2/buckets')).toMatchObject([404, { code: 'not found' }]);
    expect(await answer('POST', '//')).toMatchObject([404, { code: 'not found' }]);
    expect(await answer('GET', '/api/v2/write')).toMatchObject([405, { code: 'method not allowed' }]);
    expect(await answer('POST', '/api/v2/write?precision=m')).toMatchObject([400, { code: 'invalid' }]);
    expect(await answer('POST', '/write?precision=d')).toMatchObject([400, { error: expect.stringContaining('"d"') }]);
    expect(await answer('POST', '/query?q=SELECT+1')).toMatchObject([
      400,
      { error: expect.stringContaining('weir query') },
    ]);
  });

  it('a database is granted to clients that make one first', async () => {
    await using running = new Running();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'q=CREATE+DATABASE+%22telegraf%22';
    expect((await running.request({ path: '/query', headers: form, body })).status).toBe(200);
  });
});

describe('who writes where users are named', () => {
  it('says so as clients of InfluxDB do', async () => {
    await using running = new Running({ users: { meter: cheapHash('secret:word') } });
    const basic = `Basic ${Buffer.from('meter:secret:word').toString('base64')}`;
    for (const authorization of ['Token meter:secret:word', 'Bearer meter:secret:word', basic])
      expect((await running.write('', '', { authorization })).status).toBe(204);
    expect((await running.request({ path: '/write?u=meter&p=secret%3Aword' })).status).toBe(204);
    expect(JSON.parse((await running.write('')).text)).toMatchObject({ code: 'unauthorized' });
    expect((await running.write('', '', { authorization: 'Token secret' })).status).toBe(401);
    expect((await running.request({ path: '/api/v2/write?u=meter&p=secret%3Aword' })).status).toBe(401);
    const wrong = await running.write('', '', { authorization: 'Token meter:wrong' });
    expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')]);
    const soon = await running.write('', '', { authorization: basic });
    expect([soon.status, soon.headers['retry-after']]).toEqual([429, '1']);
    expect(running.batches).toEqual([]);
  });
});
