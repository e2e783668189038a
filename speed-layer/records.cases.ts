import { encodeAmend } from '#core/frames/amend-frame.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import type { SeriesEntry } from '#core/series/series.ts';

/** A reading of one of the sample series, by its dictionary index. */
export interface SampleReading {
  readonly entry: number;
  readonly timeMs: number;
  readonly value: number;
}

export const SAMPLE_ENTRIES: readonly SeriesEntry[] = ['a', 'b', 'c'].map((device) => ({
  metric: 'power',
  unit: 'kW',
  decimals: 3,
  kind: 'gauge',
  intervalMs: 1000,
  rollover: null,
  quantiles: false,
  paneMs: 10_000,
  device,
  tags: { device, region: device === 'c' ? 'south' : 'north' },
}));

/** Writes the log records of one agent, numbered without gaps. */
export class SampleAgent {
  readonly #name: string;
  #sequence = 0;

  constructor(name: string) {
    this.#name = name;
  }

  birth(): Uint8Array {
    return this.#record(encodeBirth(this.#meta(null), { firstIndex: 0, entries: SAMPLE_ENTRIES, previous: null }));
  }

  /** One run per reading, without anchors: what is tested with it are the statistics of readings, not of intervals. */
  readings(readings: readonly SampleReading[], watermarkMs: number | null): Uint8Array {
    const count = readings.length;
    const flags = new Uint8Array(count);
    const none = new Float64Array(count);
    return this.#record(
      encodeReadings(this.#meta(watermarkMs), {
        runCount: count,
        entry: Int32Array.from(readings, (one) => one.entry),
        length: new Int32Array(count).fill(1),
        anchored: flags,
        anchorTimeMs: none,
        anchorValue: none,
        unchecked: flags,
        timeMs: Float64Array.from(readings, (one) => one.timeMs),
        value: Float64Array.from(readings, (one) => one.value),
        links: NO_LINKS,
      }),
    );
  }

  /** Changes the value of a reading that is alone in its pane. */
  amend({ entry, timeMs, value }: SampleReading, newValue: number): Uint8Array {
    const one = (value: number): Float64Array => Float64Array.of(value);
    return this.#record(
      encodeAmend(this.#meta(null), {
        count: 1,
        entry: Int32Array.of(entry),
        timeMs: one(timeMs),
        oldValue: one(value),
        newValue: one(newValue),
        paneStartMs: one(Math.floor(timeMs / 10_000) * 10_000),
        paneMs: one(10_000),
        revision: one(this.#sequence),
        minAfter: one(newValue),
        maxAfter: one(newValue),
        firstMsAfter: one(timeMs),
        firstValueAfter: one(newValue),
        lastMsAfter: one(timeMs),
        lastValueAfter: one(newValue),
        links: NO_LINKS,
      }),
    );
  }

  #meta(watermarkMs: number | null) {
    return { incarnation: 1, sequence: ++this.#sequence, dictionaryVersion: SAMPLE_ENTRIES.length, watermarkMs };
  }

  #record(frame: Uint8Array): Uint8Array {
    return encodeRecord({ kind: 'frame', agent: this.#name, atMs: 0, verdict: { kind: 'accepted' }, frame });
  }
}

export function cutRecord(id: string): Uint8Array {
  return encodeRecord({ kind: 'cut', id, atMs: 0 });
}
