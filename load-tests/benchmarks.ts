import type { Figure } from './measure.ts';

/** A measurement that `weir bench` knows. */
export interface Benchmark {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** Measures; what it needs on disk it makes in a temporary directory and removes. */
  readonly run: () => Promise<readonly Figure[]>;
}

function benchmark(name: string, summary: string, run: Benchmark['run']): Benchmark {
  return { name, summary, run };
}

/** The benchmarks there are. Each loads what it measures only when it runs. */
export const BENCHMARKS: readonly Benchmark[] = [
  benchmark('fold', 'decode and fold frames of 1 s data of 1,000 series into 1 min windows, on one core', async () =>
    (await import('./benchmarks/fold.bench.ts')).benchFold(),
  ),
  benchmark('recompute', 'recompute a day of 1,000 series from the archive, as `weir batch --full` does', async () =>
    (await import('./benchmarks/recompute.bench.ts')).benchRecompute(),
  ),
  benchmark(
    'ingest',
    'read a CSV file of 1,000 series with `weir edge --once` into `weir up`, each a process',
    async () => (await import('./benchmarks/ingest.bench.ts')).benchIngest(),
  ),
  benchmark('size', 'bytes per reading of the household file on the wire and in the archive', async () =>
    (await import('./benchmarks/size.bench.ts')).benchSize(),
  ),
  benchmark('query', 'a week of 1 h windows over 1,000 series by region, at the server', async () =>
    (await import('./benchmarks/query.bench.ts')).benchQuery(),
  ),
  benchmark('latency', 'from a reading that an idle agent is handed to the changed window at a subscriber', async () =>
    (await import('./benchmarks/latency.bench.ts')).benchLatency(),
  ),
];
