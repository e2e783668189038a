import { describe, expect, it, vi } from 'vitest';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { WindowsAnswer } from '../answers/answer-windows.ts';
import { parseStats, type ViewQuery } from '../answers/query.ts';
import { POWER, POWER_BY_REGION } from '../world.fixtures.ts';
import { jsonResponse, PIECE_WINDOWS, rowsResponse, streamResponse } from './answer-response.ts';

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

const query: ViewQuery = {
  view: POWER_BY_REGION,
  metric: POWER,
  stats: parseStats('count', POWER),
  where: new Map(),
};

/** An answer with so many windows of a minute, each of as many readings as its number, from `first` on. */
function answerOf(count: number, first = 0): WindowsAnswer {
  const table = new StatsTable();
  const windows = Array.from({ length: count }, (_, i) => {
    const slot = table.allocate();
    table.count[slot] = first + i;
    const startMs = START_MS + (first + i) * MINUTE_MS;
    const edges = { startMs, endMs: startMs + MINUTE_MS };
    return { ...edges, tags: ['IDF'], slot, revision: 1, pending: false, completeness: 1, final: true };
  });
  return {
    view: 'power-by-region',
    version: 1,
    position: 'p',
    freshnessMs: null,
    provisional: false,
    without: [],
    sequence: 0,
    asOf: undefined,
    table,
    windows,
  };
}

/** The pieces of a body as they come. */
async function piecesOf(response: Response): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) pieces.push(piece);
  return pieces;
}

const countsIn = (windows: readonly unknown[]) =>
  windows.map((window) => (window as { stats: { count: number } }).stats.count);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('an answer as JSON', () => {
  it.each([0, 1, 2, PIECE_WINDOWS - 1, PIECE_WINDOWS, PIECE_WINDOWS + 1, 2 * PIECE_WINDOWS, 2 * PIECE_WINDOWS + 1])(
    'is one object, of %i windows in their order',
    async (count) => {
      const response = await jsonResponse(answerOf(count), query);
      const { view, windows } = (await response.json()) as { view: string; windows: unknown[] };
      expect(view).toBe('power-by-region');
      expect(countsIn(windows)).toStrictEqual(numbers(count));
    },
  );

  it('has a length where it is one piece, and comes in pieces where it is long', async () => {
    const short = await jsonResponse(answerOf(2), query);
    expect(short.headers.get('content-length')).toBe(String(Buffer.byteLength(await short.text())));
    const long = await jsonResponse(answerOf(2 * PIECE_WINDOWS + 1), query);
    expect(long.headers.get('content-length')).toBeNull();
    expect((await piecesOf(long)).map((piece) => piece.split('"start"').length - 1)).toStrictEqual([
      PIECE_WINDOWS,
      PIECE_WINDOWS,
      1,
    ]);
  });

  it('is not kept by caches', async () => {
    const { headers } = await jsonResponse(answerOf(0), query);
    expect([headers.get('content-type'), headers.get('cache-control')]).toStrictEqual(['application/json', 'no-store']);
  });
});

describe('answers as rows', () => {
  it('are one heading and a line per window', async () => {
    const response = await rowsResponse('csv', [answerOf(1), answerOf(0), answerOf(1, 1)], query);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(await response.text()).toBe(
      [
        'start,end,region,count,completeness,final,revision',
        '2026-01-01T00:00:00Z,2026-01-01T00:01:00Z,IDF,0,1,true,1',
        '2026-01-01T00:01:00Z,2026-01-01T00:02:00Z,IDF,1,1,true,1',
        '',
      ].join('\r\n'),
    );
  });

  it('are one object a line', async () => {
    const response = await rowsResponse('ndjson', [answerOf(2), answerOf(1, 2)], query);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).split('\n');
    expect(lines.pop()).toBe('');
    expect(countsIn(lines.map((line) => JSON.parse(line) as unknown))).toStrictEqual([0, 1, 2]);
  });

  it('say by which time zones they were made', async () => {
    const { headers } = await rowsResponse('csv', [], query, { zone: 'Asia/Kolkata' });
    expect(headers.get('weir-tzdata')).toBe(process.versions['tz']);
    expect(headers.get('weir-zone')).toBe('Asia/Kolkata');
  });

  it('are nothing where there are none', async () => {
    expect(await (await rowsResponse('ndjson', [], query)).text()).toBe('');
  });

  it('come in pieces, also where each answer is short', async () => {
    const answers = Array.from({ length: 6 }, (_, i) => answerOf(1_000, i * 1_000));
    const pieces = await piecesOf(await rowsResponse('ndjson', answers, query));
    expect(pieces.map((piece) => piece.split('\n').length - 1)).toStrictEqual([PIECE_WINDOWS, PIECE_WINDOWS, 1_000]);
  });
});

describe('a body of texts', () => {
  it('asks for no more than its reader takes, and ends when the reader leaves', async () => {
    let given = 0;
    let isOver = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from(`${given++} `);
      } finally {
        isOver = true;
      }
    }
    const reader = (await streamResponse(endless(), 'text/plain')).body!.getReader();
    await reader.read();
    await reader.cancel();
    expect(given).toBeLessThanOrEqual(4);
    expect(isOver).toBe(true);
  });

  it('lets others have their turn, also where its reader takes all of it at once', async () => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 10));
    let turns = 0;
    const count = (): void => {
      turns++;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    await (await rowsResponse('csv', [answerOf(6 * PIECE_WINDOWS)], query)).text();
    clearImmediate(counting);
    vi.restoreAllMocks();
    expect(turns).toBeGreaterThanOrEqual(6);
  });

  it('is refused before it begins where its first or second text can not be given', async () => {
    async function* failing(after: number): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < after; i++) yield Buffer.from('text');
      throw new Error('no more');
    }
    await expect(streamResponse(failing(0), 'text/plain')).rejects.toThrow('no more');
    await expect(streamResponse(failing(1), 'text/plain')).rejects.toThrow('no more');
    await expect((await streamResponse(failing(2), 'text/plain')).text()).rejects.toThrow('no more');
  });
});
