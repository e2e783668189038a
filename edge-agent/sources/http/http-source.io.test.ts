import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { acknowledge, type ReceivedAnswer, RunningSource } from '../doors/doors.fixtures.ts';
import { BODY_BYTES_MAX } from '../doors/http-door.ts';
import { SourceError } from '../source-error.ts';
import type { ReadingBatch } from '../source.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { FUTURE_MS_MAX } from '../time/time-section.ts';
import { HTTP, type HttpSection, openHttpSource } from './http-source.ts';
import { REQUEST_READINGS_MAX } from './readings-body.ts';

const NOW_MS = Date.parse('2024-06-01T00:00:00Z');

function configured(listen: string, given: Readonly<Record<string, unknown>> = {}): HttpSection {
  return HTTP.schema.parse({ kind: 'http', listen, ...given });
}

/** A listening source of requests with JSON. */
class Running extends RunningSource {
  constructor(acknowledging: (batch: ReadingBatch) => void, section = configured('127.0.0.1:0')) {
    const metrics = metricsOf(metricNamed('power'));
    const options = { name: 'http', section, metrics, folder: '.', nowMs: () => NOW_MS };
    super((registry) => openHttpSource({ ...options, registry }), acknowledging);
  }

  async send(
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    method = 'POST',
    path = '/readings',
  ): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.request({ method, path, headers, body: text });
    return { ...answer, body: JSON.parse(answer.text) as Answer['body'] };
  }
}

interface Answer extends ReceivedAnswer {
  readonly body: Readonly<Record<string, unknown>>;
}

const reading = { time: '2024-05-01T00:00:00Z', metric: 'power', device: 'a', value: 1.5 };

