import type { Server } from 'node:net';
import { systemError } from './disk-fault.ts';
import { Draws } from './draws.ts';
import { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import { type ConnectionEnd, SimulatedSocket } from './socket.ts';

/** How the network between two machines behaves now. */
export interface LinkState {
  /** Nothing gets through, and nobody is told. */
  readonly isCut: boolean;
  /** How long a piece of data takes, at least and at most, in ms. */
  readonly delayMs: readonly [least: number, most: number];
  /** Probability that a piece of data arrives as two. */
  readonly tears: number;
}

/** A network in order. */
export const SOUND_LINK: LinkState = { isCut: false, delayMs: [0.1, 1], tears: 0 };

/** Looks at what passes from one end of a connection to the other, and may change it. */
export type Meddler = (bytes: Uint8Array) => readonly Uint8Array[];

interface Listener {
  readonly life: Life;
  readonly server: Server;
}

/** How long a dialled address takes to answer that nobody listens there. */
const REFUSED_MS = 1;
/** How often a closing server looks for connections that are still open. */
const CLOSE_LOOK_MS = 1;

export interface NetworkParts {
  readonly seed: number;
  readonly scheduler: Scheduler;
  /** Whether a machine has power. */
  readonly isOn: (machine: string) => boolean;
}

/** What connects the machines: names are hosts, and a connection keeps the order of its bytes, or ends. */
export class Network {
  readonly #parts: NetworkParts;
  readonly #listeners = new Map<string, Listener>();
  readonly #connections = new Set<Connection>();
  /** Ends that aren't closed yet, those of killed processes among them. */
  readonly #sockets = new Set<SimulatedSocket>();
  readonly #accepted = new WeakMap<Server, SimulatedSocket[]>();
  readonly #draws: Draws;
  #ports = 40_000;
  /** How the link between two machines is now. */
  linkOf: (one: string, other: string) => LinkState = () => SOUND_LINK;
  /** What meddles with the data that one machine sends another on a new connection. */
  meddlerOf: (from: string, to: string) => Meddler | undefined = () => undefined;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
    this.#draws = new Draws(parts.seed, 'network');
  }

  get draws(): Draws {
    return this.#draws;
  }

  /** Takes an address for a server of the calling life; gives the port. Throws EADDRINUSE. */
  bind(server: Server, port: number): number {
    const life = Life.current!;
    const taken = port === 0 ? this.#ports++ : port;
    const address = `${life.host.name}:${taken}`;
    const present = this.#listeners.get(address);
    if (present !== undefined && !present.life.ended) throw systemError('EADDRINUSE', `listen ${address}`);
    this.#listeners.set(address, { life, server });
    return taken;
  }

  unbind(server: Server): void {
    for (const [address, one] of this.#listeners) if (one.server === server) this.#listeners.delete(address);
  }

  /** Dials from the calling life. The socket connects, or fails, later. */
  dial(host: string, port: number): SimulatedSocket {
    const caller = Life.current!;
    const { scheduler } = this.#parts;
    const addresses = { remoteAddress: host, remotePort: port, localPort: this.#ports++ };
    const socket = this.#keep(new SimulatedSocket(caller, addresses));
    const link = this.linkOf(caller.host.name, host);
    // A link that is cut doesn't answer at all: whoever dials gives up by itself.
    if (link.isCut) return socket;
    scheduler.after(this.#delayMs(link), undefined, () => {
      if (!this.#parts.isOn(host)) return;
      const listener = this.#listeners.get(`${host}:${port}`);
      if (listener === undefined || listener.life.ended) {
        scheduler.after(REFUSED_MS, caller, () =>
          socket.destroy(systemError('ECONNREFUSED', `connect ${host}:${port}`)),
        );
        return;
      }
      listener.life.run(() => {
        const accepted = this.#keep(
          new SimulatedSocket(listener.life, {
            remoteAddress: caller.host.name,
            remotePort: socket.localPort,
            localPort: port,
          }),
        );
        const connection = new Connection(this, socket, accepted);
        this.#connections.add(connection);
        const accepts = (this.#accepted.get(listener.server) ?? []).filter((open) => !open.destroyed);
        this.#accepted.set(listener.server, [...accepts, accepted]);
        accepted.connected(connection.end(accepted));
        listener.server.emit('connection', accepted);
        scheduler.after(this.#delayMs(link), caller, () => socket.connected(connection.end(socket)));
      });
    });
    return socket;
  }

  /** Ends every connection between two machines; both ends are told that it was reset. */
  reset(one: string, other: string): number {
    let count = 0;
    for (const connection of this.#connections) {
      if (!connection.isBetween(one, other)) continue;
      connection.reset();
      count++;
    }
    return count;
  }

  /** Connections that are open between two machines. */
  connectionsBetween(one: string, other: string): number {
    return [...this.#connections].filter((connection) => connection.isBetween(one, other)).length;
  }

  /** Calls back once no connection that a server has accepted is open, at the earliest later on. */
  whenNoneOf(server: Server, callback: () => void): void {
    const life = Life.current!;
    const look = (): void => {
      const open = (this.#accepted.get(server) ?? []).filter((socket) => !socket.destroyed);
      if (open.length > 0) this.after(CLOSE_LOOK_MS, life, look);
      else callback();
    };
    this.after(0, life, look);
  }

  /** Lets go of what Node keeps for ends that were never closed. Nothing of the network is used any more. */
  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.letGo();
    this.#sockets.clear();
  }

  #keep(socket: SimulatedSocket): SimulatedSocket {
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  after(delayMs: number, life: Life | undefined, happen: () => void): void {
    this.#parts.scheduler.after(delayMs, life, happen);
  }

  get nowMs(): number {
    return this.#parts.scheduler.nowMs;
  }

  #delayMs({ delayMs: [least, most] }: LinkState): number {
    return least + this.#draws.unit() * (most - least);
  }

  delayBetween(one: string, other: string): number {
    return this.#delayMs(this.linkOf(one, other));
  }
}

/** Bytes that wait at an end for their reader, beyond which the other end's writes wait. */
const WINDOW_BYTES = 64 * 1024;
/** How often a cut link is tried again: what was sent over it arrives once it is whole. */
const RETRANSMIT_MS = 200;

class Connection {
  readonly #network: Network;
  readonly #sides: readonly [Side, Side];

  constructor(network: Network, one: SimulatedSocket, other: SimulatedSocket) {
    this.#network = network;
    this.#sides = [new Side(network, one, other), new Side(network, other, one)];
    for (const { from } of this.#sides) {
      from.life.onEnd((how) => {
        // The system ends what a killed process had open; a machine without power tells nobody.
        if (how === 'power-lost') network.forget(this);
        else this.#leave(from, network.draws.chance(0.5) ? systemError('ECONNRESET', 'read') : undefined);
      });
    }
  }

  isBetween(one: string, other: string): boolean {
    const [{ from, to }] = this.#sides;
    const names = [from.life.host.name, to.life.host.name];
    return names.includes(one) && names.includes(other);
  }

  end(socket: SimulatedSocket): ConnectionEnd {
    const outgoing = this.#sides.find(({ from }) => from === socket)!;
    const incoming = this.#sides.find(({ to }) => to === socket)!;
    return {
      send: (bytes, sent) => outgoing.send(bytes, sent),
      finish: () => outgoing.finish(),
      close: () => this.#leave(socket),
      drained: () => incoming.drained(),
    };
  }

  reset(): void {
    this.#network.forget(this);
    for (const { from } of this.#sides) {
      this.#network.after(0, from.life, () => from.destroy(systemError('ECONNRESET', 'read')));
    }
  }

  #leave(socket: SimulatedSocket, reset?: Error): void {
    this.#network.forget(this);
    this.#sides.find(({ from }) => from === socket)!.abort(reset);
  }
}

/** One direction of a connection: bytes in their order, however long each piece takes. */
class Side {
  readonly from: SimulatedSocket;
  readonly to: SimulatedSocket;
  readonly #network: Network;
  readonly #meddle: Meddler | undefined;
  /** When what was sent last arrives; nothing overtakes it. */
  #arrivesMs = 0;
  #underWay = 0;
  #waiting: (() => void)[] = [];

  constructor(network: Network, from: SimulatedSocket, to: SimulatedSocket) {
    this.#network = network;
    this.from = from;
    this.to = to;
    this.#meddle = network.meddlerOf(from.life.host.name, to.life.host.name);
  }

  send(bytes: Uint8Array, sent: () => void): void {
    const pieces = this.#meddle === undefined ? [bytes] : this.#meddle(bytes);
    for (const piece of pieces) this.#sendPiece(piece);
    if (this.#underWay + this.to.unreadBytes < WINDOW_BYTES) sent();
    else this.#waiting.push(sent);
  }

  finish(): void {
    this.#deliver(() => this.to.arrive(null));
  }

  /** Ends the other end once all that was sent has arrived. */
  abort(reset: Error | undefined): void {
    this.#deliver(() => this.to.vanish(reset));
  }

  drained(): void {
    if (this.#underWay + this.to.unreadBytes >= WINDOW_BYTES) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const sent of waiting) this.#network.after(0, this.from.life, sent);
  }

  #sendPiece(bytes: Uint8Array): void {
    const { tears } = this.#network.linkOf(this.from.life.host.name, this.to.life.host.name);
    if (tears > 0 && bytes.length > 1 && this.#network.draws.chance(tears)) {
      const at = 1 + this.#network.draws.below(bytes.length - 1);
      this.#sendWhole(bytes.subarray(0, at));
      this.#sendWhole(bytes.subarray(at));
    } else {
      this.#sendWhole(bytes);
    }
  }

  #sendWhole(bytes: Uint8Array): void {
    const copy = Buffer.from(bytes);
    this.#underWay += copy.length;
    this.#deliver(() => {
      this.#underWay -= copy.length;
      this.to.arrive(copy);
    });
  }

  #deliver(arrive: () => void): void {
    const { name } = this.from.life.host;
    const other = this.to.life.host.name;
    const dueMs = Math.max(this.#arrivesMs, this.#network.nowMs + this.#network.delayBetween(name, other));
    this.#arrivesMs = dueMs;
    const attempt = (): void => {
      if (this.#network.linkOf(name, other).isCut) this.#network.after(RETRANSMIT_MS, undefined, attempt);
      else if (!this.to.life.ended) this.to.life.run(arrive);
      else if (this.to.life.host.isOn) this.#refuse();
    };
    this.#network.after(dueMs - this.#network.nowMs, undefined, attempt);
  }

  /** The system at the other end knows nothing of this connection any more. */
  #refuse(): void {
    const { life } = this.from;
    this.#network.after(0, life, () => this.from.destroy(systemError('ECONNRESET', 'write')));
  }
}
