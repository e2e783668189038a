import { strict as assert } from 'node:assert';
import { FrameTooLarge } from './fault.ts';
import { isWithin } from './header.ts';
import { FRAME_READINGS_MAX, TIME_MS_MAX } from './limits.ts';
import { assertTime } from './links.ts';
import type { ReadingsRuns } from './readings.ts';

/** Room for the two long columns, kept from one frame to the next. */
let longTimes = new Float64Array(0);
let longValues = new Float64Array(0);

/** Flags of a run on the wire. */
export const RUN_ANCHORED = 1;
export const RUN_UNCHECKED = 2;
/** Its times are in the column of times. */
export const RUN_IRREGULAR = 4;
/** Its values stand as they are, since some difference is no safe integer. */
export const RUN_ABSOLUTE = 8;

/** A run of fewer differences isn't divided: its divisor would cost more than it saves. */
const DIVIDED_DIFFERENCES_MIN = 8;

/** Where an anchor is expected when nothing is known of it: one period before the head. */
export function anchorBase(headMs: number, periodMs: number): number {
  return Math.max(-TIME_MS_MAX, headMs - periodMs);
}

/**
 * What the body of a `readings` frame says of each run, and its two long columns (drawn in encode-readings.ts): these are
 * lent until the next frame's are made.
 */
export class RunColumns {
  readonly lengthLessOne: Int32Array;
  readonly flags: Uint8Array;
  readonly headMs: Float64Array;
  readonly headValue: Float64Array;
  readonly periodMs: Float64Array;
  readonly anchorMs: Float64Array;
  readonly anchorBaseMs: Float64Array;
  readonly anchorValue: Float64Array;
  readonly divisor: Float64Array;
  readonly times: Float64Array;
  timeCount = 0;
  readonly values: Float64Array;
  valueCount = 0;
  readonly count: number;
  earliestMs = 0;
  latestMs = 0;

  constructor(runs: ReadingsRuns, dictionaryVersion: number) {
    const { runCount } = runs;
    this.count = countReadings(runs, dictionaryVersion);
    this.lengthLessOne = new Int32Array(runCount);
    this.flags = new Uint8Array(runCount);
    this.headMs = new Float64Array(runCount);
    this.headValue = new Float64Array(runCount);
    this.periodMs = new Float64Array(runCount);
    this.anchorMs = new Float64Array(runCount);
    this.anchorBaseMs = new Float64Array(runCount);
    this.anchorValue = new Float64Array(runCount);
    this.divisor = new Float64Array(runCount);
    if (longTimes.length < this.count) {
      longTimes = new Float64Array(this.count);
      longValues = new Float64Array(this.count);
    }
    this.times = longTimes;
    this.values = longValues;
    for (let run = 0, from = 0; run < runCount; from += runs.length[run]!, run++) {
      this.#addTimes(runs, run, from);
      this.#addValues(runs, run, from);
      this.#addAnchor(runs, run);
      if (runs.unchecked[run] === 1) this.#flag(run, RUN_UNCHECKED);
    }
  }

  #flag(run: number, flag: number): void {
    this.flags[run] = this.flags[run]! | flag;
  }

  #addTimes(runs: ReadingsRuns, run: number, from: number): void {
    const { timeMs } = runs;
    const length = runs.length[run]!;
    const headMs = timeMs[from]!;
    const lastMs = timeMs[from + length - 1]!;
    assertTime(headMs);
    assertTime(lastMs);
    this.lengthLessOne[run] = length - 1;
    this.headMs[run] = headMs;
    if (run === 0 || headMs < this.earliestMs) this.earliestMs = headMs;
    if (run === 0 || lastMs > this.latestMs) this.latestMs = lastMs;
    if (length === 1) {
      // One reading has no step of its own: that from its anchor will do, or else what the run before had.
      const before = run === 0 ? 0 : this.periodMs[run - 1]!;
      this.periodMs[run] = runs.anchored[run] === 1 ? headMs - runs.anchorTimeMs[run]! : before;
      return;
    }
    const periodMs = typicalStep(timeMs, from, length);
    this.periodMs[run] = periodMs;
    let irregular = false;
    for (let i = 1; i < length; i++) {
      const stepMs = timeMs[from + i]! - timeMs[from + i - 1]!;
      // Asked apart, since the text of an assertion is made for each reading, also where it holds.
      if (!(stepMs >= 1 && Number.isInteger(stepMs)))
        assert.fail(`times of run ${run} must ascend, ${stepMs} ms is no step`);
      irregular ||= stepMs !== periodMs;
      this.times[this.timeCount + i - 1] = stepMs - periodMs;
    }
    if (!irregular) return;
    this.#flag(run, RUN_IRREGULAR);
    this.timeCount += length - 1;
  }

  #addValues(runs: ReadingsRuns, run: number, from: number): void {
    const { value } = runs;
    const at = this.valueCount;
    const differences = runs.length[run]! - 1;
    this.headValue[run] = value[from]!;
    this.valueCount += differences;
    let safe = true;
    let before = value[from]!;
    assert(Number.isSafeInteger(before), `a value is a scaled safe integer, not ${before}`);
    for (let i = 0; i < differences; i++) {
      const next = value[from + 1 + i]!;
      if (!Number.isSafeInteger(next)) assert.fail(`a value is a scaled safe integer, not ${next}`);
      safe &&= Number.isSafeInteger(next - before);
      this.values[at + i] = next - before;
      before = next;
    }
    const divisor = safe && differences >= DIVIDED_DIFFERENCES_MIN ? commonDivisor(this.values, at, differences) : 1;
    this.divisor[run] = divisor;
    if (!safe) {
      this.#flag(run, RUN_ABSOLUTE);
      for (let i = 0; i < differences; i++) this.values[at + i] = value[from + 1 + i]!;
    } else if (divisor > 1) {
      for (let i = 0; i < differences; i++) this.values[at + i] = this.values[at + i]! / divisor;
    }
  }

  #addAnchor(runs: ReadingsRuns, run: number): void {
    const headMs = this.headMs[run]!;
    const baseMs = anchorBase(headMs, this.periodMs[run]!);
    this.anchorBaseMs[run] = baseMs;
    this.anchorMs[run] = baseMs;
    this.anchorValue[run] = this.headValue[run]!;
    if (runs.anchored[run] !== 1) return;
    const anchorMs = runs.anchorTimeMs[run]!;
    assertTime(anchorMs);
    assert(anchorMs < headMs, `the anchor of run ${run} must lie before its first reading`);
    assert(Number.isSafeInteger(runs.anchorValue[run]!), `the anchor of run ${run} has no safe integer as value`);
    this.#flag(run, RUN_ANCHORED);
    this.anchorMs[run] = anchorMs;
    this.anchorValue[run] = runs.anchorValue[run]!;
  }
}

