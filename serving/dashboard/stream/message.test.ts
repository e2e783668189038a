import { describe, expect, it } from 'vitest';
import { parseServerMessage, StrangeMessage } from './message.ts';

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
    });
  });

  it('may not know how fresh it is', () => {
    const text = `{"type":"snapshot",${HEAD.replace('"2026-11-21T15:32:42Z"', 'null')},"windows":[]}`;
    expect(parseServerMessage(text)).toMatchObject({ kind: 'snapshot', freshnessMs: null, windows: [] });
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
