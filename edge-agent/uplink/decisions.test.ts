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
  const shown = { incarnation: 5, newest: { incarnation: 5, highestSequence: 7 } };

  it.each([
    ['a new agent', { incarnation: 0, highestSequence: 0 }, 'in-step'],
    ['a ledger that waits for what is spooled', { incarnation: 5, highestSequence: 3 }, 'in-step'],
    ['a ledger that has everything', { incarnation: 5, highestSequence: 7 }, 'in-step'],
    ['an incarnation that is long past', { incarnation: 2, highestSequence: 9_999 }, 'in-step'],
    ['a number that was never sent', { incarnation: 5, highestSequence: 8 }, 'agent-behind'],
    ['an incarnation that never sent anything', { incarnation: 6, highestSequence: 1 }, 'agent-behind'],
    ['one of which the ledger knows no number', { incarnation: 6, highestSequence: 0 }, 'agent-behind'],
  ])('for %s', (_what, head, kind) => {
    expect(judgeHead('roof-1', head, shown).kind).toBe(kind);
  });

  it('goes by the newest start that gave numbers, where those after it sent heartbeats alone', () => {
    const at = (incarnation: number, highestSequence: number): string =>
      judgeHead('roof-1', { incarnation, highestSequence }, { ...shown, incarnation: 8 }).kind;
    expect([at(4, 120), at(5, 7), at(6, 0), at(8, 0)]).toEqual(Array.from({ length: 4 }, () => 'in-step'));
    expect([at(5, 8), at(6, 1), at(8, 1), at(9, 0)]).toEqual(Array.from({ length: 4 }, () => 'agent-behind'));
  });

  it('is never in step for an agent that has sent nothing, where the ledger knows it', () => {
    const nothing = { incarnation: 0, newest: null };
    expect(judgeHead('roof-1', { incarnation: 1, highestSequence: 1 }, nothing)).toMatchObject({
      message: /never sent anything.*agents readmit roof-1/,
    });
    expect(judgeHead('roof-1', { incarnation: 1, highestSequence: 0 }, nothing).kind).toBe('agent-behind');
    expect(judgeHead('roof-1', { incarnation: 0, highestSequence: 0 }, nothing).kind).toBe('in-step');
  });

  it('is not in step for data of before the agent was let begin anew, once the ledger has any of after', () => {
    const former = { ...shown, life: 1 };
    expect(judgeHead('roof-1', { incarnation: 2, highestSequence: 3, life: 2 }, former)).toMatchObject({
      message: /is of before it was let begin anew.*agents readmit roof-1/,
    });
    expect(judgeHead('roof-1', { incarnation: 0, highestSequence: 0, life: 2 }, former).kind).toBe('in-step');
    expect(judgeHead('roof-1', { incarnation: 2, highestSequence: 3, life: 1 }, former).kind).toBe('in-step');
    // A ledger that doesn't say, and an agent that was never told.
    expect(judgeHead('roof-1', { incarnation: 2, highestSequence: 3 }, former).kind).toBe('in-step');
    expect(judgeHead('roof-1', { incarnation: 2, highestSequence: 3, life: 2 }, shown).kind).toBe('in-step');
  });

  it('tells the values and the remedy', () => {
    const handed = { incarnation: 5, highestSequence: 7, handedTo: 'roof-2' };
    expect(judgeHead('roof-1', handed, shown)).toMatchObject({
      message: /roof-2.*weir agents hand-over roof-2 roof-1/s,
    });
    expect(judgeHead('roof-1', { incarnation: 5, highestSequence: 200 }, shown)).toMatchObject({
      message: /incarnation 5 of this agent up to number 200.*has sent number 7 at most.*Restore/,
    });
    expect(judgeHead('roof-1', { incarnation: 9, highestSequence: 0 }, shown)).toMatchObject({
      message: /has sent nothing after incarnation 5/,
    });
  });
});

describe("a broker's address", () => {
  it('has a port of its own, or the usual', () => {
    expect(parseBrokerAddress('mqtt://127.0.0.1:1884')).toStrictEqual({
      host: '127.0.0.1',
      port: 1884,
      isSecure: false,
      path: undefined,
    });
    expect(parseBrokerAddress('mqtt://broker.example')).toMatchObject({ port: 1883, isSecure: false });
    expect(parseBrokerAddress('mqtts://broker.example')).toMatchObject({ port: 8883, isSecure: true });
    expect(parseBrokerAddress('mqtt://[::1]:9')).toMatchObject({ host: '::1', port: 9 });
  });

  it('of a WebSocket has a path of its own, or the usual', () => {
    expect(parseBrokerAddress('ws://broker.example')).toMatchObject({ port: 80, isSecure: false, path: '/mqtt' });
    expect(parseBrokerAddress('wss://broker.example/')).toMatchObject({ port: 443, isSecure: true, path: '/mqtt' });
    expect(parseBrokerAddress('wss://[::1]:8443/a/b')).toMatchObject({ host: '::1', port: 8443, path: '/a/b' });
  });

  it.each(['127.0.0.1:1883', 'http://x', 'mqtt://', 'mqtts://', 'wss://'])('is not %s', (url) => {
    expect(() => parseBrokerAddress(url)).toThrow('none of mqtt, mqtts, ws or wss://host:port');
  });
});
