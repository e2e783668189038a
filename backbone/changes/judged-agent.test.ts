/** The turns of an agent: what brings one, and what whoever looked away is told. */
import { describe, expect, it } from 'vitest';
import type { AgentRow, MemberRow } from './changes.ts';
import {
  agentKey,
  EVER,
  silencesOf,
  stainsOf,
  turnedFromMs,
  turnedSinceMs,
  TURNS_KEPT,
  withTurns,
} from './judged-agent.ts';

const MEMBER: MemberRow = {
  view: 'v',
  version: 1,
  group: '["a"]',
  partition: 0,
  agent: 'roof',
  series: 's',
  intervalMs: 60_000,
  firstMs: 0,
};

function rowOf(changed: Partial<AgentRow> = {}): AgentRow {
  return {
    partition: 0,
    agent: 'roof',
    watermarkMs: 100,
    holes: false,
    arrived: 1,
    quarantined: 0,
    missing: [],
    forks: 0,
    parked: 0,
    head: { incarnation: 1, highestSequence: 1 },
    ...changed,
  };
}

const RETIRED = rowOf({ standing: { life: 0, retired: true, handedTo: null } });
const HOLED = rowOf({ holes: true, stains: [{ fromMs: 40, toMs: 60 }] });

describe('a turn of an agent', () => {
  it('is none where it only sends', () => {
    expect(turnedFromMs(rowOf(), rowOf({ watermarkMs: 200, arrived: 7 }))).toBeUndefined();
    expect(turnedFromMs(undefined, rowOf())).toBeUndefined();
    expect(withTurns(rowOf(), rowOf({ arrived: 2 }), Number.POSITIVE_INFINITY)).toEqual(rowOf({ arrived: 2 }));
  });

  it('changes what a hole reaches, as it opens and as it closes', () => {
    expect([turnedFromMs(rowOf(), HOLED), turnedFromMs(HOLED, rowOf()), turnedFromMs(undefined, HOLED)]).toEqual([
      40, 40, 40,
    ]);
    expect(turnedFromMs(HOLED, rowOf({ holes: true }))).toBe(Number.NEGATIVE_INFINITY);
    expect(stainsOf(rowOf({ holes: true }))).toEqual([EVER]);
  });

  it('changes everything where more is expected of it, or no longer is', () => {
    expect(turnedFromMs(rowOf(), RETIRED)).toBe(Number.NEGATIVE_INFINITY);
    expect(turnedFromMs(RETIRED, rowOf())).toBe(Number.NEGATIVE_INFINITY);
  });

  it('changes what lies behind a watermark that falls', () => {
    expect(turnedFromMs(rowOf(), rowOf({ watermarkMs: 30 }))).toBe(30);
    expect(turnedFromMs(rowOf(), rowOf({ watermarkMs: null }))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is one too where a series of it is ended', () => {
    expect(withTurns(rowOf(), rowOf(), 70).turns).toEqual({ count: 1, fromMs: [70] });
  });

  it('is one where a member is new, or changed, of an agent that misses something', () => {
    expect(withTurns(HOLED, HOLED, Number.POSITIVE_INFINITY).turns).toEqual({ count: 1, fromMs: [40] });
    expect(withTurns(HOLED, HOLED, undefined).turns).toBeUndefined();
  });

  it('is brought by the members of its own agent alone', () => {
    const ended: MemberRow = { ...MEMBER, silences: [[70, null]] };
    const others = [
      { ...ended, agent: 'yard' },
      { ...MEMBER, partition: 1 },
    ];
    expect([...silencesOf([MEMBER, ended, ...others])]).toEqual([
      [agentKey(0, 'roof'), 70],
      [agentKey(0, 'yard'), 70],
      [agentKey(1, 'roof'), Number.POSITIVE_INFINITY],
    ]);
  });
});

describe('who looked away from an agent', () => {
  const turnedBack = withTurns(withTurns(rowOf(), HOLED, undefined), rowOf(), undefined);

  it('is told of turns that led back to where it stood', () => {
    expect(turnedBack.turns).toEqual({ count: 2, fromMs: [40, 40] });
    expect(turnedSinceMs(turnedBack.turns, 0)).toBe(40);
    expect(turnedSinceMs(turnedBack.turns, 2)).toBeUndefined();
    expect(turnedSinceMs(undefined, 0)).toBeUndefined();
  });

  it('is told of the turns since alone', () => {
    const later = withTurns(turnedBack, rowOf({ holes: true, stains: [{ fromMs: 90, toMs: 95 }] }), undefined);
    expect(turnedSinceMs(later.turns, 2)).toBe(90);
    expect(turnedSinceMs(later.turns, 1)).toBe(40);
  });

  it('is told everything where they are more than are kept, or the count is unknown or of another history', () => {
    let row = rowOf();
    for (let i = 0; i <= TURNS_KEPT; i++) row = withTurns(row, i % 2 === 0 ? HOLED : rowOf(), undefined);
    expect(row.turns).toEqual({ count: TURNS_KEPT + 1, fromMs: Array.from({ length: TURNS_KEPT }, () => 40) });
    const since = [0, 1, undefined, TURNS_KEPT + 2].map((count) => turnedSinceMs(row.turns, count));
    expect(since).toEqual([Number.NEGATIVE_INFINITY, 40, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  it('is told everything after a turn that changed everything', () => {
    const { turns } = withTurns(rowOf(), RETIRED, undefined);
    expect(turns).toEqual({ count: 1, fromMs: [null] });
    expect(turnedSinceMs(turns, 0)).toBe(Number.NEGATIVE_INFINITY);
  });
});
