import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { IConnectPacket, ISubackPacket, Packet } from 'mqtt-packet';
import { reasonOf } from '#core/errors.ts';
import type { Receiving } from '../live/receiving.ts';
import { brokerAddress, type BrokerSecrets, type BrokerSection } from './broker-section.ts';
import type { Deliveries } from './deliveries.ts';
import { CONNECT_TIMEOUT_MS, FINISH_TIMEOUT_MS, KEEPALIVE_S, RECEIVE_MAX, SESSION_EXPIRY_S } from './limits.ts';
import type { MessageLine } from './message-line.ts';
import { PacketConnection, type PacketHandler } from './packet-connection.ts';
import { CONNACK, MqttFault } from './packet-frames.ts';
import type { Publish } from './publish.ts';

/** A topic filter, and the quality of service that is asked for. */
export interface Subscription {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

export interface BrokerSessionOptions {
  readonly section: BrokerSection;
  readonly secrets: BrokerSecrets;
  readonly version: 4 | 5;
  readonly clientId: string;
  /** Whether the broker is to forget the session when the connection ends. */
  readonly isClean: boolean;
  readonly subscriptions: readonly Subscription[];
  readonly will: IConnectPacket['will'];
  readonly line: MessageLine;
  readonly deliveries: Deliveries;
  readonly receiving: Receiving;
  /** Called when all subscriptions are granted; with whether the broker had kept the session of before. */
  readonly onSubscribed: (isKept: boolean) => void;
}

/** Why a connection ended, or was not made. */
export interface Loss {
  readonly reason: string;
  /** What a person has to change, or null where the same may succeed later. */
  readonly remedy: string | null;
  /** Whether it may be for the version of MQTT. */
  readonly isVersion: boolean;
}

/** What a subscription is answered where it is refused (MQTT 3.1.1, 3.9.3; 5.0, 3.9.3). */
const SUBSCRIPTION_REFUSED = 0x80;

/** Retained messages come at the first subscription of a session only (MQTT 5.0, 3.8.3.1). */
const RETAINED_AT_FIRST = 1;

const SUBSCRIBE_ID = 1;

/** One connection to a broker, from dialling to its end. */
export class BrokerSession implements PacketHandler {
  readonly #options: BrokerSessionOptions;
  readonly #connection: PacketConnection;
  #state: 'dialling' | 'asking' | 'subscribing' | 'in' = 'dialling';
  #refusal: Loss | undefined;
  #isKept = false;
  #publishId = SUBSCRIBE_ID;

