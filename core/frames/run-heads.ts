import { COLUMN_ROOM, type PackReader } from '../packing/pack-reader.ts';
import { type FrameFault, frameFault } from './fault.ts';
import type { FrameHeader } from './header.ts';
import { FRAME_READINGS_MAX, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import { copyInto } from './links.ts';
import { anchorBase, RUN_ABSOLUTE, RUN_ANCHORED, RUN_IRREGULAR, RUN_UNCHECKED } from './run-columns.ts';

const RUN_FLAGS = RUN_ANCHORED | RUN_UNCHECKED | RUN_IRREGULAR | RUN_ABSOLUTE;

/** What a `readings` frame says of its runs, in arrays that are reused from frame to frame. */
export class RunHeads {
  runCount = 0;
  /** Stored times: the readings of irregular runs without their heads. */
  irregularCount = 0;
  entry = new Int32Array(0);
  length = new Int32Array(0);
  anchored = new Uint8Array(0);
  unchecked = new Uint8Array(0);
  irregular = new Uint8Array(0);
  absolute = new Uint8Array(0);
  headMs = new Float64Array(0);
  /** Of the last reading of each run, once times are placed. */
  lastMs = new Float64Array(0);
  headValue = new Float64Array(0);
  periodMs = new Float64Array(0);
  anchorMs = new Float64Array(0);
  anchorValue = new Float64Array(0);
  divisor = new Float64Array(0);
  #scratch = new Float64Array(0);

  /** Reads the run columns of a frame that counts `count` readings, at most FRAME_READINGS_MAX. */
  read(pack: PackReader, count: number, dictionaryVersion: number): FrameFault | null {
    const runs = pack.bytes.varint();
    if (pack.failed || runs > count) return frameFault('count', `frame has ${runs} runs for ${count} readings`);
    this.#reserve(runs);
    this.runCount = runs;
    const scratch = this.#scratch;
    const whole =
      pack.column(scratch, runs, 0, dictionaryVersion - 1) &&
      copyInto(this.entry, scratch, runs) &&
      pack.column(scratch, runs, 0, FRAME_READINGS_MAX - 1) &&
      copyInto(this.length, scratch, runs) &&
      pack.column(scratch, runs, 0, RUN_FLAGS) &&
      this.#setFlags(scratch) &&
      pack.column(this.headMs, runs, -TIME_MS_MAX, TIME_MS_MAX) &&
      pack.column(this.headValue, runs, -VALUE_MAX, VALUE_MAX) &&
      pack.column(this.periodMs, runs, 0, 2 * TIME_MS_MAX) &&
      this.#setAnchorBases() &&
      pack.relativeColumn(this.anchorMs, scratch, runs, -TIME_MS_MAX, TIME_MS_MAX) &&
      pack.relativeColumn(this.anchorValue, this.headValue, runs, -VALUE_MAX, VALUE_MAX) &&
      pack.column(this.divisor, runs, 1, VALUE_MAX);
    if (!whole) return frameFault('columns', 'runs can not be unpacked, or hold numbers out of range');
    return this.#checkLengths(count) ?? this.#checkAnchors();
  }

  /**
   * Turns the stored distances of irregular runs into times, in place, checks that all times ascend within their
   * limits, and that the header gives their extent.
   */
  placeTimes(stored: Float64Array, header: FrameHeader): FrameFault | null {
    let at = 0;
    let earliestMs = this.runCount === 0 ? 0 : Infinity;
    let latestMs = this.runCount === 0 ? 0 : -Infinity;
    for (let run = 0; run < this.runCount; run++) {
      const headMs = this.headMs[run]!;
      const periodMs = this.periodMs[run]!;
      const steps = this.length[run]! - 1;
      let atMs = headMs;
      let shortestMs = steps === 0 ? 1 : periodMs;
      if (this.irregular[run] === 0) {
        atMs += steps * periodMs;
      } else {
        shortestMs = 1;
        for (const end = at + steps; at < end; at++) {
          const stepMs = periodMs + stored[at]!;
          if (stepMs < shortestMs) shortestMs = stepMs;
          atMs += stepMs;
          stored[at] = atMs;
          if (atMs > TIME_MS_MAX) break;
        }
      }
      if (shortestMs < 1) return frameFault('order', `times of run ${run} do not ascend`);
      if (atMs > TIME_MS_MAX) return frameFault('range', `times of run ${run} leave the range of times`);
      this.lastMs[run] = atMs;
      if (headMs < earliestMs) earliestMs = headMs;
      if (atMs > latestMs) latestMs = atMs;
    }
    if (earliestMs === header.earliestMs && latestMs === header.latestMs) return null;
    return frameFault('range', `readings lie from ${earliestMs} to ${latestMs}, the header says otherwise`);
  }

  /** True if no value of `run` can leave the safe integers when stored numbers have magnitudes up to `bound`. */
  within(run: number, bound: number): boolean {
    const reach = bound * this.divisor[run]!;
    if (this.absolute[run] === 1) return reach <= VALUE_MAX;
    return Math.abs(this.headValue[run]!) + (this.length[run]! - 1) * reach <= VALUE_MAX;
  }

  allWithin(bound: number): boolean {
    for (let run = 0; run < this.runCount; run++) if (!this.within(run, bound)) return false;
    return true;
  }

  #setFlags(flags: Float64Array): true {
    for (let run = 0; run < this.runCount; run++) {
      const flag = flags[run]!;
      this.anchored[run] = flag & RUN_ANCHORED;
      this.unchecked[run] = (flag & RUN_UNCHECKED) === 0 ? 0 : 1;
      this.irregular[run] = (flag & RUN_IRREGULAR) === 0 ? 0 : 1;
      this.absolute[run] = (flag & RUN_ABSOLUTE) === 0 ? 0 : 1;
    }
    return true;
  }

  #setAnchorBases(): true {
    for (let run = 0; run < this.runCount; run++) {
      this.#scratch[run] = anchorBase(this.headMs[run]!, this.periodMs[run]!);
    }
    return true;
  }

  #checkLengths(count: number): FrameFault | null {
    let readings = 0;
    this.irregularCount = 0;
    for (let run = 0; run < this.runCount; run++) {
      this.length[run] = this.length[run]! + 1;
      const length = this.length[run]!;
      readings += length;
      if (this.irregular[run] === 1) this.irregularCount += length - 1;
      if (this.absolute[run] === 1 && this.divisor[run] !== 1) {
        return frameFault('range', `run ${run} is absolute and has divisor ${this.divisor[run]}`);
      }
    }
    if (readings === count) return null;
    return frameFault('count', `runs hold ${readings} readings, the header says ${count}`);
  }

  #checkAnchors(): FrameFault | null {
    for (let run = 0; run < this.runCount; run++) {
      if (this.anchored[run] === 0) {
        this.anchorMs[run] = 0;
        this.anchorValue[run] = 0;
      } else if (this.anchorMs[run]! >= this.headMs[run]!) {
        return frameFault('order', `run ${run} begins at ${this.headMs[run]}, its anchor is at ${this.anchorMs[run]}`);
      }
    }
    return null;
  }

  #reserve(runs: number): void {
    if (runs <= this.entry.length) return;
    const size = Math.min(FRAME_READINGS_MAX, Math.max(64, runs * 2));
    this.entry = new Int32Array(size);
    this.length = new Int32Array(size);
    this.anchored = new Uint8Array(size);
    this.unchecked = new Uint8Array(size);
    this.irregular = new Uint8Array(size);
    this.absolute = new Uint8Array(size);
    const room = size + COLUMN_ROOM;
    this.headMs = new Float64Array(room);
    this.lastMs = new Float64Array(room);
    this.headValue = new Float64Array(room);
    this.periodMs = new Float64Array(room);
    this.anchorMs = new Float64Array(room);
    this.anchorValue = new Float64Array(room);
    this.divisor = new Float64Array(room);
    this.#scratch = new Float64Array(room);
  }
}
