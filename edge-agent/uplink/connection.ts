import { connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely, type SecureContextOptions } from 'node:tls';
import { MqttClient } from 'mqtt';
import { writeToStream } from 'mqtt-packet';
import { TLS_VERSION_MIN } from '#backbone/doors/tls-files.ts';
import { WeirError } from '#core/errors.ts';
import { AGENT_KEEPALIVE_S } from '#core/wire/limits.ts';
import { agentTopic, DOWN_TOPICS, type DownTopic, parseAgentTopic, type UpTopic } from '#core/wire/topics.ts';
import { type AgentLogin, NO_LOGIN } from './agent-login.ts';
import { CLOSING_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from './limits.ts';

// It would keep a buffer of each number that a packet may have, for ever: 13 MB.
writeToStream.cacheNumbers = false;

/** Where a broker is. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** By TLS. */
  readonly isSecure: boolean;
  /** What a WebSocket asks for there; undefined where MQTT is spoken without one. */
  readonly path: string | undefined;
}

/** An address that an uplink can't dial. */
export class BrokerAddressUnusable extends WeirError {
  readonly kind = 'broker-address-unusable';

  constructor(url: string) {
    super(`The broker's address ${JSON.stringify(url)} is none of mqtt, mqtts, ws or wss://host:port`, {
      fault: 'asked',
    });
  }
}

/** The connection to the broker couldn't be made, or has ended. The uplink dials again. */
export class ConnectionLost extends WeirError {
  readonly kind = 'connection-lost';

  constructor(message: string, cause?: unknown) {
    super(message, { fault: 'world', retryable: true, cause });
  }
}

/**
 * Reads `mqtt://host[:port]` or `mqtts://…`, ports 1883 and 8883 by default, and `ws://host[:port][/path]` or `wss://…`, ports 80 and
 * 443 and the path of MQTT by default. Throws {@link BrokerAddressUnusable}.
 */
export function parseBrokerAddress(url: string): BrokerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const known = SCHEMES.get(parsed?.protocol ?? '');
  if (parsed === undefined || known === undefined || parsed.hostname === '') throw new BrokerAddressUnusable(url);
  return {
    // An IPv6 address stands in brackets in a URL, and without them everywhere else.
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? known.port : Number(parsed.port),
    isSecure: known.isSecure,
    path: known.isWebSocket ? (parsed.pathname === '/' ? WEB_SOCKET_PATH : parsed.pathname) : undefined,
  };
}

const SCHEMES: ReadonlyMap<
  string,
  { readonly port: number; readonly isSecure: boolean; readonly isWebSocket: boolean }
> = new Map([
  ['mqtt:', { port: 1883, isSecure: false, isWebSocket: false }],
  ['mqtts:', { port: 8883, isSecure: true, isWebSocket: false }],
  ['ws:', { port: 80, isSecure: false, isWebSocket: true }],
  ['wss:', { port: 443, isSecure: true, isWebSocket: true }],
]);
/** Where brokers take WebSockets. */
const WEB_SOCKET_PATH = '/mqtt';

/**
 * One MQTT 3.1.1 connection of an agent, from dialling to its end; another attempt is another connection. The client
 * library neither reconnects nor sends again by itself: both are the uplink's, which knows what the spool holds. The
 * session is clean, so nothing is remembered that the spool doesn't remember better.
 */
export class Connection {
  readonly #client: MqttClient;
  readonly #agent: string;
  readonly #ended = new AbortController();

  /** `failure`: why the socket has failed, as of now. */
  private constructor(client: MqttClient, agent: string, failure: () => Error | undefined) {
    this.#client = client;
    this.#agent = agent;
    let cause: unknown;
    client.on('error', (error) => (cause = error));
    client.on('close', () => {
      const why = cause ?? failure();
      this.#ended.abort(new ConnectionLost(reasonOfEnd(why, agent), why));
      // Frees timers and what the client still holds; it is never used again.
      client.end(true);
    });
  }

