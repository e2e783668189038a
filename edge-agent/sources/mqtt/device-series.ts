import type { Break } from '../../journal/series-breaks.ts';
import type { EntryRegistry, SeriesDescription } from '../source.ts';

/**
 * Which series are of which device, as a source describes them to its registry: what ends where a device is said to be
 * gone. As many as the registry gave numbers.
 */
export class DeviceSeries implements EntryRegistry {
  readonly #registry: EntryRegistry;
  readonly #devices = new Map<string, Set<number>>();
  /** By the number of a series: when its last reading was; undefined since it broke off. */
  readonly #lastMs: (number | undefined)[] = [];

  constructor(registry: EntryRegistry) {
    this.#registry = registry;
  }

  intern(description: SeriesDescription): ReturnType<EntryRegistry['intern']> {
    const entry = this.#registry.intern(description);
    if (typeof entry !== 'number') return entry;
    const { device } = description;
    const known = this.#devices.get(device);
    if (known === undefined) this.#devices.set(device, new Set([entry]));
    else known.add(entry);
    return entry;
  }

  /** The readings [from, to) were said. */
  heard(entry: Int32Array, timeMs: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const series = entry[i]!;
      this.#lastMs[series] = Math.max(this.#lastMs[series] ?? Number.NEGATIVE_INFINITY, timeMs[i]!);
    }
  }

  /** A device is gone: where its series break off, which is after all that was said of them, by whatever clock. */
  end(device: string, atMs: number): readonly Break[] {
    const breaks: Break[] = [];
    for (const entry of this.#devices.get(device) ?? []) {
      const lastMs = this.#lastMs[entry];
      if (lastMs === undefined) continue;
      this.#lastMs[entry] = undefined;
      breaks.push({ entry, atMs: Math.max(atMs, lastMs + 1) });
    }
    return breaks;
  }
}
