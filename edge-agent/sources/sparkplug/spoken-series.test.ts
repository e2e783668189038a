import { beforeEach, describe, expect, it } from 'vitest';
import { SpokenSeries } from './spoken-series.ts';

type Said = readonly [series: number, timeMs: number];

let spoken: SpokenSeries;

beforeEach(() => void (spoken = new SpokenSeries()));

const of = (node: string, device: string | null = null) => ({ group: 'plant', node, device });

function says(node: string, device: string | null, ...said: readonly Said[]): void {
  const entry = Int32Array.from(said, ([series]) => series);
  const timeMs = Float64Array.from(said, ([, atMs]) => atMs);
  spoken.heard(of(node, device), { entry, timeMs }, 0, said.length);
}

describe('the series that nodes and devices speak of', () => {
  it('break off with their device alone, or with their node', () => {
    says('line1', 'press', [0, 10], [1, 20]);
    says('line1', 'oven', [2, 10]);
    says('line1', null, [3, 10]);
    says('line2', 'press', [4, 10]);
    expect(spoken.end(of('line1', 'press'), 100)).toEqual([
      { entry: 0, atMs: 100 },
      { entry: 1, atMs: 100 },
    ]);
    expect(spoken.end(of('line1'), 200)).toEqual([
      { entry: 2, atMs: 200 },
      { entry: 3, atMs: 200 },
    ]);
    expect(spoken.end(of('line1'), 300)).toEqual([]);
    says('line1', 'press', [1, 400]);
    expect(spoken.end(of('line1'), 500)).toEqual([{ entry: 1, atMs: 500 }]);
  });

  it('break off after all that was said of them, though its clock is ahead', () => {
    says('line1', 'press', [0, 900], [0, 700], [1, 20]);
    expect(spoken.end(of('line1'), 100)).toEqual([
      { entry: 0, atMs: 901 },
      { entry: 1, atMs: 100 },
    ]);
  });

  it('break off once where they have no value, until something is said of them after it', () => {
    says('line1', 'press', [0, 10]);
    expect(spoken.lapse(0, 20)).toEqual({ entry: 0, atMs: 20 });
    expect(spoken.lapse(0, 20)).toBeUndefined();
    expect(spoken.lapse(0, 30)).toBeUndefined();
    says('line1', 'press', [0, 19]);
    expect(spoken.lapse(0, 40)).toBeUndefined();
    says('line1', 'press', [0, 50]);
    expect(spoken.lapse(0, 60)).toEqual({ entry: 0, atMs: 60 });
    says('line1', 'press', [0, 70]);
    // What comes late breaks off where it says, and not what was said after it.
    expect(spoken.lapse(0, 65)).toEqual({ entry: 0, atMs: 65 });
    expect(spoken.lapse(0, 80)).toEqual({ entry: 0, atMs: 80 });
  });

  it('are of who spoke of them last', () => {
    says('line1', 'press', [0, 10]);
    says('line2', 'press', [0, 20]);
    expect(spoken.end(of('line1'), 100)).toEqual([]);
    expect(spoken.end(of('line2'), 100)).toEqual([{ entry: 0, atMs: 100 }]);
  });
});
