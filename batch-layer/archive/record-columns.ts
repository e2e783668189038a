/**
 * Consecutive records of a segment as columns: what agents say again with every record is told once, and the readings of a series
 * stand together. Unpacked, they are the same records, byte for byte.
 *
 * ```
 *   4   bytes of the pack   u32
 *   …   pack (core/packing/pack-writer.ts):
 *         varint   bytes of the records with their heads
 *         varint   first position, varint records
 *         varint   names; each: varint bytes, and so many bytes: the agents, in the order in which they speak first
 *         column   kind       per record: 0 as it is, 1 a frame of readings, 2 a heartbeat
 *       per record of kind 1 and 2:
 *         column   agent      its name's number
 *         column   atMs
 *         column   incarnation, sequence, dictionary   from what the agent told before; a sequence from the next one
 *         column   watermark  0 there is none, 1
 *         column   watermark  of a frame, its distance to the latest reading, and of a heartbeat its own, each from the agent's last
 *         column   closed     per heartbeat
 *         column   runs       per frame
 *         column   entry      per run, from the one that would follow; the first from 0
 *         column   length − 1
 *         column   flags      bit 0 anchored, 1 unchecked
 *         column   anchor     per anchored run: its time, then its value, from the series' last
 *         column   times      of all readings, series by series: from where the last distance would lead to
 *         column   values     likewise: from the value before
 *         column   lengths    per record of kind 0
 *   …   records of kind 0, one behind the other
 * ```
 *
 * A frame of readings is told so where its series and numbers say all of it: without signed links, and within NUMBER_MAX.
 */
export const AS_IT_IS = 0;
export const READINGS = 1;
export const HEARTBEAT = 2;
/** Flags of a run. */
export const ANCHORED = 1;
export const UNCHECKED = 2;

/** Times and values up to it: differences of their differences are safe integers. */
export const NUMBER_MAX = 2 ** 50;

/** More than a dictionary has entries. */
const ENTRIES = 2 ** 24;

/** What an agent has told so far. */
export interface AgentPast {
  incarnation: number;
  sequence: number;
  dictionary: number;
  watermarkMs: number;
  lagMs: number;
}

/** What is known of the series so far; each has a number, in the order in which they come. */
export class SeriesPast {
  readonly #numbers = new Map<number, number>();
  readonly timeMs: number[] = [];
  readonly stepMs: number[] = [];
  readonly value: number[] = [];

  numberOf(agent: number, entry: number): number {
    const key = agent * ENTRIES + entry;
    let number = this.#numbers.get(key);
    if (number !== undefined) return number;
    number = this.#numbers.size;
    this.#numbers.set(key, number);
    this.timeMs.push(0);
    this.stepMs.push(0);
    this.value.push(0);
    return number;
  }
}

export function newPast(): AgentPast {
  return { incarnation: 0, sequence: 0, dictionary: 0, watermarkMs: 0, lagMs: 0 };
}

/** Where the readings of each run begin once they stand series by series. */
export function placesBySeries(series: readonly number[], lengths: readonly number[]): Float64Array {
  const next = new Float64Array(series.reduce((most, one) => Math.max(most, one), -1) + 2);
  for (const [run, number] of series.entries()) next[number + 1] = next[number + 1]! + lengths[run]!;
  for (let i = 1; i < next.length; i++) next[i] = next[i]! + next[i - 1]!;
  return Float64Array.from(series, (number, run) => {
    const place = next[number]!;
    next[number] = place + lengths[run]!;
    return place;
  });
}

/** All columns but those of lengths, times and values, in their order. */
export const COLUMNS = [
  'kind',
  'agent',
  'atMs',
  'incarnation',
  'sequence',
  'dictionary',
  'marked',
  'watermark',
  'closed',
  'runs',
  'entry',
  'lengthLessOne',
  'flags',
  'anchorMs',
  'anchorValue',
] as const;

export type Columns = Record<(typeof COLUMNS)[number], number[]>;

export function newColumns(): Columns {
  return Object.fromEntries(COLUMNS.map((name) => [name, [] as number[]])) as Columns;
}
