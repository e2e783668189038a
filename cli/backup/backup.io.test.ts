/** Backups of a server in this process, and what is made of them. */
import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderPerTest, sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { NOTHING_READ, readChanges } from '#backbone/identity/identity-file.ts';
import { NewerFormat } from '#backbone/storage-errors.ts';
import { ArchiveOfAnotherLog } from '#batch-layer/archive/archive-errors.ts';
import { startEdge } from '../compose/edge.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { judgeConfigText } from '../config/load-config.ts';
import { identityDirOf } from '../data-dir.ts';
import { UserError } from '../failure.ts';
import { enrollAgent } from '../identity/enrol.ts';
import { BACKUP_FORMAT, type Backup, BackupUnusable, readBackup } from './backup-format.ts';
import { backUp, restore } from './commands.ts';
import { receiveBackup } from './receive-backup.ts';
import { TarUnreadable } from './tar.ts';

const DOOR = { host: '127.0.0.1', port: 0 };
const logger = pino({ level: 'silent' });
const ROWS = 5_000;
const RANGE = 'from=2024-01-01&to=2024-01-08&window=1h&stats=count,sum,min,max,last,integral';

const CONFIG = `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }
agent: { id: roof-1 }
sources:
  m: { kind: csv, file: m.csv, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] }
views: { usage: { metric: power, by: [device], slice: 1m } }
batch: { every: never }
`;

const judged = judgeConfigText(CONFIG);
if (judged.kind !== 'usable') throw new Error('the configuration is usable');
const { config } = judged;

function start(dataDir: string): Promise<RunningServer> {
  return startServer({ config, dataDir, http: DOOR, mqtt: DOOR, dashboardDir: undefined, version: '1.2.3', logger });
}

const urlOf = ({ httpPort }: RunningServer): URL => new URL(`http://127.0.0.1:${httpPort}`);

async function windowsOf(server: RunningServer): Promise<readonly { readonly stats: { readonly count: number } }[]> {
  const response = await fetch(new URL(`/api/v1/views/usage/windows?${RANGE}`, urlOf(server)));
  return ((await response.json()) as { windows: { stats: { count: number } }[] }).windows;
}

async function whenAnswered(server: RunningServer, readings: number): Promise<void> {
  const answered = async (): Promise<number> =>
    (await windowsOf(server)).reduce((sum, { stats }) => sum + stats.count, 0);
  await vi.waitUntil(async () => (await answered()) === readings, { timeout: 20_000 });
}

async function operation(server: RunningServer, name: 'batch' | 'verify'): Promise<object> {
  const response = await fetch(new URL(`/api/v1/${name}`, urlOf(server)), { method: 'POST' });
  return JSON.parse((await response.text()).trim().split('\n').at(-1)!) as object;
}

/** Rows a minute apart, from the first on, of which every seventh changes nothing. */
function rows(from: number, to: number): string {
  const at = (i: number): string => new Date(Date.UTC(2024, 0, 1) + i * 60_000).toISOString();
  return Array.from({ length: to - from }, (_, i) => `${at(from + i)},${((from + i) % 7) - 2.5}\n`).join('');
}

/** Sends the file to its end; gives how many readings were refused. */
async function send(server: RunningServer, folder: string, spool: string, id = 'roof-1'): Promise<number> {
  const { agent, metrics, sources } = config;
  await using running = await startEdge({
    agent: { ...agent!, id, broker: `mqtt://127.0.0.1:${server.mqttPort}`, spool: { ...agent!.spool, dir: spool } },
    metrics,
    folder,
    logger,
    sources: Object.entries(sources),
  });
  await running.ended;
  await running.drain();
  return running.totals().refused;
}

let taken: string;
/** What the server answered that the backup was taken of. */
let told: readonly object[];

const folder = folderPerTest('restored');
beforeAll(async () => {
  const dir = await sharedFolder('backup');
  taken = join(dir, 'backup');
  await writeFile(join(dir, 'm.csv'), `time,kw\n${rows(0, ROWS - 1_000)}`);
  await enrollAgent('roof-1', { data: join(dir, 'data'), certificate: true });
  await using server = await start(join(dir, 'data'));
  await send(server, dir, join(dir, 'spool'));
  await whenAnswered(server, ROWS - 1_000);
  await operation(server, 'batch');
  await appendFile(join(dir, 'm.csv'), rows(ROWS - 1_000, ROWS));
  await send(server, dir, join(dir, 'spool'));
  await whenAnswered(server, ROWS);
  told = await windowsOf(server);
  await backUp(taken, { url: urlOf(server) });
});

let copy: string;
beforeEach(async () => {
  copy = join(folder.dir, 'backup');
  await cp(taken, copy, { recursive: true });
});

async function change(changed: (backup: Backup) => object): Promise<void> {
  const backup = await readBackup(copy);
  await writeFile(join(copy, 'backup.json'), JSON.stringify(changed(backup)));
}

async function fileIn(part: string): Promise<string> {
  const { files } = await readBackup(copy);
  return join(copy, files.find(({ name }) => name.startsWith(`${part}/`))!.name);
}