  constructor(options: BrokerSessionOptions) {
    const { section, secrets, version, receiving } = options;
    this.#options = options;
    const { host, port, isSecure } = brokerAddress(section.url);
    const ca = secrets.ca === undefined ? {} : { ca: secrets.ca };
    const socket: Socket = isSecure ? connectSecure({ host, port, ...ca }) : connectPlain({ host, port });
    this.#connection = new PacketConnection({ socket, version, handler: this, first: CONNACK, receiving });
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#state = 'asking';
      this.#connection.send(this.#connectPacket());
    });
  }

  /** Whether the broker has let us in and granted what we asked for. */
  get isIn(): boolean {
    return this.#state === 'in';
  }

  /** Resolves when the connection has ended. */
  async ended(): Promise<Loss> {
    const connection = this.#connection;
    const timer = setTimeout(() => {
      if (!this.isIn) connection.destroy(new MqttFault(`it has not answered for ${CONNECT_TIMEOUT_MS / 1_000} s`));
    }, CONNECT_TIMEOUT_MS);
    const keepalive = setInterval(() => this.#keepAlive(), (KEEPALIVE_S * 1_000) / 2);
    const fault = await connection.ended;
    clearTimeout(timer);
    clearInterval(keepalive);
    this.#options.deliveries.disconnected();
    if (this.#refusal !== undefined) return this.#refusal;
    if (isDistrusted(fault)) {
      const reason = `has a certificate that can't be trusted (${fault.code})`;
      return {
        reason,
        remedy: 'name the file of one that has signed it as `ca`, and the broker by its name',
        isVersion: false,
      };
    }
    const reason = fault === undefined ? 'ended the connection' : `can't be reached: ${reasonOf(fault)}`;
    // Brokers of 3.1.1 that don't know version 5 are to say so; some just hang up.
    return { reason, remedy: null, isVersion: fault === undefined && this.#state === 'asking' };
  }

  publish(publish: Publish, isWhole: boolean): void {
    const { line, deliveries } = this.#options;
    line.take(publish, isWhole, { connection: this.#connection, deliveries, isBroker: true });
  }

  packet(packet: Packet): void {
    switch (packet.cmd) {
      case 'connack':
        this.#welcomed(packet.reasonCode ?? packet.returnCode ?? 0, packet.sessionPresent);
        break;
      case 'suback':
        if (packet.messageId === SUBSCRIBE_ID) this.#subscribed(packet.granted);
        break;
      case 'pubrel':
        this.#options.deliveries.release(packet.messageId!);
        this.#connection.acknowledge('pubcomp', packet.messageId!);
        break;
      case 'disconnect': {
        const code = packet.reasonCode ?? 0;
        this.#refuse(
          `ended the connection with code ${code}${code === 0x8e ? ', for another client has the same id' : ''}`,
        );
        break;
      }
      default:
    }
  }

  /** Publishes something of our own. What acknowledges it isn't waited for. */
  say(topic: string, payload: Buffer, { qos, retain }: { readonly qos: 0 | 1; readonly retain: boolean }): void {
    this.#publishId = (this.#publishId % 0xffff) + 1;
    const id = qos === 0 ? {} : { messageId: this.#publishId };
    this.#connection.send({ cmd: 'publish', topic, payload, qos, retain, dup: false, ...id });
  }

  /** Takes nothing more, while what was taken may still be acknowledged. */
  stop(): void {
    if (this.isIn) this.#connection.pause();
    else this.#connection.destroy();
  }

  /** Takes leave: the broker says no will. */
  leave(): void {
    if (this.isIn) this.#connection.send({ cmd: 'disconnect' });
    this.#connection.finish(FINISH_TIMEOUT_MS);
  }

  #connectPacket(): IConnectPacket {
    const { section, secrets, version, clientId, isClean, will } = this.#options;
    const sessionExpiryInterval = isClean ? 0 : SESSION_EXPIRY_S;
    return {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clientId,
      clean: isClean,
      keepalive: KEEPALIVE_S,
      ...(section.user === undefined ? {} : { username: section.user }),
      ...(secrets.password === undefined ? {} : { password: secrets.password }),
      ...(will === undefined ? {} : { will }),
      ...(version === 5 ? { properties: { sessionExpiryInterval, receiveMaximum: RECEIVE_MAX } } : {}),
    };
  }

  #welcomed(code: number, isSessionPresent: boolean): void {
    const { version, deliveries, subscriptions } = this.#options;
    if (code !== 0) {
      const { reason, remedy, isVersion } = connectRefusal(version, code);
      this.#refusal = { reason, remedy, isVersion };
      this.#connection.destroy();
      return;
    }
    this.#isKept = isSessionPresent;
    if (!isSessionPresent) deliveries.beginAnew();
    this.#state = 'subscribing';
    const rest = version === 5 ? { rh: RETAINED_AT_FIRST } : {};
    this.#connection.send({
      cmd: 'subscribe',
      messageId: SUBSCRIBE_ID,
      subscriptions: subscriptions.map(({ topic, qos }) => ({ topic, qos, ...rest })),
    });
  }

  #subscribed(granted: ISubackPacket['granted']): void {
    const refused = this.#options.subscriptions.filter((_, i) => Number(granted[i]) >= SUBSCRIPTION_REFUSED);
    if (refused.length > 0) {
      const topics = refused.map(({ topic }) => topic).join(', ');
      this.#refuse(`does not let us subscribe to ${topics}`, 'let the broker allow it, or name other topics');
      return;
    }
    this.#state = 'in';
    this.#options.onSubscribed(this.#isKept);
  }

  #refuse(reason: string, remedy: string | null = null): void {
    this.#refusal = { reason, remedy, isVersion: false };
    this.#connection.destroy();
  }

  #keepAlive(): void {
    if (this.#state !== 'subscribing' && this.#state !== 'in') return;
    const silentMs = this.#connection.silentMs;
    if (silentMs > KEEPALIVE_S * 1_500)
      this.#connection.destroy(new MqttFault(`it was silent for ${Math.round(silentMs / 1_000)} s`));
    else this.#connection.send({ cmd: 'pingreq' });
  }
}

/** The codes by which Node tells that a certificate was looked at and is not trusted, or not that of the host. */
const DISTRUST = /CERT|SELF_SIGNED|UNABLE_TO_/;

function isDistrusted(fault: Error | undefined): fault is Error & { readonly code: string } {
  return fault !== undefined && 'code' in fault && DISTRUST.test(String(fault.code));
}

/** Why a broker doesn't let in who connects, or doesn't give what was subscribed to. */
export interface Refusal {
  readonly reason: string;
  /** What has to be changed; null where the same may succeed later. */
  readonly remedy: string | null;
  /** Whether the broker doesn't know the version of MQTT. */
  readonly isVersion: boolean;
}

const LATER = { remedy: null, isVersion: false };
const WHO = { remedy: 'check `user`, and the file that `password` names', isVersion: false };
const VERSION: Refusal = {
  reason: 'does not speak this version of MQTT',
  remedy: 'name the other one, `version: 3` or `version: 5`, or leave it out',
  isVersion: true,
};

/** CONNACK of MQTT 3.1.1 (section 3.2.2.3). */
const RETURN_CODES: ReadonlyMap<number, Refusal> = new Map([
  [1, VERSION],
  [2, { reason: 'does not take the client id', remedy: 'name another `clientId`', isVersion: false }],
  [3, { reason: 'is not available', ...LATER }],
  [4, { reason: 'does not know the user or the password', ...WHO }],
  [5, { reason: 'does not allow the connection', ...WHO }],
]);

/** CONNACK of MQTT 5.0 (section 3.2.2.2): those that a person can do something about. */
const REASON_CODES: ReadonlyMap<number, Refusal> = new Map([
  [1, VERSION],
  [0x84, VERSION],
  [0x85, { reason: 'does not take the client id', remedy: 'name another `clientId`', isVersion: false }],
  [0x86, { reason: 'does not know the user or the password', ...WHO }],
  [0x87, { reason: 'does not allow the connection', ...WHO }],
  [0x8a, { reason: 'has banned the client', remedy: 'name another `clientId` or `user`', isVersion: false }],
  [0x8c, { reason: 'asks for another way to log in than a password', ...WHO }],
]);

/** What a code other than 0 in CONNACK says. */
export function connectRefusal(version: 4 | 5, code: number): Refusal {
  const known = (version === 5 ? REASON_CODES : RETURN_CODES).get(code);
  return known ?? { reason: `refused the connection with code ${code}`, ...LATER };
}
