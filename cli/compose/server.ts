import { join } from 'node:path';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import { DirectoryWatch } from '#backbone/disk/directory.ts';
import type { Fullness } from '#backbone/flow/fullness.ts';
import type { LogReport } from '#backbone/log/log.ts';
import { checkMetricsKept, declareView, type Manifest, ManifestStore } from '#backbone/manifests/manifest.ts';
import { openResultReader } from '#backbone/results/result-reader.ts';
import { WholeLog } from '#batch-layer/archive/whole-log.ts';
import { startBatchLayer } from '#batch-layer/batch-layer.ts';
import { type Broker, startBroker } from '#broker/broker.ts';
import { reasonOf, type WeirError } from '#core/errors.ts';
import { type Serving, startServing } from '#serving/serving.ts';
import { hasFolded } from '#speed-layer/fold-state.ts';
import { type SpeedLayer, startSpeedLayer } from '#speed-layer/speed-layer.ts';
import type { Address } from '../address.ts';
import { backupOf } from '../backup/take-backup.ts';
import type { WeirConfig } from '../config/schema.ts';
import { type Doors, openDoors } from './identity.ts';
import { checkResults } from './lost-results.ts';
import { measureServer } from './measure-server.ts';
import { Retention } from './retention.ts';
import type { ServerStatus } from './server-status.ts';
import { openStorage, type Storage } from './storage.ts';
import { Stores } from './stores.ts';
import { TrackedLog } from './tracked-log.ts';

export interface ServerOptions {
  readonly config: Pick<WeirConfig, 'metrics' | 'views' | 'backbone' | 'batch' | 'retention' | 'http'> &
    Partial<Pick<WeirConfig, 'stores' | 'identity' | 'tls' | 'plainText' | 'mqtt'>>;
  /** Where relative paths of the configuration start; the working directory unless given. */
  readonly folder?: string;
  readonly dataDir: string;
  readonly http: Address;
  readonly mqtt: Address;
  /** Bytes after which a segment of the archive is sealed; the archive's own measure unless given. */
  readonly segmentBytesMax?: number;
  /** Bytes of pages that are kept for answers; serving's own measure unless given. */
  readonly indexBytesMax?: number;
  readonly dashboardDir: string | undefined;
  readonly version: string;
  readonly logger: Logger;
}

/** Broker, speed layer, batch layer and serving in this process. */
export interface RunningServer extends AsyncDisposable {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** How many are enrolled and have tokens; undefined where nobody is asked who they are. */
  readonly known: { readonly agents: number; readonly tokens: number } | undefined;
  readonly log: LogReport;
  /** How full all is that is bounded in its memory. */
  fullness(): readonly Fullness[];
  /** Rejects when a part fails that the others can't do without; never resolves. */
  readonly failed: Promise<never>;
  /** Doors first, storage last. */
  stop(): Promise<void>;
}

/** Starts the server's parts on one backbone, storage first, doors last. Throws what its parts throw, with nothing left open. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, dataDir, version, logger } = options;
  const startedAt = new Date().toISOString();
  await using stack = new AsyncDisposableStack();
  const doors = await openDoors({ ...options, folder: options.folder ?? '.' }, stack);
  const storage = stack.use(await openStorage(config.backbone, dataDir, options.folder));
  const { log, objects, state, table } = storage;
  const report = await log.report();
  const manifests = new ManifestStore(state);
  const changes = await ChangeTable.open(table);
  const shared = { log, objects, changes, manifests, views: config.views, clock: Date.now, logger };
  // First of all who reads the log, since it appends again what the log has lost.
  const batch = stack.use(await startBatchLayer({ ...shared, ...archiveOf(options) }));
  const goal = await ends(storage);
  const whole = new WholeLog(log, batch.archive);
  await checkResults({ manifests, log: whole, ends: goal, isFolded: await hasFolded(table, log.partitions), logger });
  const views = await openViews(config, manifests, changes, goal);
  const writeFailed = (failure: WeirError): void =>
    logger.warn({ reason: reasonOf(failure) }, 'the fold can not read or store what it has to, and tries again');
  const speed = stack.use(await startSpeedLayer({ log: whole, changes, table, manifests, views, writeFailed }));
  const watch = stack.use(await DirectoryWatch.open(dataDir));
  batch.runByItself({ ...config.batch, rowsOpened: () => speed.rowsOpened() });
  const retention = stack.use(new Retention(options, changes));
  batch.trimByItself({ keptMs: retention.logKeptMs, readTo: (partition) => speed.committedTo(partition) });
  const tracked = new TrackedLog(log, goal);
  const broker = stack.use(await openBroker(options, doors, tracked, storage, speed));
  const stores = openStores(options);
  const registry = new Registry();
  const failure = failureOf(Promise.all([speed.running, batch.running]));
  let isReady = false;
  const status = (): Omit<ServerStatus, 'holds'> => ({
    version,
    startedAt,
    log: report,
    acknowledged: tracked.appended,
    partitions: speed.status(),
    broker: broker.counters,
    stores: stores.status(),
  });
  const serving = stack.use(
    await openServing(options, doors, {
      feed: changes,
      manifests,
      results: openResultReader(objects),
      presence: () => presenceOf(broker),
      operations: batch,
      orders: broker.orders,
      stores,
      backup: backupOf({ ...shared, batch, state, ends: () => ends(storage), dataDir, version }),
      status: async () => ({ ...status(), holds: await retention.holds() }),
      registry,
      whyNotKept: async () => failure.what() ?? (await watch.whyNotKept()),
      isReady: () => (isReady ||= speed.hasReached(goal)),
    }),
  );
  await stores.start(serving.slices);
  // What is told comes from serving, so serving ends after it.
  stack.use(stores);
  const fullness = (): readonly Fullness[] => [...broker.fullness(), ...serving.fullness()];
  measureServer(registry, { status, fullness, holds: () => retention.holds(), batchRuns: () => batch.runs, dataDir });
  const stop = stopOnce(stack.move());
  return {
    httpPort: serving.port,
    mqttPort: broker.port,
    known: doors.identity?.known.counts,
    log: report,
    fullness,
    failed: failure.failed,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Ends what is owned once, however often it is called. */
