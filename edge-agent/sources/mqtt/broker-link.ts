import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IConnectPacket } from 'mqtt-packet';
import { Receiving } from '../live/receiving.ts';
import { SourceError } from '../source-error.ts';
import type { SourceOptions } from '../source-kind.ts';
import { type BrokerSection, readBrokerSecrets } from './broker-section.ts';
import { BrokerSession, type Loss, type Subscription } from './broker-session.ts';
import { Deliveries } from './deliveries.ts';
import { RECEIVING_BYTES_MAX, REDIAL_MS_MAX, REDIAL_MS_MIN } from './limits.ts';
import type { MessageLine } from './message-line.ts';

export interface BrokerLinkOptions extends Pick<SourceOptions, 'agent' | 'folder' | 'logger' | 'random' | 'isPreview'> {
  /** The name of the source. */
  readonly name: string;
  readonly section: BrokerSection;
  readonly subscriptions: readonly Subscription[];
  /** What the broker is to say for us when we are gone; asked for whenever it is dialled. */
  readonly will?: () => IConnectPacket['will'];
  /** Whether the session ends with its connection, whoever we are. */
  readonly isClean?: boolean;
  /** Where messages go. */
  readonly line: MessageLine;
  /** Called each time that the broker has granted the subscriptions. */
  readonly onSubscribed?: () => void;
}

/**
 * A client of a broker, connected again whenever the connection is lost. The session outlives connections: what is
 * published meanwhile with quality of service 1 or 2 the broker keeps, and sends again as long as it is not acknowledged.
 *
 * A refusal that only a person can do something about ends it if it comes before anything else; later it is told, and tried
 * again, for a broker's rules may be mended too. Version 5 is tried first, since by it a broker is told how much may be on
 * the way; one that doesn't know it is asked by 3.1.1.
 */
export class BrokerLink {
  readonly #options: BrokerLinkOptions;
  readonly #clientId: string;
  readonly #isClean: boolean;
  readonly #deliveries = new Deliveries();
  readonly #receiving = new Receiving(RECEIVING_BYTES_MAX);
  readonly #stopped = new AbortController();
  #version: 4 | 5;
  #session: BrokerSession | undefined;
  #wasIn = false;
  #failures = 0;

  constructor(options: BrokerLinkOptions) {
    const { name, agent, section, isPreview = false, isClean = false } = options;
    this.#options = options;
    this.#version = section.version === 3 ? 4 : 5;
    // Who only looks leaves no session behind, and takes over none.
    const isNobody = isPreview || agent === undefined;
    this.#isClean = isClean || isNobody;
    this.#clientId = isNobody
      ? `weir-${randomBytes(6).toString('hex')}`
      : (section.clientId ?? `weir-${agent}-${name}`);
  }

  /** Whether its files can be used. Throws SourceError. */
  async inspect(): Promise<void> {
    await readBrokerSecrets(this.#options.section, this.#options.folder);
  }

  /** Connects, and connects again, until `leave`. Throws SourceError for a refusal that needs a person. */
  async run(): Promise<void> {
    const { section, folder, subscriptions, will, line } = this.#options;
    const secrets = await readBrokerSecrets(section, folder);
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const session = new BrokerSession({
        section,
        secrets,
        version: this.#version,
        clientId: this.#clientId,
        isClean: this.#isClean,
        subscriptions,
        will: will?.(),
        line,
        deliveries: this.#deliveries,
        receiving: this.#receiving,
        onSubscribed: (isKept) => this.#in(isKept),
      });
      this.#session = session;
      const loss = await session.ended();
      this.#session = undefined;
      if (signal.aborted) return;
      await sleep(this.#judge(loss, session.isIn), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Whether there is a connection by which something can be said. */
  get isIn(): boolean {
    return this.#session?.isIn === true;
  }

  /** Publishes something of our own, where there is a connection to do it by. */
  say(topic: string, payload: Buffer, how: { readonly qos: 0 | 1; readonly retain: boolean }): void {
    if (this.isIn) this.#session!.say(topic, payload, how);
  }

  /** Takes nothing more, while what was taken may still be acknowledged. */
  stop(): void {
    this.#stopped.abort();
    this.#session?.stop();
  }

  /** Takes leave of the broker; `run` resolves then. */
  leave(): void {
    this.stop();
    this.#session?.leave();
  }

  #in(isKept: boolean): void {
    const { logger, name, section, onSubscribed } = this.#options;
    const fact = { source: name, broker: section.url, version: this.#version === 5 ? 5 : 3 };
    if (this.#wasIn && !isKept && !this.#isClean) {
      logger?.warn(fact, 'connected to the broker again, which has kept nothing that was published meanwhile');
    } else logger?.info(fact, 'connected to the broker');
    this.#failures = 0;
    this.#wasIn = true;
    onSubscribed?.();
  }

  /** Decides what follows from a loss: gives in how many ms to dial again. */
  #judge({ reason, remedy, isVersion }: Loss, wasIn: boolean): number {
    const { logger, name, section, random = Math.random } = this.#options;
    const mayChange = isVersion && section.version === undefined;
    if (mayChange) this.#version = this.#version === 5 ? 4 : 5;
    else if (remedy !== null && !this.#wasIn) throw new SourceError('refused', `broker ${section.url}`, reason, remedy);
    if (mayChange && this.#failures === 0) {
      this.#failures++;
      return 0;
    }
    const longestMs = Math.min(REDIAL_MS_MAX, REDIAL_MS_MIN * 2 ** Math.min(this.#failures++, 16));
    // Not all at once, where many have lost the same broker.
    const redialMs = longestMs / 2 + (random() * longestMs) / 2;
    const fact = {
      source: name,
      broker: section.url,
      reason,
      ...(remedy === null ? {} : { remedy }),
      redialMs: Math.round(redialMs),
    };
    logger?.warn(
      fact,
      wasIn ? 'the broker was lost; it is dialled again' : 'the broker is not there; it is dialled again',
    );
    return redialMs;
  }
}
