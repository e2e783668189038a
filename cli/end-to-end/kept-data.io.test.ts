/** What earlier versions wrote (kept/README.md), opened by this one; and data of a later one, which is refused by name. */
import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { RECORD_VERSION } from '#core/records/record-codec.ts';
import { type CommandResult, type RunningUp, startUp, weir } from '#tooling/processes/weir-process.ts';
import { runCommand } from '#tooling/servers/command.ts';

const KEPT = fileURLToPath(new URL('kept/', import.meta.url));
const UNPACK_MS_MAX = 20_000;
/** What the two views of each were asked, by the version that wrote them. */
const ASKED = {
  power: '/api/v1/views/power-by-region/windows?stats=count,sum,min,max,first,last,variance',
  energy: '/api/v1/views/energy-by-device/windows?stats=count,sum,increase,first,last',
} as const;
const FREE_DOORS = ['--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0', '--log-level', 'error'];
const RANGE = 'from=2024-03-01&to=2024-03-02&window=1h';
/** Readings that count, of the 4,928 in the file: the others are repeats and amends. */
const COUNTED = 4_918;

const folder = folderPerTest('kept');

const run = (...args: readonly string[]): Promise<CommandResult> => weir(args, { cwd: folder.dir });

async function unpack(name: string): Promise<void> {
  const args = ['-xzf', join(KEPT, `${name}.tar.gz`), '-C', folder.dir];
  const { status, output } = await runCommand('tar', args, { timeoutMs: UNPACK_MS_MAX });
  expect([status, output]).toEqual([0, '']);
}

/** The server of the folder; where it asks who comes, a token is added beside those that are kept. */
async function start(data = 'data'): Promise<{ readonly server: RunningUp; readonly shown: readonly string[] }> {
  const shown = await shownTo(data);
  return { server: await startUp(['--config', 'weir.yaml', '--data', data], { cwd: folder.dir }), shown };
}

async function shownTo(data: string): Promise<readonly string[]> {
  if (!(await readFile(join(folder.dir, 'weir.yaml'), 'utf8')).includes('identity: required')) return [];
  const token = await run('tokens', 'add', `reader-of-${data}`, '--may', 'operate', '--data', data);
  await writeFile(join(folder.dir, 'reader.token'), token.stdout);
  return ['--token-file', 'reader.token'];
}

interface Told {
  readonly windows: readonly { readonly start: string; readonly tags: object; readonly stats: object }[];
}

const windowsOf = (text: string): object[] =>
  (JSON.parse(text) as Told).windows.map(({ start, tags, stats }) => ({ start, tags, stats }));

/** Both views say of every window what they said to the version that wrote them. */
async function expectAsKept({ url }: RunningUp): Promise<void> {
  const token = await readFile(join(folder.dir, 'reader.token'), 'utf8').catch(() => '');
  for (const [name, path] of Object.entries(ASKED)) {
    const response = await fetch(`${url}${path}&${RANGE}`, { headers: { authorization: `Bearer ${token.trim()}` } });
    const kept = windowsOf(await readFile(join(folder.dir, `${name}.json`), 'utf8'));
    expect(kept.length).toBeGreaterThan(10);
    expect(windowsOf(await response.text())).toEqual(kept);
  }
}

describe.each(['records-1', 'results-2', 'records-2'])('what is kept as %s', (name) => {
  beforeEach(() => unpack(name));

  it('is answered as it was, before and after a batch of all of it, and compares equal', async () => {
    const { server, shown } = await start();
    await using _ = server;
    await expectAsKept(server);
    for (const batch of [[], ['--full']]) {
      const verified = await run('verify', '--url', server.url, ...shown);
      expect([verified.status, verified.stdout]).toEqual([0, expect.stringContaining('"different":0')]);
      expect(await run('batch', ...batch, '--url', server.url, ...shown)).toMatchObject({ status: 0 });
      await expectAsKept(server);
    }
  });

  it('is gone on with by its agent, which reads nothing twice', async () => {
    const { server } = await start();
    await using _ = server;
    const config = await readFile(join(folder.dir, 'weir.yaml'), 'utf8');
    const enrolled = await run('agents', 'enroll', 'roof-1', '--replace', '--data', 'data');
    await writeFile(join(folder.dir, 'roof-1.token'), enrolled.stdout);
    const agent = `agent: { id: roof-1, broker: "mqtt://127.0.0.1:${server.mqttPort}", token: { file: roof-1.token } }`;
    await writeFile(join(folder.dir, 'agent.yaml'), config.replace(/^agent: .*$/m, agent));
    await appendFile(join(folder.dir, 'houses.csv'), '2024-03-01T07:00:00Z,house-1,north,0.500,9999.9\n');
    const { status, stdout } = await run('edge', '--config', 'agent.yaml', '--once', '--log-level', 'error');
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { counted: COUNTED + 2, repeats: 5, amended: 5 }]);
  });
});

