import { HttpError, InfluxDB, Point, setLogger, type WriteOptions } from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { acknowledge, cheapHash, RunningSource } from '../doors/doors.fixtures.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { LINE_PROTOCOL, openLineProtocolSource } from './line-protocol-source.ts';
import { scanAll } from './scanned-points.fixtures.ts';

/** InfluxData's own client, unchanged, writes to the source. */

const NOW_MS = Date.parse('2024-06-01T00:00:00Z');

// What it is told is looked at here.
setLogger({ error: () => undefined, warn: () => undefined });

function running(): RunningSource {
  const section = LINE_PROTOCOL.schema.parse({
    kind: 'line-protocol',
    listen: '127.0.0.1:0',
    users: { meter: cheapHash('secret') },
    series: [{ metric: 'power', value: 'meter, main.k=w', device: '{the meter}', tags: { site: '{site}' } }],
  });
  const options = {
    name: 'points',
    section,
    metrics: metricsOf(metricNamed('power')),
    folder: '.',
    nowMs: () => NOW_MS,
  };
  return new RunningSource((registry) => openLineProtocolSource({ ...options, registry }), acknowledge);
}

/** Writes points by the client, with what it is told of failures; resolves when all are answered. */
async function write(
  { source }: RunningSource,
  points: readonly Point[],
  options: Partial<WriteOptions>,
  token = 'meter:secret',
): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  const { port } = await source.listening;
  const writeFailed = (error: unknown): void => void failures.push(error);
  const client = new InfluxDB({ url: `http://127.0.0.1:${port}`, token, transportOptions: { agent: false } });
  const api = client.getWriteApi('o', 'b', 'ms', { maxRetries: 0, writeFailed, ...options });
  api.writePoints([...points]);
  await api.close().catch(() => undefined);
  return failures;
}

describe('the client of InfluxDB 2', () => {
  it('writes points, plain and packed, whose names it has escaped', async () => {
    await using source = running();
    const points = Array.from({ length: 200 }, (_, i) =>
      new Point('meter, main')
        .tag('the meter', 'A=1, "b"')
        .tag('site', 'Ø')
        .floatField('k=w', i / 8)
        .timestamp(NOW_MS - i),
    );
    expect(await write(source, points, { gzipThreshold: 1e9 })).toEqual([]);
    expect(await write(source, points.slice(0, 100), { gzipThreshold: 1, batchSize: 30 })).toEqual([]);
    // It may be closed before all is answered.
    await source.arrived(5);
    expect(source.registry.descriptions).toEqual([
      { metric: 'power', device: 'A=1, "b"', tags: { device: 'A=1, "b"', site: 'Ø' } },
    ]);
    const rows = source.batches.flatMap(({ timeMs, value }) => Array.from(timeMs, (ms, i) => [NOW_MS - ms, value[i]]));
    const written = points.map((_, i) => [i, i * 125]);
    expect(rows.slice(0, 200)).toEqual(written);
    expect(rows.slice(200).toSorted(([a], [b]) => a! - b!)).toEqual(written.slice(0, 100));
  });

  it('is told what was refused', async () => {
    await using source = running();
    const point = new Point('meter, main').tag('site', 'x').floatField('k=w', 1);
    const [partial] = (await write(source, [point], {})) as HttpError[];
    expect(partial).toBeInstanceOf(HttpError);
    expect(partial).toMatchObject({ statusCode: 400, code: 'invalid' });
    const [stranger] = (await write(source, [point], {}, 'secret')) as HttpError[];
    expect(stranger).toMatchObject({ statusCode: 401, code: 'unauthorized' });
  });

  it('escapes whatever it is given so that it is read again', () => {
    const anyText = fc.string({
      unit: fc.constantFrom('a', ' ', ',', '=', '"', '\\', '#', 'é'),
      minLength: 1,
      maxLength: 6,
    });
    // A backslash that ends a name, or stands before what is escaped, has no form in the line protocol.
    const anyName = anyText.filter((name) => !/\\(?:[,= ]|$)|^[ #]/.test(name));
    fc.assert(
      fc.property(anyName, anyName, anyName, anyName, anyText, (measurement, tag, tagValue, field, text) => {
        const line = new Point(measurement).tag(tag, tagValue).stringField(field, text).toLineProtocol();
        expect(scanAll(line ?? '')).toMatchObject([
          { point: { measurement, tags: [[tag, tagValue]], fields: [[field, { kind: 'string', text }]] } },
        ]);
      }),
    );
  });
});
