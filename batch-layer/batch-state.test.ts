import { describe, expect, it } from 'vitest';
import {
  BATCH_STATES_KEPT,
  type BatchState,
  type ManifestVersion,
  type ResultRef,
} from '#backbone/manifests/manifest.ts';
import { mergedFrom, namedResults, publishResults, RESULTS_MAX, rollBackResults, rowsKeptFrom } from './batch-state.ts';
import { SAMPLE_VIEWS } from './batch-world.fixtures.ts';

function refOf(kind: 'base' | 'delta', from: number, to: number): ResultRef {
  return { name: `${kind}-${from}-${to}`, from: [from], to: [to], readings: 1, madeAtMs: 0, kind };
}

const NEW: ManifestVersion = {
  version: 1,
  view: SAMPLE_VIEWS[0]!,
  fingerprint: 'f',
  state: 'live',
  batch: { results: [], cut: [0], publishedAtMs: 0 },
  history: [],
};

/** Publishes what a run at the cut `to` makes. */
function run(version: ManifestVersion, to: number, full: boolean): ManifestVersion {
  const before = version.batch;
  const from = before.cut[0]!;
  const base = full || before.results.length === 0 ? refOf('base', 0, to) : undefined;
  const delta = before.results.length === 0 ? undefined : refOf('delta', from, to);
  return publishResults(version, { before, base, delta, cut: [to], atMs: to });
}

function told({ results, cut }: BatchState): string {
  return `${results.map(({ name }) => name).join(' ')} @${cut[0]}`;
}

describe('publishing', () => {
  it('appends deltas to the base, and keeps the states before', () => {
    const version = run(run(run(NEW, 10, false), 20, false), 30, false);
    expect(told(version.batch)).toBe('base-0-10 delta-10-20 delta-20-30 @30');
    expect(version.history.map(told)).toEqual(['base-0-10 delta-10-20 @20', 'base-0-10 @10']);
  });

  it('a new base keeps what it replaces, brought to the same cut', () => {
    const version = run(run(NEW, 10, false), 20, true);
    expect(told(version.batch)).toBe('base-0-20 @20');
    expect(version.history.map(told)).toEqual(['base-0-10 delta-10-20 @20', 'base-0-10 @10']);
    expect(namedResults({ view: 'v', versions: [version] })).toEqual(
      new Set(['base-0-20', 'base-0-10', 'delta-10-20']),
    );
  });

  it('keeps no more states than the limit', () => {
    let version = NEW;
    for (let to = 10; to <= 300; to += 10) version = run(version, to, false);
    expect(version.history).toHaveLength(BATCH_STATES_KEPT);
    expect(version.history[0]!.cut).toEqual([290]);
  });

  it('keeps fewer states where it is told so, the newest', () => {
    const made = run(run(run(NEW, 10, false), 20, false), 30, false);
    const delta = { name: 'd', from: [30], to: [40], readings: 1, madeAtMs: 40, kind: 'delta' } as const;
    const { history } = publishResults(made, { before: made.batch, delta, cut: [40], atMs: 40 }, 2);
    expect(history.map(({ cut }) => cut)).toEqual([[30], [20]]);
  });
});

describe('merging results', () => {
  it('takes the fewest of the newest that are half as large as the one before, else all', () => {
    expect(mergedFrom([1000, 10, 10, 10])).toBe(1);
    expect(mergedFrom([1000, 300, 80, 20, 20])).toBe(3);
    expect(mergedFrom([1000, 300, 79, 20, 20])).toBe(2);
    expect(mergedFrom([100, 40, 20, 20])).toBe(0);
    expect(mergedFrom([100, 10])).toBe(0);
  });

  it('writes for each run a few times what is new, however long the history', () => {
    const written: number[] = [];
    let sizes = [1];
    for (let run = 0; run < 20_000; run++) {
      sizes = [...sizes, 1];
      written.push(1);
      if (sizes.length <= RESULTS_MAX) continue;
      const from = mergedFrom(sizes);
      const merged = sizes.slice(from).reduce((sum, size) => sum + size, 0);
      sizes = [...sizes.slice(0, from), merged];
      written[run]! += merged;
    }
    const mean = (runs: readonly number[]): number => runs.reduce((sum, one) => sum + one, 0) / runs.length;
    expect(mean(written.slice(0, 1000))).toBeLessThan(12);
    expect(mean(written)).toBeLessThan(12);
  });

  it('keeps what is replaced, brought to the same cut', () => {
    const version = run(run(NEW, 10, false), 20, false);
    const merged = [refOf('base', 0, 10), refOf('delta', 10, 30)];
    const made = { before: version.batch, delta: refOf('delta', 20, 30), merged, cut: [30], atMs: 30 };
    const published = publishResults(version, made);
    expect(told(published.batch)).toBe('base-0-10 delta-10-30 @30');
    expect(published.history.map(told)[0]).toBe('base-0-10 delta-10-20 delta-20-30 @30');
  });
});

describe('rolling back', () => {
  it('an incremental run goes back to the state before it, whose rows the speed layer still has', () => {
    const version = run(run(run(NEW, 10, false), 20, false), 30, false);
    expect(rowsKeptFrom(version)).toEqual([20]);
    const back = rollBackResults(version, 99)!;
    expect(told(back.batch)).toBe('base-0-10 delta-10-20 @20');
    expect(back.history.map(told)[0]).toBe('base-0-10 delta-10-20 delta-20-30 @30');
  });

  it('a full run goes back to the results before it with the deltas of later epochs', () => {
    const version = run(run(run(NEW, 10, false), 20, true), 30, false);
    expect(told(version.batch)).toBe('base-0-20 delta-20-30 @30');
    const once = rollBackResults(version, 99)!;
    expect(told(once.batch)).toBe('base-0-20 @20');
    const older = { ...version, history: version.history.slice(1) };
    expect(told(rollBackResults(older, 99)!.batch)).toBe('base-0-10 delta-10-20 @20');
  });

  it('never ends before the rows that the speed layer still has', () => {
    let version = run(run(NEW, 10, false), 20, false);
    version = run(run(version, 30, true), 40, false);
    const rowsFrom = rowsKeptFrom(version)[0]!;
    for (let times = 0; times < 6; times++) {
      version = rollBackResults(version, 99)!;
      expect(version.batch.cut[0]).toBeGreaterThanOrEqual(rowsFrom);
    }
  });

  it('twice goes forward again', () => {
    const version = run(run(NEW, 10, false), 20, true);
    expect(told(rollBackResults(rollBackResults(version, 1)!, 2)!.batch)).toBe(told(version.batch));
  });

  it('finds nothing before the first result', () => {
    expect(rollBackResults(NEW, 1)).toBeUndefined();
    expect(rollBackResults(run(NEW, 10, false), 1)).toBeUndefined();
  });

  it('does without the rest of a state whose later delta is gone', () => {
    const [newest, middle, oldest] = [40, 30, 20].map((to) => ({
      results: [refOf('base', 0, to)],
      cut: [to],
      publishedAtMs: 0,
    }));
    const version = { ...NEW, batch: newest!, history: [oldest!, middle!] };
    expect(told(rollBackResults(version, 1)!.batch)).toBe('base-0-30 @30');
  });
});
