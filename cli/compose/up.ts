import { fileURLToPath } from 'node:url';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { DirectoryUnusable } from '#backbone/storage-errors.ts';
import { type Address, checkOpenness, checkPortIsFree } from '../address.ts';
import type { LogFlag } from '../commands/flags.ts';
import { loadConfig } from '../config/load-config.ts';
import { configSchema, type WeirConfig } from '../config/schema.ts';
import { dataDirOf } from '../data-dir.ts';
import { UserError } from '../failure.ts';
import { openLogger } from '../logger.ts';
import { stopSignal, stopWithin } from '../stop-signal.ts';
import { banner } from '../terminal/banner.ts';
import { writeOut } from '../terminal/output.ts';
import { weirVersion } from '../version.ts';
import { runDemo, withDemo } from './demo.ts';
import { startServer } from './server.ts';

const DASHBOARD_DIR = fileURLToPath(new URL('../../serving/dashboard/dist', import.meta.url));

/** What `weir up` is told. */
export interface UpFlags extends LogFlag {
  readonly config?: string;
  readonly data?: string;
  readonly http: Address;
  readonly mqtt: Address;
  readonly backbone?: BackboneFlag;
  readonly simulate: string;
}

/** A backbone named on the command line, in place of the configuration's. */
export type BackboneFlag =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'nats'; readonly servers: readonly [string] };

/** `weir up`: every part of the server in this process, until it is stopped. Throws what keeps it from running. */
export async function up(flags: UpFlags): Promise<void> {
  const { config: declared, folder } =
    flags.config === undefined ? { config: configSchema.parse({}), folder: '.' } : await loadConfig(flags.config);
  const config = settledConfig(declared, flags);
  checkOpenness('--http', flags.http, config);
  checkOpenness('--mqtt', flags.mqtt, config);
  refuseStrangeDemo(flags, config);
  await checkPortIsFree('--http', flags.http);
  await checkPortIsFree('--mqtt', flags.mqtt);
  const dataDir = dataDirOf(flags);
  await makeDataDir(dataDir);
  const logger = openLogger(flags.logLevel);
  using stopping = stopSignal(logger);
  const version = weirVersion();
  const { http, mqtt } = flags;
  const simulates = simulatedBy(flags);
  const server = await startServer({
    config,
    folder,
    dataDir,
    http,
    mqtt,
    dashboardDir: DASHBOARD_DIR,
    version,
    logger,
  });
  await writeOut(banner({ version, server, http, mqtt, dataDir, config, simulates }));
  const demo =
    simulates === undefined
      ? undefined
      : runDemo({
          scenario: simulates,
          metrics: config.metrics,
          dataDir,
          broker: { ...mqtt, port: server.mqttPort },
          logger,
          signal: stopping.signal,
        });
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

/** The simulated fleet shows neither token nor certificate. Throws UserError. */
function refuseStrangeDemo(flags: UpFlags, { identity, tls }: WeirConfig): void {
  if (simulatedBy(flags) === undefined || (identity === 'none' && tls === undefined)) return;
  throw new UserError(
    '--simulate runs a fleet that can not say who it is; leave it out, or `identity` and `tls` in the configuration',
    { exitCode: 2 },
  );
}

/** The fleet that is simulated beside the server. */
function simulatedBy({ simulate }: Pick<UpFlags, 'simulate'>): string | undefined {
  return simulate === 'none' ? undefined : simulate;
}

/**
 * A configuration as the flags change it: with what a simulated fleet needs, and with another backbone, which keeps the
 * number of partitions. Throws UnknownScenarioError.
 */
export function settledConfig(declared: WeirConfig, flags: Pick<UpFlags, 'simulate' | 'backbone'>): WeirConfig {
  const simulates = simulatedBy(flags);
  const config = simulates === undefined ? declared : withDemo(declared, simulates);
  if (flags.backbone === undefined) return config;
  const { partitions } = config.backbone;
  if (flags.backbone.kind === 'embedded') return { ...config, backbone: { kind: 'embedded', partitions } };
  const { monitor, credentials, ca } = config.backbone.kind === 'nats' ? config.backbone : {};
  const servers = [...flags.backbone.servers];
  return { ...config, backbone: { kind: 'nats', servers, partitions, monitor, credentials, ca } };
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await makeDirectory(dataDir);
  } catch (error) {
    throw new DirectoryUnusable(dataDir, error);
  }
}
