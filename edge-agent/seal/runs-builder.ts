import type { ReadingsRuns, SignedLinks } from '#core/frames/readings.ts';
import type { LinkCorrection } from '../journal/link-correction.ts';

const CAPACITY_FIRST = 1024;

/** Readings after which a frame is closed: large enough for long runs, small enough for many frames in flight. */
const FRAME_READINGS_TARGET = 32_768;

/** Gathers runs for a readings frame; `take` gives them and begins anew: their readings are lent until a run is added. */
export class RunsBuilder {
  #entry: number[] = [];
  #length: number[] = [];
  #anchored: number[] = [];
  #anchorMs: number[] = [];
  #anchorValue: number[] = [];
  #unchecked: number[] = [];
  #timeMs = new Float64Array(CAPACITY_FIRST);
  #value = new Float64Array(CAPACITY_FIRST);
  #links: LinkCorrection[] = [];
  #count = 0;

  /** Readings gathered. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= FRAME_READINGS_TARGET;
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.#links.length === 0;
  }

  /** Adds the readings [from, to) of the arrays as one run. `anchor` is the reading before them, null where unknown. */
  addRun(
    entry: number,
    times: ArrayLike<number>,
    values: ArrayLike<number>,
    from: number,
    to: number,
    anchor: { readonly timeMs: number; readonly value: number } | null,
    unchecked: boolean,
  ): void {
    this.#entry.push(entry);
    this.#length.push(to - from);
    this.#anchored.push(anchor === null ? 0 : 1);
    this.#anchorMs.push(anchor?.timeMs ?? 0);
    this.#anchorValue.push(anchor?.value ?? 0);
    this.#unchecked.push(unchecked ? 1 : 0);
    this.#reserve(this.#count + to - from);
    const [timeMs, value] = [this.#timeMs, this.#value];
    let at = this.#count;
    for (let i = from; i < to; i++, at++) {
      timeMs[at] = times[i]!;
      value[at] = values[i]!;
    }
    this.#count = at;
  }

  addLinks(links: readonly LinkCorrection[]): void {
    for (const link of links) this.#links.push(link);
  }

  take(): ReadingsRuns {
    const runs: ReadingsRuns = {
      runCount: this.#entry.length,
      entry: Int32Array.from(this.#entry),
      length: Int32Array.from(this.#length),
      anchored: Uint8Array.from(this.#anchored),
      anchorTimeMs: Float64Array.from(this.#anchorMs),
      anchorValue: Float64Array.from(this.#anchorValue),
      unchecked: Uint8Array.from(this.#unchecked),
      timeMs: this.#timeMs.subarray(0, this.#count),
      value: this.#value.subarray(0, this.#count),
      links: signedLinks(this.#links),
    };
    this.#entry = [];
    this.#length = [];
    this.#anchored = [];
    this.#anchorMs = [];
    this.#anchorValue = [];
    this.#unchecked = [];
    this.#links = [];
    this.#count = 0;
    return runs;
  }

  #reserve(count: number): void {
    if (count <= this.#timeMs.length) return;
    const capacity = Math.max(count, 2 * this.#timeMs.length);
    const timeMs = new Float64Array(capacity);
    const value = new Float64Array(capacity);
    timeMs.set(this.#timeMs.subarray(0, this.#count));
    value.set(this.#value.subarray(0, this.#count));
    this.#timeMs = timeMs;
    this.#value = value;
  }
}

/** Corrections in the columns of a frame. */
export function signedLinks(links: readonly LinkCorrection[]): SignedLinks {
  const count = links.length;
  const columns = {
    count,
    entry: new Int32Array(count),
    sign: new Int8Array(count),
    fromMs: new Float64Array(count),
    fromValue: new Float64Array(count),
    toMs: new Float64Array(count),
    toValue: new Float64Array(count),
  };
  // A loop, since `from` asks an iterator for each: of readings that are late there are two links each.
  for (let i = 0; i < count; i++) {
    const link = links[i]!;
    columns.entry[i] = link.entry;
    columns.sign[i] = link.sign;
    columns.fromMs[i] = link.fromMs;
    columns.fromValue[i] = link.fromValue;
    columns.toMs[i] = link.toMs;
    columns.toValue[i] = link.toValue;
  }
  return columns;
}
