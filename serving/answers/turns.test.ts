import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SHORT_STEPS, STAND_BACK_MS, takeIn, TURN_MS, Turns } from './turns.ts';

let nowMs = 0;

beforeEach(() => {
  nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Works as many turns as it is said to, each so long, and writes its name down in each. */
async function work(name: string, turns: Turns, count: number, done: string[], ms = TURN_MS): Promise<void> {
  for (let i = 0; i < count; i++) {
    await turns.next();
    nowMs += ms;
    done.push(name);
  }
}

/** How many have gone on in each turn of the event loop, until so many have. */
async function perTurn(done: readonly string[], count: number): Promise<ReadonlySet<number>> {
  const seen: number[] = [];
  while (done.length < count) {
    await nextTurn();
    seen.push(done.length);
  }
  return new Set(seen.map((one, i) => one - (seen[i - 1] ?? 0)));
}

describe('queries that share the thread', () => {
  it('work for some milliseconds, then others are due', () => {
    const turns = new Turns();
    expect(turns.isDue).toBe(false);
    nowMs += TURN_MS + 1;
    expect(turns.isDue).toBe(true);
    const short = new Turns(SHORT_STEPS);
    nowMs += TURN_MS + 1;
    const looks = Array.from({ length: SHORT_STEPS }, () => short.isDue);
    expect(looks.indexOf(true)).toBe(SHORT_STEPS - 1);
  });

  it('go on one by one: all else is taken in between', async () => {
    const done: string[] = [];
    const all = Promise.all(['a', 'b', 'c'].map((name) => work(name, new Turns(), 2, done)));
    expect(await perTurn(done, 6)).toEqual(new Set([1]));
    await all;
  });

  it('go on together where all of them need no more than a turn, each once', async () => {
    const done: string[] = [];
    const all = Promise.all(['a', 'b', 'c'].map((name) => work(name, new Turns(), 2, done, TURN_MS / 4)));
    expect(await perTurn(done, 6)).toEqual(new Set([3]));
    await all;
  });

  it('pass those by that have worked longer', async () => {
    const done: string[] = [];
    const long = new Turns();
    await work('long', long, 5, []);
    await Promise.all([work('long', long, 1, done), work('short', new Turns(), 3, done)]);
    expect(done).toEqual(['short', 'short', 'short', 'long']);
  });

  it('have their turn once they have waited as long as they worked, however many come', async () => {
    const done: string[] = [];
    const long = new Turns();
    await work('long', long, 5, []);
    const waiting = [work('long', long, 1, done)];
    for (let i = 0; !done.includes('long'); i++) {
      waiting.push(work(`${i}`, new Turns(), 1, done));
      await nextTurn();
    }
    await Promise.all(waiting);
    expect(done.indexOf('long')).toBeLessThanOrEqual(6);
    expect(done.indexOf('long')).toBeGreaterThan(1);
  });

  it('stand back while connections come in', async () => {
    const done: string[] = [];
    const all = work('a', new Turns(), 1, done);
    for (let i = 0; i < 100; i++) {
      takeIn();
      await nextTurn();
    }
    expect(done).toEqual([]);
    await all;
    expect(done).toEqual(['a']);
  });

  it('have their turn after a while, whatever comes in', async () => {
    const done: string[] = [];
    const all = work('a', new Turns(), 2, done);
    for (let passes = 0; passes < 2 * STAND_BACK_MS + 2; passes++) {
      takeIn();
      await nextTurn();
      nowMs += 1;
    }
    expect(done).toEqual(['a', 'a']);
    await all;
  });
});