function countReadings(runs: ReadingsRuns, dictionaryVersion: number): number {
  let count = 0;
  for (let run = 0; run < runs.runCount; run++) {
    const length = runs.length[run]!;
    assert(isWithin(length, 1, runs.timeMs.length), `run ${run} has ${length} readings`);
    assert(isWithin(runs.entry[run]!, 0, dictionaryVersion - 1), `the entry of run ${run} must be in the dictionary`);
    count += length;
  }
  if (count > FRAME_READINGS_MAX) throw new FrameTooLarge('readings', count, FRAME_READINGS_MAX);
  assert(runs.timeMs.length >= count && runs.value.length >= count, `runs of ${count} readings exceed their columns`);
  return count;
}

/**
 * The step that most of the times have, or else their rounded mean. Majority vote after R. Boyer, J Moore, "MJRTY"
 * (1981): what more than half have survives it.
 */
function typicalStep(timeMs: Float64Array, from: number, length: number): number {
  let candidate = 0;
  let votes = 0;
  for (let i = from + 1; i < from + length; i++) {
    const step = timeMs[i]! - timeMs[i - 1]!;
    if (votes === 0) candidate = step;
    votes += step === candidate ? 1 : -1;
  }
  let having = 0;
  for (let i = from + 1; i < from + length; i++) if (timeMs[i]! - timeMs[i - 1]! === candidate) having++;
  if (having * 2 >= length - 1) return candidate;
  return Math.round((timeMs[from + length - 1]! - timeMs[from]!) / (length - 1));
}

/** The greatest integer that divides all `count` numbers from `from` on, at least 1. */
function commonDivisor(numbers: Float64Array, from: number, count: number): number {
  let divisor = 0;
  for (let i = from; i < from + count && divisor !== 1; i++) {
    let a = Math.abs(numbers[i]!);
    let b = divisor;
    while (b !== 0) [a, b] = [b, a % b];
    divisor = a;
  }
  return divisor === 0 ? 1 : divisor;
}

/**
 * Turns differences into values, in place: value[i] = value[i − 1] + difference[i] · divisor, from `before` on. Gives
 * the last one. All sums must be known to be safe integers; then the order of additions doesn't matter, and four at a
 * time wait for one addition instead of four.
 */
export function accumulate(numbers: Float64Array, at: number, count: number, before: number, divisor: number): number {
  let value = before;
  let i = at;
  for (const fours = at + (count & ~3); i < fours; i += 4) {
    const a = numbers[i]! * divisor;
    const b = a + numbers[i + 1]! * divisor;
    const c = b + numbers[i + 2]! * divisor;
    const d = c + numbers[i + 3]! * divisor;
    numbers[i] = value + a;
    numbers[i + 1] = value + b;
    numbers[i + 2] = value + c;
    value += d;
    numbers[i + 3] = value;
  }
  for (const end = at + count; i < end; i++) {
    value += numbers[i]! * divisor;
    numbers[i] = value;
  }
  return value;
}

/**
 * The same one by one, for numbers that may leave the safe integers: then it gives NaN. `absolute` numbers are the
 * values themselves.
 */
export function accumulateChecked(
  numbers: Float64Array,
  at: number,
  count: number,
  before: number,
  divisor: number,
  absolute: boolean,
): number {
  let value = before;
  for (let i = at; i < at + count; i++) {
    const step = numbers[i]! * divisor;
    value = absolute ? step : value + step;
    // A product or sum that had to be rounded lies beyond 2^53, and two such can't cancel: the step is checked too.
    if (Math.abs(step) > Number.MAX_SAFE_INTEGER || Math.abs(value) > Number.MAX_SAFE_INTEGER) return NaN;
    numbers[i] = value;
  }
  return value;
}
