import { describe, expect, it } from 'vitest';
import { StrangeMessage } from '../stream/message.ts';
import { groupsPath, readAgents, readGroups, readRefused, readViews } from './inventory.ts';

const LEDGER = {
  watermark: '2026-11-21T15:32:13Z',
  holes: true,
  arrived: 48,
  missing: [
    { incarnation: 1, from: 3, to: 5 },
    { incarnation: 2, from: 1, to: 1 },
  ],
};

function agent(name: string, online: boolean, ledger: object | null = null): object {
  return { agent: name, presence: { online, since: '2026-11-21T15:00:00Z', lastSeen: '2026-11-21T15:32:00Z' }, ledger };
}

describe('answers of the API', () => {
  it('tell the views, also of metrics that no one declared yet', () => {
    const declared = {
      name: 'usage',
      metric: 'usage',
      unit: 'kW',
      decimals: 3,
      kind: 'gauge',
      interval: '10s',
      by: ['region'],
      slice: '1m',
    };
    const unknown = {
      name: 'other',
      metric: 'other',
      unit: null,
      decimals: null,
      kind: null,
      interval: null,
      by: [],
      slice: '1h',
    };
    const units = { count: null, mean: 'kW', amount: 'kWh' };
    expect(
      readViews({
        views: [
          {
            ...declared,
            units,
            versions: [
              { version: 1, state: 'retained', published: '2026-11-20T15:00:00Z' },
              { version: 2, state: 'live', published: '2026-11-21T15:00:00Z' },
            ],
          },
          { ...unknown, units: {} },
        ],
      }),
    ).toStrictEqual([
      { ...declared, amountUnit: 'kWh', publishedMs: Date.UTC(2026, 10, 21, 15) },
      { ...unknown, amountUnit: null, publishedMs: null },
    ]);
    // A server of before tells no units.
    expect(readViews({ views: [declared] })).toStrictEqual([{ ...declared, amountUnit: null, publishedMs: null }]);
  });

  it('tell how many frames of an agent are missing', () => {
    expect(
      readAgents({
        agents: [
          { ...agent('a', true, LEDGER), refused: { rows: 3, readings: 5, frames: 2 } },
          { agent: 'b', presence: null, ledger: null },
        ],
      }),
    ).toStrictEqual([
      {
        agent: 'a',
        presence: { online: true, sinceMs: Date.UTC(2026, 10, 21, 15), lastSeenMs: Date.UTC(2026, 10, 21, 15, 32) },
        ledger: {
          watermarkMs: Date.UTC(2026, 10, 21, 15, 32, 13),
          arrived: 48,
          missing: 4,
          hasHoles: true,
        },
        refusedRows: 3,
        refusedFrames: 2,
        isGone: false,
      },
      { agent: 'b', presence: undefined, ledger: undefined, refusedRows: 0, refusedFrames: 0, isGone: false },
    ]);
  });

  it('tell of which agents nothing is to come', () => {
    const ledgers = [{}, { retired: true }, { retired: false, handedTo: null }, { handedTo: 'b' }];
    const agents = ledgers.map((over, i) => agent(`a-${i}`, false, { ...LEDGER, ...over }));
    expect(readAgents({ agents }).map(({ isGone }) => isGone)).toStrictEqual([false, true, false, true]);
  });

  it('tell each row and frame that was refused, the newest first, with its reason and text', () => {
    const frame = { kind: 'frame', code: 'skew', detail: 'too far ahead', incarnation: 2, sequence: 7, items: [] };
    const rows = {
      kind: 'rows',
      code: 'rows',
      detail: '',
      source: 'meters',
      items: [
        { line: 3, readings: 1, reason: 'value "x" is no number', text: '2026-11-21,x' },
        { line: 9, readings: 2, reason: 'the time is missing', text: ',4.2' },
      ],
    };
    const refused = [
      { agent: 'a', at: '2026-11-21T15:00:00Z', ...frame },
      { agent: 'b', at: '2026-11-21T15:01:00Z', ...rows },
    ];
    const told = { agent: 'b', atMs: Date.UTC(2026, 10, 21, 15, 1) };
    expect(readRefused({ total: 2, refused })).toStrictEqual([
      { ...told, where: 'meters line 9', reason: 'the time is missing', text: ',4.2' },
      { ...told, where: 'meters line 3', reason: 'value "x" is no number', text: '2026-11-21,x' },
      {
        agent: 'a',
        atMs: Date.UTC(2026, 10, 21, 15),
        where: 'frame 2:7',
        reason: 'skew: too far ahead',
        text: '',
      },
    ]);
  });

  it.each([undefined, {}, { agents: [1] }, { agents: [{ agent: 7 }] }])(
    'of another form are named as such: %j',
    (answer) => {
      expect(() => readAgents(answer)).toThrow(StrangeMessage);
    },
  );
});

describe('the groups of a view', () => {
  it('are asked for by what may stand in a path and a query', () => {
    expect(groupsPath('usage & more/1', 'ø 50%', 12)).toBe(
      'api/v1/views/usage%20%26%20more%2F1/groups?search=%C3%B8+50%25&limit=12',
    );
  });

  it('are read with how many there are, and where data lies', () => {
    const data = { from: '2006-12-16T17:24:00Z', to: '2010-11-26T21:03:00Z' };
    const groups = [{ tags: { device: 'a' } }];
    expect(readGroups({ view: 'usage', total: 50, found: 2, data, groups })).toStrictEqual({
      total: 50,
      found: 2,
      data: { fromMs: Date.UTC(2006, 11, 16, 17, 24), toMs: Date.UTC(2010, 10, 26, 21, 3) },
      groups: [{ device: 'a' }],
    });
    expect(readGroups({ total: 0, found: 0, data: null, groups: [] }).data).toBeUndefined();
  });

  it.each([null, {}, { groups: 7 }, { total: 1, found: 1, data: { from: 'x', to: 'y' }, groups: [] }])(
    'of another form are named as such: %j',
    (answer) => {
      expect(() => readGroups(answer)).toThrow(StrangeMessage);
    },
  );
});
