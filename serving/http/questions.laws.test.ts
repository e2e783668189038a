import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';

const START = Date.UTC(2026, 0, 1);
const VIEW = '/api/v1/views/power-by-region';

/** The first and the last times that can be written stand last, also where their own zone leads beyond them. */
const TIMES =
  '2026-01-01 2026-01-01T02:30 2026-01-02T00:00:00Z now now-90m -7d -1000y -1ms ' +
  '0000-01-01 0000-01-01T00:00:00+23:59 0001-01-01 9999-12-31 9999-12-31T23:59:59.999-23:59';
const SPANS = '1ms 30s 1m 7m 1h 6h 24h 100h 8760h 1d 3d 1w 1mo 1y 1000y';
const ZONES = 'UTC America/New_York Asia/Kathmandu Pacific/Apia Pacific/Kiritimati Africa/Monrovia etc/gmt+12';

const oneOf = (words: string) => fc.constantFrom(...words.split(' '));
const time = oneOf(TIMES);
const span = oneOf(SPANS);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const told = {
  from: time,
  to: time,
  stats: maybe(fc.constantFrom('count', 'integral,first', 'p1,p99.9,stddev', 'count,count')),
  format: maybe(fc.constantFrom('json', 'csv', 'ndjson')),
  region: maybe(fc.constantFrom('IDF', '', 'ÎdF "x"\r\n')),
};
const question = fc.oneof(
  fc.record({
    path: fc.constant('windows'),
    ...told,
    window: span,
    every: maybe(oneOf('1ms 1m 7m 1h 1d 1w 1y')),
    offset: maybe(span),
    zone: maybe(oneOf(ZONES)),
    asOf: maybe(fc.constantFrom('0', '0,0', 'now', '9999-12-31', '-1000y')),
  }),
  fc.record({ path: fc.constant('sessions'), ...told, gap: span }),
);

describe('a question', () => {
  it('is answered or refused with a reason, however far its times and spans reach, and again by its tag', async () => {
    const world = await World.open();
    const readings = [0, 1, 61, 150].map((minute) => ({
      device: 'm@IDF',
      atMs: START + minute * 60_000,
      value: minute,
    }));
    await world.deliver('a', readings, START + 150 * 60_000);
    await world.batch(START);
    await using served = await serveWorld(world, { clock: () => START + 86_400_000 });
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(question, async ({ path, ...asked }) => {
        const params = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined);
        const url = `${served.url}${VIEW}/${path}?${new URLSearchParams(params).toString()}`;
        const answer = await fetch(url);
        const text = await answer.text();
        if (answer.status !== 200) {
          expect([answer.status, text]).toStrictEqual([400, expect.stringContaining('"remedy"')]);
          return;
        }
        answered++;
        const again = await fetch(url, { headers: { 'if-none-match': answer.headers.get('etag')! } });
        expect([again.status, await again.text()]).toStrictEqual([304, '']);
      }),
      { numRuns: 500 },
    );
    expect(answered).toBeGreaterThan(50);
  });
});
