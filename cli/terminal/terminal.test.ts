import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { askPassword } from './ask-password.ts';
import { banner, logReportLines } from './banner.ts';
import { asCalled, type Column, formatTable } from './output.ts';
import { formatProgress, ProgressBar } from './progress-bar.ts';
import { SAMPLE_LOG_REPORT } from './terminal.fixtures.ts';

describe('a table', () => {
  const columns: readonly Column<{ readonly name: string; readonly count: number }>[] = [
    { heading: 'name', cell: ({ name }) => name },
    { heading: 'count', align: 'right', cell: ({ count }) => String(count) },
  ];

  it('is as wide as its widest cells, numbers to the right', () => {
    expect(
      formatTable(
        [
          { name: 'a', count: 1 },
          { name: 'longer', count: 12_345 },
        ],
        columns,
        '',
      ),
    ).toBe('name    count\na           1\nlonger  12345\n');
  });

  it('without rows is a sentence', () => {
    expect(formatTable([], columns, 'nothing yet')).toBe('nothing yet\n');
  });
});

describe('a progress line', () => {
  it('fills its bar with what is done', () => {
    expect(formatProgress({ label: 'x', done: 0, total: 8 })).toBe(`${'░'.repeat(24)}   0 %  x`);
    expect(formatProgress({ label: 'x', done: 4, total: 8 })).toBe(`${'█'.repeat(12)}${'░'.repeat(12)}  50 %  x`);
    expect(formatProgress({ label: 'x', done: 9, total: 8 })).toBe(`${'█'.repeat(24)} 100 %  x`);
  });

  it('has words alone where nobody knows how much there is', () => {
    expect(formatProgress({ label: '12 rows', done: 12 })).toBe('12 rows');
  });
});

describe('a progress bar', () => {
  const drawn = (isTTY: boolean, columns: number) => {
    const texts: string[] = [];
    return { texts, out: { isTTY, columns, write: (text: string) => texts.push(text) } };
  };
  const CLEAR = '\r\u001b[K';

  it('is drawn on a terminal ten times a second at most, and gone at its end', () => {
    const { texts, out } = drawn(true, 80);
    let nowMs = 5;
    {
      using bar = new ProgressBar(out, () => nowMs);
      for (nowMs of [5, 6, 104, 105, 204, 205]) bar.show({ label: `at ${nowMs}`, done: 0 });
    }
    expect(texts).toEqual([`${CLEAR}at 5`, `${CLEAR}at 105`, `${CLEAR}at 205`, CLEAR]);
  });

  it.each([
    [10, 9],
    [0, 79],
  ])('leaves the last of %i cells free', (columns, chars) => {
    const { texts, out } = drawn(true, columns);
    new ProgressBar(out).show({ label: 'x'.repeat(100), done: 0 });
    expect(texts).toEqual([CLEAR + 'x'.repeat(chars)]);
  });

  it('is not drawn in a pipe', () => {
    const { texts, out } = drawn(false, 80);
    {
      using bar = new ProgressBar(out);
      bar.show({ label: 'x', done: 0 });
    }
    expect(texts).toEqual([]);
  });
});

describe('a text that shows commands', () => {
  it.each([
    ['Next:\n  weir up --config a.yaml\n', 'Next:\n  npx weir up --config a.yaml\n'],
    ['see "weir --help"', 'see "npx weir --help"'],
    ['Run `weir batch`: it is made anew', 'Run `npx weir batch`: it is made anew'],
    ['weir init', 'npx weir init'],
    ['give one, as in: weir password < password.txt', 'give one, as in: npx weir password < password.txt'],
  ])('shows %j as it was called', (text, shown) => {
    expect(asCalled(text, 'npx weir')).toBe(shown);
  });

  it.each(['weir 1.2.3 runs', 'where the running weir is', 'weir: there is no x', 'at /srv/weir', 'weir.yaml is'])(
    'leaves %j, which is no command, as it is',
    (text) => {
      expect(asCalled(text, 'npx weir')).toBe(text);
    },
  );
});

const FACTS = {
  version: '1.2.3',
  server: { known: undefined, httpPort: 8081, mqttPort: 1884, log: SAMPLE_LOG_REPORT },
  http: { host: '127.0.0.1', port: 0 },
  mqtt: { host: '::1', port: 0 },
  dataDir: 'data',
  config: { metrics: new Map(), views: [] },
  simulates: undefined,
};