function stopOnce(owned: AsyncDisposableStack): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => (stopped ??= owned.disposeAsync());
}

/** The views of the configuration, declared over a log whose partitions end at `goal`. Throws MetricChanged. */
async function openViews(
  config: ServerOptions['config'],
  manifests: ManifestStore,
  changes: ChangeTable,
  goal: readonly number[],
): Promise<readonly Manifest[]> {
  await checkMetrics(config, manifests, changes);
  return await declareViews(config, manifests, goal);
}

/** Throws MetricChanged where views hold readings of a metric that means something else now. */
async function checkMetrics(
  { metrics }: ServerOptions['config'],
  manifests: ManifestStore,
  changes: ChangeTable,
): Promise<void> {
  await checkMetricsKept(await manifests.all(), metrics, async (view, version) => {
    for await (const _ of changes.members(view, version)) return true;
    return false;
  });
}

/** Declares the views of the configuration, over a log whose partitions end at `ends`. */
async function declareViews(
  { views, metrics }: ServerOptions['config'],
  manifests: ManifestStore,
  ends: readonly number[],
): Promise<readonly Manifest[]> {
  const holdsRecords = ends.some((last) => last > 0);
  const declared: Manifest[] = [];
  for (const view of views) {
    const metric = metrics.get(view.metric);
    const beside = metric === undefined ? { holdsRecords } : { metric, holdsRecords };
    declared.push(await manifests.change(view.name, (current) => declareView(current, view, ends.length, beside)));
  }
  return declared;
}

/** What ended the parts: `failed` rejects with it, `what` says it from then on. Parts that end in order tell nothing. */
function failureOf(running: Promise<unknown>): {
  readonly failed: Promise<never>;
  readonly what: () => string | undefined;
} {
  let what: string | undefined;
  const failed = new Promise<never>((_, reject) => void running.catch(reject));
  failed.catch((reason: unknown) => (what = reasonOf(reason)));
  return { failed, what: () => what };
}

function openBroker(
  { config, mqtt, logger }: ServerOptions,
  { identity, tls }: Doors,
  log: TrackedLog,
  { state }: Storage,
  speed: SpeedLayer,
): Promise<Broker> {
  return startBroker({
    listen: mqtt,
    log,
    claims: state,
    metrics: config.metrics,
    views: config.views,
    clock: Date.now,
    identity,
    tls,
    webSocket: config.mqtt?.websocket,
    logger: logger.child({ part: 'broker' }),
    ledgerHead: (agent) => Promise.resolve(speed.ledgerHead(agent)),
    wantedOf: async (agent, signal) => {
      await speed.whenFolded([...log.appended], signal);
      return speed.wantedOf(agent);
    },
    endedOf: async (agent, signal) => {
      await speed.whenFolded([...log.appended], signal);
      return speed.endedOf(agent);
    },
    dictionaryOf: (agent) => speed.dictionaryOf(agent),
    agentDecision: (agent) => speed.agentDecision(agent),
  });
}

type ServingParts = Pick<
  Parameters<typeof startServing>[0],
  | 'feed'
  | 'manifests'
  | 'results'
  | 'presence'
  | 'operations'
  | 'orders'
  | 'stores'
  | 'backup'
  | 'status'
  | 'registry'
  | 'isReady'
  | 'whyNotKept'
>;

function openServing(
  { config, http, dashboardDir, indexBytesMax, logger }: ServerOptions,
  { identity, tls }: Doors,
  parts: ServingParts,
): Promise<Serving> {
  return startServing({
    ...parts,
    identity,
    tls,
    listen: http,
    metrics: config.metrics,
    views: config.views,
    corsOrigins: config.http.cors,
    dashboardDir,
    ...(indexBytesMax === undefined ? {} : { indexBytesMax }),
    clock: Date.now,
    logger: logger.child({ part: 'serving' }),
  });
}

function openStores({ config, folder = '.', dataDir, logger }: ServerOptions): Stores {
  return new Stores({ stores: config.stores ?? {}, folder, dataDir, views: config.views, logger });
}

function archiveOf({ config, dataDir, segmentBytesMax }: ServerOptions) {
  return { archiveDir: join(dataDir, 'archive'), segmentBytesMax, statesKept: config.batch.keep };
}

function presenceOf(broker: Broker) {
  return broker
    .presence()
    .map(({ agent, state, sinceMs, lastSeenMs }) => ({ agent, online: state === 'online', sinceMs, lastSeenMs }));
}

/** The position of the last record of each partition. */
async function ends({ log }: Storage): Promise<readonly number[]> {
  return Promise.all(
    Array.from({ length: log.partitions }, async (_, partition) => (await log.bounds(partition)).last),
  );
}
