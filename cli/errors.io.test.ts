/** What a person does wrong, or a machine, is told in one sentence with a remedy: no stack trace, and nothing lost. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { type CommandResult, startUp, startWeir, weir } from '#tooling/processes/weir-process.ts';

let folder: TemporaryDirectory;

beforeAll(async () => {
  folder = await makeTemporaryDirectory('errors');
  await writeFile(join(folder.dir, 'sound.csv'), 'time,kw\n2024-01-01T00:00:00Z,1.5\n');
});
afterAll(() => folder[Symbol.asyncDispose]());

const run = (...args: readonly string[]): Promise<CommandResult> => weir(args, { cwd: folder.dir });
const FREE_DOORS = ['--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0', '--log-level', 'warn'];

/** One sentence on standard error, nothing on standard output, no trace of the program's inside. */
function expectOneSentence(
  { status, stdout, stderr }: CommandResult,
  expected: { readonly status: 1 | 2; readonly says: RegExp },
): void {
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^weir: [^\n]+\n$/);
  expect(stderr).not.toMatch(/\n\s+at |node:internal|\.ts:\d+/);
  expect(stderr).toMatch(expected.says);
  expect(status).toBe(expected.status);
}

async function config(name: string, source: string): Promise<string> {
  const text = `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }
agent: { id: agent-1, broker: 'mqtt://127.0.0.1:1' }
sources: { meter: ${source} }
`;
  await writeFile(join(folder.dir, name), text);
  return name;
}

const csv = (file: string, value = 'kw'): string =>
  `{ kind: csv, file: ${file}, time: { columns: [time] }, series: [{ metric: power, value: ${value}, device: d }] }`;

describe('a command line', () => {
  it.each([
    [['upp'], /unknown command 'upp'; did you mean up\? see "weir --help"/],
    [['up', '--htp', 'x'], /unknown option '--htp'; did you mean --http\? see "weir up --help"/],
    [['up', '--http', '8080'], /argument '8080' is invalid\. Write it as host:port/],
    [['up', '--http', '127.0.0.1:99999'], /a port up to 65535/],
    [['edge'], /required option '--config <file>' not specified/],
    [['query', 'v', '--from', '2024-01-01'], /required option '--to <time>' not specified/],
    [['up', '--simulate'], /option '--simulate <name>' argument missing/],
    [['batch', 'now'], /too many arguments/],
    [['up', '--backbone', 'kafka://x'], /Write embedded, or the address of a server/],
    [
      ['query', 'v', '--from', 'a', '--to', 'b', '--window', '1h', '--url', 'localhost'],
      /Write it like http:\/\/127\.0\.0\.1:8080/,
    ],
  ])('%j is told what is wrong, and ends with status 2', async (args, says) => {
    expectOneSentence(await run(...args), { status: 2, says });
  });

  it('without a command is shown the commands', async () => {
    const { status, stderr } = await run();
    expect(status).toBe(2);
    expect(stderr).toMatch(/Commands:[\s\S]*\bup\b[\s\S]*\bquery\b/);
  });

  it('asks for help and gets it, with an example, from every command', async () => {
    const { stdout } = await run('--help');
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'help' && name !== 'weir');
    expect(commands).toContain('up');
    for (const command of new Set(commands)) {
      const help = await run(command, '--help');
      expect(help).toMatchObject({ status: 0, stderr: '' });
      expect(help.stdout).toMatch(/^Usage: weir [\s\S]*\nExamples?:\n {2}weir /);
    }
  });

  it('whose reader has seen enough ends well', async () => {
    await using running = startWeir(['--help'], { cwd: folder.dir });
    running.process.stdout.destroy();
    expect(await running.ended).toBe(0);
    expect(running.stderr()).toBe('');
  });

  it('says what runs', async () => {
    const { status, stdout } = await run('--version');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^weir \d+\.\d+\.\d+\nnode 24\.\d+\.\d+ .*\nformats: frames \d+, .*\n$/);
  });
});

