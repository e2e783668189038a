import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import type { Duration } from '#core/time/duration.ts';
import { startAedes } from '#edge-agent/sources/mqtt/brokers.fixtures.ts';
import { json, Served } from '#edge-agent/sources/poll/served.fixtures.ts';
import { keepPrinted } from '../terminal/terminal.fixtures.ts';
import { check } from './check.ts';

const folder = folderPerTest('check');
const printed = keepPrinted();

/** Checks a configuration whose file of readings is `m.csv`; gives what was printed, and whether it can be used. */
async function checked(
  config: string,
  csv?: string,
  listen?: Duration,
): Promise<{ readonly isUsable: boolean; readonly text: string }> {
  if (csv !== undefined) await writeFile(join(folder.dir, 'm.csv'), csv);
  const file = join(folder.dir, 'weir.yaml');
  await writeFile(file, config);
  const isUsable = await check(file, listen);
  return { isUsable, text: printed().replaceAll(file, 'weir.yaml') };
}

const METRICS = 'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }\n';
const SERIES = "[{ metric: power, value: kw, device: '{d}', tags: { region: '{r}' } }]";
const SOURCES = `sources: { m: { kind: csv, file: m.csv, time: { columns: [time] }, series: ${SERIES} } }\n`;

describe('a check', () => {
  it('says what InfluxDB is to keep, and whether the token is here', async () => {
    const store =
      "stores: { influx: { url: 'http://127.0.0.1:8086', org: weir, bucket: views, token: { file: i.token } } }\n";
    const views = 'views: { one: { metric: power, slice: 1h } }\n';
    const line = 'store influx: the slices of 1 view, to bucket views of weir at http://127.0.0.1:8086\n';
    const without = await checked(METRICS + views + store);
    expect(without.isUsable).toBe(true);
    expect(without.text).toContain(`${line}  the server needs a token in i.token, which is not here\n`);
    await writeFile(join(folder.dir, 'i.token'), 'x');
    expect((await checked(METRICS + views + store)).text).toContain(`${line}\n`);
  });

  it('shows what would become of a file, what each view takes of it, and what to do next', async () => {
    const views =
      'views: { by-region: { metric: power, by: [region, site], slice: 15m }, one: { metric: power, where: { d: x }, slice: 1h } }\n';
    const { isUsable, text } = await checked(
      `${METRICS}agent: { id: roof-1 }\n${SOURCES}${views}`,
      'time,d,r,kw\n2024-01-01T00:00:00Z,a,DK1,1.5\n2024-01-01T00:01:00Z,b,DK2,-2\n2024-01-01T00:02:00Z,a,DK1,much\n',
    );
    expect(isUsable).toBe(true);
    expect(text.replace(/(quarantine: line 4: ).*(: ".*")/, '$1…$2'))
      .toBe(`metric power: gauge in kW with 3 decimals (more are rounded), one reading each 1m, sent as panes
agent roof-1: to mqtt://127.0.0.1:1883, at most 256000000 bytes in .weir/roof-1
source m: csv, m.csv
  3 rows: 2 readings of 2 series, 0 missing, 1 to quarantine
  from 2024-01-01T00:00:00Z to 2024-01-01T00:01:00Z; the first:
    time                  metric  series                value
    2024-01-01T00:00:00Z  power   region=DK1 device=a  1.5 kW
    2024-01-01T00:01:00Z  power   region=DK2 device=b   -2 kW
  quarantine: line 4: …: "2024-01-01T00:02:00Z,a,DK1,much"
view by-region: power by region, site, in slices of 15m: 2 of the series above, in 2 groups
  no series above has the tag site; they have region, device
view one: power, in slices of 1h: 0 of the series above, in 0 groups
  no series above has the tag d; they have region, device

weir.yaml can be used.
Next, each in a terminal of its own:
  weir up --config weir.yaml
  weir edge --config weir.yaml --once
  weir query by-region --from 2024-01-01 --to 2024-01-02 --window 1d
`);
  });

  it('of a configuration without agent, sources and views has the server as its next step', async () => {
    const { isUsable, text } = await checked('');
    expect(isUsable).toBe(true);
    expect(text).toBe(
      'metrics: none\n\n\nweir.yaml can be used.\nNext, each in a terminal of its own:\n  weir up --config weir.yaml\n',
    );
  });

  it('names the nearest to a tag of a view that no series has', async () => {
    const views = 'views: { v: { metric: power, by: [regoin], slice: 15m } }\n';
    const { text } = await checked(`${METRICS}${SOURCES}${views}`, 'time,d,r,kw\n2024-01-01T00:00:00Z,a,DK1,1\n');
    expect(text).toContain('  no series above has the tag regoin; did you mean region?\n');
  });

  it('says that sources without an agent are not read', async () => {
    const { text } = await checked(`${METRICS}${SOURCES}`, 'time,d,r,kw\n2024-01-01T00:00:00Z,a,DK1,1\n');
    expect(text).toContain(
      '\nagent: none, so "weir edge" can\'t read the sources; add one, like agent: { id: roof-1 }\n',
    );
    expect(text).not.toContain('weir edge --config');
  });

  it('of a file without one reading, or that is not there, says that it can not be used', async () => {
    const empty = await checked(`${METRICS}${SOURCES}`, 'time,d,r,kw\nx,a,DK1,1\n');
    expect(empty.isUsable).toBe(false);
    expect(empty.text).toContain('  not one reading; check `time` and `series` against its rows\n');
    expect(empty.text).toContain("weir.yaml can't be used as it is: see above.\n");
    const absent = await checked(`${METRICS}${SOURCES.replace('m.csv', 'absent.csv')}`);
    expect(absent.isUsable).toBe(false);
    expect(absent.text).toMatch(/\nsource m: csv\n {2}.*absent\.csv does not exist; check its path;.*\n/);
  });

  it('of a configuration with faults names them', async () => {
    const { isUsable, text } = await checked('vews: {}\n');
    expect(isUsable).toBe(false);
    expect(text).toBe("weir.yaml can't be used:\n  unknown key vews; did you mean views?\n");
  });

  it('says what live sources would do, and opens none of them', async () => {
    const live = [
      'standard: { kind: ndjson, file: "-", time: { columns: [t] }, series: [{ metric: power, value: v, device: d }] }',
      'grows: { kind: csv, file: absent.csv, follow: true, time: { columns: [t] }, series: [{ metric: power, value: v, device: d }] }',
      'fleet: { kind: simulate, scenario: denmark }',
    ];
    const usage = METRICS.replace('power:', 'usage: { unit: kW, decimals: 3, kind: gauge, interval: 1m }, power:');
    const { text } = await checked(`${usage}sources: { ${live.join(', ')} }\n`);
    expect(text).toContain('\nsource standard: ndjson, standard input, read as it comes\n');
    expect(text).toContain('\nsource grows: csv, absent.csv, followed as it grows\n');
    expect(text).toContain('\nsource fleet: simulate, simulates denmark\n');
  });

  it('names the nearest tag where no source gives a view the one it asks for, without having seen a reading', async () => {
    const rule = "{ metric: power, value: kw, device: '{room}', tags: { region: x, floor: '1' } }";
    const home = (series: string): string =>
      `home: { kind: mqtt, listen: '127.0.0.1:0', topics: [{ topic: home/+, names: [room], series: [${series}] }] }`;
    const view = 'views: { p: { metric: power, by: [device, regoin], where: { site: a }, slice: 1h } }\n';
    const { isUsable, text } = await checked(`${METRICS}sources: { ${home(rule)} }\n${view}`);
    expect(isUsable).toBe(true);
    expect(text).toContain(
      '  no source gives power the tag regoin; did you mean region?\n  no source gives power the tag site; they have device, region, floor\n',
    );
    // Who sends by HTTP says the tags; and what nobody here measures, others may.
    const open = `${METRICS}sources: { ${home(rule)}, all: { kind: http, listen: '127.0.0.1:0' } }\n${view}`;
    expect((await checked(open)).text).not.toContain('no source gives');
    expect((await checked(`${METRICS}${view}`)).text).not.toContain('no source gives');
  });

  it('of a service that is polled asks for one page, and shows it', async () => {
    const page = { records: [{ t: '2024-01-01T00:00:00Z', a: 'DK1', kw: 1.5 }], next: '/load?page=2' };
    await using served = await Served.start(json(page));
    const source = (rows: string): string =>
      `${METRICS}sources: { m: { kind: poll, url: "${served.origin}/load", every: 5m, pages: { next: next }, rows: ${rows}, time: { columns: [t] }, series: [{ metric: power, value: kw, device: '{a}' }] } }\n`;
    const { isUsable, text } = await checked(source('records'));
    expect(isUsable).toBe(true);
    expect(text).toContain(`\nsource m: poll, asks ${served.origin}/load every 5m\n`);
    expect(text).toContain('  1 rows: 1 readings of 1 series, 0 missing, 0 to quarantine\n');
    expect(text).toMatch(/2024-01-01T00:00:00Z {2}power {3}device=DK1 {2}1\.5 kW\n/);
    expect(served.asked).toEqual(['/load']);
    const wrong = await checked(source('recrods'));
    expect(wrong.isUsable).toBe(false);
    expect(wrong.text).toContain(
      'gives nothing: its answer has no field "recrods" that `rows` names; did you mean records?',
    );
  });

  it('that listens shows what comes in that time, and leaves nothing behind at a broker', async () => {
    await using broker = await startAedes();
    const device = await connectAsync(broker.url, { reconnectPeriod: 0 });
    const subscribed: unknown[] = [];
    broker.aedes.on('subscribe', ([subscription], { clean }) => {
      subscribed.push({ qos: subscription!.qos, isForgotten: clean });
      device.publish('home/kitchen', '{"kw":1.5}', { qos: 1 });
      device.publish('home/bridge/state', 'online', { qos: 1 });
      device.publish('home/attic', '{"kW":1.5}', { qos: 1 });
    });
    const topics = "[{ topic: 'home/#', series: [{ metric: power, value: kw, device: k }] }]";
    const source = `sources: { home: { kind: mqtt, url: '${broker.url}', topics: ${topics} } }\n`;
    const { isUsable, text } = await checked(`${METRICS}${source}`, undefined, { kind: 'fixed', ms: 1_000 });
    expect(text).toContain('  2 rows: 1 readings of 1 series, 0 missing, 1 to quarantine\n');
    expect(text).toContain('quarantine: line 2: the payload is not JSON: "home/bridge/state online"\n');
    expect(text).toContain('  1 message without any value that a rule takes: home/attic (1)\n');
    expect(isUsable).toBe(true);
    // What is sent so needs no acknowledgement, and is not kept for a client that comes again.
    expect(subscribed).toEqual([{ qos: 0, isForgotten: true }]);
    await device.endAsync();
  });

  it('that listens in vain says so', async () => {
    const topics = "[{ topic: 'home/#', series: [{ metric: power, value: kw, device: k }] }]";
    const source = `sources: { home: { kind: mqtt, listen: '127.0.0.1:0', topics: ${topics} } }\n`;
    const { isUsable, text } = await checked(`${METRICS}${source}`, undefined, { kind: 'fixed', ms: 50 });
    expect(text).toContain(
      '  0 rows: 0 readings of 0 series, 0 missing, 0 to quarantine\n  not one reading came within 50ms\n',
    );
    expect(isUsable).toBe(false);
  });
});
