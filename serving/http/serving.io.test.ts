import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { PENDING, RESETS } from '#core/slices/merge-rows.ts';
import { readAnswer, serveWorld } from '../serving.fixtures.ts';
import { POWER, POWER_BY_REGION, World } from '../world.fixtures.ts';
import { BODY_BYTES_MAX } from './safety.ts';
import { AddressUnavailable } from './serving-errors.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const WINDOWS = '/api/v1/views/power-by-region/windows';
const DAY = `${WINDOWS}?from=2026-01-01&to=2026-01-02`;

function at(minute: number, value = 1_000, device = 'm1@IDF') {
  return { device, atMs: START + minute * MINUTE, value };
}

async function smallWorld(): Promise<World> {
  const world = await World.open();
  await world.deliver('a', [at(0), at(1, 2_000), at(61, 500), at(61, 7, 'm2@say "hi", PACA')], START + 61 * MINUTE);
  return world;
}

describe('the HTTP interface', () => {
  it('numbers carry all their digits', async () => {
    const world = await World.open();
    const value = Number.MAX_SAFE_INTEGER;
    await world.deliver('a', [at(0, value), at(1, value), at(2, value - 1)]);
    await using served = await serveWorld(world);
    const { text } = await served.get(`${DAY}&window=1d&stats=sum,max,first,last`);
    expect(text).toContain('"sum":27021597764222.972,"max":9007199254740.991');
    expect(text).toContain('"first":{"time":"2026-01-01T00:00:00Z","value":9007199254740.991}');
    expect(text).toContain('"last":{"time":"2026-01-01T00:02:00Z","value":9007199254740.99}');
  });

  it('CSV has one row per window, quoted as RFC 4180 says', async () => {
    await using served = await serveWorld(await smallWorld());
    const { text, headers } = await served.get(`${DAY}&window=1h&stats=count,last,mean&format=csv`);
    expect(headers.get('content-type')).toContain('text/csv');
    expect(text.split('\r\n')).toEqual([
      'start,end,region,count,last,mean,completeness,final,revision',
      '2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,IDF,2,2,1.5,0.03333333333333333,true,4',
      '2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,IDF,1,0.5,0.5,0.016666666666666666,false,1',
      '2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,"say ""hi"", PACA",1,0.007,0.007,0.01694915254237288,false,1',
      '',
    ]);
  });

  it('NDJSON has one window object a line, the same as in JSON', async () => {
    await using served = await serveWorld(await smallWorld());
    const lines = (await served.get(`${DAY}&window=1h&format=ndjson`)).text.trim().split('\n');
    const { windows } = JSON.parse((await served.get(`${DAY}&window=1h`)).text) as { windows: unknown[] };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(windows);
  });

  it('more windows than JSON takes are refused by the limit, and CSV has them all', async () => {
    const world = await World.open({
      view: { ...POWER_BY_REGION, sliceMs: 1_000 },
      metric: { ...POWER, kind: 'counter', quantiles: false },
    });
    // Every reading lies in a hundred windows of its own.
    const readings = Array.from({ length: 1_001 }, (_, i) => ({
      device: 'm@IDF',
      atMs: START + i * 100_000,
      value: i,
    }));
    await world.deliver('a', readings);
    await using served = await serveWorld(world);
    const path = `${WINDOWS}?from=2025-12-31&to=2026-01-03&window=100s&every=1s`;
    const refused = await served.get(path);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('100000');
    expect(refused.text).toContain('format=csv');
    const rows = (await served.get(`${path}&format=csv`)).text.split('\r\n').slice(1, -1);
    expect(rows).toHaveLength(100_100);
    expect(rows.every((row, i) => row.includes(`,IDF,1,${Math.floor(i / 100) / 1000},`))).toBe(true);
  });

  it('tags filter groups, several values of one tag admit each, and another tag is refused', async () => {
    const world = await World.open();
    await world.deliver(
      'a',
      ['IDF', 'PACA', 'BRE'].map((region) => at(0, 1, `m@${region}`)),
    );
    await using served = await serveWorld(world);
    const regionsOf = async (query: string) =>
      readAnswer((await served.get(`${DAY}&window=1d${query}`)).text).windows.map(({ tags }) => tags['region']);
    expect(await regionsOf('')).toEqual(['BRE', 'IDF', 'PACA']);
    expect(await regionsOf('&region=PACA')).toEqual(['PACA']);
    expect(await regionsOf('&region=PACA&region=BRE')).toEqual(['BRE', 'PACA']);
    const refused = await served.get(`${DAY}&window=1d&regoin=PACA`);
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(refused.body).toMatchObject({ status: 400, subject: 'parameter', value: 'regoin' });
    expect(refused.text).toContain('did you mean region?');
  });

  it('tells the unit of each statistic, in an answer and beside the view', async () => {
    await using served = await serveWorld(await smallWorld());
    const { body } = await served.get(`${DAY}&window=1d&stats=count,mean,integral,amount`);
    expect(body).toMatchObject({ units: { count: null, mean: 'kW', integral: 'kW·s', amount: 'kWh' } });
    const { body: listed } = await served.get('/api/v1/views');
    const [view] = (listed as { views: { units: object }[] }).views;
    expect(view?.units).toMatchObject({ count: null, variance: 'kW²', timeMean: 'kW', amount: 'kWh' });
    expect(view?.units).not.toHaveProperty('increase');
  });

  it.each([
    [
      'a view that is not declared',
      '/api/v1/views/power-by-regio/windows?from=2026-01-01&to=2026-01-02&window=1h',
      404,
      'did you mean power-by-region?',
    ],
    ['no window', DAY, 400, 'window= with a duration'],
    ['a bad duration', `${DAY}&window=1q`, 400, '250ms'],
    ['a bad instant', `${WINDOWS}?from=yesterday&to=2026-01-02&window=1h`, 400, 'ISO 8601'],
    ['a range backwards', `${WINDOWS}?from=2026-01-02&to=2026-01-01&window=1h`, 400, 'swap them'],
    ['an unknown zone', `${DAY}&window=1d&zone=Europe/Pariss`, 400, 'Europe/Paris'],
    ['an unknown statistic', `${DAY}&window=1d&stats=count,meen`, 400, 'did you mean mean'],
    ['a statistic of the other kind', `${DAY}&window=1d&stats=increase`, 400, 'counter'],
    ['gaps between windows', `${DAY}&window=1h&every=2h`, 400, 'at most 1h'],
    ['windows that overlap without end', `${DAY}&window=1y&every=1m`, 400, 'make it longer'],
    ['an offset as long as a window', `${DAY}&window=1d&offset=1d`, 400, 'what is left over'],
    ['a span before now that is none', `${WINDOWS}?from=-7q&to=now&window=1h`, 400, '-1mo'],
    ['edges inside slices', `${DAY}&window=90s`, 400, '30s'],
    ['a parameter twice', `${DAY}&window=1h&window=2h`, 400, 'give it once'],
    ['a path that leads nowhere', '/api/v1/view', 404, '/api/v1/views'],
  ])('%s is a problem with its remedy', async (_, path, status, remedy) => {
    await using served = await serveWorld(await smallWorld());
    const answer = await served.get(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect((answer.body as { detail: string }).detail).toContain(remedy);
  });

  it('a window is final when its agents have passed its end, and a missing frame keeps it below complete', async () => {
    const world = await World.open();
    const hour = Array.from({ length: 60 }, (_, i) => at(i));
    await world.deliver('a', hour, START + 60 * MINUTE);
    await using served = await serveWorld(world);
    const first = async () => readAnswer((await served.get(`${DAY}&window=1h`)).text);
    expect(await first()).toMatchObject({
      freshness: '2026-01-01T01:00:00Z',
      windows: [{ completeness: 1, final: true }],
    });
    world.lose('a');
    await world.heartbeat('a', START + 120 * MINUTE);
    expect(await first()).toMatchObject({
      freshness: '2026-01-01T01:00:00Z',
      windows: [{ completeness: 60 / 61, final: false }],
    });
  });

  it('integral tells windows that are only covered, where it is asked for', async () => {
    await using served = await serveWorld(await smallWorld());
    const { text } = await served.get(`${DAY}&window=1m&stats=integral,count`);
    const windows = readAnswer(text).windows.filter(({ tags }) => tags['region'] === 'IDF');
    // The value 1 holds from minute 0 to 1, in one slice; 2 holds for three intervals, over slices without a reading.
    expect(windows.map(({ start, stats }) => [start, stats['integral'], stats['count']])).toEqual([
      ['2026-01-01T00:00:00Z', '60', '1'],
      ['2026-01-01T00:01:00Z', '120', '1'],
      ['2026-01-01T00:02:00Z', '120', '0'],
      ['2026-01-01T00:03:00Z', '120', '0'],
      ['2026-01-01T01:01:00Z', null, '1'],
    ]);
  });

  it('an answer as of a cut is what batch held then, and names the cut', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0)]);
    const first = await world.batch(START + 1_000);
    await world.deliver('a', [at(1)]);
    await world.batch(START + 2_000);
    await world.deliver('a', [at(2)]);
    await using served = await serveWorld(world);
    const countOf = async (query: string) => {
      const answer = await served.get(`${DAY}&window=1d${query}`);
      return {
        count: readAnswer(answer.text).windows[0]?.stats['count'],
        asOf: (answer.body as { asOf?: unknown }).asOf,
      };
    };
    expect(await countOf('')).toEqual({ count: '3', asOf: undefined });
    expect(await countOf('&asOf=2026-01-01T00:00:02Z')).toMatchObject({
      count: '2',
      asOf: { published: '2026-01-01T00:00:02Z' },
    });
    expect(await countOf('&asOf=2026-01-01T00:00:01.999Z')).toMatchObject({ count: '1', asOf: { cut: first.cut } });
    expect(await countOf(`&asOf=${first.cut.join(',')}`)).toMatchObject({ count: '1' });
    expect((await served.get(`${DAY}&window=1d&asOf=2025-01-01`)).status).toBe(400);
  });

  it('health tells when it is ready, and why not', async () => {
    let isReady = false;
    await using served = await serveWorld(await smallWorld(), { isReady: () => isReady });
    expect((await served.get('/health/live')).status).toBe(200);
    expect(await served.get('/health/ready')).toMatchObject({
      status: 503,
      body: { status: 'not ready', reason: expect.stringContaining("log's end") as string },
    });
    isReady = true;
    expect((await served.get('/health/ready')).status).toBe(200);
  });

  it('views, agents, ledgers, status and metrics are told', async () => {
    const world = await smallWorld();
    await using served = await serveWorld(world, {
      presence: () => [{ agent: 'b', online: true, sinceMs: START, lastSeenMs: START }],
    });
    expect((await served.get('/api/v1/views')).body).toMatchObject({
      views: [
        { name: 'power-by-region', unit: 'kW', by: ['region'], slice: '1m', versions: [{ version: 1, state: 'live' }] },
      ],
    });
    expect((await served.get('/api/v1/agents')).body).toMatchObject({
      agents: [
        { agent: 'a', presence: null, ledger: { arrived: 2 } },
        { agent: 'b', presence: { online: true }, ledger: null },
      ],
    });
    expect((await served.get('/api/v1/ledger')).body).toMatchObject({
      ledgers: [{ agent: 'a', holes: false, missing: [] }],
    });
    expect((await served.get('/api/v1/ledger/a')).body).toMatchObject({
      agent: 'a',
      watermark: '2026-01-01T01:01:00Z',
    });
    expect((await served.get('/api/v1/ledger/aa')).status).toBe(404);
    expect((await served.get('/api/v1/quarantine')).body).toEqual({ total: 0, refused: [] });
    expect((await served.get('/api/v1/quarantine?limit=0')).status).toBe(400);
    expect((await served.get('/api/v1/status')).body).toEqual({ version: 'test' });
    expect((await served.get('/metrics')).text).toContain(
      'weir_serving_requests_total{route="/api/v1/views",status="200"} 1',
    );
  });

  it('an operation tells its progress line by line, then its result or its problem, one at a time', async () => {
    const release = Promise.withResolvers<void>();
    await using served = await serveWorld(await smallWorld(), {
      operations: {
        batch: async (full, progress) => {
          progress({ partitions: 1 });
          await release.promise;
          return { version: full ? 2 : 1, positions: [1], readings: 3, rows: 2, slices: 9, seconds: 0.5 };
        },
        verify: () => Promise.reject(new Error('the disk is gone')),
      },
    });
    const running = await fetch(`${served.url}/api/v1/batch`, { method: 'POST', body: '{"full":true}' });
    expect((await fetch(`${served.url}/api/v1/batch`, { method: 'POST' })).status).toBe(409);
    release.resolve();
    const lines = (await running.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      { progress: { partitions: 1 } },
      { result: { version: 2, positions: [1], readings: 3, rows: 2, slices: 9, seconds: 0.5 } },
    ]);
    const failed = await fetch(`${served.url}/api/v1/verify`, { method: 'POST' });
    expect(JSON.parse(await failed.text())).toMatchObject({
      problem: { status: 500, detail: expect.stringContaining('the disk is gone') as string },
    });
    expect((await fetch(`${served.url}/api/v1/batch`, { method: 'POST', body: '{"ful":1}' })).status).toBe(400);
  });

  it('a request says how long its body is, sends it in chunks, or has none at all', async () => {
    await using served = await serveWorld(await smallWorld());
    const port = Number(new URL(served.url).port);
    const ask = async (head: string, body = ''): Promise<string> => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`POST /api/v1/batch HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${head}\r\n${body}`);
      return (await text(socket)).split('\r\n')[0]!;
    };
    const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const full = '{"full":true}';
    expect(await ask('')).toBe('HTTP/1.1 200 OK');
    expect(await ask(`Content-Length: ${full.length}\r\n`, full)).toBe('HTTP/1.1 200 OK');
    expect(await ask('Transfer-Encoding: chunked\r\n', chunk(full))).toBe('HTTP/1.1 200 OK');
    const large = chunk(' '.repeat(BODY_BYTES_MAX + 1));
    expect(await ask('Transfer-Encoding: chunked\r\n', large)).toBe('HTTP/1.1 413 Payload Too Large');
  });

  it('a request by another name than the server listens at is refused, whoever sends it', async () => {
    await using served = await serveWorld(await smallWorld());
    const port = Number(new URL(served.url).port);
    const ask = async (host: string): Promise<string> => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`GET /api/v1/views HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return (await text(socket)).split('\r\n')[0]!;
    };
    expect(await ask(`rebound.example:${port}`)).toBe('HTTP/1.1 421 Misdirected Request');
    expect(await ask(`localhost:${port + 1}`)).toBe('HTTP/1.1 421 Misdirected Request');
    expect(await ask(`localhost:${port}`)).toBe('HTTP/1.1 200 OK');
  });

  it('a request that changes something and comes from another origin is refused', async () => {
    await using served = await serveWorld(await smallWorld());
    const post = (origin: string) => fetch(`${served.url}/api/v1/verify`, { method: 'POST', headers: { origin } });
    expect((await post('https://elsewhere.example')).status).toBe(403);
    expect((await post('null')).status).toBe(403);
    expect((await post(served.url)).status).toBe(200);
  });

  it('the dashboard is served under the same policy as everything else', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weir-dashboard-'));
    await using _ = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
    await writeFile(join(dir, 'index.html'), '<title>page</title>');
    await writeFile(join(dir, 'app-1a2b3c4d.js'), 'export {};');
    await using served = await serveWorld(await smallWorld(), { dashboardDir: dir });
    expect((await served.get('/')).text).toBe('<title>page</title>');
    for (const path of ['/', '/app-1a2b3c4d.js', '/api/v1/views', '/absent']) {
      expect((await served.get(path)).headers.get('content-security-policy')).toContain("default-src 'self'; connect");
    }
    expect((await served.get('/..%2findex.html')).status).toBe(404);
  });

  it('an address that is taken is an error with its remedy', async () => {
    const world = await smallWorld();
    await using served = await serveWorld(world);
    const second = serveWorld(world, { listen: { host: '127.0.0.1', port: served.serving.port } });
    await expect(second).rejects.toThrow(AddressUnavailable);
    await expect(second).rejects.toThrow(/another process listens there.*--http/);
  });

  it('sessions are told with the times of their first and last reading, and a gap below the slice is refused', async () => {
    await using served = await serveWorld(await smallWorld());
    const path = '/api/v1/views/power-by-region/sessions?from=2026-01-01T00:00:30Z&to=2026-01-01T00:00:40Z';
    expect((await served.get(`${path}&gap=10m&region=IDF`)).body).toMatchObject({
      windows: [
        {
          start: '2026-01-01T00:00:00Z',
          end: '2026-01-01T00:01:00Z',
          stats: { count: 2, sum: 3 },
          completeness: 1,
          final: true,
        },
      ],
    });
    expect((await served.get(`${path}&gap=10m&format=csv`)).text.split('\r\n')[1]).toBe(
      '2026-01-01T00:00:00Z,2026-01-01T00:01:00Z,IDF,2,3,1.5,1,2,1,true,2',
    );
    const refused = await served.get(`${path}&gap=30s`);
    expect(refused.status).toBe(400);
    expect((refused.body as { remedy: string }).remedy).toContain('1m or more');
  });

  it('what an amend left pending is named, until a result resets it', async () => {
    const world = await World.open({ partitions: 1 });
    await world.deliver('a', [at(0, 9_000), at(1, 1_000)]);
    await world.batch(START, () => PENDING);
    await using served = await serveWorld(world);
    const hour = async () =>
      ((await served.get(`${DAY}&window=1h`)).body as { windows: { pending?: string[]; stats: object }[] }).windows[0];
    expect(await hour()).toMatchObject({ pending: ['min', 'max', 'first', 'last'], stats: { count: 2, max: 9 } });
    await world.deliver(
      'a',
      [at(0, 5_000), at(1, 2_000)].map((one) => ({ ...one, atMs: one.atMs + 1 })),
    );
    await world.batch(START + 1, () => RESETS);
    // The same query may meet the old state for a moment; the new one is there once its cut is told.
    await expect.poll(async () => (await hour())?.pending).toBe(undefined);
    expect(await hour()).toMatchObject({ stats: { count: 4, sum: 17, min: 2, max: 5 } });
  });
});
