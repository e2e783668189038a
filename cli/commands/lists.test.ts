import { describe, expect, it } from 'vitest';
import type { AgentAnswer, QuarantineAnswer } from '#serving/http/ledger-routes.ts';
import type { ServerStatus } from '../compose/server-status.ts';
import { SAMPLE_LOG_REPORT } from '../terminal/terminal.fixtures.ts';
import { agentsTable, parseMissing } from './agents.ts';
import { chosenAgents, ledgerTable } from './ledger.ts';
import { quarantineTable } from './quarantine.ts';
import { statusText } from './status.ts';
import { viewsTable } from './views.ts';

describe('the list of views', () => {
  it('shows what each asks, its versions, and when its live one was published', () => {
    const version = { cut: [], results: 1 };
    const view = { decimals: 3, kind: 'gauge', interval: '10s', quantiles: false, units: {}, slice: '1m' };
    expect(
      viewsTable({
        views: [
          {
            ...view,
            name: 'power-by-region',
            metric: 'power',
            unit: 'kW',
            by: ['region', 'site'],
            where: { kind: ['roof', 'wall'], owner: ['me'] },
            versions: [
              { ...version, version: 1, state: 'retained', published: '2024-01-01T00:00:00Z' },
              { ...version, version: 2, state: 'live', published: '2024-02-01T00:00:00Z' },
            ],
          },
          {
            ...view,
            name: 'all',
            metric: 'usage',
            unit: null,
            by: [],
            where: {},
            versions: [{ ...version, version: 1, state: 'live', published: null }],
          },
        ],
      }),
    ).toBe(
      [
        'view             metric      by            where                     slice  versions            batch',
        'power-by-region  power (kW)  region, site  kind=roof|wall, owner=me     1m  1 retained, 2 live  2024-02-01T00:00:00Z',
        'all              usage                                                  1m  1 live              none yet',
        '',
      ].join('\n'),
    );
  });
});

describe('the list of agents', () => {
  const ledger: NonNullable<AgentAnswer['ledger']> = {
    agent: 'roof-1',
    partition: 0,
    watermark: '2024-01-01T00:00:00Z',
    holes: true,
    arrived: 12,
    quarantined: 3,
    missing: [
      { incarnation: 1, from: 4, to: 4 },
      { incarnation: 1, from: 7, to: 9 },
    ],
    forks: 1,
    parked: 2,
    head: { incarnation: 1, highestSequence: 20 },
    series: 5,
    life: 1,
    retired: false,
    handedTo: null,
    lost: [{ life: 0, incarnation: 2, from: 3, to: 4 }],
    lostCount: 2,
    doubted: [],
  };
  const refused = { rows: 0, readings: 0, frames: 3 };
  const presence = { since: '2024-01-02T00:00:00Z', lastSeen: '2024-01-03T00:00:00Z' };
  const known: AgentAnswer = { agent: 'roof-1', presence: { ...presence, online: true }, ledger, refused };
  const silent: AgentAnswer = { agent: 'roof-2', presence: null, ledger: null, refused };

  it('shows incarnation, presence, series, and how much is missing or lost', () => {
    const retired: AgentAnswer = { ...known, presence: null, ledger: { ...ledger, retired: true, missing: [] } };
    const handed: AgentAnswer = { ...retired, ledger: { ...retired.ledger!, handedTo: 'roof-2' } };
    expect(agentsTable({ agents: [known, silent, retired, handed] })).toBe(
      [
        'agent   incarnation  presence               last seen             series  missing  lost',
        'roof-1            1  online                 2024-01-03T00:00:00Z       5        4     2',
        'roof-2            0  not seen                                          0        0     0',
        'roof-1            1  retired                                           5        0     2',
        'roof-1            1  handed over to roof-2                             5        0     2',
        '',
      ].join('\n'),
    );
  });

  it('shows presence, watermark, counts and what is missing', () => {
    expect(ledgerTable({ agents: [known, silent] })).toBe(
      [
        'agent   presence  since                 watermark             arrived  quarantined  parked  forks  missing',
        'roof-1  online    2024-01-02T00:00:00Z  2024-01-01T00:00:00Z       12            3       2      1  1:4, 1:7-9',
        'roof-2  not seen                        none                        0            0       0      0  nothing',
        '',
      ].join('\n'),
    );
    expect(ledgerTable({ agents: [{ ...known, presence: { ...presence, online: false } }] })).toContain(' offline ');
  });

  it.each([
    [3, '2:1, 2:3, 2:5'],
    [4, '2:1, 2:3, 2:5 and 1 more'],
    [6, '2:1, 2:3, 2:5 and 3 more'],
  ])('names three ranges of %i that are missing', (count, says) => {
    const missing = Array.from({ length: count }, (_, i) => ({ incarnation: 2, from: 2 * i + 1, to: 2 * i + 1 }));
    const [, line] = ledgerTable({ agents: [{ ...known, ledger: { ...ledger, missing } }] }).split('\n');
    expect(line).toMatch(new RegExp(`  ${says}$`));
  });

  it('can be of one agent; another is not known', () => {
    expect(chosenAgents([known, silent], undefined)).toEqual([known, silent]);
    expect(chosenAgents([known, silent], 'roof-2')).toEqual([silent]);
    expect(() => chosenAgents([known, silent], 'roof-3')).toThrow(
      expect.objectContaining({ message: 'agent roof-3 is not known here; known are roof-1, roof-2', exitCode: 2 }),
    );
    expect(() => chosenAgents([], 'roof-3')).toThrow('agent roof-3 is not known here; none has connected yet');
  });
});

