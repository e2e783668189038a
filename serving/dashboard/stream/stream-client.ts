import { parseServerMessage, type ServerMessage, StrangeMessage, type Subscription } from './message.ts';

/** How the connection stands. `away` knows when the next try is. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'away'; readonly retryAtMs: number; readonly sinceMs: number };

/** The part of a WebSocket that the client uses. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface StreamHost {
  open(): Socket;
  /** Wall clock, in ms. */
  now(): number;
  random(): number;
  /** Calls once after `delayMs`; the function given back calls it off. */
  later(action: () => void, delayMs: number): () => void;
}

export interface StreamListener {
  connection(state: Connection): void;
  /** Only messages of the subscription that holds now. */
  message(message: ServerMessage): void;
  /** The server speaks another protocol than this page. */
  strange(problem: StrangeMessage): void;
}

/** A connection that has not opened by then is given up. */
export const OPEN_MS_MAX = 10_000;

/** The first wait before another try. */
const WAIT_FIRST_MS = 500;
/** No wait is longer: someone who looks at the page should not have to reload it. */
export const WAIT_MS_MAX = 15_000;

/** Problems from this status on lie with the server (RFC 9110 §15.6). */
const SERVER_FAULT = 500;

/**
 * Keeps one subscription alive on one WebSocket: subscribes anew when it changes, reconnects with growing waits, and
 * resumes from the position that was reached, so that nothing is told twice that need not be.
 */
export class StreamClient {
  readonly #host: StreamHost;
  readonly #listener: StreamListener;
  #socket: Socket | undefined;
  #isOpen = false;
  #isStopped = false;
  #attempt = 0;
  #awaySinceMs: number | undefined;
  #callOff: (() => void) | undefined;
  #wanted: Subscription | undefined;
  #number = 0;
  #resume: string | undefined;

  constructor(host: StreamHost, listener: StreamListener) {
    this.#host = host;
    this.#listener = listener;
  }

  /** Replaces what is subscribed to; windows of the one before are no longer told. Connects if need be. */
  subscribe(wanted: Subscription): void {
    if (this.#isOpen && this.#wanted !== undefined) this.#send({ type: 'unsubscribe', id: this.#id });
    this.#wanted = wanted;
    this.#number++;
    this.#resume = undefined;
    if (this.#isOpen) this.#ask();
    else if (this.#socket === undefined && this.#callOff === undefined) this.#connect();
  }

  /** Nothing is wanted any more; the connection stays for what will be. */
  unsubscribe(): void {
    if (this.#wanted === undefined) return;
    if (this.#isOpen) this.#send({ type: 'unsubscribe', id: this.#id });
    this.#wanted = undefined;
    this.#number++;
    this.#resume = undefined;
  }

  /** Tries at once where the next try is still to come: the page is looked at again, or the network is back. */
  retryNow(): void {
    if (this.#socket !== undefined || this.#isStopped || this.#wanted === undefined) return;
    this.#connect();
  }

  /**
   * Gives up a connection that looks open, because something else says that the server does not answer: of a network
   * that vanished a WebSocket learns late, if ever, and pings are not shown to pages.
   */
  doubt(): void {
    if (this.#isOpen && this.#socket !== undefined) this.#closed(this.#socket);
  }

  stop(): void {
    this.#isStopped = true;
    this.#callOff?.();
    this.#socket?.close();
  }

  get #id(): string {
    return `windows-${this.#number}`;
  }

  #connect(): void {
    this.#callOff?.();
    if (this.#awaySinceMs === undefined) this.#listener.connection({ kind: 'connecting' });
    const socket = this.#host.open();
    this.#socket = socket;
    this.#callOff = this.#host.later(() => this.#closed(socket), OPEN_MS_MAX);
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = ({ data }) => this.#received(socket, data);
    socket.onclose = () => this.#closed(socket);
  }

  #opened(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#callOff?.();
    this.#callOff = undefined;
    this.#isOpen = true;
    this.#awaySinceMs = undefined;
    this.#listener.connection({ kind: 'live' });
    this.#ask();
  }

  #received(socket: Socket, data: unknown): void {
    if (socket !== this.#socket || typeof data !== 'string') return;
    try {
      const message = parseServerMessage(data);
      if (message === undefined) return;
      if (message.id !== undefined && message.id !== this.#id) return;
      this.#listener.message(message);
      if (message.kind === 'error') return this.#refused(socket, message.problem.status);
      // Only a server that answers has earned a quick next try.
      this.#attempt = 0;
      this.#resume = message.position;
    } catch (error) {
      if (!(error instanceof StrangeMessage)) throw error;
      this.#listener.strange(error);
    }
  }

  /** An error ends the subscription. One that lies with the server is asked again; what it refused may be the position. */
  #refused(socket: Socket, status: number): void {
    this.#resume = undefined;
    if (status < SERVER_FAULT) return;
    const asked = this.#number;
    this.#callOff?.();
    this.#callOff = this.#host.later(
      () => {
        if (socket === this.#socket && asked === this.#number) this.#ask();
      },
      waitBeforeMs(this.#attempt++, this.#host.random()),
    );
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#isOpen = false;
    this.#callOff?.();
    this.#callOff = undefined;
    socket.onclose = null;
    socket.close();
    if (this.#isStopped) return;
    const nowMs = this.#host.now();
    this.#awaySinceMs ??= nowMs;
    const waitMs = waitBeforeMs(this.#attempt++, this.#host.random());
    this.#listener.connection({ kind: 'away', retryAtMs: nowMs + waitMs, sinceMs: this.#awaySinceMs });
    this.#callOff = this.#host.later(() => this.#connect(), waitMs);
  }

  #ask(): void {
    if (this.#wanted === undefined) return;
    const resume = this.#resume === undefined ? {} : { resume: this.#resume };
    this.#send({ type: 'subscribe', id: this.#id, ...this.#wanted, ...resume });
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }
}

/**
 * How long to wait before try number `attempt` (from 0), in ms: twice as long each time, half of it by chance, so that
 * the readers of a server that comes back do not all arrive at once. `random` is from [0, 1).
 */
export function waitBeforeMs(attempt: number, random: number): number {
  const ceiling = Math.min(WAIT_MS_MAX, WAIT_FIRST_MS * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
