import { statfs } from 'node:fs/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Fullness } from '#backbone/flow/fullness.ts';
import type { BatchRuns } from '#batch-layer/batch-layer.ts';
import type { StoreStatus } from '#view-stores/store-status.ts';
import type { ServerStatus } from './server-status.ts';

/** What is measured of a server beside what its parts measure themselves. */
export interface MeasuredServer {
  readonly status: () => Omit<ServerStatus, 'holds'>;
  readonly fullness: () => readonly Fullness[];
  readonly holds: () => Promise<ServerStatus['holds']>;
  readonly batchRuns: () => BatchRuns;
  readonly dataDir: string;
}

/** A value with the labels that tell it apart. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Registers gauges and counters that are read when they are asked for. */
class Measures {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  gauge(
    name: string,
    help: string,
    labelNames: string[],
    samples: () => Iterable<Sample> | Promise<Iterable<Sample>>,
  ): void {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: async () => {
        const told = await samples();
        one.reset();
        // One without labels is 0 after that, which nobody has said.
        if (labelNames.length === 0) one.remove();
        for (const [labels, value] of told) one.set(labels, value);
      },
    });
  }

  counter(name: string, help: string, labelNames: string[], samples: () => Iterable<Sample>): void {
    const one: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        one.reset();
        for (const [labels, value] of samples()) one.inc(labels, value);
      },
    });
  }
}

/** Measures a server: its process and disk, log and fold, batch runs and stores. Names and units are Prometheus' own conventions. */
export function measureServer(registry: Registry, server: MeasuredServer): void {
  const measures = new Measures(registry);
  measureProcess(measures, server);
  measureLog(measures, server.status);
  measureBatch(measures, server.batchRuns);
  measureFullness(measures, server.fullness);
  measureStores(measures, () => server.status().stores);
}

function measureProcess(measures: Measures, { status, holds, dataDir }: MeasuredServer): void {
  const startSeconds = Date.parse(status().startedAt) / 1_000;
  measures.gauge('weir_build_info', 'What runs', ['version'], () => [[{ version: status().version }, 1]]);
  measures.gauge('process_start_time_seconds', 'When the process started', [], () => [[{}, startSeconds]]);
  measures.gauge('process_resident_memory_bytes', 'Memory that the process has', [], () => [
    [{}, process.memoryUsage.rss()],
  ]);
  measures.counter('process_cpu_seconds_total', 'Time of processors that the process has used', [], () => {
    const { user, system } = process.cpuUsage();
    return [[{}, (user + system) / 1e6]];
  });
  const disk = (name: string, help: string, blocks: 'bavail' | 'blocks'): void =>
    measures.gauge(name, help, [], async () => {
      const found = await statfs(dataDir).catch(() => undefined);
      // Of a disk that can't be asked nothing is told: no number would be true.
      return found === undefined ? [] : [[{}, found[blocks] * found.bsize]];
    });
  disk('weir_data_disk_free_bytes', 'What is free of the disk that the data directory is on', 'bavail');
  disk('weir_data_disk_size_bytes', 'The size of the disk that the data directory is on', 'blocks');
  measures.gauge('weir_held_bytes', 'What the server holds on its own disk, by kind', ['store'], async () =>
    (await holds()).flatMap(({ store, bytes }): Sample[] => (bytes === null ? [] : [[{ store }, bytes]])),
  );
}

function measureFullness(measures: Measures, fullness: MeasuredServer['fullness']): void {
  const gauge = (name: string, help: string, value: (one: Fullness) => number): void =>
    measures.gauge(name, help, ['of'], () => fullness().map((one) => [{ of: one.of }, value(one)]));
  gauge('weir_bounded_held', 'How much is held of what is bounded in memory: queues, caches', ({ held }) => held);
  gauge('weir_bounded_max', 'How much of it may be held', ({ max }) => max);
}

function measureLog(measures: Measures, status: MeasuredServer['status']): void {
  measures.gauge('weir_log_position', 'Position of the last record that the log has acknowledged', ['partition'], () =>
    status().acknowledged.map((position, partition) => [{ partition: String(partition) }, position]),
  );
  measures.gauge('weir_fold_position', 'Position up to which the log is folded and committed', ['partition'], () =>
    status().partitions.map(({ partition, committed }) => [{ partition: String(partition) }, committed]),
  );
  measures.counter('weir_folded_readings_total', 'Readings that were folded', ['partition'], () =>
    status().partitions.map(({ partition, readings }) => [{ partition: String(partition) }, readings]),
  );
  measures.counter('weir_broker_frames_total', 'Frames in the log, by verdict', ['verdict'], () => {
    const { framesAccepted, framesRefused } = status().broker;
    return [
      [{ verdict: 'accepted' }, framesAccepted],
      [{ verdict: 'refused' }, framesRefused],
    ];
  });
  measures.counter('weir_broker_frame_bytes_total', 'Bytes of the frames in the log', [], () => [
    [{}, status().broker.frameBytes],
  ]);
  measures.counter('weir_broker_appends_failed_total', 'Messages that the log did not take', [], () => [
    [{}, status().broker.appendsFailed],
  ]);
  measures.counter('weir_broker_logins_refused_total', 'Clients that were not who they said to be', [], () => [
    [{}, status().broker.loginsRefused],
  ]);
  const help = 'Connections cut before they showed who they are, since their address had too many';
  measures.counter('weir_broker_strangers_cut_total', help, [], () => [[{}, status().broker.strangersCut]]);
}

function measureBatch(measures: Measures, runs: () => BatchRuns): void {
  measures.counter('weir_batch_runs_total', 'Batch runs that have ended, by outcome', ['outcome'], () => [
    [{ outcome: 'done' }, runs().done],
    [{ outcome: 'failed' }, runs().failed],
  ]);
  measures.gauge('weir_batch_last_success_timestamp_seconds', 'When the last batch run was done', [], () => {
    const { doneAtMs } = runs();
    return doneAtMs === undefined ? [] : [[{}, doneAtMs / 1_000]];
  });
  measures.gauge('weir_batch_last_duration_seconds', 'How long the last batch run took', [], () => {
    const { tookMs } = runs();
    return tookMs === undefined ? [] : [[{}, tookMs / 1_000]];
  });
}

function measureStores(measures: Measures, stores: () => readonly StoreStatus[]): void {
  const samples = (value: (status: StoreStatus) => number) => (): readonly Sample[] =>
    stores().map((status) => [{ store: status.store }, value(status)]);
  const labels = ['store'];
  measures.gauge(
    'weir_store_up',
    'Whether a view store takes what it is told',
    labels,
    samples(({ state }) => (state === 'failing' ? 0 : 1)),
  );
  measures.gauge(
    'weir_store_behind_seconds',
    'For how long something has waited to be told to a view store',
    labels,
    samples((status) => status.behindSeconds),
  );
  measures.gauge(
    'weir_store_untold_slices',
    'Slices that a view store is still to be told, about',
    labels,
    samples(({ untold }) => untold ?? Number.POSITIVE_INFINITY),
  );
  measures.counter(
    'weir_store_slices_total',
    'Slices that a view store has acknowledged',
    labels,
    samples(({ written }) => written),
  );
  measures.counter(
    'weir_store_forgotten_slices_total',
    'Slices that are older than a view store keeps anything',
    labels,
    samples(({ forgotten }) => forgotten),
  );
  measures.counter(
    'weir_store_failures_total',
    'Requests to a view store that failed',
    labels,
    samples(({ failures }) => failures),
  );
}
