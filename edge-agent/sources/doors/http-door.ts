import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { readTlsFiles, type TlsOptions } from '#backbone/doors/tls-files.ts';
import { isOwnHost, isOwnOrigin, listenAddresses } from '#core/wire/own-origin.ts';
import { type ReceivedBody, Receiving } from '../live/receiving.ts';
import { readBeside } from '../source-error.ts';
import type { SourceOptions } from '../source-kind.ts';
import { type DoorSection, listenAt } from './door-section.ts';
import { CHALLENGE, type Credentials, Logins } from './logins.ts';
import { type HttpAnswer, malformed, type Problem, tooLarge, unavailable, unsupported } from './problem.ts';

/** The largest body, unpacked. */
export const BODY_BYTES_MAX = 8_388_608;

/** What bodies that are being received hold together. */
const RECEIVING_BYTES_MAX = 8 * BODY_BYTES_MAX;
assert(RECEIVING_BYTES_MAX >= 2 * BODY_BYTES_MAX, 'the largest body has room beside one that is given up');

/** What is unpacked in one piece: each costs a turn of a thread, and each connection may hold one. */
const UNPACKED_CHUNK_BYTES = 65_536;

const CONNECTIONS_MAX = 1_024;
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** How long a door that closes waits for what is still to be answered. */
const STOP_TIMEOUT_MS = 5_000;

export interface HttpDoorOptions extends Pick<SourceOptions, 'folder' | 'nowMs' | 'logger'> {
  /** The name of the source, for the log. */
  readonly name: string;
  readonly section: DoorSection;
}

/**
 * What every source does that takes requests: listens, with TLS where the section has it, tells foreign pages and
 * strangers away, and takes bodies in within limits. What a request asks for, and what it is answered, is the source's.
 */
