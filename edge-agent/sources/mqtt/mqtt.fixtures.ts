/** What tests of MQTT sources share: a source that runs, and clients that are real ones. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { SourceOptions } from '../source-kind.ts';
import { type ReadingBatch, SeriesList } from '../source.ts';
import { declaredSource, metricsOf } from '../sources.fixtures.ts';
import type { MqttSource } from './mqtt-source.ts';

/** The clock of a source that runs: one hour of a day of which nothing else is known. */
export const NOW_MS = Date.parse('2024-06-01T00:00:00Z');

export const METRICS = metricsOf(metricNamed('temperature'), metricNamed('humidity'), metricNamed('power'));

/** A rule for `zigbee2mqtt/DEVICE`, as the book shows it. */
export const TEMPERATURE = {
  topic: 'zigbee2mqtt/+',
  names: ['device'],
  payload: 'json',
  series: [{ metric: 'temperature', value: 'temperature', device: '{device}' }],
};

export interface SeenReading {
  readonly metric: string;
  readonly device: string;
  readonly value: number;
  readonly timeMs: number;
}

/** An MQTT source whose batches are acknowledged by `acknowledge` as they come. */
export class RunningMqtt implements AsyncDisposable {
  readonly registry = new SeriesList();
  readonly batches: ReadingBatch[] = [];
  readonly readings: SeenReading[] = [];
  readonly logged: { readonly fact: Readonly<Record<string, unknown>>; readonly what: string }[] = [];
  readonly source: MqttSource;
  readonly #stop = new AbortController();
  readonly done: Promise<void>;
  readonly #changes = new EventTarget();
  #nowMs = NOW_MS;

  constructor(
    section: Readonly<Record<string, unknown>>,
    options: Partial<SourceOptions> & { readonly acknowledge?: (batch: ReadingBatch) => void } = {},
  ) {
    const { acknowledge = (batch) => batch.acknowledged?.(), ...rest } = options;
    const log = (fact: unknown, what?: unknown): void => {
      this.logged.push({ fact: fact as Readonly<Record<string, unknown>>, what: String(what) });
      this.#changes.dispatchEvent(new Event('change'));
    };
    this.source = declaredSource({ kind: 'mqtt', ...section }).open('home', {
      metrics: METRICS,
      registry: this.registry,
      folder: '.',
      stdin: () => process.stdin,
      // Each look at the clock is a millisecond later, so that no two messages are of one time.
      nowMs: () => this.#nowMs++,
      random: () => 0,
      logger: { info: log, warn: log },
      ...rest,
    }) as MqttSource;
    this.done = this.#run(acknowledge);
    this.done.catch(() => undefined);
  }

  async #run(acknowledge: (batch: ReadingBatch) => void): Promise<void> {
    for await (const batch of this.source.batches(null, this.#stop.signal)) {
      this.batches.push(batch);
      for (let i = 0; i < batch.count; i++) {
        const { metric, device } = this.registry.descriptions[batch.entry[i]!]!;
        this.readings.push({ metric, device, value: batch.value[i]! / 1_000, timeMs: batch.timeMs[i]! });
      }
      acknowledge(batch);
      this.#changes.dispatchEvent(new Event('change'));
    }
  }

  /** What has been read, in short: `device value`. */
  get seen(): readonly string[] {
    return this.readings.map(({ device, value }) => `${device} ${value}`);
  }

  /** Waits until what has been read or logged makes it true; fails with the source. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await Promise.race([once(this.#changes, 'change'), this.done]);
  }

  /** The URL at which it listens. */
  async url(): Promise<string> {
    return `mqtt://127.0.0.1:${(await this.source.listening!).port}`;
  }

  /** Connects a client of the `mqtt` package. */
  async client(options: IClientOptions = {}): Promise<MqttClient> {
    return connectAsync(await this.url(), { reconnectPeriod: 0, ...options });
  }

  /** Sets the source's clock forward. */
  passMs(ms: number): void {
    this.#nowMs += ms;
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => undefined);
  }
}

/** Resolves when a client has been answered a ping: whatever was sent to it before has come. */
export async function pinged(client: MqttClient): Promise<void> {
  const answered = new Promise<void>((resolve) => {
    const hear = ({ cmd }: { readonly cmd?: string }): void => {
      if (cmd !== 'pingresp') return;
      client.removeListener('packetreceive', hear);
      resolve();
    };
    client.on('packetreceive', hear);
  });
  client.sendPing();
  await answered;
}

/** A socket that is none: what is to come over it is handed to it, and what it is given to send goes nowhere. */
export class MemorySocket extends Duplex {
  /** Whether the other end takes what it is sent. */
  isTaking = true;
  /** What the other end was sent. */
  writtenBytes = 0;

  setNoDelay(): void {}

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.writtenBytes += chunk.length;
    if (this.isTaking) done();
  }

  /** What takes a socket sees this one as one. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** Hands over what comes; throws what is thrown of it. */
  receive(bytes: Uint8Array): void {
    this.emit('data', Buffer.from(bytes));
  }
}
