import mqtt, { type MqttClient } from 'mqtt';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import type { FrameMeta } from '#core/frames/header.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { agentTopic } from '#core/wire/topics.ts';

/** Entries of a birth, and readings of a frame: what an agent of a fleet sends a few times a second. */
const BIRTH_ENTRIES = 2_048;
const FRAME_READINGS = 5_000;
/** Frames that are on the way at a time; each has up to a tenth of a megabyte. */
const IN_FLIGHT = 8;
const KEEP_ALIVE_S = 300;

export interface FleetOptions {
  readonly id: string;
  readonly broker: string;
  readonly metric: string;
  readonly devices: number;
  readonly intervalMs: number;
}

/** Speaks for one agent of many devices with a series each, without what an agent does before it sends. */
export class FleetAgent implements AsyncDisposable {
  readonly #options: FleetOptions;
  readonly #client: MqttClient;
  readonly #inFlight = new Set<Promise<unknown>>();
  #sequence = 0;

  private constructor(options: FleetOptions, client: MqttClient) {
    this.#options = options;
    this.#client = client;
  }

  static async connect(options: FleetOptions): Promise<FleetAgent> {
    const { id, broker } = options;
    const login = { clientId: id, username: id, keepalive: KEEP_ALIVE_S, reconnectPeriod: 0 } as const;
    return new FleetAgent(options, await mqtt.connectAsync(broker, { ...login, protocolVersion: 4 }));
  }

  deviceAt(index: number): string {
    return `${this.#options.id}-${index}`;
  }

  /** Introduces all series; resolves when the server has stored that. */
  async introduce(): Promise<void> {
    const { devices } = this.#options;
    for (let firstIndex = 0; firstIndex < devices; firstIndex += BIRTH_ENTRIES) {
      const count = Math.min(BIRTH_ENTRIES, devices - firstIndex);
      const entries = Array.from({ length: count }, (_, i) => this.#entryOf(firstIndex + i));
      const birth = { firstIndex, entries, previous: null };
      await this.#send((meta) => encodeBirth({ ...meta, dictionaryVersion: firstIndex + count }, birth), null);
    }
    await Promise.all(this.#inFlight);
  }

  /** Sends a reading of each series at an instant, the one an interval before being known where `step` isn't the first, 0. */
  async measure(atMs: number, step: number): Promise<void> {
    const { devices, intervalMs } = this.#options;
    for (let from = 0; from < devices; from += FRAME_READINGS) {
      const count = Math.min(FRAME_READINGS, devices - from);
      const isLast = from + count === devices;
      const watermarkMs = isLast ? atMs : atMs - intervalMs;
      const valueAt = (i: number, of: number): number => ((from + i) * 7_919 + of * 104_729) % 9_000;
      const column = (of: (i: number) => number): Float64Array => Float64Array.from({ length: count }, (_, i) => of(i));
      await this.#send(
        (meta) =>
          encodeReadings(meta, {
            runCount: count,
            entry: Int32Array.from({ length: count }, (_, i) => from + i),
            length: new Int32Array(count).fill(1),
            anchored: new Uint8Array(count).fill(step > 0 ? 1 : 0),
            anchorTimeMs: column(() => (step > 0 ? atMs - intervalMs : 0)),
            anchorValue: column((i) => (step > 0 ? valueAt(i, step - 1) : 0)),
            unchecked: new Uint8Array(count),
            timeMs: column(() => atMs),
            value: column((i) => valueAt(i, step)),
            links: NO_LINKS,
          }),
        watermarkMs,
      );
    }
    await Promise.all(this.#inFlight);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }

  /** Waits for room, not for the acknowledgement. */
  async #send(encode: (meta: FrameMeta) => Uint8Array, watermarkMs: number | null): Promise<void> {
    while (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
    const sequence = ++this.#sequence;
    const frame = encode({ incarnation: 1, sequence, dictionaryVersion: this.#options.devices, watermarkMs });
    const sent = this.#client.publishAsync(agentTopic(this.#options.id, 'frame'), Buffer.from(frame), { qos: 1 });
    this.#inFlight.add(sent);
    void sent.finally(() => this.#inFlight.delete(sent)).catch(() => undefined);
  }

  #entryOf(index: number): SeriesEntry {
    const { metric, intervalMs } = this.#options;
    const device = this.deviceAt(index);
    const facts = { metric, unit: 'W', decimals: 0, kind: 'gauge', intervalMs, rollover: null } as const;
    return { ...facts, quantiles: false, paneMs: 10_000, device, tags: { device, region: `region-${index % 10}` } };
  }
}