describe('a restored server', () => {
  it('answers to the last bit what the other one did, also what batch runs had made, and what is measured on', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await using server = await start(data);
    await whenAnswered(server, ROWS);
    expect(await windowsOf(server)).toEqual(told);
    expect(await operation(server, 'verify')).toMatchObject({ result: { different: 0 } });
    expect((await readBackup(copy)).files.some(({ of }) => of?.includes('usage') === true)).toBe(true);
    await operation(server, 'batch');
    expect(await operation(server, 'verify')).toMatchObject({ result: { different: 0 } });
  });

  it('is backed up as the same again', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await using server = await start(data);
    const again = join(folder.dir, 'again');
    await backUp(again, { url: urlOf(server) });
    const [before, after] = [await readBackup(copy), await readBackup(again)];
    const archived = ({ files }: Backup): unknown => files.filter(({ name }) => name.startsWith('archive/'));
    expect(archived(after)).toEqual(archived(before));
    expect(after.log).toEqual(before.log);
  });

  it('does not start on what a restore that was killed has left', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await rm(join(data, 'log'), { recursive: true });
    await expect(start(data)).rejects.toThrow(ArchiveOfAnotherLog);
  });
});

describe('who is known to a server', () => {
  it('is known to the restored one', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    const { changes } = await readChanges(identityDirOf(data), NOTHING_READ);
    expect(changes).toMatchObject([{ change: { agent: 'roof-1' } }]);
  });
});

describe('a series of a restored server', () => {
  it('is still that of its agent', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await writeFile(join(folder.dir, 'm.csv'), `time,kw\n${rows(0, 10)}`);
    await using server = await start(data);
    expect(await send(server, folder.dir, join(folder.dir, 'spool'), 'roof-2')).toBe(10);
  });
});

describe('a backup', () => {
  it('is a tar file to who takes it by HTTP, and is restored from what that unpacks', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await using server = await start(data);
    const response = await fetch(new URL('/api/v1/backup', urlOf(server)), { method: 'POST' });
    await writeFile(join(folder.dir, 'backup.tar'), response.body!);
    await mkdir(join(folder.dir, 'unpacked'));
    await promisify(execFile)('tar', ['xf', '../backup.tar'], { cwd: join(folder.dir, 'unpacked') });
    expect(await restore(join(folder.dir, 'unpacked'), undefined)).toMatchObject({
      bytes: expect.any(Number) as number,
    });
  });

  it('is taken by one at a time, and by the next as soon as a reader has gone', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await using server = await start(data);
    const ask = (): Promise<Response> => fetch(new URL('/api/v1/backup', urlOf(server)), { method: 'POST' });
    const first = await ask();
    expect((await ask()).status).toBe(409);
    await first.body!.cancel();
    await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(200);
    expect(await operation(server, 'verify')).toMatchObject({ result: { different: 0 } });
  });

  it('keeps what it has, and is told of by name, where the directory is not empty', async () => {
    const data = join(folder.dir, 'data');
    await restore(copy, data);
    await using server = await start(data);
    await expect(backUp(copy, { url: urlOf(server) })).rejects.toThrow(UserError);
    await expect(restore(copy, data)).rejects.toThrow('is not empty');
    await restore(copy, undefined);
  });

  it.for([
    ['was cut off', 'it has no backup.json', () => rm(join(copy, 'backup.json'))],
    ['lacks a file', 'is missing', async () => rm(await fileIn('archive'))],
    ['has a shorter file', 'bytes instead of', async () => truncate(await fileIn('archive'), 1_000)],
    ['has a damaged file', 'its checksum is another one', async () => flipBit(await fileIn('objects'))],
    ['has a damaged claim', 'its checksum is another one', async () => flipBit(await fileIn('state'))],
    [
      'leads out of its directory',
      '(files.0.name)',
      () => change((one) => ({ ...one, files: [{ ...one.files[0], name: '../../etc/passwd' }] })),
    ],
    ['is something else', 'not that of a backup', () => change((one) => ({ ...one, kind: 'log' }))],
    [
      'ends elsewhere than it says',
      'instead of 999',
      () => change(({ log, ...one }) => ({ ...one, log: { ...log, positions: log.positions.map(() => 999) } })),
    ],
  ] as const)('that %s is refused, and nothing is left of it', async ([, why, harm]) => {
    await harm();
    const data = join(folder.dir, 'data');
    const refused = await restore(copy, data).catch((failure: unknown) => failure);
    expect(refused).toBeInstanceOf(BackupUnusable);
    expect(String(refused)).toContain(why);
    expect(await readdir(data).catch(() => [])).toEqual([]);
  });

  it('of a later format is refused by its name', async () => {
    await change((one) => ({ ...one, format: BACKUP_FORMAT + 1 }));
    await expect(restore(copy, join(folder.dir, 'data'))).rejects.toThrow(NewerFormat);
  });

  it('leaves nothing behind where it is cut off at any byte, or comes otherwise than it was sent', async () => {
    // The results are left out, though the list of files names them.
    const names = (await readBackup(copy)).files.map(({ name }) => name).filter((name) => !name.startsWith('objects/'));
    await promisify(execFile)('tar', ['cf', '../b.tar', '--format=ustar', ...names, 'backup.json'], { cwd: copy });
    const tar = await readFile(join(folder.dir, 'b.tar'));
    const into = join(folder.dir, 'into');
    for (const end of [0, 300, 512, 5_000, Math.floor(tar.length / 2), tar.lastIndexOf('backup.json') + 600]) {
      const failure = await receiveBackup(into, chunksOf(tar.subarray(0, end)), () => undefined).catch(
        (one: unknown) => one,
      );
      expect(failure).toBeInstanceOf(TarUnreadable);
      expect(await readdir(into).catch(() => [])).toEqual([]);
    }
    await expect(receiveBackup(into, chunksOf(tar), () => undefined)).rejects.toThrow('did not come as it was sent');
  });
});

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  await writeFile(path, bytes);
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}
