import { describe, expect, it } from 'vitest';
import type { AgentInfo, LedgerInfo } from '../api/inventory.ts';
import { measureNamed } from '../choice/measure.ts';
import type { Connection } from '../stream/stream-client.ts';
import { group, MINUTE_MS, shown, T0_MS } from '../stream/windows.fixtures.ts';
import { agentsByNeed, missingText, onlineText, refusedText } from './agents.tsx';
import { latestWindow } from './figures.tsx';
import { connectionKind, connectionText, type HeaderState } from './header.tsx';
import { newestRows, ROWS_MAX } from './newest-windows.tsx';
import { caveats, confinementText } from './notices.tsx';

const EN = { locale: 'en' };
const WHOLE: LedgerInfo = { watermarkMs: T0_MS, arrived: 48, missing: 0, hasHoles: false };

/** An agent; `undefined` as presence: it was never seen. */
function agent(
  name: string,
  online: boolean | undefined,
  ledger: Partial<LedgerInfo> | null = {},
  over: Partial<AgentInfo> = {},
): AgentInfo {
  return {
    agent: name,
    presence: online === undefined ? undefined : { online, sinceMs: T0_MS, lastSeenMs: T0_MS },
    ledger: ledger === null ? undefined : { ...WHOLE, ...ledger },
    refusedRows: 0,
    refusedFrames: 0,
    isGone: false,
    ...over,
  };
}

describe('agents', () => {
  it('stand in the order in which someone should look at them', () => {
    const agents = [
      agent('a-10', true),
      agent('a-9', true, null),
      agent('never-seen', undefined),
      agent('refuses', true, {}, { refusedRows: 1 }),
      agent('misses', true, { hasHoles: true }),
      agent('misses-and-refuses', true, { hasHoles: true }, { refusedFrames: 1 }),
      agent('retired', false, {}, { isGone: true }),
      agent('offline', false),
    ];
    expect(agentsByNeed(agents).map((one) => one.agent)).toStrictEqual([
      'never-seen',
      'offline',
      'misses-and-refuses',
      'misses',
      'refuses',
      'a-9',
      'a-10',
      'retired',
    ]);
  });

  it('are counted', () => {
    expect(onlineText([agent('a', true), agent('b', false), agent('c', undefined)], EN)).toBe('1 of 3 agents online');
    expect(onlineText([agent('a', true)])).toBe('1 agent online');
    expect(onlineText([agent('a', false)])).toBe('1 agent, offline');
    expect(onlineText([agent('a', undefined)])).toBe('1 agent, offline');
    expect(onlineText([agent('a', true), agent('b', false, {}, { isGone: true })])).toBe('1 agent online');
  });

  it('say how much of them was refused, in rows and frames', () => {
    expect([
      refusedText(0, 0, EN),
      refusedText(1, 0, EN),
      refusedText(1_234, 1, EN),
      refusedText(0, 2, EN),
    ]).toStrictEqual(['0', '1 row', '1,234 rows, 1 frame', '2 frames']);
  });

  it('say how much they miss as far as that is known', () => {
    expect(
      [agent('a', true, null), agent('b', true), agent('c', true, { hasHoles: true })].map(({ ledger }) =>
        missingText(ledger, EN),
      ),
    ).toStrictEqual(['–', '0', 'some']);
    expect(missingText({ ...WHOLE, missing: 1_234, hasHoles: true }, EN)).toBe('1,234');
  });
});

describe('the current value', () => {
  const [MEAN, SUM] = ['mean', 'sum'].map((name) => measureNamed(name, { kind: 'delta' }));
  const open = shown(1, { final: false });

  it('of a mean is that of the newest window', () => {
    expect(latestWindow([shown(0), open], MEAN!, null)).toBe(open);
  });

  it('of a sum is that of the newest window that has ended', () => {
    const ended = shown(0, { final: false });
    expect(latestWindow([ended, open], SUM!, T0_MS + MINUTE_MS)).toBe(ended);
    expect(latestWindow([ended, open], SUM!, T0_MS + 2 * MINUTE_MS)).toBe(open);
    const final = shown(0);
    expect(latestWindow([final, open], SUM!, null)).toBe(final);
  });

  it('of a sum is that of the newest window where none has ended', () => {
    expect(latestWindow([open], SUM!, T0_MS)).toBe(open);
    expect(latestWindow([open], SUM!, null)).toBe(open);
    expect(latestWindow([], SUM!, T0_MS)).toBeUndefined();
  });
});

