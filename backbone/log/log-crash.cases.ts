import { describe, expect, it } from 'vitest';
import { linesUntilKilled } from '#tooling/processes/node-process.ts';
import {
  type LogHarness,
  type LogServerHarness,
  numberOf,
  numbers,
  openLog,
  readAll,
  recordOf,
} from './log.fixtures.ts';
import type { LogEntry } from './log.ts';

/** What a log keeps when the process that appends is killed (`kill -9`). Every adapter runs it. */
export function runLogCrashCases(name: string, makeHarness: () => Promise<LogHarness>): void {
  describe(`a log on ${name}, whose writer is killed`, () => {
    it('has every acknowledged record after the process that appended was killed', async () => {
      await using harness = await makeHarness();
      const acknowledged = await appendInProcessUntilKilled(harness, 300);
      await using log = await openLog(harness);
      const stored = await readAll(log, 0);
      expect(acknowledged.length).toBeGreaterThanOrEqual(300);
      for (const { n, position } of acknowledged) expect(numberOf(stored[position - 1]!)).toBe(n);
      // What was not acknowledged any more may be there too, but only as a tail, in order, without a hole.
      expect(stored.map(numberOf)).toEqual(numbers(1, stored.length));
      expect(await log.append(0, recordOf(0))).toBe(stored.length + 1);
    });
  });
}

/** What a log keeps when the server that holds it is killed (`kill -9`) under load, and started again. */
export function runLogServerCrashCases(name: string, makeHarness: () => Promise<LogServerHarness>): void {
  describe(`a log on ${name}, whose server is killed`, () => {
    it('has every acknowledged record after it was killed, and appends in flight at least once', async () => {
      await using harness = await makeHarness();
      await using log = await openLog(harness, 1);
      const stop = new AbortController();
      const seen: LogEntry[] = [];
      const following = (async () => {
        for await (const group of log.follow(0, 1, { signal: stop.signal, bytesMax: 10_000 })) seen.push(...group);
      })();
      const acknowledged: { n: number; position: number }[] = [];
      const appends = numbers(1, 1500).map(async (n) => {
        acknowledged.push({ n, position: await log.append(0, recordOf(n)) });
      });
      for (const kills of [1, 2]) {
        await expect.poll(() => acknowledged.length, { interval: 1, timeout: 20_000 }).toBeGreaterThan(kills * 200);
        await harness.restartStorage();
      }
      await Promise.all(appends);
      const stored = await readAll(log, 0);
      for (const { n, position } of acknowledged) expect(numberOf(stored[position - 1]!)).toBe(n);
      expect([...new Set(stored.map(numberOf))]).toEqual(numbers(1, 1500));
      await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(stored.length);
      stop.abort();
      await following;
      expect(seen).toEqual(stored);
    }, 60_000);
  });
}

/** Appends 1, 2, 3, … in a child process until `enough` are acknowledged, kills it, and gives what it was told. */
async function appendInProcessUntilKilled(
  harness: LogHarness,
  enough: number,
): Promise<{ n: number; position: number }[]> {
  const writer = new URL('./log-writer.child.ts', import.meta.url);
  let count = 0;
  const lines = await linesUntilKilled(writer, [JSON.stringify(harness.opening)], () => ++count === enough);
  return lines.flatMap((line) => {
    const [n, position] = line.split(' ').map(Number);
    // A line that the kill cut off has no position.
    return n === undefined || position === undefined ? [] : [{ n, position }];
  });
}
