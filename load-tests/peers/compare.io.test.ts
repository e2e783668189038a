import { describe, expect, it } from 'vitest';
import { measurePeer, prepareShape } from './compare.ts';
import { duckDb } from './duckdb.ts';
import { edgeBytes } from './edge-bytes.ts';
import type { Peer } from './peer.ts';
import { readingsOf } from './shape-readings.ts';
import { SHAPE_NAMES, type ShapeName, shapeOf } from './shapes.ts';
import { weir } from './weir.ts';

async function answersOf(peer: Peer, name: ShapeName) {
  await using prepared = await prepareShape(shapeOf(name, 'tiny'));
  const found = await peer.locate();
  if (found.kind === 'missing') throw new Error(found.message);
  const { answers } = await measurePeer(peer.name, found, prepared);
  return answers;
}

describe('the comparison', () => {
  it.each(SHAPE_NAMES)(
    'finds that DuckDB answers exactly what is true: %s',
    async (name) => {
      const answers = await answersOf(duckDb, name);
      expect(answers.map(({ different, inexact }) => [different, inexact])).toEqual([
        [0, 0],
        [0, 0],
      ]);
      expect(answers.every(({ rows }) => rows > 100)).toBe(true);
    },
    60_000,
  );

  it.each(['counters', 'month'] as const)(
    'finds that Weir answers exactly what is true: %s',
    async (name) => {
      const answers = await answersOf(weir, name);
      expect(answers.map(({ example, inexact }) => [example, inexact])).toEqual([
        [undefined, 0],
        [undefined, 0],
      ]);
    },
    60_000,
  );

  it('weighs a message in every encoding', async () => {
    const shape = shapeOf('sensors', 'tiny');
    const weighed = await edgeBytes(shape, readingsOf(shape));
    const of = (encoding: string): number => weighed.findLast((one) => one.encoding === encoding)!.bytesPerReading;
    // A bare array of such objects has 84 bytes a reading; whoever packs it has less.
    expect(of('JSON')).toBeGreaterThan(70);
    expect(of('JSON, zstd')).toBeLessThan(of('JSON') / 3);
    expect(of('frame of Weir')).toBeLessThan(of('Parquet, zstd'));
    expect(of('Sparkplug B')).toBeGreaterThan(16);
  });
});
