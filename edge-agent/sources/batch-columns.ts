import { strict as assert } from 'node:assert';
import type { RowKernel } from '#core/kernels/row-kernel.ts';
import type { Break } from '../journal/series-breaks.ts';
import { REFUSED_TEXT_CHARS_MAX, type ReadingBatch, type Refusal, type SourceCheckpoint } from './source.ts';

/**
 * Readings in one batch: of a thousand series, runs of a hundred readings and more, which pack and fold well; still
 * synced in milliseconds.
 */
export const BATCH_READINGS_MAX = 131_072;

/** Refusals of one batch that are told one by one. All are counted; a file of another kind must not fill the memory. */
export const BATCH_REFUSALS_MAX = 1_000;

/** Bytes that surely hold the text that a refusal quotes. */
const REFUSED_TEXT_BYTES_MAX = REFUSED_TEXT_CHARS_MAX * 4;

interface Columns {
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
}

function makeColumns(size: number): Columns {
  return { entry: new Int32Array(size), timeMs: new Float64Array(size), value: new Float64Array(size) };
}

/** What closes a batch: all that the rows alone don't say. */
export interface BatchEnd {
  readonly checkpoint: SourceCheckpoint;
  readonly watermarkMs: number | null;
  readonly ambiguousTimes: number;
  readonly acknowledged?: (failure?: Error) => void;
}

/**
 * A batch in the making. Two sets of columns take turns, so a batch stays whole until the next but one is begun
 * (the promise of ReadingBatch) and no batch allocates columns.
 */
export class BatchColumns {
  count = 0;
  rows = 0;
  missing = 0;
  truncatedTimes = 0;
  entry: Int32Array;
  timeMs: Float64Array;
  value: Float64Array;
  #quarantined = 0;
  #refusals: Refusal[] = [];
  #breaks: Break[] = [];
  #spare: Columns;

  constructor(readingsMax = BATCH_READINGS_MAX) {
    ({ entry: this.entry, timeMs: this.timeMs, value: this.value } = makeColumns(readingsMax));
    this.#spare = makeColumns(readingsMax);
  }

  /** Whether anything happened since the last batch was closed. */
  get isEmpty(): boolean {
    return this.rows === 0 && this.#quarantined === 0;
  }

  get quarantined(): number {
    return this.#quarantined;
  }

  /** Readings that were named so far: counted, missing or quarantined. */
  get named(): number {
    return this.count + this.missing + this.#quarantined;
  }

  /** Adds a reading. The caller has made sure that there is room. */
  push(entry: number, timeMs: number, value: number): void {
    const index = this.count++;
    this.entry[index] = entry;
    this.timeMs[index] = timeMs;
    this.value[index] = value;
  }

  /** Adds what a kernel has made of rows. The caller has made sure that there is room. */
  pushRows(rows: number, readings: RowKernel): void {
    readings.copyTo(this.entry, this.timeMs, this.value, this.count);
    this.count += readings.count;
    this.rows += rows;
  }

  /** Says where series broke off. */
  breakOff(breaks: readonly Break[]): void {
    for (const one of breaks) this.#breaks.push(one);
  }

  /** Quarantines `readings` that stand in `bytes[start, end)` from a line on. */
  refuse(line: number, readings: number, reason: string, bytes: Uint8Array, start: number, end: number): void {
    this.#quarantined += readings;
    if (this.#refusals.length < BATCH_REFUSALS_MAX) {
      this.#refusals.push({ line, readings, reason, text: quote(bytes, start, end) });
    }
  }

  /** Hands over what was gathered, and begins the next batch. */
  close(end: BatchEnd): ReadingBatch {
    assert(this.count <= this.entry.length, 'a batch is closed before it overflows');
    const { count, rows, missing, truncatedTimes, entry, timeMs, value } = this;
    const batch: ReadingBatch = {
      count,
      entry: entry.subarray(0, count),
      timeMs: timeMs.subarray(0, count),
      value: value.subarray(0, count),
      ...(this.#breaks.length === 0 ? {} : { breaks: this.#breaks }),
      refusals: this.#refusals,
      tallies: {
        rows,
        readings: count,
        missing,
        quarantined: this.#quarantined,
        ambiguousTimes: end.ambiguousTimes,
        truncatedTimes,
      },
      checkpoint: end.checkpoint,
      watermarkMs: end.watermarkMs,
      ...(end.acknowledged === undefined ? {} : { acknowledged: end.acknowledged }),
    };
    ({ entry: this.entry, timeMs: this.timeMs, value: this.value } = this.#spare);
    this.#spare = { entry, timeMs, value };
    this.count = this.rows = this.missing = this.truncatedTimes = this.#quarantined = 0;
    this.#refusals = [];
    this.#breaks = [];
    return batch;
  }
}

const decoder = new TextDecoder();

/** The text of `bytes[start, end)` for a message, at most REFUSED_TEXT_CHARS_MAX characters of it. */
export function quote(bytes: Uint8Array, start: number, end: number): string {
  const text = decoder.decode(bytes.subarray(start, Math.min(end, start + REFUSED_TEXT_BYTES_MAX)));
  return text.slice(0, REFUSED_TEXT_CHARS_MAX);
}
