import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowsOverlapping } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import { Group } from '../index/group.ts';
import { Agents } from '../index/progress.ts';
import { parseWindowSpec } from './query.ts';
import { admitsGroup, spanChunks } from './window-spans.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 2, 28);

const texts = fc.constantFrom(
  { window: '1h' },
  { window: '6h' },
  { window: '1d', offset: '6h' },
  { window: '1mo', offset: '14d' },
  { window: '12h', every: '8h', offset: '90m' },
  { window: '3h', every: '1h' },
  { window: '1d' },
  { window: '1mo' },
  { window: '7h', every: '2h' },
);
const hours = fc.integer({ min: -60, max: 60 });
const extentOf = (lengthMin: number) =>
  fc
    .tuple(hours, fc.integer({ min: lengthMin, max: 40 }), fc.constantFrom(0, 1, -1))
    .map(([from, length, off]) => ({ fromMs: START + from * HOUR + off, toMs: START + (from + length) * HOUR }));

describe('the windows of a query', () => {
  it('are all that overlap both its range and the data, in pieces, in the order of time', () => {
    fc.assert(
      fc.property(texts, extentOf(0), extentOf(1), fc.integer({ min: 1, max: 5 }), (window, range, data, sizeMax) => {
        const spec = parseWindowSpec(window, openZone('Europe/Paris'));
        const chunks = [...spanChunks(spec, range, data, () => sizeMax)];
        // Whatever could matter lies within two months of the start.
        const all = [...windowsOverlapping(spec, START - 1_500 * HOUR, START + 1_500 * HOUR)];
        const overlaps = (span: { startMs: number; endMs: number }, { fromMs, toMs }: typeof range) =>
          fromMs < toMs && span.startMs < toMs && span.endMs > fromMs;
        const expected = all.filter((span) => overlaps(span, range) && overlaps(span, data));
        expect(chunks.flat()).toEqual(expected);
        for (const [i, chunk] of chunks.entries()) {
          expect(chunk.length).toBeGreaterThan(0);
          if (i < chunks.length - 1) expect(chunk).toHaveLength(sizeMax);
          else expect(chunk.length).toBeLessThanOrEqual(sizeMax);
        }
      }),
    );
  });

  it('are none without data', () => {
    const spec = parseWindowSpec({ window: '1h' }, openZone('UTC'));
    expect([...spanChunks(spec, { fromMs: 0, toMs: HOUR }, undefined, () => 5)]).toEqual([]);
  });
});

describe('a filter of tags', () => {
  it('admits groups whose tags all have one of the values', () => {
    const group = new Group('["north","roof"]', new Agents(), 60_000);
    const admits = (where: Record<string, string[]>) =>
      admitsGroup(['region', 'kind'], new Map(Object.entries(where)), group);
    expect(admits({})).toBe(true);
    expect(admits({ kind: ['wall', 'roof'] })).toBe(true);
    expect(admits({ region: ['roof'] })).toBe(false);
    expect(admits({ region: ['north'], kind: ['wall'] })).toBe(false);
    expect(admits({ other: [''] })).toBe(true);
    expect(admits({ other: ['x'] })).toBe(false);
  });
});
