import { strict as assert } from 'node:assert';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Counter } from 'prom-client';
import type { SliceFeed } from '#backbone/answers/slice-feed.ts';
import type { RenewedTls } from '#backbone/doors/renewed-tls.ts';
import type { Fullness } from '#backbone/flow/fullness.ts';
import { codeOf } from '#backbone/storage-errors.ts';
import { listenAddresses } from '#core/wire/own-origin.ts';
import { Doorkeeper, STRANGERS_OF_ADDRESS_MAX } from './access/doorkeeper.ts';
import { takeIn } from './answers/turns.ts';
import { IndexFeed } from './feed/slice-feed.ts';
import { buildApp } from './http/app.ts';
import { HEAD_BYTES_MAX } from './http/describe-api.ts';
import { measureAgents } from './http/measure-agents.ts';
import { addGauge } from './http/measure.ts';
import type { ServingOptions } from './http/options.ts';
import type { OwnAddresses } from './http/safety.ts';
import { AddressUnavailable } from './http/serving-errors.ts';
import { ViewReader } from './http/view-reader.ts';
import { startWarmUp } from './http/warm-up.ts';
import { ServingIndex } from './index/serving-index.ts';
import { CLIENTS_MAX } from './stream/limits.ts';
import { StreamServer } from './stream/stream-server.ts';

export type { ServingOptions } from './http/options.ts';

/** A serving node that listens: windows of views by HTTP, their changes by WebSocket, and the dashboard. */
export interface Serving extends AsyncDisposable {
  readonly port: number;
  /** Tells whole views to those who keep their windows elsewhere. */
  readonly slices: SliceFeed;
  fullness(): readonly Fullness[];
  /** Takes no connection any more and says goodbye to readers of the stream; resolves when all answers are on their way. */
  drain(): Promise<void>;
  /** Drains for at most DRAIN_TIMEOUT_MS, then cuts all connections. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long answers that are under way may take once the node is disposed of. */
const DRAIN_TIMEOUT_MS = 2_000;
/** A request's head has to arrive within this time, its body too: nothing here takes a large one. */
const REQUEST_TIMEOUT_MS = 30_000;
/** From connecting to the end of the greetings of TLS. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections at once: those of all readers of the stream, and of so many others. One that is over is closed unheard. */
const CONNECTIONS_MAX = CLIENTS_MAX + 1_024;
assert(STRANGERS_OF_ADDRESS_MAX < CONNECTIONS_MAX / 8, 'one address leaves room for others');

/** Starts a serving node: its index, the HTTP interface and the stream. Throws AddressUnavailable. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const index = await ServingIndex.open({
    feed: options.feed,
    manifests: options.manifests,
    results: options.results,
    views: options.views,
    logger: options.logger,
    ...(options.indexBytesMax === undefined ? {} : { bytesMax: options.indexBytesMax }),
  });
  const reader = new ViewReader(index, options);
  const doorkeeper = new Doorkeeper(options.identity, options.clock);
  let listening: readonly string[] = [];
  const own: OwnAddresses = (host) => (doorkeeper.isAsking && host !== undefined ? [host] : listening);
  const app = buildApp(reader, options, () => whyNotReady(index, options), own, doorkeeper);
  const listener = getRequestListener(app.fetch);
  const server = openDoor(options.tls, (request, response) => void listener(request, response));
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket: Socket) => {
    takeIn();
    doorkeeper.strangers?.add(socket);
  });
  server.on('request', (_, response) => response.on('close', () => setImmediate(closeIfDraining, server)));
  const warmUp = startWarmUp(reader, options.views, options.logger);
  try {
    await warmUp.enough;
    await listen(server, options.listen.host, options.listen.port);
  } catch (error) {
    await warmUp[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  listening = listenAddresses(options.listen.host, port);
  const stream = new StreamServer(
    server,
    reader,
    { own, others: options.corsOrigins ?? [] },
    doorkeeper,
    options.logger,
  );
  measureStream(stream, options.registry);
  measureAgents(options.registry, index, options.presence);
  measureAccess(doorkeeper, options.registry);
  options.logger.info({ host: options.listen.host, port }, 'serving listens');
  let drained: Promise<void> | undefined;
  let disposed: Promise<void> | undefined;
  const drain = (): Promise<void> => (drained ??= endAll(server, stream));
  const dispose = async (): Promise<void> => {
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    await drain();
    clearTimeout(cut);
    doorkeeper.close();
    await warmUp[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
  };
  return {
    port,
    slices: new IndexFeed(reader),
    fullness: () => [...index.fullness(), ...stream.fullness()],
    drain,
    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  };
}

function openDoor(tls: RenewedTls | undefined, answer: RequestListener): Server {
  const limits = { maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS, noDelay: true };
  if (tls === undefined) return createServer(limits, answer);
  const server = createTlsServer({ ...limits, ...tls.options, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, answer);
  tls.renew(server);
  return server;
}

async function whyNotReady(
  index: ServingIndex,
  { views, isReady, whyNotKept }: ServingOptions,
): Promise<string | undefined> {
  const lost = await whyNotKept();
  if (lost !== undefined) return lost;
  const closed = views.find((view) => index.source(view.name) === undefined);
  if (closed !== undefined) return `view ${closed.name} is not open yet`;
  return isReady() ? undefined : "the speed layer has not reached the log's end as it was at the start";
}

function measureAccess(doorkeeper: Doorkeeper, registry: ServingOptions['registry']): void {
  if (!doorkeeper.isAsking) return;
  const refused: Counter = new Counter({
    name: 'weir_serving_refused_total',
    help: 'Requests, streams and logins refused for who asked: not known, wrong once more before the wait was over, or not allowed',
    labelNames: ['why'],
    registers: [registry],
    collect: () => {
      refused.reset();
      for (const [why, count] of Object.entries(doorkeeper.refused)) refused.inc({ why }, count);
    },
  });
  const cut: Counter = new Counter({
    name: 'weir_serving_strangers_cut_total',
    help: 'Connections cut before they showed who they are, since their address had too many',
    registers: [registry],
    collect: () => {
      cut.reset();
      cut.inc(doorkeeper.strangers?.cut ?? 0);
    },
  });
}

function measureStream(stream: StreamServer, registry: ServingOptions['registry']): void {
  addGauge(registry, 'weir_serving_stream_clients', 'Readers of the stream', () => stream.clientCount);
  addGauge(registry, 'weir_serving_stream_subscriptions', 'Their subscriptions', () => stream.subscriptionCount);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new AddressUnavailable(host, port, codeOf(error), error)));
    server.listen(port, host, resolve);
  });
}

/** A drain closes idle connections at its begin; those that were answering become idle later. */
function closeIfDraining(server: Server): void {
  if (!server.listening) server.closeIdleConnections();
}

async function endAll(server: Server, stream: StreamServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await stream.drain();
  await closed;
}
