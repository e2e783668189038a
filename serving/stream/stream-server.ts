import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { askedAddresses, isOwnOrigin } from '#core/wire/own-origin.ts';
import { problem, PROBLEM_TYPE } from '../http/problem.ts';
import type { ViewReader } from '../http/view-reader.ts';
import { CHANGES_EVERY_MS, CLIENTS_MAX, MESSAGE_BYTES_MAX, PING_EVERY_MS } from './limits.ts';
import { StreamConnection } from './stream-connection.ts';

export const STREAM_PATH = '/api/v1/stream';

/** RFC 6455 §7.4.1: the server goes away. */
const GOING_AWAY = 1001;
/** How long a reader has to answer a close before it is cut off. */
const CLOSE_TIMEOUT_MS = 500;

/** The WebSocket endpoint (RFC 6455) of a server: readers, their subscriptions, and the beat at which they are told. */
export class StreamServer {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false });
  readonly #clients = new Map<WebSocket, StreamConnection>();
  readonly #reader: ViewReader;
  readonly #logger: Logger;
  readonly #beat: NodeJS.Timeout;
  readonly #ping: NodeJS.Timeout;

  constructor(server: Server, reader: ViewReader, logger: Logger) {
    this.#reader = reader;
    this.#logger = logger;
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    // A beat costs nothing where nothing changed, and a reader that was full is looked at again by the next.
    this.#beat = setInterval(() => this.#tellAll(), CHANGES_EVERY_MS);
    this.#ping = setInterval(() => this.#pingAll(), PING_EVERY_MS);
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  get subscriptionCount(): number {
    let count = 0;
    for (const client of this.#clients.values()) count += client.subscriptionCount;
    return count;
  }

  /** Says goodbye to every reader, and cuts off those that do not answer. */
  async drain(): Promise<void> {
    clearInterval(this.#beat);
    clearInterval(this.#ping);
    const gone = [...this.#clients.keys()].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    for (const socket of this.#clients.keys()) socket.close(GOING_AWAY, 'the server stops');
    const cut = setTimeout(() => {
      for (const socket of this.#clients.keys()) socket.terminate();
    }, CLOSE_TIMEOUT_MS);
    await Promise.all(gone);
    clearTimeout(cut);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pathname } = new URL(request.url ?? '/', 'http://server');
    if (pathname !== STREAM_PATH) return refuse(socket, 404, `no stream is at ${pathname}; it is at ${STREAM_PATH}`);
    if (!isOwnOrigin(request.headers.origin, askedAddresses(request.headers.host))) {
      return refuse(
        socket,
        403,
        `origin ${request.headers.origin} is not this server; open the stream from its own pages, or without an Origin header`,
      );
    }
    if (this.#clients.size >= CLIENTS_MAX)
      return refuse(socket, 503, `${CLIENTS_MAX} streams are open, as many as one node serves; try again later`);
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      this.#clients.set(opened, new StreamConnection(opened, this.#reader, this.#logger));
      opened.on('close', () => this.#clients.delete(opened));
    });
  }

  #tellAll(): void {
    for (const client of this.#clients.values()) client.tell();
  }

  #pingAll(): void {
    for (const [socket, client] of this.#clients) {
      if (!client.isAlive) {
        socket.terminate();
        continue;
      }
      client.isAlive = false;
      socket.ping();
    }
  }
}

const REASONS: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' };

function refuse(socket: Duplex, status: number, detail: string): void {
  const body = JSON.stringify(problem(status, detail));
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
