/** The store against a stand-in of InfluxDB's interface, which fails as it is told to. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { TestAuthority } from '#backbone/doors/certificates.fixtures.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { KeptMarks } from '../kept-marks.ts';
import { InfluxBucket } from './influx-bucket.ts';
import { InfluxStore } from './influx-store.ts';
import { feedOf, StandIn, ToldView } from './influx.fixtures.ts';
import { POINT_FIELDS } from './line-writer.ts';

let folder: TemporaryDirectory;
let standIn: StandIn;
let view: ToldView;
let table: MemoryTable;
const logged: string[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });

beforeEach(async () => {
  folder = await makeTemporaryDirectory('influx-store');
  standIn = await StandIn.start();
  view = new ToldView();
  table = new MemoryTable();
  logged.length = 0;
  await writeFile(tokenFile(), 'secret-1\n');
});
afterEach(async () => {
  await standIn[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const tokenFile = (): string => join(folder.dir, 'token');

function start(url = standIn.url): Promise<InfluxStore> {
  return InfluxStore.start({
    address: { url, org: 'weir', bucket: 'views', tokenFile: tokenFile() },
    fields: POINT_FIELDS,
    feed: feedOf(view),
    views: ['power'],
    table,
    clock: Date.now,
    random: () => 0,
    logger,
  });
}

async function whenTold(store: InfluxStore): Promise<void> {
  await vi.waitUntil(() => view.isWhole && store.status().untold === 0, { timeout: 20_000, interval: 5 });
}

/** What the stand-in has: the count of each slice, by its number. */
function kept(): ReadonlyMap<number, number> {
  return new Map(
    [...standIn.points.values()].map((line) => [
      Number(line.split(' ').at(-1)) / 60_000,
      Number(/count=(\d+)i/.exec(line)![1]),
    ]),
  );
}