describe('POST /readings', () => {
  it('tells from when on its series are expected, where the source says so', async () => {
    await using running = new Running(acknowledge, configured('127.0.0.1:0', { since: '2024-04-01' }));
    await running.send([reading]);
    expect(running.registry.descriptions).toMatchObject([{ device: 'a', sinceMs: Date.UTC(2024, 3, 1) }]);
  });

  it('answers once its readings are durable, and not before', async () => {
    await using running = new Running(() => undefined);
    let answered = false;
    const sending = running.send([reading]).then((answer) => {
      answered = true;
      return answer;
    });
    await running.arrived(1);
    expect(answered).toBe(false);
    running.batches[0]!.acknowledged!();
    expect(await sending).toMatchObject({ status: 200, body: { accepted: 1, missing: 0, quarantined: [] } });
  });

  it('delivers what was sent, every digit of it, with device among the tags', async () => {
    await using running = new Running(acknowledge);
    await running.send('[{"time": 0, "metric": "power", "device": "a", "value": 1.0005}]');
    expect([...running.batches.pop()!.value]).toEqual([1_000]);
    await running.send(
      `[{"time": 1714521600000.75, "metric": "power", "device": "a", "value": 9007199254740.991, "tags": {"region": "DK1"}},
        {"time": "2024-05-01T02:00:00.5+02:00", "metric": "power", "device": "b", "value": "-0.0625"},
        {"time": 0, "metric": "power", "device": "b", "value": null}]`,
    );
    const batch = running.batches[0]!;
    expect([...batch.value]).toEqual([Number.MAX_SAFE_INTEGER, -62]);
    expect([...batch.timeMs]).toEqual([1_714_521_600_000, 1_714_521_600_500]);
    expect([...batch.entry].map((entry) => running.registry.descriptions[entry])).toEqual([
      { metric: 'power', device: 'a', tags: { region: 'DK1', device: 'a' } },
      { metric: 'power', device: 'b', tags: { device: 'b' } },
    ]);
    expect(batch.tallies).toEqual({
      rows: 3,
      readings: 2,
      missing: 1,
      quarantined: 0,
      ambiguousTimes: 0,
      truncatedTimes: 1,
    });
  });

  it('quarantines what can be no reading, and names it by its index', async () => {
    await using running = new Running(acknowledge);
    const { status, body } = await running.send([
      reading,
      { ...reading, metric: 'powr' },
      { ...reading, value: 'NaN' },
      { ...reading, time: '2024-05-01T00:00:00' },
      { ...reading, time: 'noon' },
      { ...reading, time: NOW_MS + FUTURE_MS_MAX + 1 },
      { ...reading, device: '' },
      { ...reading, tags: { device: 'b' } },
      { ...reading, time: NOW_MS + FUTURE_MS_MAX },
    ]);
    expect(status).toBe(200);
    expect(body).toEqual({
      accepted: 2,
      missing: 0,
      quarantined: [
        { index: 1, reason: 'metric "powr" is not declared; did you mean power?' },
        { index: 2, reason: expect.stringContaining('"NaN" is not a decimal number') },
        { index: 3, reason: expect.stringContaining('has no offset') },
        { index: 4, reason: expect.stringContaining('is not ISO 8601') },
        { index: 5, reason: expect.stringContaining('ahead of this agent') },
        { index: 6, reason: expect.stringContaining('device is empty') },
        { index: 7, reason: expect.stringContaining('tag "device"') },
      ],
    });
    expect(running.batches[0]!.refusals.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    // A reading from the future moves the watermark no further than the clock.
    expect(running.batches[0]!.watermarkMs).toBe(NOW_MS - 10_000);
  });

  it('splits a large request into batches and answers after the last', async () => {
    await using running = new Running(acknowledge);
    const { status, body } = await running.send(
      Array.from({ length: REQUEST_READINGS_MAX }, () => ({ ...reading, value: 1 })),
    );
    expect(status).toBe(200);
    expect(body['accepted']).toBe(REQUEST_READINGS_MAX);
    expect(running.batches.map(({ count }) => count)).toEqual([REQUEST_READINGS_MAX]);
  });

  it('refuses a body of another form with a problem that names the place', async () => {
    await using running = new Running(acknowledge);
    for (const [body, detail] of [
      ['', 'empty'],
      ['{', 'not JSON'],
      ['{}', 'the body'],
      [[{ ...reading, metric: 1 }], 'reading 0, metric'],
      [[reading, { ...reading, extra: 1 }], 'reading 1'],
      [[[]], 'reading 0'],
      [
        '[{"time": 0, "metric": "power", "device": "a", "value": 1, "tags": {"__proto__": "x"}}]',
        'reading 0, tags: nothing can be named __proto__',
      ],
      ['['.repeat(100_000), 'not JSON'],
    ] as const) {
      const answer = await running.send(body);
      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.body).toMatchObject({ type: 'about:blank', status: 400, title: 'Bad Request' });
      expect(answer.body['detail']).toContain(detail);
    }
    expect(running.batches).toEqual([]);
  });

  it('refuses what is too large, whether or not its length is told', async () => {
    await using running = new Running(acknowledge);
    const many = Array.from({ length: REQUEST_READINGS_MAX + 1 }, () => null);
    expect((await running.send(many)).status).toBe(413);
    const long = ' '.repeat(BODY_BYTES_MAX + 1);
    expect((await running.send(long)).status).toBe(413);
    expect((await running.send(long, { 'transfer-encoding': 'chunked' })).status).toBe(413);
    expect((await running.send([reading])).status).toBe(200);
  });

  it('refuses pages of other origins, other methods, other paths and encoded bodies', async () => {
    await using running = new Running(acknowledge);
    const { port } = await running.source.listening;
    expect((await running.send([reading], { origin: 'https://example.org' })).status).toBe(403);
    expect((await running.send([reading], { origin: 'null' })).status).toBe(403);
    expect(
      (await running.send([reading], { origin: `http://rebound.example:${port}`, host: `rebound.example:${port}` }))
        .status,
    ).toBe(421);
    expect((await running.send([reading], { origin: `http://localhost:${port}` })).status).toBe(200);
    expect((await running.send('', {}, 'PUT')).headers['allow']).toBe('POST');
    expect((await running.send([reading], {}, 'POST', '//')).status).toBe(404);
    expect((await running.send([reading], { 'content-encoding': 'br' })).status).toBe(415);
    expect((await running.send([reading], {}, 'POST', '/readings?source=x')).status).toBe(200);
  });

  it('takes readings while many others send theirs slowly', async () => {
    await using running = new Running(acknowledge);
    const { port } = await running.source.listening;
    const headers = { expect: '100-continue' };
    const slow = Array.from({ length: 64 }, () => {
      const options = { host: '127.0.0.1', port, method: 'POST', path: '/readings', headers, agent: false };
      const request = httpRequest(options);
      request.flushHeaders();
      return request;
    });
    // The server says "continue" when it has begun to receive.
    await Promise.all(slow.map((request) => once(request, 'continue')));
    expect((await running.send([reading])).status).toBe(200);
    const answers = slow.map((request) => once(request, 'response'));
    for (const request of slow) request.end(JSON.stringify([reading]));
    for (const [answer] of (await Promise.all(answers)) as [IncomingMessage][]) expect(answer.statusCode).toBe(200);
  });

  it('says to come again when too much is being received, to the one that has taken longest', async () => {
    await using running = new Running(acknowledge);
    const { port } = await running.source.listening;
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/readings', agent: false };
    const requests = Array.from({ length: 9 }, () => httpRequest(options));
    const [answer] = await Promise.race(
      requests.map((request) => {
        request.on('error', () => undefined);
        request.write(' '.repeat(BODY_BYTES_MAX - 1));
        return once(request, 'response') as Promise<[IncomingMessage]>;
      }),
    );
    expect(answer!.statusCode).toBe(503);
    expect(answer!.headers['retry-after']).toBe('1');
    for (const request of requests) request.destroy();
    expect((await running.send([reading])).status).toBe(200);
  });

  it('takes requests that are meant for it only', async () => {
    await using running = new Running(acknowledge);
    const { port } = await running.source.listening;
    const refused = await running.send([reading], { host: `rebound.example:${port}` });
    expect(refused.status).toBe(421);
    expect(refused.body['detail']).toContain(`localhost:${port}`);
    expect((await running.send([reading], { host: `localhost:${port}` })).status).toBe(200);
  });

  it('says so when the readings could not be stored', async () => {
    await using running = new Running((batch) => batch.acknowledged?.(new Error('the disk is full')));
    expect(await running.send([reading])).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining('the disk is full') },
    });
  });
});

