import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENTS_NOT_YET } from './plan/not-yet-held.ts';
import type { Plan } from './plan/plan.ts';
import { eventsMissed, runPlans, sweep } from './sweep.ts';

/** Worlds that broke a promise once, each shrunk to what it took. */
const KEPT = new URL('./kept/', import.meta.url);

const SEEDS = 200;
/** A minute or two on two cores that have nothing else to do. */
const TIMEOUT_MS = 900_000;

describe('the whole system', () => {
  it(
    'keeps its promises in worlds full of faults, each of which happens',
    async () => {
      const broken: string[] = [];
      const outcome = await sweep({
        from: 1,
        seeds: SEEDS,
        untilMs: Number.POSITIVE_INFINITY,
        shrinkMs: 0,
        done: (report) => {
          if (report.broken !== null) broken.push(`seed ${report.seed}: ${report.broken}`);
        },
      });
      expect(broken).toEqual([]);
      expect(outcome.seeds).toBe(SEEDS);
      expect(eventsMissed(outcome, EVENTS_NOT_YET)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  for (const name of readdirSync(KEPT).filter((file) => file.endsWith('.json'))) {
    it(
      `keeps its promises in the world kept as ${name}`,
      async () => {
        const plan = JSON.parse(readFileSync(new URL(name, KEPT), 'utf8')) as Plan;
        const [report] = await runPlans([plan]);
        expect(report!.broken).toBeNull();
      },
      TIMEOUT_MS,
    );
  }

  it(
    'does the same again for the same seed, event by event',
    async () => {
      const traces: (readonly string[])[] = [];
      for (let time = 0; time < 2; time++) {
        await sweep({
          from: 11,
          seeds: 2,
          untilMs: Number.POSITIVE_INFINITY,
          shrinkMs: 0,
          done: (report) => traces.push([String(report.seed), ...report.trace]),
        });
      }
      const [one, other, again, otherAgain] = traces.toSorted((a, b) => Number(a[0]) - Number(b[0]));
      expect(one).toEqual(other);
      expect(again).toEqual(otherAgain);
      expect(one).not.toEqual(again);
    },
    TIMEOUT_MS,
  );
});
