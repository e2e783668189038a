import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';

/** The wall clock of the recording: a moment after its last message. */
export const RECORDED_AT_MS = Date.parse('2026-11-21T15:38:36Z');

/** Where the groups of the recorded view are asked for. */
export const RECORDED_GROUPS = '/api/v1/views/usage-by-region/groups';

/** The server that was recorded asked nobody who they are. */
const ANYONE = JSON.stringify({
  name: null,
  session: false,
  may: 'operate',
  views: null,
  where: {},
  until: null,
  allows: ['inspect', 'recompute', 'decide'],
});

/** Stricter than the server's own: no inline style either. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Answer {
  readonly text: string;
  readonly status: number;
  readonly type: string;
}

/** What a browser posted. */
export interface Order {
  readonly path: string;
  readonly origin: string | undefined;
  readonly body: string;
}

/** What a browser sent to the stream. */
export type Asked = Readonly<Record<string, unknown>> & { readonly type: string; readonly id: string };

/**
 * A server for tests that plays back what a real one said: the built page from a folder, the API and the stream from
 * `recorded/`. A test says what comes over the stream and when.
 */
export class RecordedServer implements AsyncDisposable {
  readonly #dir: string;
  readonly #nowMs: number;
  readonly #answers = new Map<string, Answer>();
  readonly #ordered: Order[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #stream = new WebSocketServer({ server: this.#server, path: '/api/v1/stream' });
  readonly #asked: Asked[] = [];
  readonly #requested = new Map<string, Readonly<Record<string, string>>>();
  #awaited: (() => void) | undefined;
  #port = 0;

  private constructor(dir: string, nowMs: number) {
    this.#dir = dir;
    this.#nowMs = nowMs;
    this.#stream.on('connection', (socket) => {
      socket.on('message', (data) => {
        this.#asked.push(JSON.parse((data as Buffer).toString()) as Asked);
        this.#awaited?.();
      });
    });
  }

  /** Serves the page in `dir` on a free port. Its clock stands still at `nowMs`. */
  static async open(dir: string, nowMs = RECORDED_AT_MS): Promise<RecordedServer> {
    const server = new RecordedServer(dir, nowMs);
    for (const name of ['views', 'agents', 'quarantine']) server.says(`/api/v1/${name}`, await recorded(name));
    server.says(RECORDED_GROUPS, await recorded('groups'));
    server.says('/api/v1/whoami', ANYONE);
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Listens, again on the same port once it has been closed. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection and refuses new ones, as a server that was killed. */
  async close(): Promise<void> {
    for (const socket of this.#stream.clients) socket.terminate();
    this.#server.closeAllConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  /** Answers `path` of the API from now on with this text. */
  says(path: string, text: string, { status = 200, type = 'application/json' } = {}): void {
    this.#answers.set(path, { text, status, type });
  }

  /** What was posted, in its order. */
  get ordered(): readonly Order[] {
    return this.#ordered;
  }

  /** What `path` was asked with last. */
  requested(path: string): Readonly<Record<string, string>> | undefined {
    return this.#requested.get(path);
  }

  /** The next message of a browser of that type; earlier ones are passed over. */
  async asked(type: string): Promise<Asked> {
    for (;;) {
      const next = this.#asked.shift();
      if (next?.type === type) return next;
      if (next !== undefined) continue;
      await new Promise<void>((resolve) => (this.#awaited = resolve));
    }
  }

  /** Sends a recorded message, or the text given, to whoever listens, as an answer to `id`. */
  tell(id: string, text: string): void {
    const answer = text.replace(/"id": ?"[^"]*"/, `"id":${JSON.stringify(id)}`);
    for (const socket of this.#stream.clients) (socket as WebSocket).send(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.close();
    this.#stream.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('date', new Date(this.#nowMs).toUTCString());
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://server');
    if (request.method === 'POST')
      this.#ordered.push({ path, origin: request.headers.origin, body: await readText(request) });
    this.#requested.set(path, Object.fromEntries(searchParams));
    const answer = this.#answers.get(path);
    if (answer !== undefined) {
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.text);
      return;
    }
    const file = join(this.#dir, normalize(path === '/' ? '/index.html' : path));
    try {
      const body = await readFile(file);
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
      response.setHeader('content-security-policy', POLICY).end(body);
    } catch {
      // Whatever can't be read is not there; the test sees the status.
      response.writeHead(404).end();
    }
  }
}

/** A text that was recorded, digit by digit as it was sent. */
export function recorded(name: string): Promise<string> {
  return readFile(new URL(`recorded/${name}.json`, import.meta.url), 'utf8');
}
