import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A socket that is none: what is to come over it is handed to it, and what it is given to send goes nowhere. */
export class MemorySocket extends Duplex {
  /** Whether the other end takes what it is sent. */
  isTaking = true;

  setNoDelay(): void {}

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    if (this.isTaking) done();
  }

  /** What takes a socket sees this one as one. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** Hands over what comes; throws what is thrown of it. */
  receive(bytes: Uint8Array): void {
    this.emit('data', Buffer.from(bytes));
  }
}
