import type { Socket } from 'node:net';
import { addressKey } from './failed-logins.ts';

/**
 * Connections that have not shown yet who they are, by address. Of more than so many from one address the oldest makes room: it had the
 * longest time to show it, and who comes with a right token behind thousands that have none is heard all the same.
 */
export class Strangers {
  readonly #ofAddressMax: number;
  /** By address, then by port, the oldest first. */
  readonly #sockets = new Map<string, Map<number, Socket>>();
  #cut = 0;

  constructor(ofAddressMax: number) {
    this.#ofAddressMax = ofAddressMax;
  }

  /** Connections that had to make room. */
  get cut(): number {
    return this.#cut;
  }

  /** Takes a connection that has just come. */
  add(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // Who has left already holds nothing.
    if (remoteAddress === undefined || remotePort === undefined) return;
    const key = addressKey(remoteAddress);
    const ofAddress = this.#sockets.get(key) ?? new Map<number, Socket>();
    this.#sockets.set(key, ofAddress);
    ofAddress.set(remotePort, socket);
    socket.once('close', () => this.#forget(key, remotePort, socket));
    if (ofAddress.size <= this.#ofAddressMax) return;
    const [oldestPort, oldest] = ofAddress.entries().next().value!;
    this.#cut++;
    this.#forget(key, oldestPort, oldest);
    oldest.destroy();
  }

  /** A connection has shown who it is; told apart by where it comes from, since TLS has a socket of its own for it. */
  letIn(address: string, port: number): void {
    this.#forget(addressKey(address), port);
  }

  #forget(key: string, port: number, only?: Socket): void {
    const ofAddress = this.#sockets.get(key);
    // A port may be another connection's by now.
    if (ofAddress === undefined || (only !== undefined && ofAddress.get(port) !== only)) return;
    ofAddress.delete(port);
    if (ofAddress.size === 0) this.#sockets.delete(key);
  }
}
