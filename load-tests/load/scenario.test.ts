import { describe, expect, it } from 'vitest';
import { type Figure, figureOf } from '../measure.ts';
import type { K6Run } from './k6-run.ts';
import { loadResult, storedOf } from './scenario.ts';

const RUN: K6Run = { metrics: {}, broken: [], missed: [] };

function valuesOf(figures: readonly Figure[]): Readonly<Record<string, number>> {
  return Object.fromEntries(figures.map(({ name, value }) => [name, value]));
}

describe('what comes of a load', () => {
  it('tells that nothing is lost, counted twice or different, also where all is well', () => {
    const { figures, faults, missed } = loadResult('day', RUN, storedOf(7, 7, 0), { figures: [] });
    expect(valuesOf(figures)).toEqual({ 'day-lost': 0, 'day-twice': 0, 'day-verify': 0 });
    expect([faults, missed]).toEqual([[], []]);
  });

  it.each([
    [storedOf(7, 5, 0), { 'day-lost': 2 }, '2 readings were accepted, and are not counted'],
    [storedOf(7, 8, 0), { 'day-twice': 1 }, '1 readings are counted that were not accepted'],
    [storedOf(7, 7, 3), { 'day-verify': 3 }, '3 slices differ from a full recompute'],
    [{ ...storedOf(7, 7, 0), wrong: 4 }, { 'day-wrong': 4 }, '4 windows are not what was sent'],
  ])('fails by a fault for each of these that is not so', (stored, expected, fault) => {
    const { figures, faults } = loadResult('day', RUN, stored, { figures: [figureOf('day-readings', 7, 'readings')] });
    expect(valuesOf(figures)).toMatchObject({ 'day-readings': 7, ...expected });
    expect(faults).toEqual([fault]);
  });

  it('fails by what k6 found broken, and is too slow by what it or the scenario missed', () => {
    const run = { ...RUN, broken: ['checks'], missed: ['update_ms'] };
    const { faults, missed } = loadResult('day', run, storedOf(1, 1, 0), {
      figures: [],
      missed: ['late'],
      faults: ['x'],
    });
    expect(faults).toEqual(['not kept: checks', 'x']);
    expect(missed).toEqual(['update_ms', 'late']);
  });
});