describe('a configuration', () => {
  it('that is not there is told with where to begin', async () => {
    expectOneSentence(await run('up', '--config', 'absent.yaml'), {
      status: 2,
      says: /no configuration absent\.yaml; "weir init" writes a sample/,
    });
  });

  it('that is a directory, or not YAML, says so', async () => {
    expectOneSentence(await run('up', '--config', '.'), {
      status: 2,
      says: /is a directory; name the configuration file in it/,
    });
    await writeFile(join(folder.dir, 'broken.yaml'), 'metrics: { power: [\n');
    const { status, stderr } = await run('up', '--config', 'broken.yaml');
    expect(status).toBe(2);
    expect(stderr).toMatch(/broken\.yaml can't be used:\n {2}this is not YAML: .* at line 2, column 1\n$/);
  });

  it('with many faults names each with its place and the nearest known name', async () => {
    await writeFile(
      join(folder.dir, 'faulty.yaml'),
      'metrics: { power: { unit: kW, decimals: 30, kind: gage, intervall: 1m } }\nvews: {}\nbackbone: { kind: natz }\n',
    );
    const { status, stderr } = await run('up', '--config', 'faulty.yaml');
    expect(status).toBe(2);
    expect(stderr.split('\n')).toEqual([
      "weir: faulty.yaml can't be used:",
      '  metrics.power.decimals: is 30; write at most 9',
      '  metrics.power.kind: is "gage"; did you mean gauge?',
      '  metrics.power.interval: is missing; add it (the sample of "weir init" shows how)',
      '  metrics.power: unknown key intervall; did you mean interval?',
      '  backbone.kind: is "natz"; did you mean nats?',
      '  unknown key vews; did you mean views?',
      '',
    ]);
  });

  it('without an agent, or without sources, can not run an agent', async () => {
    await writeFile(join(folder.dir, 'bare.yaml'), 'metrics: {}\n');
    expectOneSentence(await run('edge', '--config', 'bare.yaml'), {
      status: 2,
      says: /no "agent" section; add one, like/,
    });
    await writeFile(join(folder.dir, 'idle.yaml'), 'agent: { id: a }\n');
    expectOneSentence(await run('edge', '--config', 'idle.yaml', '--once'), {
      status: 2,
      says: /no "sources"; add one/,
    });
  });
});

describe('a source', () => {
  const edge = async (name: string, source: string): Promise<CommandResult> =>
    run('edge', '--config', await config(name, source), '--once', '--log-level', 'warn');

  it('that is missing, or is not CSV, is told by its path', async () => {
    expectOneSentence(await edge('missing.yaml', csv('nothing.csv')), {
      status: 1,
      says: /nothing\.csv does not exist; check its path/,
    });
    expectOneSentence(await edge('binary.yaml', csv(process.execPath)), {
      status: 1,
      says: /holds bytes that no text has; name a text file/,
    });
    await mkdir(join(folder.dir, 'sub'), { recursive: true });
    expectOneSentence(await edge('folder.yaml', csv('sub')), { status: 1, says: /is a directory; name a file in it/ });
    await writeFile(join(folder.dir, 'empty.csv'), '');
    expectOneSentence(await edge('empty.yaml', csv('empty.csv')), {
      status: 1,
      says: /is empty; check that it is the right one/,
    });
  });

  it('that lacks a column is told the columns that it has', async () => {
    expectOneSentence(await edge('column.yaml', csv('sound.csv', 'kv')), {
      status: 1,
      says: /lacks the column "kv"; .*kw/,
    });
  });
});

describe('a server', () => {
  it('refuses to listen where other machines could come in', async () => {
    for (const flag of ['--http', '--mqtt']) {
      expectOneSentence(await run('up', flag, '0.0.0.0:18999'), {
        status: 2,
        says: /0\.0\.0\.0:18999 is open to other machines.*listen at 127\.0\.0\.1:18999/,
      });
    }
  });

  it('is told when a port is in use, before anything is opened', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      for (const [flag, other] of [
        ['--http', '--mqtt'],
        ['--mqtt', '--http'],
      ] as const) {
        const result = await run('up', flag, `127.0.0.1:${port}`, other, '127.0.0.1:0', '--data', 'untouched');
        expectOneSentence(result, {
          status: 1,
          says: new RegExp(
            `${flag} 127\\.0\\.0\\.1:${port} can't be listened at: another process does; .*choose another port with ${flag}`,
          ),
        });
      }
      expect(await readdir(folder.dir)).not.toContain('untouched');
    } finally {
      taken.close();
    }
  });

  it('is told when its directory can not be written', async () => {
    // Below a file, and where the system makes no directories: neither for root nor for anybody else.
    for (const data of [join(folder.dir, 'sound.csv', 'data'), '/proc/weir']) {
      expectOneSentence(await run('up', ...FREE_DOORS, '--data', data), {
        status: 1,
        says: /^weir: The directory .* can't be used: .*Check its rights/,
      });
    }
  });

  it('is told when another weir holds its directory, which goes on', async () => {
    await using first = await startUp(['--data', 'held'], { cwd: folder.dir });
    expectOneSentence(await run('up', ...FREE_DOORS, '--data', 'held'), {
      status: 1,
      says: /held by another running weir\. Stop that one, or give this one a directory of its own/,
    });
    expect((await fetch(`${first.url}/health/live`)).status).toBe(200);
  });

  it('refuses data of a newer format by name, and leaves it as it is', async () => {
    await using first = await startUp(['--data', 'newer'], { cwd: folder.dir });
    first.process.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const marker = join(folder.dir, 'newer/log/weir.json');
    const newer = JSON.stringify({ ...(JSON.parse(await readFile(marker, 'utf8')) as object), format: 99 });
    await writeFile(marker, newer);
    await cp(join(folder.dir, 'newer'), join(folder.dir, 'before'), { recursive: true });
    expectOneSentence(await run('up', ...FREE_DOORS, '--data', 'newer'), {
      status: 1,
      says: /The log in .* has format 99; this weir reads formats up to \d+\. Use the newer weir/,
    });
    expect(await readdir(join(folder.dir, 'newer'), { recursive: true })).toEqual(
      await readdir(join(folder.dir, 'before'), { recursive: true }),
    );
    expect(await readFile(marker, 'utf8')).toBe(newer);
  });

  it('names what it can not reach, and a fleet that it does not know', async () => {
    expectOneSentence(await run('up', ...FREE_DOORS, '--data', 'a', '--backbone', 'nats://127.0.0.1:1'), {
      status: 1,
      says: /No nats-server answers at nats:\/\/127\.0\.0\.1:1.*Start one/,
    });
    expectOneSentence(await run('up', ...FREE_DOORS, '--data', 'a', '--simulate', 'denmrk'), {
      status: 1,
      says: /"denmrk" is not known; did you mean denmark\?/,
    });
  });
});

