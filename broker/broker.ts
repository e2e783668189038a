import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { RenewedTls } from '#backbone/doors/renewed-tls.ts';
import type { Fullness } from '#backbone/flow/fullness.ts';
import type { KeyValue } from '#backbone/key-value/key-value.ts';
import type { Log } from '#backbone/log/log.ts';
import { WeirError } from '#core/errors.ts';
import type { SlicedView } from '#core/fold/held-slices.ts';
import type { EndedEntry } from '#core/fold/silences.ts';
import type { Metric } from '#core/metrics/metric.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import type { LedgerHead, WantedFrames } from '#core/wire/topics.ts';
import type { BrokerIdentity } from './agent-logins.ts';
import { AgentOrders, type KnownStanding } from './agent-orders.ts';
import { SeriesClaims } from './claims.ts';
import { type BrokerCounters, newTally } from './counters.ts';
import { Ingest } from './ingest.ts';
import { CLIENTS_MAX, CLOCK_SKEW_MS_MAX, CONNECT_TIMEOUT_MS, DRAIN_TIMEOUT_MS } from './limits.ts';
import { MqttListener } from './mqtt-listener.ts';
import { type AgentPresence, Presence } from './presence.ts';
import { WebSocketDoor } from './websocket/websocket-door.ts';

export interface BrokerOptions {
  /** Port 0 takes any that is free; `Broker.port` says which. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The log stays its owner's: stopping the broker doesn't close it. */
  readonly log: Log;
  /** Where series are claimed; likewise. */
  readonly claims: KeyValue;
  /** The server's own declarations, by name; null where it has none and takes what agents declare. */
  readonly metrics: ReadonlyMap<string, Metric> | null;
  /** What is stored of readings: a frame whose values would be held in too many slices is refused. */
  readonly views: readonly SlicedView[];
  /** Milliseconds since 1970: the time of receipt in each record. */
  readonly clock: () => number;
  readonly logger: Logger;
  /** What the ledger last saw of an agent; a rejection is logged, and the agent goes on without. */
  readonly ledgerHead: (agent: string) => Promise<LedgerHead>;
  /**
   * What the ledger lacks of an agent once all that the log holds now is folded; rejects with the signal's reason. A
   * rejection is logged, and the agent sends nothing again.
   */
  readonly wantedOf: (agent: string, signal: AbortSignal) => Promise<WantedFrames>;
  /** The series of an agent that are ended, as of all that the log holds now; as `wantedOf` rejects. */
  readonly endedOf: (agent: string, signal: AbortSignal) => Promise<readonly EndedEntry[]>;
  /** The entries that the fold knows of an agent's dictionary: what a broker that was started again judges frames by. */
  readonly dictionaryOf: (agent: string) => readonly SeriesEntry[];
  /** What the fold knows of an agent, for orders about it; without it none are taken. */
  readonly agentDecision?: (agent: string) => KnownStanding | undefined;
  readonly onPresence?: (presence: AgentPresence) => void;
  /** How agents are told apart; left out: who connects under the name of an agent is taken for it. */
  readonly identity?: BrokerIdentity | undefined;
  /** With what connections are encrypted; left out: not at all. */
  readonly tls?: RenewedTls | undefined;
  /** Whether MQTT is taken by WebSocket too, at the same port. */
  readonly webSocket?: boolean | undefined;
  /** How far event times may be ahead of `clock`; CLOCK_SKEW_MS_MAX when left out. */
  readonly clockSkewMsMax?: number;
}

/**
 * Where agents deliver, by MQTT (OASIS MQTT 3.1.1): what an agent publishes is acknowledged when it is durable in the log, and not
 * before. Limits are named in `limits.ts`.
 */
export interface Broker extends AsyncDisposable {
  readonly port: number;
  readonly counters: BrokerCounters;
  /** Agents that are or were connected, in the order of their last coming or going. */
  presence(): readonly AgentPresence[];
  fullness(): readonly Fullness[];
  /** What can be decided about agents that are gone. */
  readonly orders: AgentOrders;
  /** Takes no connection and no packet any more; resolves when all that was taken is stored and acknowledged. */
  drain(): Promise<void>;
  /** Drains for at most DRAIN_TIMEOUT_MS, then ends all connections. What wasn't acknowledged the agents send again. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The port is taken, or may not be listened at. */
export class ListenFailed extends WeirError {
  readonly kind = 'listen-failed';

