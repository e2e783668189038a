import type { Figure } from './measure.ts';

/** A measurement that `weir bench` knows. */
export interface Benchmark {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** Whether it takes minutes, and so runs only where it is named. */
  readonly isLong?: true;
  /** Measures; what it needs on disk it makes in a temporary directory and removes. */
  readonly run: () => Promise<readonly Figure[]>;
}

/** The benchmarks there are. Each loads what it measures only when it runs. */
export const BENCHMARKS: readonly Benchmark[] = [
  {
    name: 'fold',
    summary: 'decode and fold frames of 1 s data of 1,000 series into 1 min windows by region, on one core',
    run: async () => (await import('./benchmarks/fold.bench.ts')).benchFold(),
  },
  {
    name: 'fold-by-device',
    summary: 'the same into 1 min windows of each device, beside those by region',
    run: async () => (await import('./benchmarks/fold.bench.ts')).benchFoldByDevice(),
  },
  {
    name: 'fold-live-by-device',
    summary: 'the same of frames as an agent sends them live',
    run: async () => (await import('./benchmarks/fold.bench.ts')).benchFoldLiveByDevice(),
  },
  {
    name: 'recompute',
    summary: 'recompute a day of 1,000 series from the archive, as `weir batch --full` does',
    run: async () => (await import('./benchmarks/recompute.bench.ts')).benchRecompute(),
  },
  {
    name: 'recompute-by-device',
    summary: 'the same for a view by device, beside one by region',
    run: async () => (await import('./benchmarks/recompute.bench.ts')).benchRecomputeByDevice(),
  },
  {
    name: 'ingest',
    summary: 'read a CSV file of 1,000 series with `weir edge --once` into `weir up`, each a process',
    run: async () => (await import('./benchmarks/ingest.bench.ts')).benchIngest(),
  },
  {
    name: 'ingest-by-device',
    summary: 'the same with a view by device, beside one by region',
    run: async () => (await import('./benchmarks/ingest.bench.ts')).benchIngestByDevice(),
  },
  {
    name: 'size',
    summary: 'bytes per reading of the household file on the wire and in the archive',
    run: async () => (await import('./benchmarks/size.bench.ts')).benchSize(),
  },
  {
    name: 'query',
    summary: 'a week of 1 h windows over 1,000 series by region, at the server',
    run: async () => (await import('./benchmarks/query.bench.ts')).benchQuery(),
  },
  {
    name: 'query-by-device',
    summary: 'a week of 1 h windows of one of 1,000 devices, and of all as CSV, at the server',
    run: async () => (await import('./benchmarks/query.bench.ts')).benchQueryByDevice(),
  },
  {
    name: 'latency',
    summary: 'from a reading that an idle agent is handed to the changed window at a subscriber',
    run: async () => (await import('./benchmarks/latency.bench.ts')).benchLatency(),
  },
  {
    name: 'restart',
    summary: 'from the start of `weir up` until it is ready, with 300,000 rows of 1,000 devices, and with none',
    run: async () => (await import('./benchmarks/restart.bench.ts')).benchRestart(),
  },
  {
    name: 'year',
    summary:
      'a year of 1,000 meters every 15 min: taking in, memory, disk, restart, and its days by device and by region',
    isLong: true,
    run: async () => (await import('./benchmarks/year.bench.ts')).benchYear(),
  },
];
