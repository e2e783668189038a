import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBrokerAddress } from './connection.ts';
import { backoffMs, judgeHead } from './decisions.ts';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from './limits.ts';

describe('backing off', () => {
  it('doubles from the least to the most, and jitters by half', () => {
    expect([1, 2, 3, 4].map((failures) => backoffMs(failures, () => 0))).toStrictEqual([125, 250, 500, 1_000]);
    expect(backoffMs(1, () => 0.999_999)).toBeCloseTo(BACKOFF_MS_MIN, 2);
    expect(backoffMs(1_000, () => 0)).toBe(BACKOFF_MS_MAX / 2);
  });

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const waitMs = backoffMs(failures, () => random);
          expect(waitMs).toBeGreaterThanOrEqual(BACKOFF_MS_MIN / 2);
          expect(waitMs).toBeLessThanOrEqual(BACKOFF_MS_MAX);
        },
      ),
    );
  });
});

describe("the verdict on the ledger's head", () => {
  const own = [
    { incarnation: 4, highestSequence: 120 },
    { incarnation: 5, highestSequence: 7 },
  ];

  it.each([
    ['a new agent', { incarnation: 0, highestSequence: 0 }, 'in-step'],
    ['a ledger that waits for what is spooled', { incarnation: 5, highestSequence: 3 }, 'in-step'],
    ['a ledger that has everything', { incarnation: 5, highestSequence: 7 }, 'in-step'],
    ['a start of which nothing was sent yet', { incarnation: 4, highestSequence: 120 }, 'in-step'],
    ['an incarnation that is long past', { incarnation: 2, highestSequence: 9_999 }, 'in-step'],
    ['a number that was never given', { incarnation: 5, highestSequence: 8 }, 'agent-behind'],
    ['a number that the one before never gave', { incarnation: 4, highestSequence: 121 }, 'agent-behind'],
    ['an incarnation that never was', { incarnation: 6, highestSequence: 1 }, 'agent-behind'],
  ])('for %s', (_what, head, kind) => {
    expect(judgeHead('roof-1', head, own, true).kind).toBe(kind);
  });

  it('is not in step with numbers of a start that gave fewer, however many starts have come since', () => {
    const own = [
      { incarnation: 9, highestSequence: 0 },
      { incarnation: 3, highestSequence: 2 },
      { incarnation: 6, highestSequence: 5 },
    ];
    const at = (incarnation: number, highestSequence: number): string =>
      judgeHead('roof-1', { incarnation, highestSequence }, own, true, 1).kind;
    expect([at(2, 1), at(3, 3), at(4, 1), at(6, 6)]).toEqual(Array.from({ length: 4 }, () => 'agent-behind'));
    expect([at(1, 9), at(2, 0), at(3, 2), at(6, 5)]).toEqual(Array.from({ length: 4 }, () => 'in-step'));
  });

  it('is not in step where the ledger has numbers of an incarnation in which the agent gave none', () => {
    const head = (incarnation: number, highestSequence: number): string =>
      judgeHead('roof-1', { incarnation, highestSequence }, own, true).kind;
    const own = [
      { incarnation: 1, highestSequence: 9 },
      { incarnation: 2, highestSequence: 9 },
      { incarnation: 5, highestSequence: 0 },
    ];
    expect([head(3, 1), head(4, 1)]).toEqual(['agent-behind', 'agent-behind']);
    expect([head(4, 0), head(2, 9)]).toEqual(['in-step', 'in-step']);
    const first = [{ incarnation: 2, highestSequence: 0 }];
    expect(judgeHead('roof-1', { incarnation: 1, highestSequence: 1 }, first, true).kind).toBe('agent-behind');
  });

  it('is never in step for an agent that has sent nothing, where the ledger knows it', () => {
    const head = { incarnation: 1, highestSequence: 1 };
    expect(judgeHead('roof-1', head, own, false)).toMatchObject({
      message: /never sent anything.*agents readmit roof-1/,
    });
    expect(judgeHead('roof-1', { incarnation: 0, highestSequence: 0 }, own, false).kind).toBe('in-step');
  });

  it('tells the values and the remedy', () => {
    const handed = { incarnation: 5, highestSequence: 7, handedTo: 'roof-2' };
    expect(judgeHead('roof-1', handed, own, true)).toMatchObject({
      message: /roof-2.*weir agents hand-over roof-2 roof-1/s,
    });
    expect(judgeHead('roof-1', { incarnation: 4, highestSequence: 200 }, own, true)).toMatchObject({
      message: /incarnation 4 of this agent up to number 200.*number 120 at most.*Restore/,
    });
  });
});

describe("a broker's address", () => {
  it('has a port of its own, or the usual', () => {
    expect(parseBrokerAddress('mqtt://127.0.0.1:1884')).toStrictEqual({
      host: '127.0.0.1',
      port: 1884,
      isSecure: false,
    });
    expect(parseBrokerAddress('mqtt://broker.example')).toMatchObject({ port: 1883, isSecure: false });
    expect(parseBrokerAddress('mqtts://broker.example')).toMatchObject({ port: 8883, isSecure: true });
    expect(parseBrokerAddress('mqtt://[::1]:9')).toMatchObject({ host: '::1', port: 9 });
  });

  it.each(['127.0.0.1:1883', 'http://x', 'mqtt://', 'mqtts://', 'wss://x'])('is not %s', (url) => {
    expect(() => parseBrokerAddress(url)).toThrow('no mqtt://host:port or mqtts://host:port');
  });
});