const POWER = configSchema.parse({
  metrics: { power: { unit: 'kW', decimals: 3, kind: 'gauge', interval: '1m' } },
  views: { a: { metric: 'power', slice: '1m' }, b: { metric: 'power', slice: '1h' } },
});

describe('what a server says once it listens', () => {
  it('names where it listens, what its log promises, and its views', () => {
    expect(banner({ ...FACTS, config: POWER, simulates: 'denmark' })).toBe(`weir 1.2.3 runs; Ctrl-C stops it

dashboard  http://127.0.0.1:8081/
API        http://127.0.0.1:8081/api/v1/views (described at http://127.0.0.1:8081/openapi.json)
MQTT       [::1]:1884
identity   none: who reaches these ports may read and write
data       data
log        level 10, 4 partitions, at data/log
           survives power loss (every append is synced), 1 copy, as large as the disk; new records wait when it is full
simulates  denmark
views      a, b
`);
  });

  it('says by TLS where there is, and how many may come in', () => {
    const server = { ...FACTS.server, known: { agents: 1, tokens: 2 } };
    const config = { ...POWER, tls: { cert: 'a', key: 'b' } };
    const said = banner({ ...FACTS, server, config });
    expect(said).toContain('\ndashboard  https://127.0.0.1:8081/\n');
    expect(said).toContain('\nMQTT       [::1]:1884 (TLS)\nidentity   required: 1 agent enrolled, 2 tokens; ');
  });

  it('without views says how to go on, by whether metrics are declared', () => {
    expect(banner(FACTS)).toMatch(
      /\nviews {6}none\n\nWhat agents declare is taken and kept, but no view asks for it yet\./,
    );
    expect(banner({ ...FACTS, config: { ...POWER, views: [] } })).toContain(
      '\n\nWhat agents send of the declared metrics is kept, but no view',
    );
    expect(banner(FACTS)).not.toContain('simulates');
  });
});

describe('the report of a log', () => {
  it('tells its limits, its copies, and each promise that does not hold', () => {
    expect(
      logReportLines({
        ...SAMPLE_LOG_REPORT,
        partitions: 1,
        replicas: 3,
        limits: { recordBytesMax: 1, storeBytesMax: 1_000 },
        discard: 'old',
        shortfalls: [{ promise: 'nothing lost', holds: false, why: 'it forgets' }],
      }),
    ).toEqual([
      'log        level 10, 1 partition, at data/log',
      '           survives power loss (every append is synced), 3 copies, at most 1000 bytes; the oldest records are forgotten when it is full',
      '           does not hold: nothing lost: it forgets',
    ]);
  });
});

afterEach(() => vi.restoreAllMocks());

const piped = (...pieces: readonly string[]): Promise<string> =>
  askPassword(
    Readable.from(
      pieces.map((piece) => Buffer.from(piece)),
      { objectMode: false },
    ),
  );

/** Types a line as soon as each question is asked; gives what was asked, and what was shown, in one. */
async function typed(...lines: readonly string[]): Promise<{ readonly password: string; readonly shown: string }> {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const left = [...lines];
  let shown = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += String(text);
    if (String(text).endsWith(': ')) setImmediate(() => input.write(left.shift() ?? '\u0003'));
    return true;
  });
  return { password: await askPassword(input), shown };
}

describe('a password', () => {
  it('is the first line of what is piped in, whatever its end', async () => {
    expect(await piped('sec', 'ret word\r\nmore\n')).toBe('secret word');
    expect(await piped('grüße')).toBe('grüße');
    await expect(piped('\n')).rejects.toThrow('the password is empty');
    await expect(piped()).rejects.toThrow('the password is empty');
    await expect(piped('x'.repeat(2_000))).rejects.toThrow('longer than 1024 bytes');
  });

  it('is typed twice, and not shown', async () => {
    expect(await typed('secret\r', 'secret\r')).toEqual({ password: 'secret', shown: 'Password: \nOnce more: \n' });
    await expect(typed('secret\r', 'secert\r')).rejects.toThrow('the two passwords differ');
    await expect(typed('sec\u0003')).rejects.toThrow('nothing was typed');
  });
});
