import { describe, expect, it } from 'vitest';
import { parseExactJson, parseServerMessage, readAnswer, StrangeMessage, windowsPath } from './message.ts';

const WINDOW =
  '{"start":"2026-11-21T15:32:00Z","end":"2026-11-21T15:33:00Z","tags":{"region":"DK1"},"stats":{"count":1040,"sum":90071992547409.931},"completeness":0.72,"final":false,"revision":33,"pending":["min"]}';
const HEAD = '"id":"a","view":"usage","version":2,"position":"p1","freshness":"2026-11-21T15:32:42Z","tzdata":"2026c"';

describe('a message of the server', () => {
  it('is read with its windows', () => {
    expect(parseServerMessage(`{"type":"changes",${HEAD},"windows":[${WINDOW}]}`)).toStrictEqual({
      kind: 'changes',
      id: 'a',
      version: 2,
      position: 'p1',
      freshnessMs: Date.UTC(2026, 10, 21, 15, 32, 42),
      isProvisional: false,
      without: [],
      windows: [
        {
          startMs: Date.UTC(2026, 10, 21, 15, 32),
          endMs: Date.UTC(2026, 10, 21, 15, 33),
          tags: { region: 'DK1' },
          stats: { count: 1040, sum: '90071992547409.931' },
          completeness: 0.72,
          final: false,
          revision: 33,
          pending: ['min'],
        },
      ],
      gone: [],
    });
  });

  it('names windows that hold nothing any more', () => {
    const gone = '[{"start":"2026-11-21T15:31:00Z","tags":{"region":"DK1"}}]';
    expect(parseServerMessage(`{"type":"changes",${HEAD},"windows":[],"gone":${gone}}`)).toMatchObject({
      gone: [{ startMs: Date.UTC(2026, 10, 21, 15, 31), tags: { region: 'DK1' } }],
    });
    expect(() => parseServerMessage(`{"type":"changes",${HEAD},"windows":[],"gone":1}`)).toThrow(StrangeMessage);
  });

  it('may not know how fresh it is', () => {
    const text = `{"type":"snapshot",${HEAD.replace('"2026-11-21T15:32:42Z"', 'null')},"windows":[]}`;
    expect(parseServerMessage(text)).toMatchObject({ kind: 'snapshot', freshnessMs: null, windows: [] });
  });

  it('tells what it can not promise: a view that is folded first, agents that it does without, windows begun later', () => {
    const head = HEAD.replace('"tzdata"', '"provisional":true,"without":["roof-2"],"tzdata"');
    const window = WINDOW.replace('"revision"', '"expectedFrom":"2026-11-21T15:32:30Z","revision"');
    const told = { isProvisional: true, without: ['roof-2'] };
    const windows = [{ expectedFromMs: Date.UTC(2026, 10, 21, 15, 32, 30) }];
    expect(parseServerMessage(`{"type":"snapshot",${head},"windows":[${window}]}`)).toMatchObject({ ...told, windows });
    expect(readAnswer(JSON.parse(`{${head.replace('"id":"a",', '')},"windows":[${window}]}`))).toMatchObject({
      kind: 'snapshot',
      ...told,
      windows,
    });
  });

  it('tells a problem with its status', () => {
    const problem = '{"type":"about:blank","title":"No","status":503,"detail":"view x is not open yet; ask again"}';
    expect(parseServerMessage(`{"type":"error","problem":${problem}}`)).toStrictEqual({
      kind: 'error',
      id: undefined,
      problem: { title: 'No', detail: 'view x is not open yet; ask again', status: 503 },
    });
  });

  it('of a type that is not known yet is passed over', () => {
    expect(parseServerMessage('{"type":"greeting"}')).toBeUndefined();
  });

  it.each([
    'no json',
    '[]',
    '"text"',
    `{"type":"changes",${HEAD}}`,
    '{"type":"snapshot","id":"a","windows":[]}',
    `{"type":"changes",${HEAD},"windows":[{"start":"soon"}]}`,
  ])('that is none of the protocol is named as such: %s', (text) => {
    expect(() => parseServerMessage(text)).toThrow(StrangeMessage);
  });
});

describe('the question for the windows of a period', () => {
  const period = { fromMs: Date.UTC(2006, 11, 16, 17, 24), toMs: Date.UTC(2010, 10, 26) };

  it('says all that a subscription does, but how far back', () => {
    const asked = {
      view: 'usage',
      window: '1d',
      zone: 'Europe/Paris',
      stats: ['mean', 'max'],
      last: '1h',
      offset: '6h',
    };
    const path = windowsPath({ ...asked, where: { site: ['a'], device: ['1', '2'] } }, period);
    const [where, query] = path.split('?');
    expect(where).toBe('api/v1/views/usage/windows');
    expect([...new URLSearchParams(query)]).toStrictEqual([
      ['from', '2006-12-16T17:24Z'],
      ['to', '2010-11-26T00:00Z'],
      ['window', '1d'],
      ['zone', 'Europe/Paris'],
      ['stats', 'mean,max'],
      ['offset', '6h'],
      ['site', 'a'],
      ['device', '1'],
      ['device', '2'],
    ]);
  });
});

describe('JSON of the server', () => {
  it('keeps the digits that a double would lose', () => {
    expect(parseExactJson('{"sum":123456789012345678901.234}')).toStrictEqual({ sum: '123456789012345678901.234' });
    expect(parseExactJson('[9007199254740993, -9007199254740993]')).toStrictEqual([
      '9007199254740993',
      '-9007199254740993',
    ]);
  });

  it('gives numbers where a double holds all that was written', () => {
    expect(parseExactJson('{"count":1440,"mean":0.5875965277777778,"min":-0.5,"none":null}')).toStrictEqual({
      count: 1440,
      mean: 0.5875965277777778,
      min: -0.5,
      none: null,
    });
  });

  it('keeps a trailing zero, which says how exact a value is', () => {
    expect(parseExactJson('[1.50, 0.000]')).toStrictEqual(['1.50', '0.000']);
  });

  it('leaves texts alone that look like numbers', () => {
    expect(parseExactJson('{"region":"007"}')).toStrictEqual({ region: '007' });
  });
});