describe('the store of InfluxDB', () => {
  it('clears what is there, tells everything, and then what changes', async () => {
    standIn.points.set('power,device=old 0', 'power,device=old count=9i 0');
    for (let slice = 0; slice < 10; slice++) view.put(slice, slice);
    await using store = await start();
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    view.put(4, 44);
    view.put(11, 1);
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    expect(store.status()).toMatchObject({ state: 'following', written: 12, failures: 0 });
    expect(standIn.underWayMost).toBe(1);
  });

  it('removes the point of a slice that comes to hold nothing, once, and again where it was written meanwhile', async () => {
    await using store = await start();
    for (let slice = 0; slice < 5; slice++) view.put(slice, slice);
    await whenTold(store);
    const removals = (): number => standIn.requests.filter(({ path }) => path === '/api/v2/delete').length;
    const before = removals();
    view.empty(3);
    await whenTold(store);
    view.empty(3);
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    expect(removals()).toBe(before + 1);
    view.put(3, 33);
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    // Those that follow one another are removed at once.
    for (const slice of [0, 1, 3]) view.empty(slice);
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    expect(removals()).toBe(before + 3);
    // What InfluxDB does not take is told again.
    standIn.answers.push('cut');
    view.empty(4);
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    expect(store.status().failures).toBe(1);
  });

  it.each([
    ['is cut off', 'cut'],
    ['says that it is too busy', { status: 503, headers: { 'retry-after': '1' } }],
    ['fails', { status: 500 }],
    ['refuses the token', { status: 401 }],
    ['has no such bucket', { status: 404, message: 'bucket "views" not found' }],
  ] as const)('repeats what it told where InfluxDB %s, by its newest state', async (_, answer) => {
    for (let slice = 0; slice < 5; slice++) view.put(slice, slice);
    standIn.answers.push(answer, { status: 204 });
    await using store = await start();
    await vi.waitUntil(() => store.status().failures > 0, { timeout: 20_000 });
    expect(store.status().state).toBe('failing');
    view.put(0, 100);
    standIn.answers.length = 0;
    await whenTold(store);
    expect(kept()).toEqual(view.counts);
    expect(store.status()).not.toHaveProperty('failure');
    expect(standIn.underWayMost).toBe(1);
    expect(logged.join('')).not.toContain('secret');
  });

  it('names what has to be done where it is refused, and takes a token that is replaced', async () => {
    standIn.answers.push({ status: 401, message: 'unauthorized access' });
    view.put(0, 1);
    await using store = await start();
    await vi.waitUntil(() => store.status().failure !== undefined, { timeout: 20_000 });
    expect(store.status().failure).toBe(
      `InfluxDB at ${standIn.url} refuses what it is sent (401: unauthorized access); put a token into the file of \`token\` that may write the bucket`,
    );
    await writeFile(tokenFile(), 'secret-2');
    await whenTold(store);
    expect(standIn.requests.at(-1)!.token).toBe('Token secret-2');
  });

  it('goes on where points are older than the bucket keeps anything, and counts them', async () => {
    standIn.answers.push(
      { status: 204 },
      {
        status: 422,
        message:
          'failure writing points to database: partial write: dropped 2 points outside retention policy of duration 1h0m0s - oldest point a dropped because it violates a Retention Policy Lower Bound dropped=2 for database: 2e75486d89b48e7f',
      },
    );
    for (let slice = 0; slice < 3; slice++) view.put(slice, slice);
    await using store = await start();
    await whenTold(store);
    expect(store.status()).toMatchObject({ state: 'following', forgotten: 2, failures: 0 });
    expect(logged.join('')).toContain('retention');
  });

  it('keeps its mark after what it speaks of is acknowledged, never before', async () => {
    view.put(0, 1);
    let store = await start();
    await whenTold(store);
    await store[Symbol.asyncDispose]();
    const identity = JSON.stringify([JSON.stringify([standIn.url, 'weir', 'views']), POINT_FIELDS.toSorted()]);
    const told = await KeptMarks.open(table, identity);
    expect(told.of('power')!.untold.groups).toEqual([['["a"]', []]]);
    for (let i = 0; i < 1_000; i++) standIn.answers.push({ status: 500 });
    store = await start();
    view.put(7, 1);
    await vi.waitUntil(() => store.status().failures > 0, { timeout: 20_000 });
    await store[Symbol.asyncDispose]();
    const untold = await KeptMarks.open(table, identity);
    expect(untold.of('power')!.untold.groups).toEqual([['["a"]', [7, 8]]]);
  });

  it('speaks TLS, to whom its authority knows alone', async () => {
    const authority = new TestAuthority();
    await writeFile(join(folder.dir, 'ca.pem'), authority.cert);
    await using secret = await StandIn.start(authority.pair('server'));
    const address = { url: secret.url, org: 'weir', bucket: 'views', tokenFile: tokenFile() };
    using bucket = new InfluxBucket({ ...address, caFile: join(folder.dir, 'ca.pem') });
    const { signal } = new AbortController();
    expect(await bucket.write('a v=1 1', signal)).toEqual({ kind: 'kept' });
    using stranger = new InfluxBucket(address);
    await expect(stranger.write('a v=1 1', signal)).rejects.toThrow(/takes nothing now: .*CERT|SIGNED|VERIFY/);
    expect(secret.requests).toHaveLength(1);
  });

  it('is filled anew by order, and says how far it is', async () => {
    for (let slice = 0; slice < 10; slice++) view.put(slice, slice);
    await using store = await start();
    await whenTold(store);
    standIn.points.clear();
    standIn.points.set('power,device=b 0', 'power,device=b count=9i 0');
    const steps: object[] = [];
    const outcome = await store.rebuild((state) => void steps.push(state));
    expect(outcome).toMatchObject({ store: 'influx', slices: 10 });
    expect(kept()).toEqual(view.counts);
    expect(steps[0]).toEqual({ label: 'slices written', done: 0 });
  });

  it('says so where it ends before it is filled anew', async () => {
    const store = await start();
    await whenTold(store);
    for (let i = 0; i < 1_000; i++) standIn.answers.push({ status: 500 });
    const rebuilt = store.rebuild(() => undefined);
    rebuilt.catch(() => undefined);
    await vi.waitUntil(() => store.status().failures > 0, { timeout: 20_000 });
    await store[Symbol.asyncDispose]();
    await expect(rebuilt).rejects.toThrow('is not filled, since the server stops');
  });

  it('ends while InfluxDB is away', async () => {
    const { url } = standIn;
    await standIn[Symbol.asyncDispose]();
    view.put(0, 1);
    const store = await start(url);
    await vi.waitUntil(() => store.status().failure !== undefined, { timeout: 20_000 });
    expect(store.status().failure).toContain('nobody listens there');
    await store[Symbol.asyncDispose]();
    standIn = await StandIn.start();
  });
});
