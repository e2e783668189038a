import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findScenario, openSimulation } from '../scenarios/scenario.ts';
import { DeliveryColumns } from './delivery-columns.ts';

const FROM_MS = Date.UTC(2026, 2, 28, 22);
const TO_MS = FROM_MS + 30 * 3_600_000;

const troubled = findScenario('denmark-in-trouble').faults;
const simulation = openSimulation(findScenario('denmark'), {
  meters: 6,
  seed: 3,
  metrics: ['energy'],
  faults: { ...troubled, late: 0.05, repeated: 0.05, conflicting: 0.05, offline: 0.8, counterReset: 0.8 },
});

function deliver(nextMs: number): DeliveryColumns {
  const out = new DeliveryColumns(0);
  const run = simulation.run({ fromMs: FROM_MS, toMs: TO_MS }, nextMs);
  while (!run.isOver) run.advance(Number.POSITIVE_INFINITY, 1_000, out);
  return out;
}

/** Deliveries from an instant on as one text: quick to compare. */
function textFrom(columns: DeliveryColumns, nextMs: number): string {
  let text = '';
  for (const { series, timeMs, value, atMs } of columns) {
    if (atMs >= nextMs) text += `${series} ${timeMs} ${value} ${atMs}\n`;
  }
  return text;
}

describe('a run of deliveries', () => {
  it('a run goes on from any second exactly as the one that came there', () => {
    const whole = deliver(FROM_MS);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 * 3_600 }), (second) => {
        const nextMs = FROM_MS + second * 1_000;
        expect(textFrom(deliver(nextMs), 0) === textFrom(whole, nextMs)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
