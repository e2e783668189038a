import { encodeAmend } from '../frames/amend-frame.ts';
import { encodeBirth } from '../frames/birth.ts';
import { encodeReadings } from '../frames/encode-readings.ts';
import { NO_LINKS, type ReadingsRuns } from '../frames/readings.ts';
import { encodeRecord } from '../records/record-codec.ts';
import { powerSeries } from '../series/series.fixtures.ts';
import type { SeriesEntry } from '../series/series.ts';

export const PANE_MS = 10_000;

/** A reading of a sample agent: number of its series, event time, scaled value. */
export type SampleReading = readonly [series: number, timeMs: number, value: number];

export function sampleSeries(device: number, intervalMs = 10_000): SeriesEntry {
  const quantiles = device % 3 === 0;
  return powerSeries(`d${device}`, {
    intervalMs,
    quantiles,
    paneMs: PANE_MS,
    tags: { region: `r${device % 2}` },
  });
}

/** An agent as the log sees it: it numbers its frames and remembers its readings, so that it can amend them. */
export class SampleAgent {
  readonly name: string;
  readonly devices: number;
  /** Value that counts, by series and time. */
  readonly journal: Map<number, number>[];
  readonly #revisions = new Map<string, number>();
  #sequence = 0;
  #incarnation: number;
  readonly #intervalMs: number | undefined;

  constructor(name: string, devices: number, incarnation = 1, intervalMs?: number) {
    this.#incarnation = incarnation;
    this.#intervalMs = intervalMs;
    this.name = name;
    this.devices = devices;
    this.journal = Array.from({ length: devices }, () => new Map<number, number>());
  }

  /** A birth of all series; a later one restates them in a new incarnation. */
  birth(): Uint8Array {
    const previous =
      this.#sequence === 0 ? null : { incarnation: this.#incarnation, lastSequence: this.#sequence, closed: true };
    if (previous !== null) {
      this.#incarnation++;
      this.#sequence = 0;
    }
    const entries = Array.from({ length: this.devices }, (_, device) => sampleSeries(device, this.#intervalMs));
    return this.#record(encodeBirth(this.#meta(), { firstIndex: 0, entries, previous }));
  }

  /** A frame of readings in a run per series; those whose (series, time) has been are left out. Null where none is left. */
  readings(readings: readonly SampleReading[], watermarkMs: number | null = null): Uint8Array | null {
    const bySeries = new Map<number, Map<number, number>>();
    for (const [series, timeMs, value] of readings) {
      if (this.journal[series]!.has(timeMs)) continue;
      const own = bySeries.get(series) ?? new Map<number, number>();
      if (!own.has(timeMs)) own.set(timeMs, value);
      bySeries.set(series, own);
    }
    if (bySeries.size === 0) return null;
    const runs = [...bySeries].map(([series, values]) => ({ series, values: [...values].sort(([a], [b]) => a - b) }));
    const anchors = runs.map(({ series, values }) => this.#before(series, values[0]![0]));
    const all = runs.flatMap(({ values }) => values);
    const columns: ReadingsRuns = {
      runCount: runs.length,
      entry: Int32Array.from(runs, ({ series }) => series),
      length: Int32Array.from(runs, ({ values }) => values.length),
      anchored: Uint8Array.from(anchors, (anchor) => (anchor === undefined ? 0 : 1)),
      anchorTimeMs: Float64Array.from(anchors, (anchor) => anchor?.[0] ?? 0),
      anchorValue: Float64Array.from(anchors, (anchor) => anchor?.[1] ?? 0),
      unchecked: new Uint8Array(runs.length),
      timeMs: Float64Array.from(all, ([timeMs]) => timeMs),
      value: Float64Array.from(all, ([, value]) => value),
      links: NO_LINKS,
    };
    for (const { series, values } of runs)
      for (const [timeMs, value] of values) this.journal[series]!.set(timeMs, value);
    return this.#record(encodeReadings(this.#meta(watermarkMs), columns));
  }

  /** A frame that gives a reading another value; null where there is no such reading. */
  amend(series: number, timeMs: number, newValue: number): Uint8Array | null {
    const journal = this.journal[series]!;
    const oldValue = journal.get(timeMs);
    if (oldValue === undefined) return null;
    journal.set(timeMs, newValue);
    const startMs = Math.floor(timeMs / PANE_MS) * PANE_MS;
    const pane = [...journal].filter(([atMs]) => atMs >= startMs && atMs < startMs + PANE_MS).sort(([a], [b]) => a - b);
    const values = pane.map(([, value]) => value);
    const key = `${series}/${startMs}`;
    const revision = (this.#revisions.get(key) ?? 0) + 1;
    this.#revisions.set(key, revision);
    const frame = encodeAmend(this.#meta(), {
      count: 1,
      entry: Int32Array.of(series),
      timeMs: Float64Array.of(timeMs),
      oldValue: Float64Array.of(oldValue),
      newValue: Float64Array.of(newValue),
      paneStartMs: Float64Array.of(startMs),
      paneMs: Float64Array.of(PANE_MS),
      revision: Float64Array.of(revision),
      minAfter: Float64Array.of(Math.min(...values)),
      maxAfter: Float64Array.of(Math.max(...values)),
      firstMsAfter: Float64Array.of(pane[0]![0]),
      firstValueAfter: Float64Array.of(pane[0]![1]),
      lastMsAfter: Float64Array.of(pane.at(-1)![0]),
      lastValueAfter: Float64Array.of(pane.at(-1)![1]),
      links: NO_LINKS,
    });
    return this.#record(frame);
  }

  #before(series: number, timeMs: number): readonly [number, number] | undefined {
    let found: readonly [number, number] | undefined;
    for (const reading of this.journal[series]!) {
      if (reading[0] < timeMs && (found === undefined || reading[0] > found[0])) found = reading;
    }
    return found;
  }

  #meta(watermarkMs: number | null = null) {
    this.#sequence++;
    return {
      incarnation: this.#incarnation,
      sequence: this.#sequence,
      dictionaryVersion: this.devices,
      watermarkMs,
    };
  }

  #record(frame: Uint8Array): Uint8Array {
    return encodeRecord({ kind: 'frame', agent: this.name, atMs: 0, verdict: { kind: 'accepted' }, frame });
  }
}

export function cutRecord(id: string): Uint8Array {
  return encodeRecord({ kind: 'cut', id, atMs: 0 });
}
