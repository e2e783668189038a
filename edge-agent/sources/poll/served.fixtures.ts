/** A service that answers what a test says, and a poll of it on a clock that waiting sets forward. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { type ReadingBatch, SeriesList, type SourceCheckpoint } from '../source.ts';
import { declaredSource, metricsOf } from '../sources.fixtures.ts';
import { pollSchema } from './poll-section.ts';
import { PollSource, type PollSourceOptions } from './poll-source.ts';

export type Answerer = (url: URL, request: IncomingMessage, response: ServerResponse) => void;

/** Answers with JSON. */
export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answerer {
  return text(JSON.stringify(value), { 'content-type': 'application/json', ...headers });
}

/** Answers with text, whatever it is said to be. */
export function text(
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Answerer {
  return (_, _request, response) => response.writeHead(status, headers).end(body);
}

/** A service on the loopback. */
export class Served implements AsyncDisposable {
  readonly #server: Server;
  /** Path and parameters of each request, in order. */
  readonly asked: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** What answers; the test may change it. */
  answer: Answerer;

  private constructor(answer: Answerer) {
    this.answer = answer;
    this.#server = createServer((request, response) => {
      this.asked.push(request.url!);
      this.headers.push(request.headers);
      this.answer(new URL(request.url!, this.origin), request, response);
    });
  }

  static async start(answer: Answerer): Promise<Served> {
    const served = new Served(answer);
    served.#server.listen(0, '127.0.0.1');
    await once(served.#server, 'listening');
    return served;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export const NOW_MS = Date.UTC(2024, 0, 10, 12);

/** Rows that have an hour, an area and an amount. */
export const LOADS = {
  time: { columns: ['HourUTC'], format: 'iso' },
  series: [{ metric: 'load', value: 'ConsumptionkWh', device: '{PriceArea}' }],
};

export const METRICS = metricsOf(metricNamed('load'));

/** One reading, in words. */
export interface PolledReading {
  readonly device: string;
  readonly time: string;
  readonly value: number;
}

/** A source with a clock of its own, which stands still but for its waiting. */
export class Polled {
  nowMs = NOW_MS;
  readonly registry = new SeriesList();
  readonly waits: number[] = [];
  readonly told: Readonly<Record<string, unknown>>[] = [];
  readonly batches: ReadingBatch[] = [];
  readonly readings: PolledReading[] = [];
  readonly source: PollSource;
  readonly #stop = new AbortController();

  /** `waitsMax`: it is stopped when it waits for the last time. */
  constructor(section: object, waitsMax: number, given: Partial<PollSourceOptions> = {}) {
    const tell = (fact: unknown): void => void this.told.push(fact as Readonly<Record<string, unknown>>);
    this.source = new PollSource({
      name: 'market',
      section: pollSchema.parse({ kind: 'poll', every: '5m', ...LOADS, ...section }),
      metrics: METRICS,
      registry: this.registry,
      folder: '.',
      nowMs: () => this.nowMs,
      random: () => 0,
      logger: { info: tell, warn: tell },
      pause: (ms) => {
        this.waits.push(ms);
        this.nowMs += ms;
        if (this.waits.length >= waitsMax) this.#stop.abort();
        return Promise.resolve();
      },
      ...given,
    });
  }

  /** All that it delivers until it ends; rejects with what ends it. */
  async read(from: SourceCheckpoint | null = null): Promise<this> {
    for await (const batch of this.source.batches(from, this.#stop.signal)) {
      this.batches.push(batch);
      for (let i = 0; i < batch.count; i++) {
        const { device } = this.registry.descriptions[batch.entry[i]!]!;
        this.readings.push({ device, time: new Date(batch.timeMs[i]!).toISOString(), value: batch.value[i]! });
      }
    }
    return this;
  }

  get refusals() {
    return this.batches.flatMap(({ refusals }) => refusals);
  }

  get checkpoint(): SourceCheckpoint {
    return this.batches.at(-1)!.checkpoint;
  }
}

/** Rows of an area, an hour apart, up to an hour. */
export function loads(hours: readonly number[], area = 'DK1'): readonly Readonly<Record<string, unknown>>[] {
  return hours.map((hour) => ({
    HourUTC: new Date(Date.UTC(2024, 0, 10, hour)).toISOString().slice(0, 19),
    PriceArea: area,
    ConsumptionkWh: 1_000 + hour,
  }));
}

/** What a configuration would open. */
export function declaredPoll(section: object) {
  return declaredSource({ kind: 'poll', every: '5m', ...LOADS, ...section });
}
