/** What a real InfluxDB says, as the bucket understands it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { INFLUX_BUCKET, INFLUX_ORG, type Influxd, startInfluxd } from '#tooling/servers/influxd.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { InfluxBucket } from './influx-bucket.ts';
import { InfluxRefusal } from './influx-errors.ts';

const influxd = await serverForTests('influxd');
const never = new AbortController().signal;

describe.runIf(influxd)('a bucket of a real InfluxDB', () => {
  let folder: TemporaryDirectory;
  let influx: Influxd;
  beforeAll(async () => {
    folder = await makeTemporaryDirectory('influx-bucket');
    influx = await startInfluxd(folder.dir);
  });
  afterAll(async () => {
    await influx[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const bucketNamed = (bucket: string, tokenFile = influx.tokenFile): InfluxBucket =>
    new InfluxBucket({ url: influx.url, org: INFLUX_ORG, bucket, tokenFile });

  it('has what was acknowledged, of equal points the last', async () => {
    using bucket = bucketNamed(INFLUX_BUCKET);
    expect(await bucket.write('kept,d=x v=1,w=2i 1000\nkept,d=y v=3 1000', never)).toEqual({ kind: 'kept' });
    expect(await bucket.write('kept,d=x v=4,w=2i 1000', never)).toEqual({ kind: 'kept' });
    const rows = await influx.query(
      `from(bucket: "${INFLUX_BUCKET}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "kept" and r._field == "v")`,
    );
    expect(rows.map((row) => [row['d'], row['_value']])).toEqual([
      ['x', '4'],
      ['y', '3'],
    ]);
  });

  it('clears one measurement, whenever its points are of', async () => {
    using bucket = bucketNamed(INFLUX_BUCKET);
    await bucket.write('gone v=1 -1000\ngone v=1 4102444800000\nstays v=1 1000', never);
    await bucket.clear('gone', never);
    const rows = await influx.query(
      `from(bucket: "${INFLUX_BUCKET}") |> range(start: 1960-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "gone" or r._measurement == "stays")`,
    );
    expect(rows.map((row) => row['_measurement'])).toEqual(['stays']);
  });

  it('removes the one point of a time that has the tags, whatever stands in them', async () => {
    using bucket = bucketNamed(INFLUX_BUCKET);
    const odd = String.raw`"q\z`;
    await bucket.write(
      `one,d=x\\ y,e=1 v=1 1000\none,d=x\\ y,e=1 v=2 2000\none,d=z,e=1 v=3 1000\none,d=${odd},e=1 v=4 1000`,
      never,
    );
    await bucket.remove(
      'one',
      [
        ['d', 'x y'],
        ['e', '1'],
      ],
      { fromMs: 1_000, toMs: 1_001 },
      never,
    );
    await bucket.remove(
      'one',
      [
        ['d', odd],
        ['e', '1'],
      ],
      { fromMs: 1_000, toMs: 1_001 },
      never,
    );
    const rows = await influx.query(
      `from(bucket: "${INFLUX_BUCKET}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "one")`,
    );
    expect(new Set(rows.map((row) => row['_value']))).toEqual(new Set(['2', '3']));
  });

  it('counts the points that its retention forgets, and keeps the others', async () => {
    const { orgs } = (await influx.ask('GET', '/api/v2/orgs')) as { readonly orgs: readonly { readonly id: string }[] };
    const retentionRules = [{ type: 'expire', everySeconds: 3_600 }];
    await influx.ask('POST', '/api/v2/buckets', { orgID: orgs[0]!.id, name: 'short', retentionRules });
    using bucket = bucketNamed('short');
    // By the clock of the machine, which is influxd's.
    const { headers } = await fetch(influx.url);
    const nowMs = Date.parse(headers.get('date')!);
    const written = await bucket.write(`short,d=x v=1 ${nowMs}\nshort,d=x v=1 1000\nshort,d=y v=1 2000`, never);
    expect(written).toEqual({ kind: 'forgotten', points: 2 });
    expect(await influx.query('from(bucket: "short") |> range(start: 0)')).toHaveLength(1);
  });

  it('says what has to be done where it refuses', async () => {
    const refusalOf = async (bucket: InfluxBucket, lines: string): Promise<string> => {
      const failure: unknown = await bucket.write(lines, never).catch((refused: unknown) => refused);
      bucket[Symbol.dispose]();
      return failure instanceof InfluxRefusal ? failure.message : String(failure);
    };
    expect(await refusalOf(bucketNamed('none'), 'a v=1 1')).toMatch(/404.*make the bucket$/);
    expect(await refusalOf(bucketNamed(INFLUX_BUCKET, '/etc/hostname'), 'a v=1 1')).toMatch(
      /401.*put a token into the file/,
    );
    expect(await refusalOf(bucketNamed(INFLUX_BUCKET), 'kept,d=x w=1.5 1')).toMatch(/422.*a bucket of its own$/);
  });
});
