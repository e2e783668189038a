import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { binaryHead, closeFrame, FrameReader, pongFrame } from './websocket-frames.ts';

/**
 * The bytes that a WebSocket carries over a socket, both ways. Nothing is gathered: what comes is passed on byte for byte, and
 * while that isn't read, or the peer doesn't take the answers to its pings, the socket isn't read either.
 */
export class WebSocketStream extends Duplex {
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  /** Whether whoever reads wants more. */
  #isWanted = true;
  #isEnding = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    this.#frames = new FrameReader({
      data: (bytes) => {
        this.#isWanted = this.push(bytes);
        if (!this.#isWanted) socket.pause();
      },
      ping: (payload) => this.#answer(pongFrame(payload)),
      closed: (code) => {
        this.#sayBye(code);
        this.push(null);
      },
    });
    socket.on('data', (piece: Uint8Array) => this.#frames.read(piece));
    socket.on('drain', () => this.#goOn());
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** Takes what had come behind the request for the WebSocket. */
  begin(head: Uint8Array): void {
    if (head.length > 0) this.#frames.read(head);
    this.#goOn();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#goOn();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk], chunk.length, done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    const pieces = chunks.map(({ chunk }) => chunk);
    this.#send(
      pieces,
      pieces.reduce((sum, { length }) => sum + length, 0),
      done,
    );
  }

  override _final(done: () => void): void {
    this.#sayBye(1000);
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** What is written at a time is one message. */
  #send(pieces: readonly Uint8Array[], bytes: number, done: () => void): void {
    const socket = this.#socket;
    socket.cork();
    let flushed = socket.write(binaryHead(bytes));
    for (const piece of pieces) flushed = socket.write(piece);
    socket.uncork();
    if (flushed || socket.destroyed) done();
    else socket.once('drain', done);
  }

  #answer(frame: Uint8Array): void {
    if (!this.#socket.write(frame)) this.#socket.pause();
  }

  #goOn(): void {
    if (this.#isWanted && !this.#socket.writableNeedDrain) this.#socket.resume();
  }

  #sayBye(code: Parameters<typeof closeFrame>[0]): void {
    if (this.#isEnding || !this.#socket.writable) return;
    this.#isEnding = true;
    this.#socket.write(closeFrame(code));
  }
}
