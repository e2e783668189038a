import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { IConnectPacket, Packet } from 'mqtt-packet';
import type { LoginVerdict } from '../doors/logins.ts';
import type { Receiving } from '../live/receiving.ts';
import { Deliveries } from './deliveries.ts';
import { BEHIND_MS_MAX, CONNECT_TIMEOUT_MS, FINISH_TIMEOUT_MS, RECEIVE_MAX, SESSIONS_MAX } from './limits.ts';
import type { MessageLine } from './message-line.ts';
import { PacketConnection, type PacketHandler } from './packet-connection.ts';
import { CONNECT, MqttFault } from './packet-frames.ts';
import type { Publish } from './publish.ts';

export interface DeviceSessionOptions {
  readonly socket: Socket;
  readonly receiving: Receiving;
  readonly line: MessageLine;
  readonly login: (name: string | undefined, password: string) => Promise<LoginVerdict>;
  /** Called once who connects may come in; gives what is remembered of it. */
  readonly enter: (session: DeviceSession) => { readonly deliveries: Deliveries; readonly isPresent: boolean };
}

/** What is to be taken as published, should a device go without a word. */
export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly delayMs: number;
}

/** What CONNACK says of who may not come in, by MQTT 3.1.1 (3.2.2.3) and by MQTT 5.0 (3.2.2.2). */
const REFUSALS = {
  'client-id': { returnCode: 2, reasonCode: 0x85 },
  login: { returnCode: 4, reasonCode: 0x86 },
  later: { returnCode: 3, reasonCode: 0x9f },
  method: { returnCode: 5, reasonCode: 0x8c },
} as const;

/** DISCONNECT of MQTT 5.0 (3.14.2.1): the device goes, but its will is to be said; another one has come with its id. */
const DISCONNECT_WITH_WILL = 0x04;
const SESSION_TAKEN_OVER = 0x8e;
/** The agent stops. */
const SERVER_SHUTTING_DOWN = 0x8b;

/** One connection of a device. */
export class DeviceSession implements PacketHandler {
  readonly #options: DeviceSessionOptions;
  readonly #connection: PacketConnection;
  readonly #connectBy: NodeJS.Timeout;
  #state: 'new' | 'asked' | 'in' = 'new';
  #isFive = false;
  #clientId = '';
  #will: Will | undefined;
  #deliveries: Deliveries | undefined;
  #silentMsMax = Number.POSITIVE_INFINITY;

