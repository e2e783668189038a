import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Fullness } from '#backbone/flow/fullness.ts';
import { reasonOf } from '#core/errors.ts';
import { permits } from '#core/identity/permits.ts';
import { isOwnOrigin } from '#core/wire/own-origin.ts';
import type { Sender } from '../access/access.ts';
import { type Doorkeeper, shownBy, STREAM_PROTOCOL } from '../access/doorkeeper.ts';
import { afterMicrotasks } from '../answers/turns.ts';
import { type Problem, problem, problemOf, PROBLEM_TYPE } from '../http/problem.ts';
import { hostProblem, type OwnAddresses } from '../http/safety.ts';
import type { ViewReader } from '../http/view-reader.ts';
import {
  CHANGES_EVERY_MS,
  CLIENTS_MAX,
  FULL_AGAIN_MS,
  MESSAGE_BYTES_MAX,
  PING_EVERY_MS,
  TELLING_MS_MAX,
  TELLING_SHARE_MAX,
  TOLD_PER_TURN,
} from './limits.ts';
import { SharedTellings } from './shared-tellings.ts';
import { StreamConnection } from './stream-connection.ts';

export const STREAM_PATH = '/api/v1/stream';

/** RFC 6455 §7.4.1: the server goes away. */
const GOING_AWAY = 1001;
/** RFC 6455 §7.4.1: the endpoint does what its policy does not allow. */
const POLICY_VIOLATION = 1008;
/** How long a reader has to answer a close before it is cut off. */
const CLOSE_TIMEOUT_MS = 500;

/** Whose pages may open a stream: those of the addresses under which the server is reached, and of other origins that are named. */
export interface StreamOrigins {
  readonly own: OwnAddresses;
  readonly others: readonly string[];
}

