import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { isOwnOrigin } from '#core/wire/own-origin.ts';
import { CONNECT_TIMEOUT_MS, UPGRADE_BYTES_MAX } from '../limits.ts';
import { WebSocketStream } from './websocket-stream.ts';

/** No packet of MQTT that a connection begins with has this first byte; a request (GET) has. */
const LETTER_G = 0x47;
/** What the server adds to a client's key before it shows that it has understood (RFC 6455, section 1.3). */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PATH = '/mqtt';
const PROTOCOL = 'mqtt';

/**
 * Tells by the first byte of a connection whether MQTT comes by itself or by WebSocket (MQTT 3.1.1, section 6; RFC 6455), so that both
 * have one port with one limit, one TLS and one way to show who comes. Web pages are no agents: a request that names an
 * origin is refused.
 */
export class WebSocketDoor {
  readonly #admit: (socket: Socket, stream: WebSocketStream | Socket) => void;
  readonly #requests: Server;
  /** Connections that haven't come to MQTT yet, and when each is cut. */
  readonly #coming = new Map<Socket, NodeJS.Timeout>();

  constructor(admit: (socket: Socket, stream: WebSocketStream | Socket) => void) {
    this.#admit = admit;
    this.#requests = createServer({ maxHeaderSize: UPGRADE_BYTES_MAX, keepAlive: false });
    this.#requests.on('request', (request, response) => {
      request.resume();
      response.writeHead(426, {
        connection: 'close',
        upgrade: 'websocket',
        'content-type': 'text/plain; charset=utf-8',
      });
      response.end(`MQTT by WebSocket is at ${PATH}\n`);
    });
    this.#requests.on('clientError', (_error, socket) => socket.destroy());
    this.#requests.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  /** Waits for the first byte of a connection, and for the whole request where it is one, for CONNECT_TIMEOUT_MS at most. */
  look(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    this.#coming.set(socket, timer);
    const fail = (): void => void socket.destroy();
    socket.once('close', () => this.#came(socket));
    socket.on('error', fail);
    socket.once('data', (piece: Uint8Array) => {
      socket.pause();
      socket.off('error', fail);
      socket.unshift(piece);
      if (piece[0] === LETTER_G) this.#requests.emit('connection', socket);
      else this.#let(socket, socket);
      socket.resume();
    });
  }

  /** Ends the connections that haven't come to MQTT. */
  close(): void {
    for (const socket of this.#coming.keys()) socket.destroy();
  }

  #let(socket: Socket, stream: WebSocketStream | Socket): void {
    this.#came(socket);
    this.#admit(socket, stream);
  }

  #came(socket: Socket): void {
    clearTimeout(this.#coming.get(socket));
    this.#coming.delete(socket);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): void {
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${KEY_SUFFIX}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${PROTOCOL}\r\n\r\n`,
    );
    const stream = new WebSocketStream(socket);
    this.#let(socket, stream);
    stream.begin(head);
  }
}

/** The status of a request that is refused: no WebSocket, not for MQTT, or of a web page. */
function refusalOf({ method, url, headers }: IncomingMessage): string | undefined {
  if (url?.split('?')[0] !== PATH) return '404 Not Found';
  if (!isOwnOrigin(headers.origin, [])) return '403 Forbidden';
  const key = headers['sec-websocket-key'] ?? '';
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  const isAsked =
    method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && /^[A-Za-z0-9+/]{22}==$/.test(key);
  if (!isAsked || !protocols.includes(PROTOCOL)) return '400 Bad Request';
  return headers['sec-websocket-version'] === '13' ? undefined : '426 Upgrade Required';
}
