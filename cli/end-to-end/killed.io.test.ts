/**
 * Server, agent and nats-server are killed (`kill -9`) at seeded moments while a file is replayed, and started again:
 * what they end with is what they end with undisturbed. WEIR_KILLS says how often each, WEIR_SEED at which moments.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { expectSameLines } from './answers.fixtures.ts';
import { type Replayed, replayMeters, type ReplayOptions } from './meters-replay.fixtures.ts';

const KILLS = Number(process.env['WEIR_KILLS'] ?? 2);
const SEED = Number(process.env['WEIR_SEED'] ?? 1);
const TEST_MS_MAX = 60_000 + KILLS * 20_000;

const natsServer = await serverForTests('nats-server');

async function replayed(options: ReplayOptions): Promise<Replayed> {
  await using folder = await makeTemporaryDirectory('replay');
  return await replayMeters(folder.dir, options);
}

async function replayedOnNats(options: ReplayOptions): Promise<Replayed> {
  await using store = await makeTemporaryDirectory('nats');
  await using nats = await startNatsServer({ storeDir: store.dir, syncAlways: true });
  const backbone = `{ kind: nats, servers: ['${nats.url}'], partitions: 8 }`;
  return await replayed({ ...options, backbone, killMore: () => nats.restart() });
}

let expected: Replayed;
beforeAll(async () => {
  expected = await replayed({});
});

function expectSame(told: Replayed): void {
  expectSameLines(told.csv, expected.csv, 'before a batch');
  expectSameLines(told.afterBatch, expected.csv, 'after a batch');
}

/** What an agent counted, without what differs where it was started more often: frames, their bytes, seconds. */
function countsOf({ summary }: Replayed): object {
  const { rows, readings, counted, repeats, amended, missing, quarantined } = summary;
  return { rows, readings, counted, repeats, amended, missing, quarantined };
}

describe('a replay of a file with late and repeated rows', () => {
  it('ends the same after a batch as before', () => {
    expectSame(expected);
    expect(countsOf(expected)).toMatchObject({
      counted: 120_000,
      repeats: 1_238,
      amended: 0,
      missing: 0,
      quarantined: 0,
    });
  });

  it('ends the same on one partition, and sent as panes', { timeout: TEST_MS_MAX }, async () => {
    expectSame(await replayed({ backbone: '{ kind: embedded, partitions: 1 }' }));
    expectSame(await replayed({ send: 'panes' }));
  });

  it(`ends the same where server and agent are killed ${KILLS} times each`, { timeout: TEST_MS_MAX }, async () => {
    const killed = await replayed({ kills: KILLS, seed: SEED });
    expectSame(killed);
    expect(countsOf(killed)).toEqual(countsOf(expected));
  });

  it(`ends the same where they are killed while panes are sent`, { timeout: TEST_MS_MAX }, async () => {
    expectSame(await replayed({ send: 'panes', kills: 1, seed: SEED }));
  });
});

describe.runIf(natsServer)('the same replay with a real nats-server', () => {
  it('ends the same on eight partitions', { timeout: TEST_MS_MAX }, async () => {
    expectSame(await replayedOnNats({}));
  });

  it(`ends the same where nats-server, too, is killed ${KILLS} times`, { timeout: TEST_MS_MAX }, async () => {
    const killed = await replayedOnNats({ kills: KILLS, seed: SEED });
    expectSame(killed);
    expect(countsOf(killed)).toEqual(countsOf(expected));
  });
});
