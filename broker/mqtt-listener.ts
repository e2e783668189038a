import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket } from 'aedes';
import { Strangers } from '#backbone/doors/strangers.ts';
import { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import type { IdentityChange } from '#core/identity/identities.ts';
import { AgentLogins, type BrokerIdentity } from './agent-logins.ts';
import { ClientSession, type ClientSessionOptions, type PacketDone } from './client-session.ts';
import { BAD_USER_NAME_OR_PASSWORD, ClientRefused, judgeConnect } from './connect-verdict.ts';
import type { Tally } from './counters.ts';
import { GuardedConnection, peerOf } from './guarded-connection.ts';
import {
  CLIENT_DRAIN_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_MAX,
  KEEPALIVE_S_MAX,
  PACKET_SWEEP_MS,
  STRANGERS_OF_ADDRESS_MAX,
} from './limits.ts';

export interface MqttListenerOptions extends ClientSessionOptions {
  readonly tally: Tally;
  /** Undefined: nobody is asked who they are. */
  readonly identity: BrokerIdentity | undefined;
}

/** What CONNECT says of who it is of. */
interface ShownLogin {
  readonly user: Readonly<string | undefined>;
  readonly password: Readonly<Buffer | undefined>;
}

/**
 * The MQTT side of the broker: aedes behind {@link GuardedConnection}s. It takes MQTT 3.1.1, holds back each PUBACK in
 * `authorizePublish` (the one hook that runs before it is sent) until the message is durable, and forwards nothing
 * between clients: what agents are told, the broker says itself. Here is who comes and goes; what passes between the
 * broker and one of them is its {@link ClientSession}'s.
 */
export class MqttListener {
  readonly inFlight = new InFlightLimit({ countMax: IN_FLIGHT_MAX, bytesMax: IN_FLIGHT_BYTES_MAX });
  readonly #options: MqttListenerOptions;
  readonly #aedes: Aedes;
  readonly #connections = new Set<GuardedConnection>();
  readonly #sessions = new WeakMap<Client, ClientSession>();
  readonly #refusals = new WeakMap<Client, ClientRefused>();
  /** Who is in, by agent. */
  readonly #present = new Map<string, ClientSession>();
  readonly #logins: AgentLogins | undefined;
  readonly #strangers: Strangers | undefined;
  readonly #sweep: NodeJS.Timeout;
  readonly #deafen: () => void;
  #pending = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  private constructor(options: MqttListenerOptions, aedes: Aedes) {
    this.#options = options;
    this.#aedes = aedes;
    aedes.preConnect = (client, packet, done) => this.#preConnect(client, packet, done);
    aedes.authenticate = (client, user, password, done) => void this.#authenticate(client, { user, password }, done);
    aedes.authorizePublish = (client, packet, done) => void this.#authorizePublish(client, packet, done);
    aedes.authorizeSubscribe = (client, subscription, done) =>
      done(null, this.#sessions.get(client)?.authorizeSubscribe(subscription) ?? null);
    aedes.on('clientReady', (client) => this.#enter(client));
    aedes.on('clientDisconnect', (client) => this.#leave(client));
    aedes.on('subscribe', (subscriptions, client) => this.#sessions.get(client)?.subscribed(subscriptions));
    aedes.on('unsubscribe', (topics, client) => this.#sessions.get(client)?.unsubscribed(topics));
    aedes.on('ping', (_packet, client) => options.presence.seen(client.id, options.clock()));
    aedes.on('clientError', (client, error) => this.#failed(client, error));
    aedes.on('connectionError', (_client, error) =>
      options.logger.info({ err: error }, 'a connection ended before an agent came in'),
    );
    const { identity } = options;
    this.#logins =
      identity === undefined
        ? undefined
        : new AgentLogins(identity, options.clock, () => options.tally.loginsRefused++);
    this.#strangers = identity === undefined ? undefined : new Strangers(STRANGERS_OF_ADDRESS_MAX);
    this.#deafen = identity?.known.listen((changes) => this.#endStrangers(changes)) ?? ((): void => undefined);
    this.#sweep = setInterval(() => this.#cutStalled(), PACKET_SWEEP_MS);
    this.#sweep.unref();
  }

  static async open(options: MqttListenerOptions): Promise<MqttListener> {
    const aedes = await Aedes.createBroker({
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepaliveLimit: KEEPALIVE_S_MAX,
      drainTimeout: CLIENT_DRAIN_TIMEOUT_MS,
    });
    return new MqttListener(options, aedes);
  }

  /** A socket has connected, and may still have to come to TLS. */
  meet(socket: Socket): void {
    this.#strangers?.add(socket);
    this.#options.tally.strangersCut = this.#strangers?.cut ?? 0;
  }

  /** Lets in a connected socket; MQTT comes through it, or through a stream that it carries. */
  admit(socket: Socket, stream: Duplex = socket): void {
    socket.setNoDelay(true);
    const connection = new GuardedConnection(stream, peerOf(socket), this.inFlight);
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    this.#aedes.handle(connection);
  }

  /** Tells an agent, where it is connected and has asked, which of its series are ended. */
  tellEnded(agent: string): void {
    void this.#present.get(agent)?.tellEnded();
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
    this.#deafen();
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
    if (judgement.kind === 'welcome') {
      this.#sessions.set(client, new ClientSession(clientId, client, connection, this.#options));
    } else {
      this.#refusals.set(client, new ClientRefused(judgement.message, judgement.returnCode));
    }
    done(null, true);
  }

  /** A second connection of an agent takes over (MQTT-3.1.4-2), once it has said who it is and the first has really ended. */
  async #authenticate(
    client: Client,
    shown: ShownLogin,
    done: (error: AuthenticateError | null, success: boolean) => void,
  ): Promise<void> {
    const { logger } = this.#options;
    const session = this.#sessions.get(client);
    if (session === undefined) {
      this.#turnAway(this.#refusals.get(client), done);
      return;
    }
    const refusal = await this.#recognise(session, shown);
    if (refusal !== undefined) {
      this.#sessions.delete(client);
      this.#turnAway(refusal, done);
      return;
    }
    const previous = this.#present.get(session.agent);
    if (previous !== undefined) {
      logger.info({ agent: session.agent }, 'a new connection of the agent takes over');
      previous.connection.destroy();
      await previous.ended;
    }
    const { address, port } = session.connection.peer;
    this.#strangers?.letIn(address, port);
    session.connection.letIn();
    done(null, true);
  }

  #turnAway(
    refusal: ClientRefused | undefined,
    done: (error: AuthenticateError | null, success: boolean) => void,
  ): void {
    this.#options.tally.connectionsCut++;
    this.#options.logger.warn({ reason: refusal?.message }, 'a client was turned away');
    done(refusal ?? null, false);
  }

  /** Why a client isn't the agent that it says to be, or nothing. */
  async #recognise(session: ClientSession, { user, password }: ShownLogin): Promise<ClientRefused | undefined> {
    if (this.#logins === undefined) return undefined;
    const { agent, connection } = session;
    const facts = { agent, user: user ?? undefined, password: password ?? undefined, ...connection.peer };
    const judgement = await this.#logins.judge(facts);
    if (judgement.kind === 'welcome') {
      session.enrolled = judgement.enrolled;
      return undefined;
    }
    if (judgement.kind === 'lost') connection.destroy();
    return new ClientRefused(`agent ${agent} may not come in: ${judgement.why}`, BAD_USER_NAME_OR_PASSWORD);
  }

  /** Whether a client still is the agent that it was recognised as. */
  #isStill({ agent, enrolled }: ClientSession): boolean {
    const { identity } = this.#options;
    return identity === undefined || (enrolled !== undefined && identity.known.enrolmentOf(agent) === enrolled);
  }

  #endStrangers(changes: readonly IdentityChange[]): void {
    for (const change of changes) {
      const session = 'agent' in change ? this.#present.get(change.agent) : undefined;
      if (session !== undefined && !this.#isStill(session)) this.#endStranger(session);
    }
  }

  #endStranger(session: ClientSession): void {
    const { agent } = session;
    this.#options.identity?.audit.note({ kind: 'ended', door: 'mqtt', who: agent });
    this.#options.logger.warn({ agent }, 'the agent was revoked, or got another token; its connection was ended');
    session.connection.destroy();
  }

  async #authorizePublish(client: Client | null, packet: PublishPacket, done: PacketDone): Promise<void> {
    const session = client === null ? undefined : this.#sessions.get(client);
    // What is published for a client that has ended is its last will, which says nothing that its end doesn't.
    if (session === undefined || session.isClosed) {
      done(new ClientRefused('wills are not published'));
      return;
    }
    this.#pending++;
    try {
      await session.publish(packet, done);
    } finally {
      this.#pending--;
      if (this.#pending === 0) this.#idle?.resolve();
    }
  }

  #enter(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined || session.isClosed) return;
    const { agent } = session;
    this.#present.set(agent, session);
    this.#options.presence.online(agent, this.#options.clock());
    this.#options.logger.info({ agent }, 'agent connected');
    // Its identity may have ended while it came in.
    if (!this.#isStill(session)) this.#endStranger(session);
  }

  #leave(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    session.end();
    const { agent } = session;
    if (this.#present.get(agent) !== session) return;
    this.#present.delete(agent);
    const state = session.connection.tookLeave ? 'left' : 'lost';
    this.#options.presence.offline(agent, state, this.#options.clock());
    this.#options.logger.info({ agent, state }, 'agent disconnected');
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
