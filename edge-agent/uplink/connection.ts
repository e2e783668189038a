import { connect, type Socket } from 'node:net';
import { MqttClient } from 'mqtt';
import { WeirError } from '#core/errors.ts';
import { AGENT_KEEPALIVE_S } from '#core/wire/limits.ts';
import { agentTopic, DOWN_TOPICS, type DownTopic, parseAgentTopic, type UpTopic } from '#core/wire/topics.ts';
import { CLOSING_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from './limits.ts';

/** Where a broker is. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** An address that an uplink can't dial. */
export class BrokerAddressUnusable extends WeirError {
  readonly kind = 'broker-address-unusable';

  constructor(url: string) {
    super(`The broker's address ${JSON.stringify(url)} is no mqtt://host:port`, { fault: 'asked' });
  }
}

/** The connection to the broker couldn't be made, or has ended. The uplink dials again. */
export class ConnectionLost extends WeirError {
  readonly kind = 'connection-lost';

  constructor(message: string, cause?: unknown) {
    super(message, { fault: 'world', retryable: true, cause });
  }
}

/** Reads `mqtt://host[:port]`, port 1883 by default. Throws {@link BrokerAddressUnusable}. */
export function parseBrokerAddress(url: string): BrokerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'mqtt:' || parsed.hostname === '') throw new BrokerAddressUnusable(url);
  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port: parsed.port === '' ? 1883 : Number(parsed.port) };
}

/**
 * One MQTT 3.1.1 connection of an agent, from dialling to its end; another attempt is another connection. The client
 * library neither reconnects nor sends again by itself: both are the uplink's, which knows what the spool holds. The
 * session is clean, so nothing is remembered that the spool doesn't remember better.
 */
export class Connection {
  readonly #client: MqttClient;
  readonly #agent: string;
  readonly #ended = new AbortController();

  private constructor(client: MqttClient, agent: string) {
    this.#client = client;
    this.#agent = agent;
    let cause: unknown;
    client.on('error', (error) => (cause = error));
    client.on('close', () => {
      const reason = cause instanceof Error ? cause.message : 'the broker ended the connection';
      this.#ended.abort(new ConnectionLost(reason, cause));
      // Frees timers and what the client still holds; it is never used again.
      client.end(true);
    });
  }

  /** Dials and waits for CONNACK. Throws {@link ConnectionLost}, or the signal's reason. */
  static async dial(address: BrokerAddress, agent: string, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const client = new MqttClient(() => dialSocket(address), {
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
      will: { topic: agentTopic(agent, 'gone'), payload: Buffer.alloc(0), qos: 1, retain: false },
    });
    const connection = new Connection(client, agent);
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

function dialSocket({ host, port }: BrokerAddress): Socket {
  return connect({ host, port, noDelay: true });
}
