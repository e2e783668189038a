import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import type { FrameMeta } from '#core/frames/header.ts';
import { NO_LINKS, type ReadingsRuns } from '#core/frames/readings.ts';
import { partitionOf } from '#core/records/partition.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import type { LogRecord } from '#core/records/record.ts';
import { powerSeries } from '#core/series/series.fixtures.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { agentTopic, type UpTopic } from '#core/wire/topics.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';

export const NOW_MS = 1_000_000;
export const PARTITIONS = 4;
export const SERIES = powerSeries('house-1');

/** One reading of the first entry. */
export const ONE_RUN: ReadingsRuns = {
  runCount: 1,
  entry: Int32Array.of(0),
  length: Int32Array.of(1),
  anchored: Uint8Array.of(0),
  anchorTimeMs: Float64Array.of(0),
  anchorValue: Float64Array.of(0),
  unchecked: Uint8Array.of(0),
  timeMs: Float64Array.of(NOW_MS),
  value: Float64Array.of(1),
  links: NO_LINKS,
};

/** Readings of one series, the last at `latestMs`; one, or as many of the widest values as take about `bodyBytes`. */
export function frame(sequence: number, latestMs = NOW_MS, bodyBytes = 8): Uint8Array {
  const meta: FrameMeta = { incarnation: 1, sequence, dictionaryVersion: 1, watermarkMs: null };
  const count = Math.max(1, Math.floor(bodyBytes / 8));
  const numbers = Array.from({ length: count }, (_, i) => i);
  const value = (i: number): number => Number(BigInt.asUintN(52, BigInt(sequence + i) * 6_364_136_223_846_793_005n));
  return encodeReadings(meta, {
    ...ONE_RUN,
    length: Int32Array.of(count),
    timeMs: Float64Array.from(numbers, (i) => latestMs - count + 1 + i),
    value: Float64Array.from(numbers, value),
  });
}

export function birth(sequence: number, entries: readonly SeriesEntry[], firstIndex = 0): Uint8Array {
  const dictionaryVersion = firstIndex + entries.length;
  const meta: FrameMeta = { incarnation: 1, sequence, dictionaryVersion, watermarkMs: null };
  return encodeBirth(meta, { firstIndex, entries, previous: null });
}

export const closing = (client: MqttClient): Promise<void> => new Promise((resolve) => client.once('close', resolve));

export const message = (client: MqttClient): Promise<{ topic: string; payload: Buffer }> =>
  new Promise((resolve) => client.once('message', (topic, payload) => resolve({ topic, payload })));

/** A log whose appends are stored at once but say so only when the gate is opened. */
export function gated(log: Log): { log: Log; open: () => void; waiting: () => number } {
  let waiting = 0;
  let release: (() => void)[] = [];
  const wrapped: Log = Object.create(log, {
    append: {
      value: async (partition: number, bytes: Uint8Array) => {
        const position = await log.append(partition, bytes);
        waiting++;
        await new Promise<void>((resolve) => release.push(resolve));
        waiting--;
        return position;
      },
    },
    partitions: { get: () => log.partitions },
  }) as Log;
  const open = (): void => {
    const all = release;
    release = [];
    for (const one of all) one();
  };
  return { log: wrapped, open, waiting: () => waiting };
}

/** What tests of the broker need around it: a log on disk, clients of another make, and an end to all of it. */
export class BrokerHarness implements AsyncDisposable {
  readonly stack = new AsyncDisposableStack();
  readonly dir: string;
  readonly log: Log;
  #broker: Broker | undefined;

  private constructor(place: TemporaryDirectory, log: Log) {
    this.dir = this.stack.use(place).dir;
    this.log = this.stack.use(log);
  }

  static async open(): Promise<BrokerHarness> {
    const place = await makeTemporaryDirectory('broker');
    return new BrokerHarness(place, await openEmbeddedLog({ dir: join(place.dir, 'log'), partitions: PARTITIONS }));
  }

  get broker(): Broker {
    if (this.#broker === undefined) throw new Error('start the broker first');
    return this.#broker;
  }

  async start(options: Partial<BrokerOptions> = {}): Promise<void> {
    const claims = this.stack.use(await openEmbeddedKeyValue({ dir: join(this.dir, 'claims') }));
    const broker = await startBroker({
      listen: { host: '127.0.0.1', port: 0 },
      log: this.log,
      claims,
      metrics: null,
      views: [],
      clock: () => NOW_MS,
      logger: pino({ level: 'silent' }),
      ledgerHead: () => Promise.resolve({ incarnation: 3, highestSequence: 17 }),
      wantedOf: () => Promise.resolve({ heads: [], missing: [] }),
      endedOf: () => Promise.resolve([]),
      dictionaryOf: () => [],
      ...options,
    });
    this.#broker = this.stack.use(broker);
  }

  /** By WebSocket, where `url` says so. */
  async client(agent: string, options: IClientOptions = {}, url = 'mqtt://127.0.0.1'): Promise<MqttClient> {
    const connected = await connectAsync(`${url}:${this.broker.port}${url.startsWith('ws') ? '/mqtt' : ''}`, {
      clientId: agent,
      reconnectPeriod: 0,
      protocolVersion: 4,
      keepalive: 30,
      ...options,
    });
    this.stack.defer(() => connected.endAsync(true));
    connected.on('error', () => undefined);
    return connected;
  }

  /** All records in the partition of an agent. */
  async recordsOf(agent: string): Promise<LogRecord[]> {
    const partition = partitionOf(agent, PARTITIONS);
    const { last } = await this.log.bounds(partition);
    if (last === 0) return [];
    const entries = await this.log.read(partition, 1, { bytes: 1 << 28 });
    return entries.map(({ bytes }) => {
      const record = decodeRecord(bytes);
      if (record.kind === 'record-fault') throw new Error(record.message);
      return record;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

/** Publishes under the client's own name; resolves with the acknowledgement. */
export function publish(from: MqttClient, topic: UpTopic, payload: Uint8Array): Promise<unknown> {
  return from.publishAsync(agentTopic(from.options.clientId ?? '', topic), Buffer.from(payload), { qos: 1 });
}

/** The numbers of the frames among `records`, as they stand in the headers. */
export function numbersOf(records: readonly LogRecord[]): number[] {
  return records.flatMap((record) => (record.kind === 'frame' ? [Buffer.from(record.frame).readUInt32LE(16)] : []));
}
