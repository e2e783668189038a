/** What kinds of frames fold into slices; births only build dictionaries. */
export const FOLDED_KINDS = ['readings', 'panes', 'amend'] as const;
export type FoldedKind = (typeof FOLDED_KINDS)[number];

/** A frame of the archive that folds: where its bytes are, who sent it, and the position at which it counts. */
export interface ListedFrame {
  readonly kind: FoldedKind;
  /** Number of the segment in the list of files. */
  readonly file: number;
  readonly at: number;
  readonly bytes: number;
  /** Number of the agent in the plan. */
  readonly agent: number;
  /** That of the birth which released it, where the frame had to wait for its dictionary. */
  readonly position: number;
  readonly earliestMs: number;
  readonly latestMs: number;
  /** How many it counts. */
  readonly readings: number;
}

/** A part of a list of frames, as plain arrays that can be handed to another thread. */
export interface FrameColumns {
  readonly count: number;
  readonly file: Int32Array;
  readonly at: Float64Array;
  readonly bytes: Int32Array;
  readonly agent: Int32Array;
  readonly position: Float64Array;
}

const CAPACITY_FIRST = 1024;

/** So much of a part it may be larger or smaller, so that it ends between two bands. */
const PART_PLAY = 1 / 6;

/** The frames that fold, in the order of their positions, in columns: 49 bytes each. */
export class FrameList {
  count = 0;
  kind = new Uint8Array(CAPACITY_FIRST);
  file = new Int32Array(CAPACITY_FIRST);
  at = new Float64Array(CAPACITY_FIRST);
  bytes = new Int32Array(CAPACITY_FIRST);
  agent = new Int32Array(CAPACITY_FIRST);
  position = new Float64Array(CAPACITY_FIRST);
  earliestMs = new Float64Array(CAPACITY_FIRST);
  latestMs = new Float64Array(CAPACITY_FIRST);
  readings = new Float64Array(CAPACITY_FIRST);

  push(frame: ListedFrame): void {
    if (this.count === this.kind.length) this.#grow();
    const i = this.count++;
    this.kind[i] = FOLDED_KINDS.indexOf(frame.kind);
    this.file[i] = frame.file;
    this.at[i] = frame.at;
    this.bytes[i] = frame.bytes;
    this.agent[i] = frame.agent;
    this.position[i] = frame.position;
    this.earliestMs[i] = frame.earliestMs;
    this.latestMs[i] = frame.latestMs;
    this.readings[i] = frame.readings;
  }

  /** The index of the first frame that counts after `position`. */
  indexAfter(position: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.position[middle]! <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The ends of `parts` parts, of about the same bytes, of the frames from `from` to before `to`: nowhere within the frames of one
   * position, since a record counts once per slice, and between two bands of time where one begins near by. There may be fewer.
   */
  endsOfParts(from: number, to: number, parts: number, bandMs: number): number[] {
    let total = 0;
    for (let i = from; i < to; i++) total += this.bytes[i]!;
    const share = total / parts;
    const play = share * PART_PLAY;
    const ends: number[] = [];
    let bytes = 0;
    let end = to;
    let costOfEnd = Number.POSITIVE_INFINITY;
    for (let i = from + 1; i < to && ends.length < parts - 1; i++) {
      bytes += this.bytes[i - 1]!;
      if (this.position[i] === this.position[i - 1]) continue;
      const beyond = bytes - share * (ends.length + 1);
      const isEdge = Math.floor(this.earliestMs[i]! / bandMs) !== Math.floor(this.earliestMs[i - 1]! / bandMs);
      const cost = Math.abs(beyond) + (isEdge ? 0 : play);
      if (cost < costOfEnd) {
        costOfEnd = cost;
        end = i;
      }
      if (beyond < play) continue;
      ends.push(end);
      costOfEnd = Number.POSITIVE_INFINITY;
    }
    if (costOfEnd < Number.POSITIVE_INFINITY && ends.length < parts - 1) ends.push(end);
    return [...ends, to];
  }

  /** Copies of the frames from `from` to before `to`. */
  columns(from: number, to: number): FrameColumns {
    return {
      count: to - from,
      file: this.file.slice(from, to),
      at: this.at.slice(from, to),
      bytes: this.bytes.slice(from, to),
      agent: this.agent.slice(from, to),
      position: this.position.slice(from, to),
    };
  }

  #grow(): void {
    const size = 2 * this.kind.length;
    const ints = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const wider = new Int32Array(size);
      wider.set(old);
      return wider;
    };
    const floats = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(size);
      wider.set(old);
      return wider;
    };
    const kinds = new Uint8Array(size);
    kinds.set(this.kind);
    this.kind = kinds;
    this.file = ints(this.file);
    this.at = floats(this.at);
    this.bytes = ints(this.bytes);
    this.agent = ints(this.agent);
    this.position = floats(this.position);
    this.earliestMs = floats(this.earliestMs);
    this.latestMs = floats(this.latestMs);
    this.readings = floats(this.readings);
  }
}