export class HttpDoor {
  /** Where it listens, once it does; rejected where it can't. */
  readonly listening: Promise<AddressInfo>;
  readonly #options: HttpDoorOptions;
  readonly #listening = Promise.withResolvers<AddressInfo>();
  readonly #receiving = new Receiving(RECEIVING_BYTES_MAX);
  readonly #logins: Logins | null;
  #server: Server | undefined;
  #isClosing = false;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    const { name: source, logger, nowMs, section } = options;
    const onRefused = (name: string, address: string, count: number): void =>
      logger?.warn({ source, user: name, address, count }, 'a login was refused');
    this.#logins = section.users === undefined ? null : new Logins({ users: section.users, nowMs, onRefused });
    this.listening = this.#listening.promise;
    // Whoever asks for batches is told too; nobody has to wait for this promise.
    this.listening.catch(() => undefined);
  }

  /** Whether its files can be used. Throws SourceError. */
  async inspect(): Promise<void> {
    await this.#tls();
  }

  /** Listens; `handle` answers requests, and throws nothing. Throws SourceError where the address can't be had. */
  async open(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<void> {
    try {
      const tls = await this.#tls();
      const listener = (request: IncomingMessage, response: ServerResponse): void => void handle(request, response);
      const server =
        tls === undefined
          ? createServer(listener)
          : createTlsServer({ ...tls, handshakeTimeout: HEADERS_TIMEOUT_MS }, listener);
      server.maxConnections = CONNECTIONS_MAX;
      server.requestTimeout = REQUEST_TIMEOUT_MS;
      server.headersTimeout = HEADERS_TIMEOUT_MS;
      const address = await listenAt(server, this.#options.section.listen);
      this.#server = server;
      this.#listening.resolve(address);
    } catch (error) {
      this.#listening.reject(error);
      throw error;
    }
  }

  /** Answers what has come, and takes nothing more; `abandon` is called when that takes too long. */
  async close(abandon: () => void): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.closing();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const deadline = setTimeout(() => {
      abandon();
      server.closeAllConnections();
    }, STOP_TIMEOUT_MS);
    await closed;
    clearTimeout(deadline);
  }

  /** Says that it will be closed: no further request may come on a connection that this waits for. */
  closing(): void {
    this.#isClosing = true;
  }

  /** Why a request is not for this door, or from a page that has no business here; null where it is neither. */
  misdirected(request: IncomingMessage): Problem | null {
    const { host, origin } = request.headers;
    const { section } = this.#options;
    const own = listenAddresses(section.listen.host, request.socket.localPort ?? section.listen.port);
    // Under which names other machines know it is theirs to say; a page of another name knows no password.
    const isAsking = this.#logins !== null;
    if (!isAsking && !isOwnHost(host, own)) {
      const detail = `host ${host} is not this agent; send to ${own.join(' or ')}`;
      return { status: 421, title: 'Misdirected Request', detail };
    }
    if (isOwnOrigin(origin, isAsking && host !== undefined ? [host] : own)) return null;
    return { status: 403, title: 'Forbidden', detail: 'the request comes from a web page of another origin' };
  }

  /** Why who sends a request may not come in, or null. */
  async stranger(request: IncomingMessage, credentials: Credentials | undefined): Promise<Problem | null> {
    if (this.#logins === null) return null;
    if (credentials === undefined) return unauthorized('say who you are, by a name and a password that `users` knows');
    const verdict = await this.#logins.login(request.socket.remoteAddress ?? '', credentials);
    switch (verdict.kind) {
      case 'welcome':
        return null;
      case 'refused':
        return unauthorized('name or password is not known here');
      case 'later': {
        const detail = `logins failed here; the next one is heard in ${verdict.seconds} s`;
        return { status: 429, title: 'Too Many Requests', detail, retryAfterSeconds: verdict.seconds };
      }
    }
  }

  /** What a body's headers tell against it, or null: it is packed by other means than gzip, or too large. */
  untakable({ headers }: IncomingMessage): Problem | null {
    const encoding = encodingOf(headers);
    if (encoding !== 'identity' && encoding !== 'gzip') {
      return unsupported(`the body is encoded as ${encoding}; send it plain, or packed with gzip`);
    }
    return Number(headers['content-length'] ?? 0) > BODY_BYTES_MAX ? bodyTooLarge() : null;
  }

  /** The whole body, unpacked, in the pieces it came in, or why it is not taken: the rest is then left unread. */
  async receive(request: IncomingMessage): Promise<readonly Uint8Array[] | Problem> {
    const givenUp = Promise.withResolvers<Problem>();
    const received = this.#receiving.begin(() =>
      givenUp.resolve(unavailable('too much is being received at a time, and this for the longest; send it again')),
    );
    try {
      const body = encodingOf(request.headers) === 'gzip' ? unpack(request, received) : readBody(request, received);
      return await Promise.race([body, givenUp.promise]);
    } finally {
      received.end();
    }
  }

  respond(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HttpAnswer): void {
    // A body that nobody will read must not be waited for on this connection, nor may another request come when it stops.
    if (this.#isClosing || !request.complete) response.setHeader('connection', 'close');
    response.writeHead(status, body === '' ? headers : { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? '' : body);
  }

  async #tls(): Promise<TlsOptions | undefined> {
    const { section, folder } = this.#options;
    return section.tls === undefined ? undefined : readBeside(readTlsFiles(section.tls, folder));
  }
}

function unauthorized(detail: string): Problem {
  return { status: 401, title: 'Unauthorized', detail, challenge: CHALLENGE };
}

function bodyTooLarge(): Problem {
  return tooLarge(`the body is larger than ${BODY_BYTES_MAX} bytes; send the readings in several requests`);
}

function encodingOf(headers: IncomingHttpHeaders): string {
  return (headers['content-encoding'] ?? 'identity').toLowerCase();
}

/** What counts, and is limited, is what comes out: a body packed a thousand times as small is no smaller. */
async function unpack(request: IncomingMessage, received: ReceivedBody): Promise<readonly Uint8Array[] | Problem> {
  const gunzip = createGunzip({ chunkSize: UNPACKED_CHUNK_BYTES });
  // A request also closes when it has come whole.
  const abandoned = (): void => {
    if (!request.complete) gunzip.destroy(new Error('the client has gone'));
  };
  request.once('close', abandoned);
  request.pipe(gunzip);
  try {
    return await readBody(gunzip, received);
  } catch (error) {
    if (!isZlibError(error)) throw error;
    return malformed('the body is not what gzip makes; send it plain, or packed whole');
  } finally {
    request.off('close', abandoned);
    request.unpipe(gunzip);
    gunzip.destroy();
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

async function readBody(
  stream: Pick<Readable, 'iterator'>,
  received: ReceivedBody,
): Promise<readonly Uint8Array[] | Problem> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > BODY_BYTES_MAX) return bodyTooLarge();
    received.add(bytes.length);
    chunks.push(bytes);
  }
  return chunks;
}