  constructor(options: DeviceSessionOptions) {
    const { socket, receiving } = options;
    this.#options = options;
    this.#connection = new PacketConnection({ socket, version: 4, handler: this, first: CONNECT, receiving });
    this.#connectBy = setTimeout(() => {
      const fault = new MqttFault(`it has not said who it is for ${CONNECT_TIMEOUT_MS / 1_000} s`);
      if (this.#state === 'new') this.#connection.destroy(fault);
    }, CONNECT_TIMEOUT_MS);
  }

  get clientId(): string {
    return this.#clientId;
  }

  /** What the device left to be said; undefined where it took leave, or left nothing. */
  get will(): Will | undefined {
    return this.#state === 'in' ? this.#will : undefined;
  }

  /** Resolves when the connection has ended, with the reason where that wasn't the device's own. */
  get ended(): Promise<Error | undefined> {
    return this.#connection.ended.finally(() => {
      clearTimeout(this.#connectBy);
      this.#deliveries?.disconnected();
    });
  }

  publish(publish: Publish, isWhole: boolean): void {
    if (this.#deliveries === undefined) throw new MqttFault('a connection begins with CONNECT, not with PUBLISH');
    const sender = { connection: this.#connection, deliveries: this.#deliveries, isBroker: false };
    this.#options.line.take(publish, isWhole, sender);
  }

  packet(packet: Packet): void {
    const connection = this.#connection;
    if (packet.cmd === 'connect') {
      if (this.#state !== 'new') throw new MqttFault('CONNECT came twice');
      this.#state = 'asked';
      // What follows on its heels waits until it is decided.
      connection.pause();
      this.#connect(packet).catch((error: unknown) => connection.destroy(error as Error));
      return;
    }
    if (this.#state !== 'in') throw new MqttFault(`a connection begins with CONNECT, not with ${packet.cmd}`);
    switch (packet.cmd) {
      case 'pingreq':
        connection.send({ cmd: 'pingresp' });
        break;
      case 'pubrel':
        this.#deliveries?.release(packet.messageId!);
        connection.acknowledge('pubcomp', packet.messageId!);
        break;
      case 'subscribe':
        refuseEmpty(packet.cmd, packet.subscriptions.length);
        connection.send({
          cmd: 'suback',
          messageId: packet.messageId!,
          granted: packet.subscriptions.map(({ qos }) => qos),
        });
        break;
      case 'unsubscribe':
        refuseEmpty(packet.cmd, packet.unsubscriptions.length);
        connection.send({
          cmd: 'unsuback',
          messageId: packet.messageId!,
          granted: packet.unsubscriptions.map(() => 0),
        });
        break;
      case 'disconnect':
        if (packet.reasonCode !== DISCONNECT_WITH_WILL) this.#will = undefined;
        connection.finish(FINISH_TIMEOUT_MS);
        break;
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
        break;
      default:
        throw new MqttFault(`${packet.cmd} is none that a device sends`);
    }
  }

  /** Another connection of the device takes its place. */
  takenOver(): void {
    this.#say(SESSION_TAKEN_OVER);
    this.#connection.finish(FINISH_TIMEOUT_MS);
  }

  /** Takes nothing more, while what was taken may still be acknowledged. */
  stop(): void {
    this.#connection.pause();
  }

  finish(timeoutMs: number): void {
    this.#say(SERVER_SHUTTING_DOWN);
    this.#connection.finish(timeoutMs);
  }

  cutIfSilent(): void {
    const { silentMs, behindMs } = this.#connection;
    const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
    if (silentMs > this.#silentMsMax) this.#connection.destroy(new MqttFault(`it was silent for ${seconds(silentMs)}`));
    else if (behindMs > BEHIND_MS_MAX)
      this.#connection.destroy(new MqttFault(`it has taken nothing that it was sent for ${seconds(behindMs)}`));
  }

  #say(reasonCode: number): void {
    if (this.#isFive && this.#state === 'in') this.#connection.send({ cmd: 'disconnect', reasonCode });
  }

  async #connect(packet: IConnectPacket): Promise<void> {
    const {
      protocolVersion = 4,
      clientId,
      clean = false,
      username,
      password,
      will,
      keepalive = 0,
      properties,
    } = packet;
    this.#isFive = protocolVersion === 5;
    this.#connection.version = protocolVersion;
    if (clientId === '' && !clean && !this.#isFive) {
      this.#refuse('client-id');
      return;
    }
    if (properties?.authenticationMethod !== undefined) {
      this.#refuse('method');
      return;
    }
    const verdict = await this.#options.login(username, password?.toString() ?? '');
    if (this.#connection.isEnded) return;
    if (verdict.kind !== 'welcome') {
      this.#refuse(verdict.kind === 'later' ? 'later' : 'login');
      return;
    }
    this.#clientId = clientId === '' ? `weir-${randomBytes(8).toString('hex')}` : clientId;
    this.#will = will === undefined ? undefined : willOf(will);
    // A device is given half as much again as it asked for (MQTT 3.1.1 and 5.0, 3.1.2.10).
    this.#silentMsMax = keepalive === 0 ? Number.POSITIVE_INFINITY : keepalive * 1_500;
    const { deliveries, isPresent } = this.#options.enter(this);
    if (clean) deliveries.beginAnew();
    this.#deliveries = deliveries;
    this.#state = 'in';
    this.#welcome(isPresent && !clean, clientId === '');
    this.#connection.resume();
  }

  #welcome(sessionPresent: boolean, isAssigned: boolean): void {
    if (!this.#isFive) {
      this.#connection.send({ cmd: 'connack', sessionPresent, returnCode: 0 });
      return;
    }
    const assigned = isAssigned ? { assignedClientIdentifier: this.#clientId } : {};
    const properties = { receiveMaximum: RECEIVE_MAX, ...assigned };
    this.#connection.send({ cmd: 'connack', sessionPresent, reasonCode: 0, properties });
  }

  #refuse(why: keyof typeof REFUSALS): void {
    const { returnCode, reasonCode } = REFUSALS[why];
    const code = this.#isFive ? { reasonCode } : { returnCode };
    this.#connection.send({ cmd: 'connack', sessionPresent: false, ...code });
    this.#connection.finish(FINISH_TIMEOUT_MS);
  }
}

/** A SUBSCRIBE, or UNSUBSCRIBE, without a topic is a violation of the protocol (MQTT 3.1.1 and 5.0, 3.8.3 and 3.10.3). */
function refuseEmpty(type: string, topics: number): void {
  if (topics === 0) throw new MqttFault(`it names no topic in ${type.toUpperCase()}`);
}

function willOf({ topic, payload, properties }: NonNullable<IConnectPacket['will']>): Will {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { topic, payload: bytes, delayMs: (properties?.willDelayInterval ?? 0) * 1_000 };
}

/** What is remembered of devices over their connections, by client id; beyond the limit the one longest unseen goes. */
export class DeviceSessions {
  readonly #deliveries = new Map<string, Deliveries>();

  /** What is known of a device; `isPresent` says whether anything was. */
  open(clientId: string): { readonly deliveries: Deliveries; readonly isPresent: boolean } {
    const known = this.#deliveries.get(clientId);
    const deliveries = known ?? new Deliveries();
    this.#deliveries.delete(clientId);
    this.#deliveries.set(clientId, deliveries);
    if (this.#deliveries.size > SESSIONS_MAX) this.#deliveries.delete(this.#deliveries.keys().next().value!);
    return { deliveries, isPresent: known !== undefined };
  }
}
