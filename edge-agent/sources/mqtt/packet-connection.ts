import type { Socket } from 'node:net';
import { generate, type Packet, parser, type Parser } from 'mqtt-packet';
import { reasonOf } from '#core/errors.ts';
import type { ReceivedBody, Receiving } from '../live/receiving.ts';
import { MqttFault, PacketFrames, PUBLISH, type PacketFrame } from './packet-frames.ts';
import { type Publish, readPublish } from './publish.ts';

/** Who is told of what comes over a connection; throws MqttFault where that has to end it. */
export interface PacketHandler {
  /** A PUBLISH; `isWhole` is false where it was too long, and its payload is but a beginning. */
  publish(publish: Publish, isWhole: boolean): void;
  /** Any other packet. */
  packet(packet: Packet): void;
}

export interface PacketConnectionOptions {
  readonly socket: Socket;
  /** Of MQTT, as the client of this connection says; a listener learns it from CONNECT. */
  readonly version: 3 | 4 | 5;
  readonly handler: PacketHandler;
  /** The type of the packet that has to come first. */
  readonly first: number;
  /** What bounds the packets that are still coming in, over all connections. */
  readonly receiving: Receiving;
}

/** The types of MQTT's acknowledgements, as their first byte says them (section 2.1.2, 3.6.1). */
const ACKNOWLEDGEMENTS = { puback: 0x40, pubrec: 0x50, pubcomp: 0x70 } as const;
export type AcknowledgementType = keyof typeof ACKNOWLEDGEMENTS;

/**
 * One MQTT connection, of either end: bytes in, packets out and the other way round. What is sent in one turn of the event
 * loop leaves in one piece. While the other end doesn't take what it is sent, or `pause` says so, nothing more is read,
 * and TCP makes it wait.
 */
export class PacketConnection {
  readonly #socket: Socket;
  readonly #handler: PacketHandler;
  readonly #receiving: Receiving;
  readonly #frames: PacketFrames;
  readonly #parser: Parser;
  readonly #ended = Promise.withResolvers<Error | undefined>();
  #version: 3 | 4 | 5;
  #parsed: Packet | undefined;
  #fault: Error | undefined;
  #isEnded = false;
  #outbox: Buffer[] = [];
  /** Packets that came in one piece with what made it pause. */
  #waiting: PacketFrame[] = [];
  #received: ReceivedBody | undefined;
  #isPaused = false;
  /** Since when the other end hasn't taken what it was sent; undefined where it has. */
  #behindSinceMs: number | undefined;
  #heardAtMs = performance.now();

  constructor({ socket, version, handler, first, receiving }: PacketConnectionOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#receiving = receiving;
    this.#version = version;
    this.#frames = new PacketFrames(first, (frame) => this.#take(frame));
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on('packet', (packet) => (this.#parsed = packet));
    this.#parser.on('error', (error: unknown) => {
      throw new MqttFault(`a packet can't be read: ${reasonOf(error)}`, error);
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#feed(chunk));
    socket.on('drain', () => {
      this.#behindSinceMs = undefined;
      this.#flow();
    });
    socket.on('error', (error) => (this.#fault ??= error));
    socket.on('close', () => this.#close());
  }

  /** Resolves when the connection has ended, with the reason where it was not its other end that ended it in order. */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** For how long nothing has come although it would have been read, in ms. */
  get silentMs(): number {
    const isRead = !this.#isPaused && this.#behindSinceMs === undefined;
    return isRead ? performance.now() - this.#heardAtMs : 0;
  }

  /** For how long the other end hasn't taken what it was sent, in ms. */
  get behindMs(): number {
    return this.#behindSinceMs === undefined ? 0 : performance.now() - this.#behindSinceMs;
  }

  /** What a CONNECT said; packets after it are read so. */
  set version(version: 3 | 4 | 5) {
    this.#version = version;
  }

  /** Sends a packet. Where what the other end said makes it none, the connection ends, and nothing else. */
  send(packet: Packet): void {
    try {
      this.#post(generate(packet, { protocolVersion: this.#version }));
    } catch (error) {
      this.destroy(new MqttFault(`it can't be sent ${packet.cmd}: ${reasonOf(error)}`, error));
    }
  }

  /** Acknowledges a message: of these packets there are many, and four bytes of each. */
  acknowledge(type: AcknowledgementType, id: number): void {
    this.#post(Buffer.from([ACKNOWLEDGEMENTS[type], 2, id >> 8, id & 0xff]));
  }

  pause(): void {
    this.#isPaused = true;
    this.#flow();
  }

  resume(): void {
    this.#isPaused = false;
    this.#heardAtMs = performance.now();
    this.#guard(() => {
      while (!this.#isPaused) {
        const frame = this.#waiting.shift();
        if (frame === undefined) break;
        this.#give(frame);
      }
    });
    this.#flow();
  }

  /** Sends what there is to be sent and ends the connection; whatever comes meanwhile is not read. */
  finish(timeoutMs: number): void {
    this.#flush();
    this.pause();
    this.#isEnded = true;
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), timeoutMs).unref();
    // An end that nobody reads is never seen.
    this.#socket.resume();
  }

  /** Ends the connection at once. */
  destroy(fault?: Error): void {
    this.#fault ??= fault;
    this.#isEnded = true;
    this.#socket.destroy();
  }

  #feed(chunk: Buffer): void {
    if (this.#isEnded) return;
    this.#heardAtMs = performance.now();
    this.#guard(() => this.#frames.feed(chunk));
    if (this.#isEnded || !this.#frames.isWithin) return;
    this.#received ??= this.#receiving.begin(() =>
      this.destroy(new MqttFault('too much is being received at a time, and this for the longest')),
    );
    this.#received.add(chunk.length);
  }

  /** What is wrong with a packet ends the connection. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof MqttFault)) throw error;
      this.destroy(error);
    }
  }

  #take(frame: PacketFrame): void {
    this.#received?.end();
    this.#received = undefined;
    if (this.#isPaused) this.#waiting.push(frame);
    else this.#give(frame);
  }

  #give({ type, bytes, isWhole }: PacketFrame): void {
    if (this.#isEnded) return;
    if (type !== PUBLISH) {
      this.#handler.packet(this.#parse(bytes));
      return;
    }
    const publish = readPublish(bytes, this.#version);
    if (typeof publish === 'string') throw new MqttFault(`a PUBLISH can't be read: ${publish}`);
    this.#handler.publish(publish, isWhole);
  }

  #parse(bytes: Buffer): Packet {
    this.#parsed = undefined;
    try {
      this.#parser.parse(bytes);
    } catch (error) {
      // The library also throws what it didn't mean to, of packets that end within a field.
      throw error instanceof MqttFault ? error : new MqttFault("a packet can't be read", error);
    }
    if (this.#parsed === undefined) throw new MqttFault("a packet can't be read");
    return this.#parsed;
  }

  #post(bytes: Buffer): void {
    if (this.#isEnded) return;
    this.#outbox.push(bytes);
    if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const outbox = this.#outbox;
    if (outbox.length === 0 || this.#socket.destroyed) return;
    this.#outbox = [];
    if (this.#socket.write(outbox.length === 1 ? outbox[0]! : Buffer.concat(outbox))) return;
    this.#behindSinceMs ??= performance.now();
    this.#flow();
  }

  #flow(): void {
    if (this.#isPaused || this.#behindSinceMs !== undefined) this.#socket.pause();
    else this.#socket.resume();
  }

  #close(): void {
    this.#isEnded = true;
    this.#received?.end();
    this.#ended.resolve(this.#fault);
  }
}
