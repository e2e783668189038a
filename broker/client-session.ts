import type { Client, PublishPacket, Subscription } from 'aedes';
import type { Logger } from 'pino';
import type { EndedEntry } from '#core/fold/silences.ts';
import type { EnrolledAgent } from '#core/identity/identities.ts';
import { encodeLedgerHead, encodeRefusedFrame, encodeWantedFrames } from '#core/wire/down-messages.ts';
import { encodeEnded, splitEnded } from '#core/wire/ended-series.ts';
import { agentTopic, type DownTopic, type LedgerHead, type UpTopic, type WantedFrames } from '#core/wire/topics.ts';
import { ClientRefused, judgePublish, maySubscribe } from './connect-verdict.ts';
import type { GuardedConnection } from './guarded-connection.ts';
import type { Decision, Ingest } from './ingest.ts';
import type { Presence } from './presence.ts';

export interface ClientSessionOptions {
  readonly ingest: Ingest;
  readonly presence: Presence;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly ledgerHead: (agent: string) => Promise<LedgerHead>;
  readonly wantedOf: (agent: string, signal: AbortSignal) => Promise<WantedFrames>;
  readonly endedOf: (agent: string, signal: AbortSignal) => Promise<readonly EndedEntry[]>;
}

/** Says that a packet is done with: to be acknowledged, or, with an error, that its connection is to be ended. */
export type PacketDone = (error?: Error | null) => void;

const NOTHING = Buffer.alloc(0);

/** What passes between the broker and one client, from its CONNECT to the end of its connection. */
export class ClientSession {
  readonly agent: string;
  /** How the agent is enrolled that it was recognised as; undefined as long as it wasn't, or where nobody is asked. */
  enrolled: EnrolledAgent | undefined;
  readonly connection: GuardedConnection;
  readonly #client: Client;
  readonly #options: ClientSessionOptions;
  readonly #published: PublishQueue;
  /** Topics subscribed to, of the agent's own down topics. */
  readonly #topics = new Set<string>();
  /** Kinds of complaints that were logged; each is logged once per connection. At most as many as there are codes. */
  readonly #complaints = new Set<string>();
  /** A verdict that is being written; what comes after it is acknowledged after it. */
  #telling: Promise<void> | undefined;
  /** How often it was to be told which series are ended. */
  #endedAsked = 0;
  readonly #ended = Promise.withResolvers<void>();
  /** Aborted when the connection has ended. */
  readonly #gone = new AbortController();

  constructor(agent: string, client: Client, connection: GuardedConnection, options: ClientSessionOptions) {
    this.agent = agent;
    this.connection = connection;
    this.#client = client;
    this.#options = options;
    this.#published = new PublishQueue(agent, options.ingest);
  }

  /** True from when the client's end began; nothing is sent to it any more. */
  get isClosed(): boolean {
    return this.#client.closed;
  }

  /** Resolves when the connection has ended and what was held for it is given back. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** To be called once, when the connection has ended. */
  end(): void {
    this.#gone.abort();
    this.#ended.resolve();
  }

  /** Takes a PUBLISH and resolves when there is nothing more to do about it: it is stored and answered, or refused. */
  async publish(packet: PublishPacket, done: PacketDone): Promise<void> {
    const judgement = judgePublish(this.agent, packet.topic);
    if (judgement.kind === 'foreign') {
      done(new ClientRefused(judgement.message));
    } else if (judgement.topic === 'gone') {
      this.connection.taken();
      this.connection.answered();
      done(null);
    } else {
      await this.#take(judgement.topic, packet, done);
    }
  }

  /** The subscription, or null where the client may not have it. */
  authorizeSubscribe(subscription: Subscription): Subscription | null {
    const { topic } = subscription;
    if (maySubscribe(this.agent, topic)) return subscription;
    this.#options.logger.warn({ agent: this.agent, topic: topic.slice(0, 120) }, 'a subscription was refused');
    return null;
  }

  /** Notes what the client was given; the ledger's head is sent at once to who subscribes to it. */
  subscribed(subscriptions: readonly Subscription[]): void {
    for (const { topic } of subscriptions) {
      if (!maySubscribe(this.agent, topic)) continue;
      this.#topics.add(topic);
      if (topic === agentTopic(this.agent, 'head')) void this.#sendHead();
      if (topic === agentTopic(this.agent, 'wanted')) void this.#sendWanted();
      if (topic === agentTopic(this.agent, 'ended')) void this.tellEnded();
    }
  }

  unsubscribed(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.delete(topic);
  }

