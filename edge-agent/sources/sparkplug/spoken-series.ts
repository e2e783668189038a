import type { Break } from '../../journal/series-breaks.ts';
import type { MessageTopic } from './topic.ts';

/** Readings of one speaker, by the numbers of their series. */
interface HeardReadings {
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
}

/** A node, where the device is null, or a device of it, with the series that it was the last to speak of. */
interface Speaker {
  readonly node: string;
  readonly device: string | null;
  readonly series: Set<number>;
}

type Speaking = Pick<MessageTopic, 'group' | 'node' | 'device'>;

/**
 * Which series edge nodes and their devices speak of: what their deaths end. It holds as many as the registry gave numbers,
 * and no speaker without one.
 */
export class SpokenSeries {
  readonly #nodes = new Map<string, Map<string | null, Speaker>>();
  /** By the number of a series. */
  readonly #speakers: (Speaker | undefined)[] = [];
  readonly #lastMs: number[] = [];
  /** By the number of a series that has broken off, and of which nothing was said since: where. */
  readonly #brokenMs = new Map<number, number>();

  /** Somebody has said the readings [from, to). */
  heard(topic: Speaking, { entry, timeMs }: HeardReadings, from: number, to: number): void {
    if (from === to) return;
    const speaker = this.#speakerOf(topic);
    for (let i = from; i < to; i++) {
      const series = entry[i]!;
      if (this.#speakers[series] !== speaker) this.#hand(series, speaker);
      const atMs = timeMs[i]!;
      if (!(this.#lastMs[series]! >= atMs)) this.#lastMs[series] = atMs;
      if (atMs >= (this.#brokenMs.get(series) ?? Number.POSITIVE_INFINITY)) this.#brokenMs.delete(series);
    }
  }

  /**
   * A series of which there was a value has none at a time: where it breaks off, undefined where it has already, and nothing
   * was said of it since.
   */
  lapse(entry: number, atMs: number): Break | undefined {
    if (atMs >= (this.#brokenMs.get(entry) ?? Number.POSITIVE_INFINITY)) return undefined;
    if (!(this.#lastMs[entry]! >= atMs)) this.#brokenMs.set(entry, atMs);
    return { entry, atMs };
  }

  /**
   * A device is gone, or a node with all its devices, at a time: where their series break off, which is after all that
   * was said of them, by whatever clock. Nobody speaks of these series then.
   */
  end({ group, node, device }: Speaking, atMs: number): readonly Break[] {
    const speakers = this.#nodes.get(nodeKey(group, node));
    const gone = [...(speakers?.values() ?? [])].filter((one) => device === null || one.device === device);
    for (const one of gone) this.#forget(one);
    return gone.flatMap(({ series }) =>
      Array.from(series, (entry) => {
        this.#speakers[entry] = undefined;
        return { entry, atMs: Math.max(atMs, this.#lastMs[entry]! + 1) };
      }),
    );
  }

  #speakerOf({ group, node: name, device }: Speaking): Speaker {
    const node = nodeKey(group, name);
    const known = this.#nodes.get(node)?.get(device);
    if (known !== undefined) return known;
    const speaker = { node, device, series: new Set<number>() };
    const speakers = this.#nodes.get(node) ?? new Map<string | null, Speaker>();
    this.#nodes.set(node, speakers.set(device, speaker));
    return speaker;
  }

  #hand(series: number, speaker: Speaker): void {
    const before = this.#speakers[series];
    before?.series.delete(series);
    if (before?.series.size === 0) this.#forget(before);
    speaker.series.add(series);
    this.#speakers[series] = speaker;
  }

  #forget({ node, device }: Speaker): void {
    const speakers = this.#nodes.get(node);
    speakers?.delete(device);
    if (speakers?.size === 0) this.#nodes.delete(node);
  }
}

/** Neither name has a slash. */
function nodeKey(group: string, node: string): string {
  return `${group}/${node}`;
}
