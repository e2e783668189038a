import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addLink, type LinkRule, type SliceSink } from './link.ts';
import { equalSlots } from './merge.ts';
import { StatsTable } from './stats-table.ts';
import { linkRule, seriesReadings } from './stats.fixtures.ts';
import { linksOf, type Reading } from './stats.oracle.ts';
import { readStats } from './stats.ts';

/** Slices in slots of one table, made when they are first touched. */
class Slices implements SliceSink {
  readonly table = new StatsTable(1);
  readonly slots = new Map<number, number>();

  slotOf(sliceIndex: number): number {
    let slot = this.slots.get(sliceIndex);
    if (slot === undefined) this.slots.set(sliceIndex, (slot = this.table.allocate()));
    return slot;
  }

  link(rule: LinkRule, sliceMs: number, sign: 1 | -1, from: Reading, to: Reading): void {
    addLink(this, rule, sliceMs, sign, from.ms, from.value, to.ms, to.value);
  }
}

const sliceMs = fc.constantFrom(97, 1000, 10_000);

describe('links', () => {
  it('links cut at slice edges equal the slow way, before and after the epoch', () => {
    fc.assert(
      fc.property(seriesReadings(12), linkRule, sliceMs, (readings, rule, size) => {
        const slices = new Slices();
        for (let i = 1; i < readings.length; i++) slices.link(rule, size, 1, readings[i - 1]!, readings[i]!);
        const expected = linksOf(readings, rule, size);
        for (const index of slices.slots.keys()) expect(expected.has(index)).toBe(true);
        for (const [index, { increase, integral, coveredMs }] of expected) {
          expect(readStats(slices.table, slices.slotOf(index))).toMatchObject({
            increase,
            integral,
            coveredMs,
            count: 0,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a late reading takes back one link and adds two: the same as had it come in order', () => {
    fc.assert(
      fc.property(seriesReadings(12), fc.nat(), linkRule, sliceMs, (readings, at, rule, size) => {
        fc.pre(readings.length >= 3);
        const late = 1 + (at % (readings.length - 2));
        const [before, between, after] = [readings[late - 1]!, readings[late]!, readings[late + 1]!];
        const slices = new Slices();
        const rest = readings.filter((_, i) => i !== late);
        for (let i = 1; i < rest.length; i++) slices.link(rule, size, 1, rest[i - 1]!, rest[i]!);
        slices.link(rule, size, -1, before, after);
        slices.link(rule, size, 1, before, between);
        slices.link(rule, size, 1, between, after);
        const inOrder = new Slices();
        for (let i = 1; i < readings.length; i++) inOrder.link(rule, size, 1, readings[i - 1]!, readings[i]!);
        for (const index of new Set([...slices.slots.keys(), ...inOrder.slots.keys()])) {
          expect(equalSlots(slices.table, slices.slotOf(index), inOrder.table, inOrder.slotOf(index))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