  async #take(topic: Exclude<UpTopic, 'gone'>, packet: PublishPacket, done: PacketDone): Promise<void> {
    const atMs = this.#options.clock();
    this.#options.presence.seen(this.agent, atMs);
    this.connection.taken();
    const { payload } = packet;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    try {
      const decision = await this.#published.take(topic, bytes, atMs);
      // Nobody behind here reads the payload, and it need not stay in memory until aedes is done with the packet.
      packet.payload = NOTHING;
      if (this.isClosed) return;
      // Before PUBACK, so that an agent whose frame is acknowledged has heard what became of it; and in their order.
      const told = this.#tell(decision);
      if (told !== undefined) this.#telling = told;
      if (this.#telling !== undefined) {
        await this.#telling;
        if (this.#telling === told) this.#telling = undefined;
        if (this.isClosed) return;
      }
      done(null);
    } catch (error) {
      if (!this.isClosed) done(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.connection.answered();
    }
  }

  /** Says what there is to be said about a message that was put aside; resolves when the agent has been written to. */
  #tell({ answer, complaint }: Decision): Promise<void> | undefined {
    const code = answer?.code ?? (complaint === undefined ? undefined : 'unreadable');
    if (code === undefined) return undefined;
    if (!this.#complaints.has(code)) {
      this.#complaints.add(code);
      const detail = answer?.detail ?? complaint;
      this.#options.logger.warn({ agent: this.agent, code, detail }, 'a message was refused');
    }
    return answer === undefined ? undefined : this.#send('verdict', encodeRefusedFrame(answer));
  }

  async #sendHead(): Promise<void> {
    const { logger, ledgerHead } = this.#options;
    try {
      await this.#send('head', encodeLedgerHead(await ledgerHead(this.agent)));
    } catch (error) {
      const { agent } = this;
      logger.warn({ agent, err: error }, 'the ledger could not say its head; the agent goes on without');
    }
  }

  async #sendWanted(): Promise<void> {
    const { logger, wantedOf } = this.#options;
    const { agent } = this;
    const { signal } = this.#gone;
    try {
      await this.#send('wanted', encodeWantedFrames(await wantedOf(agent, signal)));
    } catch (error) {
      if (!signal.aborted) logger.warn({ agent, err: error }, 'the ledger could not say what it lacks of an agent');
    }
  }

  /**
   * Tells which series of the agent are ended, as of all that is stored now. What was to be told as of an earlier time is not
   * told any more: who asks may take the next answer for his own.
   */
  async tellEnded(): Promise<void> {
    const { logger, endedOf } = this.#options;
    const { agent } = this;
    const { signal } = this.#gone;
    if (!this.#topics.has(agentTopic(agent, 'ended'))) return;
    const asked = ++this.#endedAsked;
    try {
      const ended = await endedOf(agent, signal);
      if (asked === this.#endedAsked) for (const one of splitEnded(ended)) void this.#send('ended', encodeEnded(one));
    } catch (error) {
      if (!signal.aborted) logger.warn({ agent, err: error }, 'an agent could not be told which series are ended');
    }
  }

  /** Once is enough on a connection that loses nothing: quality of service 0. Resolves when it is written, or can't be. */
  #send(topic: DownTopic, payload: Uint8Array): Promise<void> {
    const full = agentTopic(this.agent, topic);
    if (this.isClosed || !this.#topics.has(full)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#client.publish(
        { cmd: 'publish', topic: full, payload: Buffer.from(payload), qos: 0, retain: false, dup: false },
        (error) => {
          if (error) this.#options.logger.debug({ agent: this.agent, err: error }, `'${topic}' could not be sent`);
          resolve();
        },
      );
    });
  }
}

/**
 * What one client publishes, in its order: messages are decided one after the other, stored at once as they are decided,
 * hundreds at a time, and answered one after the other. So a client's records stand in the log in the order of its
 * packets, and an acknowledgement says that everything before it is stored too.
 *
 * Once a message could not be stored, none after it is acknowledged on this connection, whether it was stored or not:
 * the client sends them all again, and the ledger knows which came twice.
 */
export class PublishQueue {
  readonly #agent: string;
  readonly #ingest: Pick<Ingest, 'decide' | 'store'>;
  #decided: Promise<unknown> = Promise.resolve();
  #answered: Promise<unknown> = Promise.resolve();

  constructor(agent: string, ingest: Pick<Ingest, 'decide' | 'store'>) {
    this.#agent = agent;
    this.#ingest = ingest;
  }

  /**
   * Resolves when the message, and every one before it, is durable and may be acknowledged; with what was decided about
   * it. Throws what log or claims throw.
   */
  take(topic: Exclude<UpTopic, 'gone'>, payload: Uint8Array, atMs: number): Promise<Decision> {
    const issued = this.#decided.then(async () => {
      const decision = await this.#ingest.decide(this.#agent, topic, payload, atMs);
      const stored = this.#ingest.store(decision);
      // Whoever waits for the answer hears of it, perhaps after a failure before this one.
      stored.catch(() => undefined);
      return { decision, stored };
    });
    this.#decided = issued.catch(() => undefined);
    const answered = this.#answered.then(async () => {
      const { decision, stored } = await issued;
      await stored;
      return decision;
    });
    this.#answered = answered;
    return answered;
  }
}