  constructor(listen: BrokerOptions['listen'], cause: Error) {
    const why = 'code' in cause && cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message;
    super(`The broker can't listen at ${listen.host}:${listen.port}: ${why}. Free the port or name another.`, {
      fault: 'world',
      cause,
    });
  }
}

/** Starts a broker; throws {@link ListenFailed}. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { log, metrics, clock, logger, ledgerHead, wantedOf, endedOf } = options;
  const tally = newTally();
  const presence = new Presence(options.onPresence ?? (() => undefined));
  const claims = new SeriesClaims(options.claims);
  const ingest = new Ingest({
    log,
    claims,
    metrics,
    views: options.views,
    dictionaryOf: options.dictionaryOf,
    clockSkewMsMax: options.clockSkewMsMax ?? CLOCK_SKEW_MS_MAX,
    tally,
    onHeartbeat: (agent, heartbeat, atMs) => presence.seen(agent, atMs, heartbeat),
  });
  const { identity } = options;
  const listener = await MqttListener.open({
    ingest,
    presence,
    tally,
    clock,
    logger,
    ledgerHead,
    wantedOf,
    endedOf,
    identity,
  });
  const orders = new AgentOrders({
    log,
    claims,
    clock,
    isOnline: (agent) => presence.isOnline(agent),
    standingOf: options.agentDecision ?? (() => undefined),
    seriesOf: options.dictionaryOf,
    onOrdered: (agent) => ingest.forget(agent),
    onSeriesEnded: (agent) => listener.tellEnded(agent),
  });
  const { server, cut } = openDoor(options, listener);
  let port: number;
  try {
    port = await listen(server, options.listen);
  } catch (error) {
    await listener.close();
    throw new ListenFailed(options.listen, error as Error);
  }
  logger.info({ host: options.listen.host, port }, 'broker listens for MQTT');

  let disposed: Promise<void> | undefined;
  const drain = async (signal: AbortSignal): Promise<void> => {
    server.close();
    await listener.drain(signal);
  };
  const dispose = async (): Promise<void> => {
    await drain(AbortSignal.timeout(DRAIN_TIMEOUT_MS));
    cut();
    await listener.close();
    logger.info('broker stopped');
  };
  return {
    port,
    get counters() {
      return { ...tally, inFlight: listener.inFlight.count, inFlightBytes: listener.inFlight.bytes };
    },
    presence: () => presence.list(),
    fullness: () => [...listener.inFlight.fullness('broker_in_flight'), ...ingest.fullness()],
    orders,
    drain: () => drain(new AbortController().signal),
    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  };
}

/** Where connections come in; `cut` ends those that have not come to MQTT yet. */
function openDoor(
  options: BrokerOptions,
  listener: MqttListener,
): { readonly server: Server; readonly cut: () => void } {
  const { logger } = options;
  const webSockets = options.webSocket === true ? new WebSocketDoor((...came) => listener.admit(...came)) : undefined;
  const server = openServer(options, (socket) => {
    if (webSockets === undefined) listener.admit(socket);
    else webSockets.look(socket);
  });
  server.on('connection', (socket: Socket) => listener.meet(socket));
  server.maxConnections = CLIENTS_MAX;
  server.on('drop', () => logger.warn({ clientsMax: CLIENTS_MAX }, 'a connection was refused: there are too many'));
  return { server, cut: () => webSockets?.close() };
}

/** Agents show a token where they have no certificate, so that isn't asked for as a condition. */
function openServer({ tls, logger }: BrokerOptions, admit: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer(admit);
  const server = createTlsServer(
    { ...tls.options, handshakeTimeout: CONNECT_TIMEOUT_MS, requestCert: tls.asksClients, rejectUnauthorized: false },
    admit,
  );
  server.on('tlsClientError', (error, { remoteAddress }) =>
    logger.debug({ address: remoteAddress, reason: error.message }, 'a connection did not come to TLS'),
  );
  tls.renew(server);
  return server;
}

function listen(server: Server, { host, port }: BrokerOptions['listen']): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
