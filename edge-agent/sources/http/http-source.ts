import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { isOwnHost, isOwnOrigin, listenAddresses } from '#core/wire/own-origin.ts';
import { PendingBatches } from '../live/pending-batches.ts';
import { type ReceivedBody, Receiving } from '../live/receiving.ts';
import { SourceError } from '../source-error.ts';
import type { SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceCheckpoint } from '../source.ts';
import { malformed, PROBLEM_TYPE, problemBody, tooLarge, unavailable, type Problem } from './problem.ts';
import { readReadingsBody } from './readings-body.ts';
import { readSentReadings } from './sent-readings.ts';

/** The largest body: the most readings of a request, at some 80 bytes each. */
export const BODY_BYTES_MAX = 8_388_608;

/** What bodies that are being received hold together. */
const RECEIVING_BYTES_MAX = 8 * BODY_BYTES_MAX;

const CONNECTIONS_MAX = 1_024;
const REQUEST_TIMEOUT_MS = 30_000;
assert(RECEIVING_BYTES_MAX >= 2 * BODY_BYTES_MAX, 'the largest body has room beside one that is given up');
const HEADERS_TIMEOUT_MS = 10_000;

/** How long a stopping source waits for what the agent was given to become durable. */
const STOP_TIMEOUT_MS = 5_000;

/** What a section of `kind: http` says. */
export interface HttpSection {
  readonly listen: { readonly host: string; readonly port: number };
  /** In ms: how far behind the newest reading older ones may come. */
  readonly lateness: number;
}

/** What is listened for, beside what every source is given. */
export interface HttpSourceOptions extends Pick<SourceOptions, 'metrics' | 'registry' | 'nowMs'> {
  readonly name: string;
  readonly section: HttpSection;
}

/**
 * `POST /readings` with a JSON array of {time, metric, device, value, tags?} (docs/design.md#files). The answer 200
 * comes after the journal has synced, and says how many were accepted and which were quarantined; errors are RFC 9457
 * problems. A client that gets no 200 sends the same again: the agent knows repeats.
 */
export class HttpSource implements Source {
  readonly name: string;
  readonly nature = 'live';
  /** Where the source listens, once it does; rejected where it can't. */
  readonly listening: Promise<AddressInfo>;
  readonly #options: HttpSourceOptions;
  readonly #pending: PendingBatches;
  readonly #listening = Promise.withResolvers<AddressInfo>();
  readonly #receiving = new Receiving(RECEIVING_BYTES_MAX);
  #isStopping = false;

  constructor(options: HttpSourceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#pending = new PendingBatches(options.section.lateness, options.nowMs);
    this.listening = this.#listening.promise;
    // Whoever asks for batches is told too; nobody has to wait for this promise.
    this.listening.catch(() => undefined);
  }

  /** Listens until the signal. Throws SourceError where the address can't be had. A live source has no checkpoint. */
  async *batches(_from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const server = await this.#listen();
    const stop = (): void => {
      this.#isStopping = true;
      this.#pending.stop();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for (let batch = await this.#pending.next(); batch !== null; batch = await this.#pending.next()) yield batch;
    } finally {
      signal.removeEventListener('abort', stop);
      await this.#close(server);
    }
  }

  async #listen(): Promise<Server> {
    const { host, port } = this.#options.section.listen;
    const server = createServer((request, response) => void this.#handle(request, response));
    server.maxConnections = CONNECTIONS_MAX;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (error) {
      const failure = cannotListen(`${isIP(host) === 6 ? `[${host}]` : host}:${port}`, error);
      this.#listening.reject(failure);
      throw failure;
    }
    this.#listening.resolve(server.address() as AddressInfo);
    return server;
  }

