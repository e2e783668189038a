import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { readTlsFiles, type TlsOptions } from '#backbone/doors/tls-files.ts';
import { type DoorSection, listenAt } from '../doors/door-section.ts';
import { Logins, type LoginVerdict } from '../doors/logins.ts';
import { Receiving } from '../live/receiving.ts';
import { readBeside } from '../source-error.ts';
import type { SourceOptions } from '../source-kind.ts';
import { DeviceSession, DeviceSessions } from './device-session.ts';
import {
  CONNECT_TIMEOUT_MS,
  CONNECTIONS_MAX,
  FINISH_TIMEOUT_MS,
  RECEIVING_BYTES_MAX,
  SILENCE_SWEEP_MS,
} from './limits.ts';
import type { MessageLine } from './message-line.ts';

export interface DeviceDoorOptions extends Pick<SourceOptions, 'folder' | 'logger' | 'nowMs'> {
  /** The name of the source. */
  readonly name: string;
  readonly section: DoorSection;
  /** Where messages go. */
  readonly line: MessageLine;
}

/**
 * A broker for devices that can only be pointed at one: it takes what they publish, by MQTT 3.1, 3.1.1 and 5, and
 * acknowledges it when it is durable. It passes nothing on to anybody: a subscription is granted, and stays silent.
 */
export class DeviceDoor {
  /** Where it listens, once it does; rejected where it can't. */
  readonly listening: Promise<AddressInfo>;
  readonly #options: DeviceDoorOptions;
  readonly #listening = Promise.withResolvers<AddressInfo>();
  readonly #receiving = new Receiving(RECEIVING_BYTES_MAX);
  readonly #logins: Logins | null;
  readonly #remembered = new DeviceSessions();
  readonly #sessions = new Set<DeviceSession>();
  /** Who is in, by client id. */
  readonly #present = new Map<string, DeviceSession>();
  /** Wills that wait for their delay, by client id. */
  readonly #wills = new Map<string, NodeJS.Timeout>();
  #server: Server | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: DeviceDoorOptions) {
    const { name: source, logger, nowMs, section } = options;
    this.#options = options;
    const onRefused = (user: string, address: string, count: number): void =>
      logger?.warn({ source, user, address, count }, 'a login was refused');
    this.#logins = section.users === undefined ? null : new Logins({ users: section.users, nowMs, onRefused });
    this.listening = this.#listening.promise;
    // Whoever asks for batches is told too; nobody has to wait for this promise.
    this.listening.catch(() => undefined);
  }

  /** Whether its files can be used. Throws SourceError. */
  async inspect(): Promise<void> {
    await this.#tls();
  }

  /** Listens. Throws SourceError where the address can't be had. */
  async open(): Promise<void> {
    try {
      const tls = await this.#tls();
      const server =
        tls === undefined
          ? createServer((socket) => this.#admit(socket))
          : createSecureServer({ ...tls, handshakeTimeout: CONNECT_TIMEOUT_MS }, (socket) => this.#admit(socket));
      server.maxConnections = CONNECTIONS_MAX;
      const address = await listenAt(server, this.#options.section.listen);
      // As when there are too many open files: who was not let in tries again.
      server.on('error', ({ message }) => this.#tell({ reason: message }, 'a device could not be let in'));
      this.#server = server;
      this.#sweep = setInterval(() => this.#cutSilent(), SILENCE_SWEEP_MS);
      this.#listening.resolve(address);
    } catch (error) {
      this.#listening.reject(error);
      throw error;
    }
  }

  /** Takes nothing more, while what was taken may still be acknowledged. */
  stop(): void {
    this.#isClosing = true;
    for (const session of this.#sessions) session.stop();
    for (const timer of this.#wills.values()) clearTimeout(timer);
  }

  /** Ends all connections, after what there is to be sent. */
  async close(): Promise<void> {
    this.stop();
    clearInterval(this.#sweep);
    const server = this.#server;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const session of this.#sessions) session.finish(FINISH_TIMEOUT_MS);
    await closed;
  }

  #admit(socket: Socket): void {
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    // A device that says it is silent for hours is cut off when its machine no longer answers.
    socket.setKeepAlive(true, 60_000);
    const session = new DeviceSession({
      socket,
      receiving: this.#receiving,
      line: this.#options.line,
      login: (name, password) => this.#login(socket.remoteAddress ?? '', name, password),
      enter: (entering) => this.#enter(entering),
    });
    this.#sessions.add(session);
    void session.ended.then((fault) => this.#left(session, fault));
  }

  async #login(address: string, name: string | undefined, password: string): Promise<LoginVerdict> {
    if (this.#logins === null) return { kind: 'welcome' };
    return name === undefined ? { kind: 'refused' } : this.#logins.login(address, { name, password });
  }

  /** Lets a device in: a second connection of one takes over (MQTT 3.1.1 and 5.0, 3.1.4). */
  #enter(session: DeviceSession): ReturnType<DeviceSessions['open']> {
    const { clientId } = session;
    this.#present.get(clientId)?.takenOver();
    this.#present.set(clientId, session);
    clearTimeout(this.#wills.get(clientId));
    this.#wills.delete(clientId);
    return this.#remembered.open(clientId);
  }

  #left(session: DeviceSession, fault: Error | undefined): void {
    const { clientId, will } = session;
    this.#sessions.delete(session);
    if (this.#present.get(clientId) === session) this.#present.delete(clientId);
    if (this.#isClosing) return;
    const { line } = this.#options;
    if (fault !== undefined)
      this.#tell({ client: clientId, reason: fault.message }, 'the connection of a device was ended');
    if (will === undefined) return;
    const isAwaited = will.delayMs > 0 && this.#wills.size < CONNECTIONS_MAX;
    if (!isAwaited) {
      line.takeWill(will.topic, will.payload);
      return;
    }
    clearTimeout(this.#wills.get(clientId));
    const timer = setTimeout(() => {
      this.#wills.delete(clientId);
      line.takeWill(will.topic, will.payload);
    }, will.delayMs);
    this.#wills.set(clientId, timer);
  }

  #tell(fact: Readonly<Record<string, string>>, what: string): void {
    const { logger, name: source } = this.#options;
    logger?.warn({ source, ...fact }, what);
  }

  #cutSilent(): void {
    for (const session of this.#sessions) session.cutIfSilent();
  }

  async #tls(): Promise<TlsOptions | undefined> {
    const { section, folder } = this.#options;
    return section.tls === undefined ? undefined : readBeside(readTlsFiles(section.tls, folder));
  }
}
