import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlightLimit, type Permit } from './in-flight-limit.ts';

const BYTES_MAX = 10;
const COUNT_MAX = 3;

/** One who came, as the test itself keeps account of it. */
interface Comer {
  readonly bytes: number;
  state: 'waiting' | 'granted' | 'refused' | 'released';
  permit?: Permit;
}

const STEPS = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 0, max: 12 }) }),
    },
    { weight: 20, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const) }) },
  ),
  { maxLength: 60, size: 'max' },
);

describe('an in-flight limit', () => {
  it('is never overfull, grants in the order of coming, and forgets nobody', () => {
    fc.assert(
      fc.property(STEPS, (steps) => {
        const limit = new InFlightLimit({ countMax: COUNT_MAX, bytesMax: BYTES_MAX });
        const comers: Comer[] = [];
        let closed = false;
        for (const step of steps) {
          if (step.kind === 'take') {
            const comer: Comer = { bytes: step.bytes, state: 'waiting' };
            comers.push(comer);
            comer.permit = limit.take(
              step.bytes,
              () => (comer.state = 'granted'),
              () => (comer.state = 'refused'),
            );
            if (closed) expect(comer.state).toBe('refused');
          } else if (step.kind === 'close') {
            closed = true;
            limit.close(new Error('closed'));
          } else if (comers.length > 0) {
            const comer = comers[step.which % comers.length]!;
            // Marked first: releasing may let others in at once.
            if (comer.state !== 'refused') comer.state = 'released';
            comer.permit!.release();
          }
          checkAccount(limit, comers);
          if (closed) expect(comers.some(({ state }) => state === 'waiting')).toBe(false);
        }
      }),
    );
  });
});

function checkAccount(limit: InFlightLimit, comers: readonly Comer[]): void {
  const inFlight = comers.filter(({ state }) => state === 'granted');
  const bytes = inFlight.reduce((sum, comer) => sum + comer.bytes, 0);
  expect([limit.count, limit.bytes]).toStrictEqual([inFlight.length, bytes]);
  expect(inFlight.length).toBeLessThanOrEqual(COUNT_MAX);
  if (inFlight.length !== 1) expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
  for (const comer of comers) expect(comer.permit!.isGranted || comer.state !== 'granted').toBe(true);
  const firstWaiting = comers.find(({ state }) => state === 'waiting');
  if (firstWaiting === undefined) return;
  expect(inFlight.length).toBeGreaterThan(0);
  expect(inFlight.length === COUNT_MAX || bytes + firstWaiting.bytes > BYTES_MAX).toBe(true);
  expect(comers.slice(comers.indexOf(firstWaiting)).some(({ state }) => state === 'granted')).toBe(false);
}
