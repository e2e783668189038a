import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { OLD } from '../p1/telegrams.fixtures.ts';
import { SourceError } from '../source-error.ts';
import { describeSource } from '../source.cases.ts';
import {
  type Answerer,
  declaredPoll,
  json,
  LOADS,
  loads,
  METRICS,
  NOW_MS,
  Polled,
  Served,
  text,
} from './served.fixtures.ts';

let served: Served;
beforeEach(async () => {
  served = await Served.start(json({ records: [] }));
});
afterEach(() => served[Symbol.asyncDispose]());

function section(more: object = {}): object {
  return { url: `${served.origin}/load?start={from}&end={to}`, overlap: '2d', rows: 'records', ...more };
}

/** The ranges that were asked for. */
function ranges(): readonly string[] {
  return served.asked.map((path) => {
    const { searchParams } = new URL(path, served.origin);
    return `${searchParams.get('start')} ${searchParams.get('end')}`;
  });
}

describe('a polled service', () => {
  it('is asked for what lies behind it, and each time again for as much before as overlaps', async () => {
    served.answer = json({ records: loads([9, 10]) });
    const { readings, waits, checkpoint, batches } = await new Polled(section(), 2).read();
    expect(ranges()).toEqual(['2024-01-08T12:00 2024-01-10T12:00', '2024-01-08T12:00 2024-01-10T12:05']);
    expect(waits).toEqual([300_000, 300_000]);
    expect(readings.slice(0, 2)).toEqual([
      { device: 'DK1', time: '2024-01-10T09:00:00.000Z', value: 1_009_000 },
      { device: 'DK1', time: '2024-01-10T10:00:00.000Z', value: 1_010_000 },
    ]);
    expect(readings).toHaveLength(4);
    expect(checkpoint).toEqual({ version: 1, readToMs: NOW_MS + 300_000, highestMs: Date.UTC(2024, 0, 10, 10) });
    expect(batches.at(-1)!.watermarkMs).toBe(Date.UTC(2024, 0, 8, 10));
  });

  it('is asked for its past in steps, and goes on at its checkpoint where it was left', async () => {
    const given = section({ since: '2023-12-31', overlap: '1h', range: { step: '4d' } });
    const { batches } = await new Polled(given, 1).read();
    expect(ranges()).toEqual([
      '2023-12-31T00:00 2024-01-04T00:00',
      '2024-01-04T00:00 2024-01-08T00:00',
      '2024-01-08T00:00 2024-01-10T12:00',
    ]);
    served.asked.length = 0;
    await new Polled(given, 1).read(batches[0]!.checkpoint);
    expect(ranges()).toEqual(['2024-01-03T23:00 2024-01-07T23:00', '2024-01-07T23:00 2024-01-10T12:00']);
  });

  it('is not taken up at the checkpoint of another kind of source', async () => {
    await expect(new Polled(section(), 1).read({ version: 2, offset: 7 })).rejects.toThrow(/none of a polled service/);
  });

  it('does not take a range for read, nor its time for passed, before its last page is', async () => {
    served.answer = json({ records: loads([9]) }, { link: '</load?page=2>; rel="next"' });
    const polled = new Polled(section(), 2);
    const told: unknown[] = [];
    const stop = new AbortController();
    for await (const { checkpoint, watermarkMs } of polled.source.batches(null, stop.signal)) {
      told.push({ ...checkpoint, watermarkMs });
      served.answer = json({ records: [] });
      if (told.length === 2) stop.abort();
    }
    expect(told).toEqual([
      { version: 1, readToMs: null, highestMs: null, watermarkMs: null },
      { version: 1, readToMs: NOW_MS, highestMs: Date.UTC(2024, 0, 10, 9), watermarkMs: Date.UTC(2024, 0, 8, 9) },
    ]);
  });

  it('is read as a telegram of P1 where it is one, at its own time or that of receipt', async () => {
    served.answer = text(OLD, { 'content-type': 'text/plain' });
    const series = [
      { metric: 'load', value: '1-0:1.8.1', device: '{0-0:96.1.1}', unit: 'kWh' },
      { metric: 'load', value: '0-1:24.2.1', device: 'gas', unit: 'm3' },
    ];
    const { readings, refusals } = await new Polled(section({ rows: undefined, time: undefined, series }), 1).read();
    expect(refusals).toEqual([]);
    expect(readings).toEqual([
      { device: '4B38', time: new Date(NOW_MS).toISOString(), value: 185_000 },
      { device: 'gas', time: '2010-01-15T11:00:00.000Z', value: 412_378 },
    ]);
  });

  it('is read as CSV too, page by page, each with its heading and its last line', async () => {
    const page = (hour: number): string =>
      `HourUTC;PriceArea;ConsumptionkWh\n2024-01-10 0${hour}:00;DK1;1,5\n2024-01-10 0${hour + 1}:00;DK2;2`;
    served.answer = (url, request, response) => {
      const isFirst = url.searchParams.get('page') === null;
      const headers = {
        'content-type': 'text/csv; charset=utf-8',
        ...(isFirst ? { link: '<?page=2>; rel=next' } : {}),
      };
      text(page(isFirst ? 1 : 3), headers)(url, request, response);
    };
    const { readings, refusals } = await new Polled(
      section({ rows: undefined, delimiter: ';', decimal: ',' }),
      1,
    ).read();
    expect(refusals).toEqual([]);
    expect(readings.map(({ device, time, value }) => [device, time.slice(11, 13), value])).toEqual([
      ['DK1', '01', 1_500],
      ['DK2', '02', 2_000],
      ['DK1', '03', 1_500],
      ['DK2', '04', 2_000],
    ]);
  });

  it('without a range is read as it is, with the time of receipt where it tells none', async () => {
    served.answer = json({ ok: true, apower: 12.5, device: { id: 'plug' } });
    const series = [{ metric: 'load', value: 'apower', device: '{device.id}' }];
    const given = { url: `${served.origin}/status`, time: undefined, series, every: '10s' };
    const { readings } = await new Polled(given, 2).read();
    expect(readings).toEqual([
      { device: 'plug', time: '2024-01-10T12:00:00.000Z', value: 12_500 },
      { device: 'plug', time: '2024-01-10T12:00:10.000Z', value: 12_500 },
    ]);
  });

  it('loses no digit, and refuses a damaged row alone', async () => {
    served.answer = text(
      '{"records":[{"HourUTC":"2024-01-10T01:00:00","PriceArea":"DK1","ConsumptionkWh":123456789012.1230},\n' +
        '{"HourUTC":"2024-01-10T02:00:00","PriceArea":"DK1","ConsumptionkWh":oops}, {"HourUTC":"2024-01-10T03:00:00","PriceArea":"]}","ConsumptionkWh":1}]}',
      { 'content-type': 'application/json' },
    );
    const { readings, refusals } = await new Polled(section(), 1).read();
    expect(readings.map(({ device, value }) => [device, value])).toEqual([
      ['DK1', 123_456_789_012_123],
      [']}', 1_000],
    ]);
    expect(refusals).toMatchObject([{ line: 2, reason: expect.stringContaining('not JSON') }]);
  });

  it('may hold its rows as columns, as Open-Meteo does, or by their times, as forecast.solar does', async () => {
    const columns =
      '{"latitude":55.7,"hourly_units":{"t":"°C"},"hourly":{"time":["2024-01-10T00:00","2024-01-10T01:00"],"t":[1.5,null],"note":["a"]}}';
    await using service = await Served.start(text(columns, { 'content-type': 'application/json' }));
    const rule = { metric: 'load', device: 'roof' };
    const polled = await new Polled(
      { url: service.origin, rows: 'hourly', time: { columns: ['time'] }, series: [{ ...rule, value: 't' }] },
      1,
    ).read();
    expect(polled.readings).toEqual([{ device: 'roof', time: '2024-01-10T00:00:00.000Z', value: 1_500 }]);
    expect(polled.batches.reduce((sum, { tallies }) => sum + tallies.missing, 0)).toBe(1);

    service.answer = text(
      '{"result":{"watts":{"2024-01-10 08:00:00":0.25,"2024-01-10 09:00:00": {"value":2, "x":[1]} }}}',
    );
    const byTime = await new Polled(
      {
        url: service.origin,
        rows: 'result.watts',
        time: { columns: ['key'], format: 'yyyy-MM-dd HH:mm:ss', zone: 'Europe/Copenhagen' },
        series: [{ ...rule, value: 'value' }],
      },
      1,
    ).read();
    expect(byTime.readings).toEqual([
      { device: 'roof', time: '2024-01-10T07:00:00.000Z', value: 250 },
      { device: 'roof', time: '2024-01-10T08:00:00.000Z', value: 2_000 },
    ]);

    service.answer = text('{"time":["2024-01-10"],"t":[1,2]}');
    const uneven = new Polled(
      { url: service.origin, time: { columns: ['time'] }, series: [{ ...rule, value: 't' }] },
      1,
    );
    await expect(uneven.read()).rejects.toThrow('its columns "time" and "t" have 1 and 2 elements');
  });

  it('may pack its answers', async () => {
    served.answer = text(gzipSync(JSON.stringify({ records: loads([1]) })), { 'content-encoding': 'gzip' });
    expect((await new Polled(section(), 1).read()).readings).toHaveLength(1);
    expect(served.headers[0]!['accept-encoding']).toContain('gzip');
  });
});