describe('what an answer can not promise', () => {
  it('is said in a sentence each', () => {
    expect(caveats({ isProvisional: false, without: [] })).toStrictEqual([]);
    expect(caveats({ isProvisional: true, without: ['roof-2'] })).toStrictEqual([
      'The view is being made from all that the log holds: nothing is complete or final yet.',
      'Nothing more is waited for of roof-2, or some of it was lost for good.',
    ]);
    const many = Array.from({ length: 7 }, (_, i) => `a${i}`);
    expect(caveats({ isProvisional: false, without: many })[0]).toContain('of a0, a1, a2, a3, a4 and 2 more, or');
  });
});

describe('the newest windows', () => {
  it('are those of all groups, the newest first, groups in their order', () => {
    const rows = newestRows([group('a', shown(0), shown(1)), group('b', shown(1)), group('c', shown(2))]);
    expect(rows.map(({ group: { key }, window }) => `${key}${(window.startMs - T0_MS) / MINUTE_MS}`)).toStrictEqual([
      'c2',
      'a1',
      'b1',
      'a0',
    ]);
  });

  it('are not more than fit', () => {
    const many = Array.from({ length: ROWS_MAX + 3 }, (_, minute) => shown(minute));
    expect(newestRows([group('a', ...many)]).map(({ window }) => window)).toStrictEqual(many.slice(3).reverse());
  });
});

describe('the state of the connection', () => {
  const AWAY: Connection = { kind: 'away', retryAtMs: T0_MS, sinceMs: T0_MS - 90_000 };

  function header(over: Partial<HeaderState> = {}): HeaderState {
    return {
      connection: { kind: 'live' },
      dataUpToMs: T0_MS - 2_000,
      agents: [agent('a', true), agent('b', false, {}, { isGone: true })],
      seesAgents: true,
      intervalMs: 10_000,
      isPast: false,
      nowMs: T0_MS,
      ...over,
    };
  }

  it('is live where the data is of now and no agent is missing', () => {
    expect(connectionKind(header())).toBe('live');
    for (const online of [false, undefined]) {
      expect(connectionKind(header({ agents: [agent('a', true), agent('b', online)] }))).toBe('connected');
    }
    expect(connectionKind(header({ agents: undefined }))).toBe('connected');
    expect(connectionKind(header({ agents: undefined, seesAgents: false }))).toBe('live');
    expect(connectionKind(header({ dataUpToMs: null }))).toBe('connected');
    expect(connectionKind(header({ isPast: true }))).toBe('connected');
  });

  it.each([
    [MINUTE_MS, 120_000],
    [10_000, 60_000],
    [0, 60_000],
    [15 * MINUTE_MS, 1_800_000],
    [1_440 * MINUTE_MS, 3_600_000],
  ])('of a reading every %i ms is live up to an age of %i ms', (intervalMs, ageMsMax) => {
    expect(connectionKind(header({ intervalMs, dataUpToMs: T0_MS - ageMsMax }))).toBe('live');
    expect(connectionKind(header({ intervalMs, dataUpToMs: T0_MS - ageMsMax - 1 }))).toBe('connected');
  });

  it('is nothing better than the connection is', () => {
    expect(connectionKind(header({ connection: { kind: 'connecting' } }))).toBe('connecting');
    expect(connectionKind(header({ connection: AWAY }))).toBe('away');
  });

  it('says how fresh the data is and who is there, or since when the server is away', () => {
    expect(connectionText(header(), EN)).toBe('data up to 2 s ago · 1 agent online');
    expect(connectionText(header({ dataUpToMs: null }), EN)).toBe('1 agent online');
    expect(connectionText(header({ agents: [] }), EN)).toBe('data up to 2 s ago');
    expect(connectionText(header({ connection: { kind: 'connecting' } }), EN)).toBe('');
    expect(connectionText(header({ connection: AWAY }), EN)).toBe('for 1 min, tries again by itself');
  });
});

describe('what a viewer sees', () => {
  it('is said where it is not all', () => {
    expect(confinementText({ where: {} })).toBeUndefined();
    expect(confinementText({ where: { region: ['DK1', 'DK2'], kind: ['flat'] } })).toBe(
      'You see only what is of region DK1 or DK2, and of kind flat.',
    );
  });
});
