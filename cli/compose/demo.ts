import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { bytesIn } from '#backbone/disk/directory.ts';
import { type Metric, UNBOUNDED } from '#core/metrics/metric.ts';
import { declareSource } from '#edge-agent/sources/source-kind.ts';
import { metricsOfScenario } from '#simulators/simulators.ts';
import { type Address, formatAddress } from '../address.ts';
import type { WeirConfig } from '../config/schema.ts';
import { startEdge } from './edge.ts';
import { SIMULATE } from './simulate-kind.ts';

/** What the simulated meters' readings are kept for telling repeats: no fault of theirs repeats one after half a day. */
const REPEAT_HORIZON_MS = 12 * 3_600_000;
const PANE_MS = 10_000;
const MINUTE_MS = 60_000;
/** What the simulated agent may hold that the server has not acknowledged: hours of its readings. */
const SPOOL_BYTES = 64_000_000;
/** What a demonstration may take of a disk: some weeks of two hundred meters. */
const DEMO_BYTES_MAX = 2_000_000_000;
const LOOK_EVERY_MS = 60_000;

type DemoConfig = Pick<WeirConfig, 'metrics' | 'views' | 'backbone'>;

/**
 * The configuration with what a demonstration needs: the metrics that the simulated meters read, where they are not
 * declared, and a view to look at, where there is none. Throws UnknownScenarioError.
 */
export function withDemo<Config extends DemoConfig>(config: Config, scenario: string): Config {
  const read = metricsOfScenario(scenario);
  const metrics = new Map([...read.map((metric) => [metric.name, asDeclared(metric)] as const), ...config.metrics]);
  const views =
    config.views.length > 0
      ? config.views
      : [{ name: 'usage-by-region', metric: 'usage', by: ['region'], where: {}, sliceMs: MINUTE_MS }];
  return { ...config, metrics, views };
}

/**
 * A simulated metric as a configuration would declare it. Its readings are sent as they are: a pane of so few would be
 * sent as readings anyway, but only once it is over, and a dashboard is looked at now.
 */
export function asDeclared(metric: ReturnType<typeof metricsOfScenario>[number]): Metric {
  return {
    ...metric,
    quantiles: false,
    paneMs: PANE_MS,
    send: 'readings',
    excess: 'round',
    repeatHorizonMs: REPEAT_HORIZON_MS,
    ...UNBOUNDED,
  };
}

/** What a demonstration runs on. */
export interface DemoOptions {
  readonly scenario: string;
  readonly metrics: WeirConfig['metrics'];
  readonly dataDir: string;
  /** Where the server listens to agents. */
  readonly broker: Address;
  readonly logger: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Runs the simulated agent until the signal, or until the demonstration has used up its share of the disk. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { scenario, metrics, dataDir, broker, signal } = options;
  const logger = options.logger.child({ part: 'simulator' });
  await using edge = await startEdge({
    agent: {
      id: `simulate-${scenario}`,
      broker: `mqtt://${formatAddress(broker)}`,
      spool: { dir: join(dataDir, 'simulator'), bytes: SPOOL_BYTES },
    },
    metrics,
    folder: dataDir,
    logger,
    sources: [['simulate', declareSource(SIMULATE, { kind: 'simulate', scenario })]],
  });
  const ended = new AbortController();
  try {
    await Promise.race([edge.ended, whenFull(dataDir, DEMO_BYTES_MAX, AbortSignal.any([signal, ended.signal]))]);
  } finally {
    ended.abort();
  }
  if (!signal.aborted) {
    logger.warn(
      { dataDir, bytesMax: DEMO_BYTES_MAX },
      'the simulation has used up its share of the disk and pauses; remove the data directory to begin anew',
    );
  }
}

/** Resolves once the directory holds `bytesMax` or more, or when the signal aborts. */
export async function whenFull(dir: string, bytesMax: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await bytesIn(dir)) < bytesMax) {
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