describeSource('a polled service', () => {
  served.answer = (url, request, response) => {
    const day = Number(url.searchParams.get('start')!.slice(8, 10));
    json({ records: loads([1, 2].map((hour) => (day - 10) * 24 + hour)) })(url, request, response);
  };
  const declared = declaredPoll(section({ since: '2024-01-04', overlap: '0', range: { step: '1d' } }));
  return {
    supports: declared.supports,
    open: (registry) =>
      declared.open('market', {
        metrics: METRICS,
        registry,
        folder: '.',
        stdin: () => process.stdin,
        nowMs: () => NOW_MS,
      }),
  };
});

describe('a service that fails', () => {
  it('is asked again, later each time, and its answer counts once it is whole', async () => {
    const answers: Answerer[] = [
      text('busy', {}, 503),
      text('{"records":[{"HourUTC":"2024-0', { 'content-type': 'application/json' }),
      (_, request, response) => {
        response.writeHead(200, { 'content-length': '4000' }).write('{"records":', () => request.socket.destroy());
      },
      json({ records: loads([9]) }),
    ];
    served.answer = (url, request, response) => answers.shift()!(url, request, response);
    const { waits, readings, told } = await new Polled(section(), 4).read();
    expect(waits).toEqual([500, 1_000, 2_000, 300_000 - 3_500]);
    expect(readings).toHaveLength(1);
    expect(told.map(({ reason }) => reason)).toEqual([
      'it answered 503: busy',
      'its answer ends in the middle of the JSON',
      expect.stringContaining('its answer did not come whole'),
      undefined,
    ]);
  });

  it('is left alone as long as it asks for, by seconds or by its own clock', async () => {
    const answers = [
      text('', { 'retry-after': '120' }, 429),
      text('', { 'retry-after': 'Wed, 10 Jan 2024 08:02:00 GMT', date: 'Wed, 10 Jan 2024 08:00:00 GMT' }, 503),
      json({ records: [] }),
    ];
    served.answer = (url, request, response) => answers.shift()!(url, request, response);
    expect((await new Polled(section(), 3).read()).waits.slice(0, 2)).toEqual([120_000, 120_000]);
  });

  it('is given up where it refuses for good before it has given anything, with what it says', async () => {
    served.answer = text('<p>no such\n parameter: start</p>', {}, 400);
    await expect(new Polled(section(), 1).read()).rejects.toThrow(
      new SourceError(
        'refused',
        `service ${served.origin}/load`,
        'gives nothing: it answered 400: no such parameter: start',
        'check the `url`, and how it takes times: `range: { format, zone }`',
      ),
    );
    expect(served.asked).toHaveLength(1);
  });

  it('is asked rarely where it refuses later, and goes on where it was', async () => {
    const { checkpoint } = await new Polled(section(), 1).read();
    const answers = [text('', {}, 403), text('', {}, 403), json({ records: [] })];
    served.answer = (url, request, response) => answers.shift()!(url, request, response);
    const { waits, told } = await new Polled(section(), 3).read(checkpoint);
    expect(waits.slice(0, 2)).toEqual([150_000, 300_000]);
    expect(told[0]).toMatchObject({ reason: 'it answered 403', remedy: 'check the file of `headers` or `token`' });
  });

  it('is asked ever more rarely where a later page of a range is refused again and again', async () => {
    served.answer = (url, request, response) => {
      const answer = url.searchParams.has('page') ? text('', {}, 404) : json({ records: loads([9]), next: '?page=2' });
      answer(url, request, response);
    };
    const { waits } = await new Polled(section({ pages: { next: 'next' } }), 6).read();
    expect(waits).toEqual([150_000, 300_000, 600_000, 1_200_000, 1_800_000, 1_800_000]);
  });

  it('is given up in silence, and where it sends more than the limit', async () => {
    served.answer = (_, _request, response) => response.writeHead(200).write('{"records":');
    const { told } = await new Polled(section(), 1, { silenceMs: 50 }).read();
    expect(told).toMatchObject([{ reason: 'it said nothing for 50ms' }]);
    served.answer = (_, _request, response) => {
      const piece = Buffer.alloc(1_048_576, ' ');
      const more = (): void => void (response.destroyed || response.write(piece, more));
      more();
    };
    await expect(new Polled(section(), 1).read()).rejects.toThrow(
      /has more than 67108864 bytes; ask for less at a time/,
    );
  });

  it('is not followed to another origin, by redirect or link', async () => {
    const other = await Served.start(json({ records: loads([9]) }));
    served.answer = (_, _request, response) => response.writeHead(302, { location: `${other.origin}/load` }).end();
    await expect(new Polled(section(), 1).read()).rejects.toThrow(`it redirects to ${other.origin}; `);
    served.answer = json({ records: loads([9]), next: `${other.origin}/load?page=2` });
    const paged = section({ pages: { next: 'next' } });
    // Its first page was read by then, so it is told, and asked again.
    expect((await new Polled(paged, 1).read()).told[0]!['reason']).toContain(`leads to ${other.origin}`);
    expect(other.asked).toEqual([]);
    await other[Symbol.asyncDispose]();
  });

  it('is followed within its origin', async () => {
    served.answer = (url, request, response) => {
      if (url.pathname === '/load') response.writeHead(307, { location: `/v2${url.pathname}` }).end();
      else json({ records: loads([9]) })(url, request, response);
    };
    expect((await new Polled(section(), 1).read()).readings).toHaveLength(1);
  });

  it('is named with what is near where its rows are not where they are said to be', async () => {
    served.answer = json({ result: { records: [] } });
    await expect(new Polled(section(), 1).read()).rejects.toThrow(
      /no field "records" that `rows` names; it has result.records/,
    );
    served.answer = json({ record: [] });
    await expect(new Polled(section(), 1).read()).rejects.toThrow(
      /no field "records" that `rows` names; did you mean record\?/,
    );
    served.answer = text('<html></html>');
    await expect(new Polled(section(), 1).read()).rejects.toThrow(/its answer is CSV; leave `rows` out/);
    served.answer = text('<html></html>', { 'content-type': 'application/json' });
    await expect(new Polled(section(), 1).read()).rejects.toThrow(/its answer is not JSON/);
    served.answer = text('Hour,Area\n1,2\n', { 'content-type': 'text/csv' });
    await expect(new Polled(section({ rows: undefined }), 1).read()).rejects.toThrow(/its answer lacks the columns/);
  });
});