/** The WebSocket endpoint (RFC 6455) of a server: readers, their subscriptions, and when they are told. */
export class StreamServer {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    // What stands beside it may be a token, which is not told back.
    handleProtocols: (protocols) => (protocols.has(STREAM_PROTOCOL) ? STREAM_PROTOCOL : false),
  });
  readonly #clients = new Map<WebSocket, StreamConnection>();
  readonly #shared = new SharedTellings();
  readonly #reader: ViewReader;
  readonly #origins: StreamOrigins;
  readonly #doorkeeper: Doorkeeper;
  readonly #logger: Logger;
  readonly #unsubscribe: () => void;
  readonly #beat: NodeJS.Timeout;
  readonly #ping: NodeJS.Timeout;
  #telling: NodeJS.Timeout | undefined;
  /** The next round begins here at the earliest, as of `performance.now`. */
  #nextAtMs = 0;
  #isOwed = false;

  constructor(server: Server, reader: ViewReader, origins: StreamOrigins, doorkeeper: Doorkeeper, logger: Logger) {
    this.#reader = reader;
    this.#origins = origins;
    this.#doorkeeper = doorkeeper;
    this.#logger = logger;
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#unsubscribe = reader.index.onChange(() => this.#tellSoon());
    // Costs nothing where nobody is behind.
    this.#beat = setInterval(() => this.#tellSoon(), FULL_AGAIN_MS);
    this.#ping = setInterval(() => this.#pingAll(), PING_EVERY_MS);
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  fullness(): readonly Fullness[] {
    return [{ of: 'readers', held: this.#clients.size, max: CLIENTS_MAX }, ...this.#shared.fullness()];
  }

  get subscriptionCount(): number {
    let count = 0;
    for (const client of this.#clients.values()) count += client.subscriptionCount;
    return count;
  }

  /** Says goodbye to every reader, and cuts off those that do not answer. */
  async drain(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#telling);
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

  /** Nothing that is asked here may throw: there is nobody who would catch it. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that leaves before it is answered is none of anybody's business.
    socket.on('error', () => undefined);
    try {
      const refusal = upgradeProblem(request, this.#origins, this.#clients.size);
      if (refusal !== undefined) return refuse(socket, refusal);
      const sender = this.#recognise(request);
      if ('status' in sender) return refuse(socket, sender);
      const { remoteAddress, remotePort } = request.socket;
      this.#doorkeeper.strangers?.letIn(remoteAddress ?? '', remotePort ?? 0);
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#open(opened, socket, sender));
    } catch (error) {
      this.#logger.error({ reason: reasonOf(error) }, 'an upgrade failed');
      refuse(socket, problemOf(error));
    }
  }

  /** Who opens a stream, or why they may not. A page's session is for the pages of the server itself. */
  #recognise({ headers, socket }: IncomingMessage): Sender | Problem {
    const shown = { ...shownBy(headers), address: socket.remoteAddress ?? '', door: 'stream' } as const;
    const recognition = this.#doorkeeper.recognise(shown);
    if (recognition.kind === 'later')
      return problem(429, `the token is not known; the next is heard in ${recognition.seconds} s`);
    const { host = '', origin } = headers;
    if (
      recognition.kind === 'unknown' ||
      (recognition.session !== undefined && (origin === undefined || !isOwnOrigin(origin, [host])))
    )
      return problem(
        401,
        `the stream is not for everybody; open it with a token, by "Authorization: Bearer TOKEN" or the protocols "${STREAM_PROTOCOL}, weir.bearer.TOKEN"`,
      );
    return permits(recognition.principal, { kind: 'list' })
      ? recognition
      : problem(403, 'this token may not open a stream');
  }

  #open(socket: WebSocket, connection: Duplex, { principal, session }: Sender): void {
    const reader = this.#reader.as(principal);
    this.#clients.set(socket, new StreamConnection(socket, connection, reader, this.#shared, this.#logger));
    const leave = this.#doorkeeper.enter(principal, session, 'stream', () =>
      socket.close(POLICY_VIOLATION, 'the token or session has ended'),
    );
    socket.on('close', () => {
      this.#clients.delete(socket);
      leave();
    });
  }

  /** The first change after a rest is told at once; those that follow share rounds. */
  #tellSoon(): void {
    if (this.#telling !== undefined) {
      this.#isOwed = true;
      return;
    }
    this.#telling = setTimeout(() => void this.#tellAll(), Math.max(0, this.#nextAtMs - performance.now()));
  }

  async #tellAll(): Promise<void> {
    const startMs = performance.now();
    this.#isOwed = false;
    const clients = [...this.#clients.values()];
    const told: Promise<void>[] = [];
    let workedMs = 0;
    for (let from = 0; from < clients.length; from += TOLD_PER_TURN) {
      // What else there is to do is done in between.
      if (from > 0) await nextTurn();
      const sinceMs = performance.now();
      told.push(...clients.slice(from, from + TOLD_PER_TURN).flatMap((client) => client.tell() ?? []));
      await new Promise<void>((resolve) => afterMicrotasks(resolve));
      workedMs += performance.now() - sinceMs;
    }
    // A reader whose answer takes long, since it lies on a disk, keeps no other waiting.
    const sinceMs = performance.now();
    await within(TELLING_MS_MAX, Promise.all(told));
    const endMs = performance.now();
    workedMs += endMs - sinceMs;
    this.#nextAtMs = Math.max(startMs + CHANGES_EVERY_MS, endMs + workedMs * (1 / TELLING_SHARE_MAX - 1));
    this.#telling = undefined;
    if (this.#isOwed) this.#tellSoon();
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

/** Resolves when the work is done, and after so long at the latest. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

/** Why a stream isn't opened, undefined where it is. */
export function upgradeProblem(
  { url, headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  { own, others }: StreamOrigins,
  clients: number,
): Problem | undefined {
  const addresses = own(headers.host);
  const foreign = hostProblem(headers.host, addresses);
  if (foreign !== undefined) return foreign;
  const path = (url ?? '/').split('?', 1)[0]!;
  if (path !== STREAM_PATH) return problem(404, `no stream is at ${path}; it is at ${STREAM_PATH}`);
  const { origin } = headers;
  if (!isOwnOrigin(origin, addresses) && !others.includes(origin!)) {
    const remedy = `open the stream from its own pages, or let others by \`http: { cors: ["${origin}"] }\` in the configuration`;
    return problem(403, `origin ${origin} is not this server; ${remedy}`);
  }
  if (clients < CLIENTS_MAX) return undefined;
  return problem(503, `${CLIENTS_MAX} streams are open, as many as one node serves; try again later`);
}

/** Answers, and holds the connection no longer: a client that keeps its side open would keep the server from stopping. */
function refuse(socket: Duplex, one: Problem): void {
  const body = JSON.stringify(one);
  const head = `HTTP/1.1 ${one.status} ${STATUS_CODES[one.status]}`;
  const headers = `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.once('finish', () => socket.destroy());
  socket.end(`${head}\r\n${headers}\r\n\r\n${body}`);
}
