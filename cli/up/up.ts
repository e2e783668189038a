import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { DirectoryUnusable } from '#backbone/storage-errors.ts';
import { formatAddress, refuseBeyondLoopback } from '../address.ts';
import { type RunningEdge, startEdge } from '../compose/edge.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { loadConfig } from '../config/load-config.ts';
import { configSchema, type WeirConfig } from '../config/schema.ts';
import { openSimulatedSource } from '../edge/simulated-source.ts';
import { openLogger } from '../log/logger.ts';
import { stopSignal, type StopSignal, stopWithin } from '../stop-signal.ts';
import { writeOut } from '../terminal/write-out.ts';
import { weirVersion } from '../version.ts';
import { banner } from './banner.ts';
import { DEMO_BYTES_MAX, demoAgent, whenFull, withDemo } from './demo.ts';
import { checkPortIsFree } from './free-port.ts';
import type { UpFlags } from './up-flags.ts';

const DATA_DIR = '.weir/data';
const DASHBOARD_DIR = fileURLToPath(new URL('../../serving/dashboard/dist', import.meta.url));

/** `weir up`: every part of the server in this process, until it is stopped. Throws what keeps it from running. */
export async function up(flags: UpFlags): Promise<void> {
  refuseBeyondLoopback('--http', flags.http);
  refuseBeyondLoopback('--mqtt', flags.mqtt);
  const simulates = flags.simulate === 'none' ? undefined : flags.simulate;
  const config = await settledConfig(flags, simulates);
  await checkPortIsFree('--http', flags.http);
  await checkPortIsFree('--mqtt', flags.mqtt);
  const dataDir = dataDirOf(flags);
  await makeDataDir(dataDir);
  const logger = openLogger(flags.logLevel);
  using stopping = stopSignal(logger);
  const version = weirVersion();
  const { http, mqtt } = flags;
  const server = await startServer({ config, dataDir, http, mqtt, dashboardDir: DASHBOARD_DIR, version, logger });
  await writeOut(banner({ version, server, http, mqtt, dataDir, config, simulates }));
  const demo =
    simulates === undefined ? undefined : startDemo(simulates, config, dataDir, server, flags, logger, stopping);
  try {
    await Promise.race([
      stopping.asked,
      server.failed,
      ...(demo === undefined ? [] : [demo.then(() => stopping.asked)]),
    ]);
  } finally {
    stopping.stop();
    await stopWithin(
      Promise.allSettled([demo]).then(() => server.stop()),
      logger,
    );
  }
}

async function settledConfig(flags: UpFlags, simulates: string | undefined): Promise<WeirConfig> {
  const loaded = flags.config === undefined ? configSchema.parse({}) : (await loadConfig(flags.config)).config;
  const config = simulates === undefined ? loaded : withDemo(loaded, simulates);
  if (flags.backbone === undefined) return config;
  const { partitions } = config.backbone;
  if (flags.backbone.kind === 'embedded') return { ...config, backbone: { kind: 'embedded', partitions } };
  const monitor = config.backbone.kind === 'nats' ? config.backbone.monitor : undefined;
  return { ...config, backbone: { kind: 'nats', servers: [...flags.backbone.servers], partitions, monitor } };
}

/** Where everything is stored: as named, else beside the configuration, else in the working directory. */
function dataDirOf({ data, config }: UpFlags): string {
  if (data !== undefined) return resolve(data);
  return resolve(config === undefined ? '.' : dirname(config), DATA_DIR);
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await makeDirectory(dataDir);
  } catch (error) {
    throw new DirectoryUnusable(dataDir, error);
  }
}

/** Runs the simulated agent until the stop, or until the demonstration has used up its share of the disk. */
async function startDemo(
  scenario: string,
  config: WeirConfig,
  dataDir: string,
  server: RunningServer,
  { mqtt }: UpFlags,
  logger: Logger,
  { signal }: StopSignal,
): Promise<void> {
  const agent = demoAgent(
    scenario,
    `mqtt://${formatAddress({ ...mqtt, port: server.mqttPort })}`,
    join(dataDir, 'simulator'),
  );
  const log = logger.child({ part: 'simulator' });
  await using edge: RunningEdge = await startEdge({
    agent,
    metrics: config.metrics,
    folder: dataDir,
    logger: log,
    sources: (around) => Promise.resolve([openSimulatedSource('simulate', { scenario }, around)]),
  });
  const ended = new AbortController();
  try {
    await Promise.race([edge.ended, whenFull(dataDir, DEMO_BYTES_MAX, AbortSignal.any([signal, ended.signal]))]);
  } finally {
    ended.abort();
  }
  if (!signal.aborted)
    log.warn(
      { dataDir, bytesMax: DEMO_BYTES_MAX },
      'the simulation has used up its share of the disk and pauses; remove the data directory to begin anew',
    );
}