describe('the list of what was refused', () => {
  const one = { partition: 0, position: 1, agent: 'roof-1', at: '2024-01-01T00:00:00Z' };
  const rows: QuarantineAnswer['refused'][number] = {
    ...one,
    kind: 'rows',
    code: '',
    detail: '',
    incarnation: null,
    sequence: null,
    source: 'meters',
    items: [
      { line: 3, readings: 1, reason: 'no time', text: 'a\tb' },
      { line: 4, readings: 1, reason: 'no value', text: 'x'.repeat(61) },
      { line: 5, readings: 1, reason: 'no value', text: 'x'.repeat(60) },
    ],
  };
  const frame: QuarantineAnswer['refused'][number] = {
    ...one,
    kind: 'frame',
    code: 'checksum',
    detail: 'it is 1, not 2',
    incarnation: 4,
    sequence: 9,
    source: '',
    items: [],
  };

  it('has a line for each row and each frame, the text on one line and cut', () => {
    expect(quarantineTable({ total: 2, refused: [rows, frame, { ...frame, incarnation: null, sequence: null }] }, 100))
      .toBe(`received              agent   where          reason                    text
2024-01-01T00:00:00Z  roof-1  meters line 3  no time                   a\\tb
2024-01-01T00:00:00Z  roof-1  meters line 4  no value                  ${'x'.repeat(60)}…
2024-01-01T00:00:00Z  roof-1  meters line 5  no value                  ${'x'.repeat(60)}
2024-01-01T00:00:00Z  roof-1  frame 4:9      checksum: it is 1, not 2
2024-01-01T00:00:00Z  roof-1  frame ?:?      checksum: it is 1, not 2
`);
  });

  it('has the newest lines where there are more', () => {
    const lines = quarantineTable({ total: 2, refused: [rows, frame] }, 2).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain('meters line 5');
    expect(lines[2]).toContain('frame 4:9');
  });
});

describe('the status', () => {
  it('tells the log, each partition, and what the broker counted', () => {
    const partition = { position: 9, records: 5, readings: 600, repeatedFrames: 1, forks: 0, slicesOpen: 4 };
    const status: ServerStatus = {
      version: '1.2.3',
      startedAt: '2024-01-01T00:00:00Z',
      log: SAMPLE_LOG_REPORT,
      acknowledged: [9, 0],
      partitions: [
        { ...partition, partition: 0, committed: 8, watermarkMs: 1_000, refusedFrames: 2, faultyFrames: 3 },
        { ...partition, partition: 1, committed: 0, watermarkMs: null, refusedFrames: 0, faultyFrames: 0 },
      ],
      broker: {
        framesAccepted: 7,
        framesRefused: 1,
        frameBytes: 1_250_000,
        heartbeatsLogged: 2,
        heartbeatsPassed: 3,
        reportsLogged: 1,
        messagesUnreadable: 0,
        appendsFailed: 1,
        connectionsCut: 0,
        loginsRefused: 12,
        strangersCut: 0,
        inFlight: 0,
        inFlightBytes: 0,
      },
      stores: [
        {
          store: 'influx',
          url: 'http://127.0.0.1:8086',
          state: 'failing',
          untold: 12,
          behindSeconds: 61.4,
          written: 900,
          forgotten: 0,
          failures: 3,
          failure: 'nobody listens there.',
          retryAt: '2024-01-01T00:01:00.000Z',
        },
      ],
      holds: [
        { store: 'log', bytes: null, until: 'for ever' },
        { store: 'archive', bytes: 2_340_000, until: 'for ever' },
      ],
    };
    expect(statusText(status)).toBe(
      [
        'weir 1.2.3, since 2024-01-01T00:00:00Z',
        'log        level 10, 4 partitions, at data/log',
        '           survives power loss (every append is synced), 1 copy, as large as the disk; new records wait when it is full',
        '',
        'partition  folded to  records  readings  repeated frames  refused  open slices  watermark',
        '        0          8        5       600                1        5            4  1970-01-01T00:00:01.000Z',
        '        1          0        5       600                1        0            4  none',
        '',
        'holds         MB  until',
        'log      unknown  for ever',
        'archive      2.3  for ever',
        '',
        'broker: 7 frames of 1.3 MB taken, 1 refused; 5 heartbeats, 1 report; 0 messages on the way',
        '  1 message was not stored, and is sent again, 12 logins were refused',
        '',
        'store influx at http://127.0.0.1:8086: failing, 900 slices written, 12 slices wait for 61 s',
        '  nobody listens there. Next at 2024-01-01T00:01:00.000Z.',
        '',
      ].join('\n'),
    );
  });
});

describe('frames that are given up', () => {
  it('are named by an incarnation and one number, or the first and the last', () => {
    expect(parseMissing('3', '17-20')).toEqual({ incarnation: 3, from: 17, to: 20 });
    expect(parseMissing('12', '17')).toEqual({ incarnation: 12, from: 17, to: 17 });
    for (const [incarnation, numbers] of [
      ['3', '17-'],
      ['3', '-17'],
      ['3', '1-2-3'],
      ['3', 'all'],
      ['x', '1'],
    ] as const) {
      expect(() => parseMissing(incarnation, numbers)).toThrow('not understood; write');
    }
  });
});