  /** Dials and waits for CONNACK. Throws {@link ConnectionLost}, or the signal's reason. */
  static async dial(
    address: BrokerAddress,
    agent: string,
    signal: AbortSignal,
    login: AgentLogin = NO_LOGIN,
  ): Promise<Connection> {
    signal.throwIfAborted();
    let failure: Error | undefined;
    const dial = await dialerOf(address, login);
    const dialled = (): Duplex => dial().once('error', (error) => (failure = error));
    const client = new MqttClient(dialled, {
      clientId: agent,
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: AGENT_KEEPALIVE_S,
      reschedulePings: false,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(login.token === undefined ? {} : { username: agent, password: Buffer.from(login.token, 'latin1') }),
      will: { topic: agentTopic(agent, 'gone'), payload: Buffer.alloc(0), qos: 1, retain: false },
    });
    const connection = new Connection(client, agent, () => failure);
    const abandon = (): void => connection.drop(signal.reason);
    signal.addEventListener('abort', abandon);
    try {
      await new Promise<void>((resolve, reject) => {
        client.once('connect', () => resolve());
        connection.ended.addEventListener('abort', () => reject(connection.ended.reason as Error));
      });
    } finally {
      signal.removeEventListener('abort', abandon);
    }
    return connection;
  }

  /** Aborts when the connection has ended, with the reason. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Calls `take` with each message on the agent's own down topics. */
  onMessage(take: (topic: DownTopic, payload: Uint8Array) => void): void {
    this.#client.on('message', (full, payload) => {
      const topic = parseAgentTopic(full)?.topic;
      const down = DOWN_TOPICS.find((one) => one === topic);
      if (down !== undefined) take(down, payload);
    });
  }

  /** Asks for the down topics. Throws {@link ConnectionLost} when the broker refuses. */
  async subscribe(topics: readonly DownTopic[]): Promise<void> {
    // The library would keep it for another connection.
    this.ended.throwIfAborted();
    try {
      await this.#client.subscribeAsync(
        topics.map((topic) => agentTopic(this.#agent, topic)),
        { qos: 0 },
      );
    } catch (error) {
      throw new ConnectionLost(`the broker refused a subscription: ${String(error)}`, error);
    }
  }

  /** Sends with quality of service 1; calls `acknowledged` on PUBACK, never if the connection ends before. */
  publish(topic: UpTopic, payload: Uint8Array, acknowledged: () => void): void {
    const { buffer, byteOffset, length } = payload;
    this.#client.publish(
      agentTopic(this.#agent, topic),
      Buffer.from(buffer, byteOffset, length),
      { qos: 1 },
      (error) => {
        if (error === undefined || error === null) acknowledged();
      },
    );
  }

  /**
   * Says goodbye (DISCONNECT, so that the broker forgets the last will) and ends, within CLOSING_TIMEOUT_MS. What isn't
   * acknowledged by now never will be here: the library would wait for it for ever before it says goodbye.
   */
  async leave(): Promise<void> {
    if (this.ended.aborted) return;
    for (const id of Object.keys(this.#client.outgoing)) this.#client.removeOutgoingMessage(Number(id));
    const deadline = setTimeout(() => this.#client.stream.destroy(), CLOSING_TIMEOUT_MS);
    await this.#client.endAsync();
    clearTimeout(deadline);
    this.#ended.abort(new ConnectionLost('the agent left'));
  }

  /** Ends at once, without a word. */
  drop(reason: unknown): void {
    this.#ended.abort(reason);
    this.#client.end(true);
  }
}

/** How the broker is dialled. What WebSockets need is loaded where they are spoken. */
async function dialerOf(address: BrokerAddress, login: AgentLogin): Promise<() => Duplex> {
  const { host, port, isSecure, path } = address;
  const security = isSecure ? securityOf(address, login) : undefined;
  if (path === undefined) {
    if (security === undefined) return () => connect({ host, port, noDelay: true });
    return () => connectSecurely({ host, port, ...security }).setNoDelay(true);
  }
  const { createWebSocketStream, WebSocket } = await import('ws');
  const named = isIP(host) === 6 ? `[${host}]` : host;
  const url = `${isSecure ? 'wss' : 'ws'}://${named}:${port}${path}`;
  return () => createWebSocketStream(new WebSocket(url, 'mqtt', { ...security, perMessageDeflate: false }));
}

function securityOf(
  { host }: BrokerAddress,
  { tls, ca }: AgentLogin,
): SecureContextOptions & { readonly servername?: string } {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return { ...servername, ...tls, ...(ca === undefined ? {} : { ca }), minVersion: TLS_VERSION_MIN };
}

/** CONNACK: who connects isn't known (MQTT 3.1.1, section 3.2.2.3). */
const NOT_KNOWN: readonly unknown[] = [4, 5];

function reasonOfEnd(why: unknown, agent: string): string {
  if (!(why instanceof Error)) return 'the broker ended the connection';
  if (!('code' in why) || !NOT_KNOWN.includes(why.code)) return why.message;
  return `the broker does not let agent ${agent} in; "weir agents enroll ${agent}" at the server gives it a token, for the file at \`agent.token\``;
}