describe('what lets us in', async () => {
  const folder = await sharedFolder('poll');

  it('is read from files, and sent with every request', async () => {
    await writeFile(join(folder, 'headers'), '# of the gateway\nX-Api-Key: s3cret\n\naccept: text/csv\n');
    await writeFile(join(folder, 'token'), 'abc+/=\n');
    await new Polled(section({ headers: { file: 'headers' }, token: { file: 'token' } }), 1, { folder }).read();
    expect(served.headers[0]).toMatchObject({
      'x-api-key': 's3cret',
      accept: 'text/csv',
      authorization: 'Bearer abc+/=',
    });
  });

  it('may be a parameter, and is repeated nowhere', async () => {
    await writeFile(join(folder, 'token'), 'abc+/=');
    const url = `${served.origin}/load?api_key={token}`;
    served.answer = (asked, request, response) => {
      text(`key ${asked.searchParams.get('api_key')} of ${asked.search} is unknown`, {}, 401)(asked, request, response);
    };
    const failed = new Polled({ url, token: { file: 'token' } }, 1, { folder }).read();
    await expect(failed).rejects.toThrow(/key … of \?api_key=… is unknown; check the file/);
    expect(served.headers[0]!.authorization).toBeUndefined();
  });

  it('is refused with the file and the line, and without what stands there', async () => {
    await writeFile(join(folder, 'headers'), 'Authorization s3cret\n');
    const failed = new Polled(section({ headers: { file: 'headers' } }), 1, { folder }).read();
    await expect(failed).rejects.toThrow(/headers can't be used: line 1 is no header; write lines like/);
    await expect(failed).rejects.not.toThrow(/s3cret/);
    await expect(new Polled(section({ token: { file: 'none' } }), 1, { folder }).source.inspect()).rejects.toThrow(
      /does not exist/,
    );
  });
});

describe('who only looks at a service', () => {
  it('is shown the newest page, and told at once what fails', async () => {
    served.answer = json({ records: loads([9, 10]), next: '/load?page=2' });
    const given = section({ since: '2020-01-01', pages: { next: 'next' } });
    const { readings } = await new Polled(given, 1, { isPreview: true }).read();
    expect(readings).toHaveLength(2);
    expect(ranges()).toEqual(['2024-01-03T12:00 2024-01-10T12:00']);
    served.answer = text('', {}, 503);
    await expect(new Polled(section(), 1, { isPreview: true }).read()).rejects.toThrow(
      /gives nothing: it answered 503; try again later/,
    );
  });

  it('is told of a field that was never there', async () => {
    served.answer = json({ records: loads([9, 10]) });
    const series = [{ ...LOADS.series[0], value: 'ConsumptionKWh' }];
    const { source } = await new Polled(section({ series }), 1, { isPreview: true }).read();
    expect(source.remarks()[0]).toContain('did you mean ConsumptionkWh?');
  });
});
