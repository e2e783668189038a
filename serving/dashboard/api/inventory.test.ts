import { describe, expect, it } from 'vitest';
import { StrangeMessage } from '../stream/message.ts';
import { readAgents, readRefused, readViews } from './inventory.ts';

const LEDGER = {
  watermark: '2026-11-21T15:32:13Z',
  holes: true,
  arrived: 48,
  quarantined: 2,
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
      by: ['region'],
      slice: '1m',
    };
    const unknown = { name: 'other', metric: 'other', unit: null, decimals: null, kind: null, by: [], slice: '1h' };
    const units = { count: null, mean: 'kW', amount: 'kWh' };
    expect(
      readViews({
        views: [
          { ...declared, units, versions: [] },
          { ...unknown, units: {} },
        ],
      }),
    ).toStrictEqual([
      { ...declared, amountUnit: 'kWh' },
      { ...unknown, amountUnit: null },
    ]);
    // A server of before tells no units.
    expect(readViews({ views: [declared] })).toStrictEqual([{ ...declared, amountUnit: null }]);
  });

  it('tell how many frames of an agent are missing', () => {
    expect(
      readAgents({ agents: [agent('a', true, LEDGER), { agent: 'b', presence: null, ledger: null }] }),
    ).toStrictEqual([
      {
        agent: 'a',
        presence: { online: true, sinceMs: Date.UTC(2026, 10, 21, 15), lastSeenMs: Date.UTC(2026, 10, 21, 15, 32) },
        ledger: {
          watermarkMs: Date.UTC(2026, 10, 21, 15, 32, 13),
          arrived: 48,
          missing: 4,
          quarantined: 2,
          hasHoles: true,
        },
      },
      { agent: 'b', presence: undefined, ledger: undefined },
    ]);
  });

  it('tell what was refused, the newest first', () => {
    const refused = ['2026-11-21T15:00:00Z', '2026-11-21T15:01:00Z'].map((at) => ({
      agent: 'a',
      at,
      code: 'skew',
      detail: 'too far ahead',
    }));
    expect(readRefused({ total: 7, refused })).toMatchObject({
      total: 7,
      refused: [{ atMs: Date.UTC(2026, 10, 21, 15, 1) }, { atMs: Date.UTC(2026, 10, 21, 15) }],
    });
  });

  it.each([undefined, {}, { agents: [1] }, { agents: [{ agent: 7 }] }])(
    'of another form are named as such: %j',
    (answer) => {
      expect(() => readAgents(answer)).toThrow(StrangeMessage);
    },
  );
});
