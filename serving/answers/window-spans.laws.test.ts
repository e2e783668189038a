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
const sizes = fc.integer({ min: 1, max: 5 });
const everywhere = async (fromMs: number): Promise<number> => fromMs;
const hours = fc.integer({ min: -60, max: 60 });
const extentOf = (lengthMin: number) =>
  fc
    .tuple(hours, fc.integer({ min: lengthMin, max: 40 }), fc.constantFrom(0, 1, -1))
    .map(([from, length, off]) => ({ fromMs: START + from * HOUR + off, toMs: START + (from + length) * HOUR }));

describe('the windows of a query', () => {
  it('are all that overlap both its range and the data, in pieces, in the order of time', async () => {
    await fc.assert(
      fc.asyncProperty(texts, extentOf(0), extentOf(1), sizes, async (window, range, data, sizeMax) => {
        const spec = parseWindowSpec(window, openZone('Europe/Paris'));
        const chunks = await Array.fromAsync(spanChunks(spec, range, data, everywhere, () => sizeMax));
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

  it('are none without data', async () => {
    const spec = parseWindowSpec({ window: '1h' }, openZone('UTC'));
    const chunks = spanChunks(spec, { fromMs: 0, toMs: HOUR }, undefined, everywhere, () => 5);
    expect(await Array.fromAsync(chunks)).toEqual([]);
  });

  it('are each once that holds something, and few beside them, however far apart data are', async () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 26 * 365 * 24 * 60 }), { minLength: 1, maxLength: 5 });
    const minutely = fc.constantFrom({ window: '1m' }, { window: '5m' }, { window: '10m', every: '3m' });
    await fc.assert(
      fc.asyncProperty(minutely, places, async (window, minutes) => {
        const spec = parseWindowSpec(window, openZone('Europe/Paris'));
        const held = minutes.map((minute) => START + minute * 60_000).toSorted((a, b) => a - b);
        const data = { fromMs: held[0]!, toMs: held.at(-1)! + 60_000 };
        let looks = 0;
        const heldFrom = async (fromMs: number): Promise<number | undefined> => {
          looks++;
          return held.find((atMs) => atMs + 60_000 > fromMs);
        };
        const spans = (await Array.fromAsync(spanChunks(spec, data, data, heldFrom, () => 1_000))).flat();
        const expected = held.flatMap((atMs) => [...windowsOverlapping(spec, atMs, atMs + 60_000)]);
        const starts = spans.map(({ startMs }) => startMs);
        expect(new Set(starts)).toEqual(new Set(starts).union(new Set(expected.map(({ startMs }) => startMs))));
        expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
        expect(starts.length).toBeLessThanOrEqual(200 * held.length);
        expect(looks).toBeLessThanOrEqual(10 * held.length);
      }),
    );
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
