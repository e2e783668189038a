import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { InstantError, parseInstant } from '#core/time/instant.ts';
import { openZone, type Zone } from '#core/time/zone.ts';
import { PURPOSE, RandomStream } from '../random/stream.ts';
import type { Consumption, ConsumedHour } from './consumption.ts';

/** Services of this kind take times by the clock of the country. Opened where it is asked: what Node has of zones takes 6 MB. */
const zone = (): Zone => openZone('Europe/Copenhagen');

/** Rows of a page. */
const LIMIT = { default: 100, max: 10_000 };

/** How long a service that is busy asks to be left alone. */
const BUSY_S_MAX = 120;

/** Shares, from 0 to 1, of all requests. */
export interface ServiceFaults {
  /** Answered 429, with `Retry-After` in seconds or as a date. */
  readonly busy: number;
  /** Answered 503. */
  readonly down: number;
  /** Cut off in the middle of the body. */
  readonly cut: number;
  /** Sent in small pieces. */
  readonly slow: number;
}

export interface ConsumptionServiceOptions {
  readonly consumption: Consumption;
  readonly seed: number;
  readonly nowMs: () => number;
  readonly faults: ServiceFaults;
}

type Fault = keyof ServiceFaults | undefined;

/**
 * Serves a consumption as Energi Data Service does: `GET /dataset/Consumption?start&end&offset&limit` answers
 * `{total, limit, dataset, records}`, a hundred records unless `limit` says otherwise, the newest first.
 */
export class ConsumptionService implements AsyncDisposable {
  readonly #options: ConsumptionServiceOptions;
  readonly #draws: RandomStream;
  readonly #server: Server;
  #requests = 0;
  /** How many requests were answered in which way. */
  readonly answered = { whole: 0, busy: 0, down: 0, cut: 0, slow: 0 };

  private constructor(options: ConsumptionServiceOptions) {
    this.#options = options;
    this.#draws = new RandomStream(options.seed, 0, PURPOSE.service);
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /** Listens on a port of the loopback. */
  static async start(options: ConsumptionServiceOptions): Promise<ConsumptionService> {
    const service = new ConsumptionService(options);
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/dataset/Consumption`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const fault = this.#draw(this.#requests++);
    this.answered[fault ?? 'whole']++;
    const date = new Date(this.#options.nowMs()).toUTCString();
    response.setHeader('date', date);
    if (fault === 'down') response.writeHead(503).end('down for maintenance');
    else if (fault === 'busy') this.#refuseBusy(response);
    else this.#answer(new URL(request.url!, 'http://service'), request, response, fault);
  }

  #draw(request: number): Fault {
    const { faults } = this.#options;
    return (['busy', 'down', 'cut', 'slow'] as const).find((fault, lane) =>
      this.#draws.chance(faults[fault], request, lane),
    );
  }

  #refuseBusy(response: ServerResponse): void {
    const seconds = this.#draws.between(1, BUSY_S_MAX, this.#requests, 8);
    const untilMs = this.#options.nowMs() + seconds * 1_000;
    const isDate = this.#draws.chance(0.5, this.#requests, 9);
    response.setHeader('retry-after', isDate ? new Date(untilMs).toUTCString() : String(seconds));
    response.writeHead(429).end(`try again in ${seconds} s`);
  }

  #answer({ pathname, searchParams }: URL, request: IncomingMessage, response: ServerResponse, fault: Fault): void {
    if (request.method !== 'GET' || pathname !== '/dataset/Consumption') {
      response.writeHead(404).end('there is no such dataset');
      return;
    }
    let body: string;
    try {
      body = JSON.stringify(this.#page(searchParams));
    } catch (error) {
      if (!(error instanceof InstantError) && !(error instanceof RangeError)) throw error;
      response.writeHead(400).end(error.message);
      return;
    }
    const isPacked = /\bgzip\b/.test(String(request.headers['accept-encoding']));
    const bytes = isPacked ? gzipSync(body) : Buffer.from(body);
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
      ...(fault === 'slow' ? {} : { 'content-length': bytes.length }),
    });
    if (fault === 'cut') response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroy());
    else if (fault === 'slow') void drip(bytes, response);
    else response.end(bytes);
  }

  #page(given: URLSearchParams): object {
    const fromMs = parseInstant(given.get('start') ?? '', zone());
    const toMs = parseInstant(given.get('end') ?? '', zone());
    const offset = count(given, 'offset', 0);
    const limit = Math.min(count(given, 'limit', LIMIT.default), LIMIT.max);
    const all = this.#options.consumption.published(fromMs, toMs, this.#options.nowMs());
    return {
      total: all.length,
      limit,
      dataset: 'Consumption',
      records: all.slice(offset, offset + limit).map(recordOf),
    };
  }
}

/** Sends a body in pieces, each when the one before has left. */
async function drip(bytes: Uint8Array, response: ServerResponse): Promise<void> {
  const pieceBytes = Math.ceil(bytes.length / 8);
  for (let at = 0; at < bytes.length && !response.destroyed; at += pieceBytes) {
    await new Promise((resolve) => response.write(bytes.subarray(at, at + pieceBytes), resolve));
  }
  response.end();
}

function count(given: URLSearchParams, name: string, otherwise: number): number {
  const text = given.get(name);
  if (text === null) return otherwise;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RangeError(`${name} must be a whole number`);
}

function recordOf({ hourMs, area, wattHours }: ConsumedHour): Readonly<Record<string, string | number>> {
  const written = (ms: number): string => new Date(ms).toISOString().slice(0, 'yyyy-MM-ddTHH:mm:ss'.length);
  return {
    HourUTC: written(hourMs),
    HourDK: written(hourMs + zone().offsetAtMs(hourMs)),
    PriceArea: area,
    ConsumptionkWh: wattHours / 1_000,
  };
}