describe('a command that asks a server', () => {
  it('that nobody answers says where it asked', async () => {
    for (const command of ['status', 'views', 'ledger', 'quarantine', 'batch', 'verify']) {
      expectOneSentence(await run(command, '--url', 'http://127.0.0.1:1'), {
        status: 1,
        says: /no weir answers at http:\/\/127\.0\.0\.1:1; start one with "weir up"/,
      });
    }
  });

  it('about a view that is not there names the nearest', async () => {
    await config('asked.yaml', csv('sound.csv'));
    await writeFile(
      join(folder.dir, 'asked.yaml'),
      `${await readFile(join(folder.dir, 'asked.yaml'), 'utf8')}views: { power-by-device: { metric: power, by: [device], slice: 1m } }\n`,
    );
    await using server = await startUp(['--config', 'asked.yaml', '--data', 'asked'], { cwd: folder.dir });
    const query = (view: string, ...more: readonly string[]): Promise<CommandResult> =>
      run('query', view, '--from', '2024-01-01', '--to', '2024-01-02', '--window', '1h', ...more, '--url', server.url);
    expectOneSentence(await query('power-by-devise'), {
      status: 2,
      says: /power-by-devise.*did you mean power-by-device\?/,
    });
    expectOneSentence(await query('power-by-device', '--stats', 'mena'), { status: 2, says: /mena.*mean/ });
    expectOneSentence(await query('power-by-device', '--where', 'devise=d'), { status: 2, says: /devise.*device/ });
    expectOneSentence(await run('ledger', 'agent-7', '--url', server.url), {
      status: 2,
      says: /agent-7 is not known here/,
    });
  });
});