describe('an HTTP source', () => {
  it('listens to this machine alone, and says how others may send', () => {
    for (const listen of ['0.0.0.0:8090', '[::]:8090', '192.0.2.7:8090', 'meters.example:8090'])
      expect(() => configured(listen)).toThrow(/is open to other machines.*127\.0\.0\.1:8090/);
    for (const listen of ['localhost:8090', '[::1]:8090', '127.0.0.2:8090'])
      expect(configured(listen).listen.port).toBe(8090);
  });

  it('waits for what the agent was given when it stops, and answers it', async () => {
    const running = new Running(() => undefined);
    const sending = running.send([reading]);
    await running.arrived(1);
    running.stop.abort();
    running.batches[0]!.acknowledged!();
    expect((await sending).status).toBe(200);
    await running.done;
    await expect(running.send([reading])).rejects.toThrow(/ECONNREFUSED/);
  });

  it('says which address it can not have', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const running = new Running(acknowledge, configured(`127.0.0.1:${port}`));
    await expect(running.done).rejects.toThrow(
      new SourceError(
        'listen',
        `listen 127.0.0.1:${port}`,
        'is in use',
        'stop what listens there, or name another port',
      ),
    );
    await expect(running.source.listening).rejects.toThrow(/is in use/);
    holder.close();
    await once(holder, 'close');
  });

  it('tells the agent of a mistake of our own instead of living on with it', async () => {
    const running = new Running(acknowledge);
    running.registry.intern = () => {
      throw new Error('the registry is broken');
    };
    const sending = running.send([reading]).catch(() => undefined);
    await expect(running.done).rejects.toThrow('the registry is broken');
    await sending;
  });
});