describe('a backup that is kept', () => {
  it('is restored, and answers as the server did of which it was taken', async () => {
    await unpack('records-2');
    expect(await run('restore', 'backup', '--check')).toMatchObject({ status: 0 });
    expect(await run('restore', 'backup', '--data', 'restored')).toMatchObject({ status: 0 });
    const { server } = await start('restored');
    await using _ = server;
    await expectAsKept(server);
  });

  it('has an audit log that is as it was written', async () => {
    await unpack('records-2');
    expect(await run('audit', '--check', '--data', 'data')).toMatchObject({ status: 0 });
  });
});

describe('data of a later version', () => {
  /** Every marker of a server and of an agent, relative to the folder. */
  async function markers(): Promise<readonly string[]> {
    const files = await readdir(folder.dir, { recursive: true });
    return files.filter((path) => path.endsWith('/weir.json') && !path.startsWith('backup/')).toSorted();
  }

  it('is refused by its name, with what to do, whichever of the folders it is', async () => {
    await unpack('records-2');
    const kept = join(folder.dir, 'kept');
    const all = await markers();
    expect(all.map((path) => dirname(path))).toEqual([
      '.weir/roof-1',
      ...['archive', 'audit', 'identity', 'log', 'objects', 'speed', 'state'].map((part) => `data/${part}`),
    ]);
    await cp(join(folder.dir, 'data'), kept, { recursive: true });
    for (const path of all) {
      const marker = JSON.parse(await readFile(join(folder.dir, path), 'utf8')) as object;
      await writeFile(join(folder.dir, path), JSON.stringify({ ...marker, format: 99 }));
      const args = path.startsWith('data/')
        ? ['up', '--data', 'data', '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0']
        : ['edge', '--once'];
      const { status, stderr } = await run(...args, '--config', 'weir.yaml', '--log-level', 'error');
      expect([path, status]).toEqual([path, 1]);
      expect(stderr).toMatch(/format 99/);
      await writeFile(join(folder.dir, path), JSON.stringify(marker));
    }
    await rm(join(folder.dir, 'data'), { recursive: true });
    await cp(kept, join(folder.dir, 'data'), { recursive: true });
    const { server } = await start();
    await using _ = server;
    await expectAsKept(server);
  });

  /** Writes another byte into a file that is kept. */
  async function setByte(path: string, at: number, to: number): Promise<void> {
    const bytes = await readFile(path);
    bytes[at] = to;
    await writeFile(path, bytes);
  }

  /** The files of results and plans whose names end so. */
  async function objects(end: RegExp): Promise<readonly string[]> {
    const dir = join(folder.dir, 'data/objects/objects');
    return (await readdir(dir)).filter((name) => end.test(name)).map((name) => join(dir, name));
  }

  it.for<readonly [string, () => Promise<void>, string]>([
    [
      'a record of the log',
      addLaterRecord,
      'Record 2 of partition 0 was written by a newer weir: record has version 5',
    ],
    [
      'a segment of the archive',
      () => setByte(join(folder.dir, 'data/archive/0/1.seg'), 4, 99),
      'archive segment in .* has format 99; this weir reads formats up to',
    ],
  ])('ends the start of a server by its name where it is %s', async ([, raise, says]) => {
    await unpack('records-2');
    await raise();
    const { status, stderr } = await run('up', '--config', 'weir.yaml', '--data', 'data', ...FREE_DOORS);
    expect([status, stderr]).toEqual([1, expect.stringMatching(says)]);
  });

  it.for<readonly [string, 'batch' | 'verify', () => Promise<void>, string]>([
    ['a block of a result', 'verify', () => setAll(/%2F0$/, 0), 'block of a result in .* has format 99'],
    ['a directory of a result', 'batch', () => setAll(/directory$/, 4), 'directory of a result in .* has format 99'],
    ['a kept plan', 'batch', () => raisePlans(), 'kept plan in .* has format 99'],
  ])('is named where it is %s, by a run of %s, which leaves it as it is', async ([, command, raise, says]) => {
    await unpack('records-2');
    await raise();
    const paths = await objects(/./);
    const bytes = (): Promise<readonly Uint8Array[]> => Promise.all(paths.map((path) => readFile(path)));
    const before = await bytes();
    const { server, shown } = await start();
    await using _ = server;
    const { status, stderr } = await run(command, '--url', server.url, ...shown);
    expect([status, stderr]).toEqual([1, expect.stringMatching(says)]);
    expect(await bytes()).toEqual(before);
  });

  async function addLaterRecord(): Promise<void> {
    await using log = await openEmbeddedLog({ dir: join(folder.dir, 'data/log') });
    await log.append(0, Uint8Array.of(RECORD_VERSION + 1));
  }

  async function setAll(end: RegExp, at: number): Promise<void> {
    for (const path of await objects(end)) if (!path.includes('plan')) await setByte(path, at, 99);
  }

  async function raisePlans(): Promise<void> {
    for (const path of await objects(/^plan/)) {
      const plan = JSON.parse(gunzipSync(await readFile(path)).toString()) as object;
      await writeFile(path, gzipSync(JSON.stringify({ ...plan, format: 99 })));
    }
  }
});
