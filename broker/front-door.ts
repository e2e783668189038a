import type { Socket } from 'node:net';
import {
  Aedes,
  type AuthenticateError,
  type Client,
  type ConnectPacket,
  type PublishPacket,
  type Subscription,
} from 'aedes';
import type { Logger } from 'pino';
import { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import { encodeLedgerHead, encodeRefusedFrame } from '#core/wire/down-messages.ts';
import { agentTopic, type DownTopic, type LedgerHead, type UpTopic } from '#core/wire/topics.ts';
import { judgeConnect, judgePublish, maySubscribe } from './connect-verdict.ts';
import type { Tally } from './counters.ts';
import { GuardedConnection } from './guarded-connection.ts';
import { Intake } from './intake.ts';
import {
  CLIENT_DRAIN_MS_MAX,
  CLIENT_SUBSCRIPTIONS_MAX,
  CONNECT_MS_MAX,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_MAX,
  KEEPALIVE_S_MAX,
  PACKET_SWEEP_MS,
} from './limits.ts';
import type { Presence } from './presence.ts';
import type { Entry, Registrar } from './registrar.ts';

/** A client did what agents may not do; its connection is ended. */
export class ClientRefused extends Error {
  override readonly name = 'ClientRefused';
  readonly kind = 'client-refused';
}

export interface FrontDoorOptions {
  readonly registrar: Registrar;
  readonly presence: Presence;
  readonly tally: Tally;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly ledgerHead: (agent: string) => Promise<LedgerHead>;
}

/** A client from its CONNECT to the end of its connection. */
interface Guest {
  readonly agent: string;
  readonly client: Client;
  readonly connection: GuardedConnection;
  readonly intake: Intake;
  readonly topics: Set<string>;
  /** Kinds of complaints that were logged; each is logged once per connection. At most as many as there are codes. */
  readonly complaints: Set<string>;
  readonly turnedAway: AuthenticateError | undefined;
  readonly gone: PromiseWithResolvers<void>;
}

const NOTHING = Buffer.alloc(0);

/**
 * The MQTT side of the broker: aedes behind {@link GuardedConnection}s. It takes MQTT 3.1.1, holds back each PUBACK in
 * `authorizePublish` (the one hook that runs before it is sent) until the message is durable, and forwards nothing
 * between clients: what agents are told, the broker says itself.
 */
export class FrontDoor {
  readonly inFlight = new InFlightLimit({ countMax: IN_FLIGHT_MAX, bytesMax: IN_FLIGHT_BYTES_MAX });
  readonly #options: FrontDoorOptions;
  readonly #aedes: Aedes;
  readonly #connections = new Set<GuardedConnection>();
  readonly #guests = new WeakMap<Client, Guest>();
  /** Who is in, by agent. */
  readonly #present = new Map<string, Guest>();
  readonly #sweep: NodeJS.Timeout;
  #pending = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  private constructor(options: FrontDoorOptions, aedes: Aedes) {
    this.#options = options;
    this.#aedes = aedes;
    aedes.preConnect = (client, packet, done) => this.#preConnect(client, packet, done);
    aedes.authenticate = (client, _name, _password, done) => void this.#authenticate(client, done);
    aedes.authorizePublish = (client, packet, done) => this.#authorizePublish(client, packet, done);
    aedes.authorizeSubscribe = (client, subscription, done) =>
      done(null, this.#authorizeSubscribe(client, subscription));
    aedes.on('clientReady', (client) => this.#enter(client));
    aedes.on('clientDisconnect', (client) => this.#leave(client));
    aedes.on('subscribe', (subscriptions, client) => this.#subscribed(client, subscriptions));
    aedes.on('unsubscribe', (topics, client) =>
      topics.forEach((topic) => this.#guests.get(client)?.topics.delete(topic)),
    );
    aedes.on('ping', (_packet, client) => this.#options.presence.seen(client.id, this.#options.clock()));
    aedes.on('clientError', (client, error) => this.#failed(client, error));
    aedes.on('connectionError', (_client, error) =>
      options.logger.info({ err: error }, 'a connection ended before an agent came in'),
    );
    this.#sweep = setInterval(() => this.#cutStalled(), PACKET_SWEEP_MS);
    this.#sweep.unref();
  }

  static async open(options: FrontDoorOptions): Promise<FrontDoor> {
    const aedes = await Aedes.createBroker({
      connectTimeout: CONNECT_MS_MAX,
      keepaliveLimit: KEEPALIVE_S_MAX,
      drainTimeout: CLIENT_DRAIN_MS_MAX,
    });
    return new FrontDoor(options, aedes);
  }

  /** Lets in a connected socket. */
  admit(socket: Socket): void {
    socket.setNoDelay(true);
    const connection = new GuardedConnection(socket, this.inFlight);
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    this.#aedes.handle(connection);
  }

  /** Takes no further packets; resolves when all that were taken are stored and answered, or the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    for (const connection of this.#connections) connection.hold();
    if (this.#pending === 0 || signal.aborted) return;
    this.#idle ??= Promise.withResolvers();
    const idle = this.#idle;
    signal.addEventListener('abort', () => idle.resolve(), { once: true });
    await idle.promise;
  }

  /** Ends all connections, acknowledgements first. */
  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#connections].map((connection) => connection.finish()));
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
  }

  #preConnect(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
    const connection = client.conn;
    if (!(connection instanceof GuardedConnection)) throw new TypeError('every client comes through admit');
    const { clientId, clean, will } = packet;
    const judgement = judgeConnect({
      clientId,
      clean: clean === true,
      will: will === undefined ? undefined : { topic: will.topic, retain: will.retain === true },
    });
    this.#guests.set(client, {
      agent: clientId,
      client,
      connection,
      intake: new Intake(clientId, this.#options.registrar),
      topics: new Set(),
      complaints: new Set(),
      turnedAway:
        judgement.kind === 'welcome'
          ? undefined
          : Object.assign(new ClientRefused(judgement.message), { returnCode: judgement.returnCode }),
      gone: Promise.withResolvers(),
    });
    done(null, true);
  }

  /** A second connection of an agent takes over (MQTT-3.1.4-2), once the first has really ended. */
  async #authenticate(
    client: Client,
    done: (error: AuthenticateError | null, success: boolean) => void,
  ): Promise<void> {
    const guest = this.#guests.get(client);
    if (guest === undefined || guest.turnedAway !== undefined) {
      this.#options.tally.connectionsCut++;
      this.#options.logger.warn({ reason: guest?.turnedAway?.message }, 'a client was turned away');
      done(guest?.turnedAway ?? null, false);
      return;
    }
    const previous = this.#present.get(guest.agent);
    if (previous !== undefined) {
      this.#options.logger.info({ agent: guest.agent }, 'a new connection of the agent takes over');
      previous.connection.destroy();
      await previous.gone.promise;
    }
    done(null, true);
  }

  #authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const guest = client === null ? undefined : this.#guests.get(client);
    // What is published for a client that has ended is its last will, which says nothing that its end doesn't.
    if (guest === undefined || guest.client.closed) {
      done(new ClientRefused('wills are not published'));
      return;
    }
    const judgement = judgePublish(guest.agent, packet.topic);
    if (judgement.kind === 'foreign') {
      done(new ClientRefused(judgement.message));
    } else if (judgement.topic === 'gone') {
      guest.connection.answered();
      done(null);
    } else {
      void this.#take(guest, judgement.topic, packet, done);
    }
  }

  async #take(
    guest: Guest,
    topic: Exclude<UpTopic, 'gone'>,
    packet: PublishPacket,
    done: (error?: Error | null) => void,
  ): Promise<void> {
    const atMs = this.#options.clock();
    this.#options.presence.seen(guest.agent, atMs);
    const { payload } = packet;
    this.#pending++;
    try {
      const entry = await guest.intake.take(topic, typeof payload === 'string' ? Buffer.from(payload) : payload, atMs);
      // Nobody behind here reads the payload, and it need not stay in memory until aedes is done with the packet.
      packet.payload = NOTHING;
      if (guest.client.closed) return;
      done(null);
      guest.connection.answered();
      this.#tell(guest, entry);
    } catch (error) {
      if (!guest.client.closed) done(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#pending--;
      if (this.#pending === 0) this.#idle?.resolve();
    }
  }

  /** Says what there is to be said about a message that was put aside. */
  #tell(guest: Guest, entry: Entry): void {
    const { agent, complaints } = guest;
    const code = entry.answer?.code ?? (entry.complaint === undefined ? undefined : 'unreadable');
    if (code === undefined) return;
    if (!complaints.has(code)) {
      complaints.add(code);
      this.#options.logger.warn(
        { agent, code, detail: entry.answer?.detail ?? entry.complaint },
        'a message was refused',
      );
    }
    if (entry.answer !== undefined) this.#send(guest, 'verdict', encodeRefusedFrame(entry.answer));
  }

  #authorizeSubscribe(client: Client, subscription: Subscription): Subscription | null {
    const guest = this.#guests.get(client);
    if (guest === undefined || guest.topics.size >= CLIENT_SUBSCRIPTIONS_MAX) return null;
    if (maySubscribe(guest.agent, subscription.topic)) return subscription;
    this.#options.logger.warn(
      { agent: guest.agent, topic: subscription.topic.slice(0, 120) },
      'a subscription was refused',
    );
    return null;
  }

  #subscribed(client: Client, subscriptions: readonly Subscription[]): void {
    const guest = this.#guests.get(client);
    if (guest === undefined) return;
    for (const { topic } of subscriptions) {
      if (!maySubscribe(guest.agent, topic)) continue;
      guest.topics.add(topic);
      if (topic === agentTopic(guest.agent, 'head')) void this.#sendHead(guest);
    }
  }

  async #sendHead(guest: Guest): Promise<void> {
    try {
      this.#send(guest, 'head', encodeLedgerHead(await this.#options.ledgerHead(guest.agent)));
    } catch (error) {
      this.#options.logger.warn(
        { agent: guest.agent, err: error },
        'the ledger could not say its head; the agent goes on without',
      );
    }
  }

  /** Once is enough on a connection that loses nothing: quality of service 0. */
  #send(guest: Guest, topic: DownTopic, payload: Uint8Array): void {
    const full = agentTopic(guest.agent, topic);
    if (guest.client.closed || !guest.topics.has(full)) return;
    guest.client.publish(
      { cmd: 'publish', topic: full, payload: Buffer.from(payload), qos: 0, retain: false, dup: false },
      (error) => {
        if (error) this.#options.logger.debug({ agent: guest.agent, err: error }, `'${topic}' could not be sent`);
      },
    );
  }

  #enter(client: Client): void {
    const guest = this.#guests.get(client);
    if (guest === undefined || client.closed) return;
    this.#present.set(guest.agent, guest);
    this.#options.presence.online(guest.agent, this.#options.clock());
    this.#options.logger.info({ agent: guest.agent }, 'agent connected');
  }

  #leave(client: Client): void {
    const guest = this.#guests.get(client);
    if (guest === undefined) return;
    guest.gone.resolve();
    if (this.#present.get(guest.agent) !== guest) return;
    this.#present.delete(guest.agent);
    const state = guest.connection.tookLeave ? 'left' : 'lost';
    this.#options.presence.offline(guest.agent, state, this.#options.clock());
    this.#options.logger.info({ agent: guest.agent, state }, 'agent disconnected');
  }

  #failed(client: Client, error: Error): void {
    this.#options.tally.connectionsCut++;
    this.#options.logger.warn({ agent: client.id, err: error }, 'the connection of an agent was ended');
  }

  #cutStalled(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.cutIfStalled(nowMs);
  }
}
