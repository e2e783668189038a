import { Duplex } from 'node:stream';
import type { Life } from './life.ts';

/** What a socket knows of the connection that it is an end of. */
export interface ConnectionEnd {
  /** Passes bytes on to the other end; calls back when the other end has room for more. */
  send(bytes: Uint8Array, sent: () => void): void;
  /** No more bytes follow from this end. */
  finish(): void;
  /** This end is gone. */
  close(): void;
  /** This end has room again. */
  drained(): void;
}

/** What Node's HTTP reads a connection with. */
interface NodeParser {
  remove(): void;
  close(): void;
}

export interface SocketAddresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
}

/** What libraries use of `net.Socket`, on the network of the world. It belongs to the life that dialled or accepted it. */
export class SimulatedSocket extends Duplex {
  readonly life: Life;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly localAddress = '127.0.0.1';
  readonly remoteFamily = 'IPv4';
  /** Set by Node's HTTP while it reads here. */
  declare parser?: NodeParser | null;
  connecting = true;
  timeout = 0;
  bytesRead = 0;
  bytesWritten = 0;
  #end: ConnectionEnd | undefined;
  /** What was written, or asked for, before the connection stood. */
  #early: (() => void)[] = [];
  readonly #inbox: (Uint8Array | null)[] = [];
  #unreadBytes = 0;
  #wanted = false;

  constructor(life: Life, addresses: SocketAddresses) {
    super({ allowHalfOpen: false, emitClose: true, autoDestroy: true });
    this.life = life;
    this.remoteAddress = addresses.remoteAddress;
    this.remotePort = addresses.remotePort;
    this.localPort = addresses.localPort;
  }

  /** Bytes that arrived and were not asked for yet, here and in the stream's own buffer. */
  get unreadBytes(): number {
    return this.#unreadBytes + this.readableLength;
  }

  /** The connection stands: what was written before goes out. */
  connected(end: ConnectionEnd): void {
    if (this.destroyed) {
      end.close();
      return;
    }
    this.#end = end;
    this.connecting = false;
    for (const write of this.#early.splice(0)) write();
    this.emit('connect');
    this.emit('ready');
  }

  /** Bytes have arrived, or the other end has finished. */
  arrive(bytes: Uint8Array | null): void {
    if (this.destroyed) return;
    this.#inbox.push(bytes);
    this.#unreadBytes += bytes?.length ?? 0;
    if (this.#wanted) this.#pass();
  }

  /** The other end is gone, in order or not. */
  vanish(reset: Error | undefined): void {
    if (this.destroyed) return;
    if (reset === undefined) this.arrive(null);
    else this.destroy(reset);
  }

  override _read(): void {
    this.#wanted = true;
    this.#pass();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.bytesWritten += chunk.length;
    const end = this.#end;
    if (end === undefined) this.#early.push(() => this.#end!.send(chunk, done));
    else end.send(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    const finish = (): void => {
      this.#end!.finish();
      done();
    };
    if (this.#end === undefined) this.#early.push(finish);
    else finish();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#early = [];
    this.#inbox.length = 0;
    this.#unreadBytes = 0;
    this.#end?.close();
    done(error);
  }

  /** Ends what reads here: a parser is held by Node until it is closed, which a killed process never does, and holds all of a world. */
  letGo(): void {
    this.parser?.remove();
    this.parser?.close();
    this.parser = null;
  }

  #pass(): void {
    while (this.#wanted && this.#inbox.length > 0) {
      const bytes = this.#inbox.shift()!;
      this.#unreadBytes -= bytes?.length ?? 0;
      this.bytesRead += bytes?.length ?? 0;
      this.#wanted = this.push(bytes);
      if (bytes === null) return;
    }
    this.#end?.drained();
  }

  /** As `net.Socket`: ends the connection once what was written is out. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  get readyState(): string {
    if (this.connecting) return 'opening';
    return this.destroyed ? 'closed' : 'open';
  }

  get pending(): boolean {
    return this.connecting;
  }

  address() {
    return { address: this.localAddress, port: this.localPort, family: 'IPv4' };
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Nothing of the product's own relies on a socket's idle timeout; the listener is kept for libraries that do. */
  setTimeout(ms: number, callback?: () => void): this {
    this.timeout = ms;
    if (callback !== undefined && ms > 0) this.once('timeout', callback);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
