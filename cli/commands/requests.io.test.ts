/** What each command asks of a server, what it prints of the answer, and how it ends. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ExitCode } from '../failure.ts';
import { buildProgram } from '../program.ts';
import { WHOLE } from '../whole-program.ts';

/** A server that remembers what it was asked, and answers what the test says. */
const asked: string[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => {
  void text(request).then((body) => {
    asked.push(`${request.method} ${request.url}${body === '' ? '' : ` ${body}`}`);
    answer(request, response);
  });
});
let url: string;
let printed: string;
let told: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

beforeEach(() => {
  asked.length = 0;
  printed = '';
  told = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
    printed += typeof piece === 'string' ? piece : Buffer.from(piece).toString();
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((piece) => {
    told += String(piece);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function run(...args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = 0;
  await buildProgram(WHOLE, (given) => (code = given)).parseAsync([...args, '--url', url], { from: 'user' });
  return code;
}

const STATUS = { acknowledged: [7], partitions: [{ partition: 0, committed: 7 }] };

/** Answers the status that comes before a query, then the query. */
function answerQuery(body: string): void {
  answer = (request, response) => response.end(request.url === '/api/v1/status' ? JSON.stringify(STATUS) : body);
}

const json = (value: unknown): void => {
  answer = (_, response) => response.end(JSON.stringify(value));
};

const problem = (status: number, body: string): void => {
  answer = (_, response) => response.writeHead(status).end(body);
};

describe('a query', () => {
  const span = ['--from', '2024-01-01', '--to', '2024-01-02'];

  it('asks for windows with what its flags say, each once, and leaves out what they do not', async () => {
    answerQuery('{}\n');
    await run('query', 'power by/region', ...span, '--window', '1h');
    expect(asked).toEqual([
      'GET /api/v1/status',
      'GET /api/v1/views/power%20by%2Fregion/windows?from=2024-01-01&to=2024-01-02&window=1h&format=json',
    ]);
  });

  it('asks with all that its flags can say', async () => {
    answerQuery('');
    const zoned = ['--every', '10m', '--zone', 'Europe/Paris', '--as-of', '3'];
    const filtered = ['--where', 'region=DK1', '--where', 'site=a=b', '--stats', 'mean,p99'];
    await run('query', 'v', ...span, '--window', '1h', ...zoned, ...filtered, '--format', 'csv');
    expect(asked[1]).toBe(
      'GET /api/v1/views/v/windows?from=2024-01-01&to=2024-01-02&window=1h&every=10m&zone=Europe%2FParis&asOf=3' +
        '&stats=mean%2Cp99&format=csv&region=DK1&site=a%3Db',
    );
  });

  it('asks for times from now, and for windows that begin later', async () => {
    answerQuery('');
    await run('query', 'v', '--from', '-7d', '--to', 'now', '--window', '1d', '--offset', '6h');
    expect(asked[1]).toBe('GET /api/v1/views/v/windows?from=-7d&to=now&window=1d&offset=6h&format=json');
  });

  it('of sessions asks with their gap', async () => {
    answerQuery('');
    await run('sessions', 'v', ...span, '--gap', '30m', '--format', 'ndjson');
    expect(asked[1]).toBe('GET /api/v1/views/v/sessions?from=2024-01-01&to=2024-01-02&gap=30m&format=ndjson');
  });

  it.each([
    ['{"sum":123456789012345678901234567890}', '{"sum":123456789012345678901234567890}\n'],
    ['a,b\r\n', 'a,b\r\n'],
    ['', ''],
  ])('prints %j as it comes, and ends its last line', async (body, expected) => {
    answerQuery(body);
    await run('query', 'v', ...span, '--window', '1h');
    expect(printed).toBe(expected);
  });

  it('waits until what was acknowledged is folded', async () => {
    const commits = [5, 6, 7, 8];
    answer = (request, response) => {
      if (request.url !== '/api/v1/status') return response.end('{}\n');
      const partitions = [{ partition: 0, committed: commits.shift() }];
      return response.end(JSON.stringify({ acknowledged: [7], partitions }));
    };
    await run('query', 'v', ...span, '--window', '1h');
    expect(asked.filter((line) => line === 'GET /api/v1/status')).toHaveLength(3);
    expect(commits).toEqual([8]);
    expect(told).toBe('');
  });

  it('that is cut off says that what was printed is not all', async () => {
    answer = (request, response) => {
      if (request.url === '/api/v1/status') return response.end(JSON.stringify(STATUS));
      response.writeHead(200, { 'content-length': '100' });
      return response.write('half', () => response.destroy());
    };
    await expect(run('query', 'v', ...span, '--window', '1h')).rejects.toThrow(
      'the answer was cut off: the server ended the connection; what was printed is not all of it, so ask again',
    );
  });
});

describe('a command that lists', () => {
  it.each([
    ['views', '/api/v1/views', { views: [] }, /^no views; declare some/],
    ['quarantine', '/api/v1/quarantine?limit=100', { total: 0, refused: [] }, /^nothing is in quarantine\n$/],
    ['ledger', '/api/v1/agents', { agents: [] }, /^no agents yet/],
  ])('%s asks for its list, and prints it for people or as it came', async (command, path, value, says) => {
    json(value);
    expect(await run(command)).toBe(0);
    expect(printed).toMatch(says);
    printed = '';
    expect(await run(command, '--format', 'json')).toBe(0);
    expect(printed).toBe(`${JSON.stringify(value)}\n`);
    expect(asked).toEqual([`GET ${path}`, `GET ${path}`]);
  });

  it('quarantine asks for as many as it is told, of one agent', async () => {
    json({ total: 0, refused: [] });
    await run('quarantine', '--limit', '3', '--agent', 'roof-1');
    expect(asked).toEqual(['GET /api/v1/quarantine?agent=roof-1&limit=3']);
  });

  it('ledger prints the agent that is named alone', async () => {
    json({
      agents: [
        { agent: 'a', presence: null, ledger: null },
        { agent: 'b', presence: null, ledger: null },
      ],
    });
    await run('ledger', 'b', '--format', 'json');
    expect(printed).toBe('{"agents":[{"agent":"b","presence":null,"ledger":null}]}\n');
  });
});

describe('an operation', () => {
  const lines = (...all: readonly unknown[]): void => {
    answer = (_, response) => response.end(all.map((line) => `${JSON.stringify(line)}\n`).join(''));
  };

  it('batch says whether all is folded anew, and prints the result', async () => {
    lines({ progress: { label: 'folding', done: 1, total: 2 } }, { result: { version: 3, readings: 12 } });
    expect(await run('batch')).toBe(0);
    expect(await run('batch', '--full')).toBe(0);
    expect(asked).toEqual(['POST /api/v1/batch {"full":false}', 'POST /api/v1/batch {"full":true}']);
    expect(printed).toBe('{"version":3,"readings":12}\n{"version":3,"readings":12}\n');
  });

  it('verify ends with status 1 where a slice differs, and names some that do', async () => {
    lines({ result: { slices: 9, different: 0 } });
    expect(await run('verify')).toBe(0);
    expect(asked).toEqual(['POST /api/v1/verify']);
    lines({ result: { slices: 9, different: 1, differences: [{ slice: 4 }] } });
    expect(await run('verify')).toBe(1);
    expect(printed).toBe('{"slices":9,"different":0}\n{"slices":9,"different":1}\n');
    expect(told).toBe('differs: {"slice":4}\n');
  });

  it('store rebuild names the store, and prints the result', async () => {
    lines({ progress: { label: 'slices written', done: 1 } }, { result: { store: 'influx', slices: 9, seconds: 1 } });
    expect(await run('store', 'rebuild', 'influx')).toBe(0);
    expect(asked).toEqual(['POST /api/v1/stores/influx/rebuild {}']);
    expect(printed).toBe('{"store":"influx","slices":9,"seconds":1}\n');
  });

  it('that fails on its way is told in the words of the server, or in its own', async () => {
    lines({ progress: {} }, { problem: { detail: 'the archive is behind; try again' } });
    await expect(run('batch')).rejects.toMatchObject({ message: 'the archive is behind; try again', exitCode: 1 });
    lines({ problem: {} });
    await expect(run('batch')).rejects.toThrow('batch failed');
  });

  it('that ends without a result was cut off', async () => {
    lines({ progress: {} });
    await expect(run('batch')).rejects.toThrow(/^batch was cut off: the server ended the connection;/);
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"progress":{}}\n', () => response.destroy());
    };
    await expect(run('verify')).rejects.toThrow(/^verify was cut off: the server ended the connection;/);
  });

  it('that is answered by something else says so', async () => {
    answer = (_, response) => response.end('<html>');
    await expect(run('batch')).rejects.toThrow(/^batch was answered by something that is no weir/);
  });
});

describe('a refusal', () => {
  it.each([
    [400, 2],
    [404, 2],
    [409, 1],
    [500, 1],
    [503, 1],
  ])('with status %i is told in the words of the server and ends with status %i', async (status, exitCode) => {
    problem(status, '{"detail":"limit 0 is too small"}');
    await expect(run('quarantine')).rejects.toMatchObject({ message: 'limit 0 is too small', exitCode });
  });

  it.each([
    [404, '<html>'],
    [500, '{"detail":7}'],
    [300, ''],
    [200, '<html>'],
  ])('of what is no weir (%i %j) names where it answers', async (status, body) => {
    problem(status, body);
    await expect(run('views')).rejects.toMatchObject({
      message: `what answers at ${url} is no weir, or another version; say where yours is with --url`,
      exitCode: 1,
    });
  });
});