  async #close(server: Server): Promise<void> {
    this.#pending.stop();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const deadline = setTimeout(() => {
      this.#pending.abandon();
      server.closeAllConnections();
    }, STOP_TIMEOUT_MS);
    await closed;
    clearTimeout(deadline);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const problem = this.#refusal(request);
      const answer = problem ?? (await this.#receive(request));
      // No further request may come on a connection that the stop waits for.
      if (this.#isStopping) response.setHeader('connection', 'close');
      if ('accepted' in answer) respond(response, 200, 'application/json', JSON.stringify(answer));
      else refuse(request, response, answer);
    } catch (error) {
      // A client that has gone while it was sending is nobody to answer; all else is a mistake of ours.
      if (!request.destroyed || request.complete)
        this.#pending.fail(error instanceof Error ? error : new Error(String(error)));
      response.destroy();
    }
  }

  /** What is wrong with a request before its body is read, or null. The cheapest checks come first. */
  #refusal(request: IncomingMessage): Problem | null {
    const own = this.#ownAddresses(request);
    if (!isOwnHost(request.headers.host, own)) {
      const detail = `host ${request.headers.host} is not this agent; send to ${own.join(' or ')}`;
      return { status: 421, title: 'Misdirected Request', detail };
    }
    if (request.url?.split('?', 1)[0] !== '/readings') {
      return { status: 404, title: 'Not Found', detail: 'readings are taken at /readings' };
    }
    if (request.method !== 'POST') {
      return {
        status: 405,
        title: 'Method Not Allowed',
        detail: `${request.method} is not POST, the one method of /readings`,
      };
    }
    if (!isOwnOrigin(request.headers.origin, this.#ownAddresses(request))) {
      return { status: 403, title: 'Forbidden', detail: 'the request comes from a web page of another origin' };
    }
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return { status: 415, title: 'Unsupported Media Type', detail: 'the body is encoded; send plain JSON' };
    }
    if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return bodyTooLarge();
    const refusal = this.#pending.refusal();
    return refusal === null ? null : unavailable(refusal);
  }

  #ownAddresses({ socket }: IncomingMessage): readonly string[] {
    const { host, port } = this.#options.section.listen;
    return listenAddresses(host, socket.localPort ?? port);
  }

  async #receive(request: IncomingMessage): Promise<Problem | Answer> {
    const givenUp = Promise.withResolvers<Problem>();
    const received = this.#receiving.begin(() =>
      givenUp.resolve(unavailable('too much is being received at a time, and this for the longest; send it again')),
    );
    let body: Uint8Array | Problem;
    try {
      body = await Promise.race([readBody(request, received), givenUp.promise]);
    } finally {
      received.end();
    }
    if ('status' in body) return body;
    if (body.length === 0) return malformed('the body is empty; send an array of {time, metric, device, value, tags?}');
    const sent = readReadingsBody(body);
    if ('status' in sent) return sent;
    const { metrics, registry, nowMs } = this.#options;
    const { batches, accepted, missing, quarantined } = readSentReadings(sent, metrics, registry, nowMs());
    const refusal = await this.#pending.submit(batches);
    return refusal === null ? { accepted, missing, quarantined } : unavailable(refusal);
  }
}

interface Answer {
  readonly accepted: number;
  readonly missing: number;
  readonly quarantined: readonly { readonly index: number; readonly reason: string }[];
}

function bodyTooLarge(): Problem {
  return tooLarge(`the body is larger than ${BODY_BYTES_MAX} bytes; send the readings in several requests`);
}

/** The whole body, or that it is too large: the rest is then left unread. */
async function readBody(request: IncomingMessage, received: ReceivedBody): Promise<Uint8Array | Problem> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > BODY_BYTES_MAX) return bodyTooLarge();
    received.add(bytes.length);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function refuse(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  if (problem.status === 405) response.setHeader('allow', 'POST');
  if (problem.retryAfterSeconds !== undefined) response.setHeader('retry-after', problem.retryAfterSeconds);
  // A body that nobody will read must not be waited for on this connection.
  if (!request.complete) response.setHeader('connection', 'close');
  respond(response, problem.status, PROBLEM_TYPE, problemBody(problem));
}

function respond(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function cannotListen(address: string, error: unknown): SourceError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const subject = `listen ${address}`;
  if (code === 'EADDRINUSE') {
    return new SourceError('listen', subject, 'is in use', 'stop what listens there, or name another port', error);
  }
  return new SourceError(
    'listen',
    subject,
    `can't be had (${code})`,
    'name an address of this machine and a free port',
    error,
  );
}
