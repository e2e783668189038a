import { describe, expect, it } from 'vitest';
import type { ReadingBatch, Source } from '#edge-agent/sources/source.ts';
import { configSchema } from '../config/schema.ts';
import { describePreview, previewSource } from './source-preview.ts';

const { metrics } = configSchema.parse({
  metrics: { power: { unit: 'kW', decimals: 2, kind: 'gauge', interval: '1m' } },
});

/** A source of batches of `rows` rows each, with a reading and a refusal for each row, that counts what is taken. */
function sourceOf(batches: number, rows: number): { readonly source: Source; taken: number } {
  const tallies = { rows, readings: rows, missing: 1, quarantined: rows, ambiguousTimes: 1, truncatedTimes: 2 };
  const fake = {
    taken: 0,
    source: {
      name: 'fake',
      async *batches(): AsyncGenerator<ReadingBatch> {
        for (let batch = 0; batch < batches; batch++) {
          fake.taken++;
          yield {
            count: rows,
            entry: new Int32Array(rows),
            timeMs: Float64Array.from({ length: rows }, (_, i) => (batch * rows + i) * 1_000),
            value: Float64Array.from({ length: rows }, (_, i) => 150 + i),
            refusals: Array.from({ length: rows }, (_, i) => ({ line: i, readings: 1, reason: 'no', text: 'x' })),
            tallies,
            checkpoint: {},
            watermarkMs: null,
          };
        }
      },
    } as unknown as Source,
  };
  return fake;
}

function preview(source: Source) {
  return previewSource((registry) => {
    const tags = { device: 'd', region: 'r' };
    expect(registry.intern({ metric: 'power', device: 'd', tags })).toBe(0);
    expect(registry.intern({ metric: 'power', device: 'e', tags: { ...tags, device: 'e' } })).toBe(1);
    expect(registry.intern({ metric: 'power', device: 'd', tags: { ...tags } })).toBe(0);
    return source;
  }, metrics);
}

describe('the preview of a file', () => {
  it('counts all of it, and shows its first readings and refusals', async () => {
    const seen = await preview(sourceOf(3, 4).source);
    expect(seen).toMatchObject({ isWhole: true, fromMs: 0, toMs: 11_000 });
    expect(seen.tallies).toEqual({
      rows: 12,
      readings: 12,
      missing: 3,
      quarantined: 12,
      ambiguousTimes: 3,
      truncatedTimes: 6,
    });
    expect(seen.readings.map(({ time }) => time.slice(17))).toEqual(['00Z', '01Z', '02Z', '03Z', '04Z']);
    expect(seen.readings[1]).toEqual({
      time: '1970-01-01T00:00:01Z',
      metric: 'power',
      tags: 'device=d region=r',
      value: '1.51 kW',
    });
    expect(seen.refusals.map(({ line }) => line)).toEqual([0, 1, 2, 3, 0]);
    expect(seen.series.map(({ device }) => device)).toEqual(['d', 'e']);
  });

  it('ends after some 200,000 rows, and says so', async () => {
    const fake = sourceOf(10, 100_000);
    const seen = await preview(fake.source);
    expect(fake.taken).toBe(2);
    expect(seen.isWhole).toBe(false);
    expect(describePreview(seen)[0]).toBe(
      '  200000 rows (the first 200000 or so): 200000 readings of 2 series, 2 missing, 200000 to quarantine, ' +
        '2 at a local time that is there twice, 4 with digits finer than a millisecond, cut',
    );
  });

  it('of a file without readings has neither span nor table', async () => {
    const seen = await preview(sourceOf(0, 0).source);
    expect(describePreview(seen)).toEqual(['  0 rows: 0 readings of 2 series, 0 missing, 0 to quarantine']);
  });
});
