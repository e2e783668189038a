import { strict as assert } from 'node:assert';
import { KERNELS, PIECE_MEASURES, type Room, ROWS_MAX } from '../kernels/kernels.ts';
import { addSafe, addSmall } from '../numbers/wide.ts';
import { SPAN_SLICES } from '../slices/slice-span.ts';
import { addMs } from './exact-ms.ts';
import { includeFirst, includeLast } from './merge.ts';
import { measurePieces, pieceEnds } from './piece.ts';
import { addHeldRun } from './run.ts';
import type { StatsTable } from './stats-table.ts';

/** The kernels multiply values up to this, and add up integrals up to that. */
const KERNEL_VALUE_MAX = 2 ** 36;
const KERNEL_INTEGRAL_MAX = 2 ** 52;

/** A reading alone is added in plain doubles up to this, and what is held beside it up to that. */
const SINGLE_MAX = 2 ** 25;
const SINGLE_INTEGRAL_MAX = 2 ** 51;

assert(ROWS_MAX >= SPAN_SLICES, 'the kernels make the rows of a whole span at once');

/** What is set anew for each chunk: its readings, where they begin, and whether they are counted in buckets. */
export interface HeldReadings {
  readonly values: Float64Array;
  readonly room: Room | undefined;
  /** Of the first value. */
  readonly offset: number;
  readonly size: number;
  readonly startMs: number;
  readonly stepMs: number;
}

/**
 * Readings of a gauge at one distance, each held up to the next one, cut at the edges of slices into pieces, of which none
 * is empty. The first piece begins with its first reading and the last one ends with its last; all others reach from
 * edge to edge. One is made for all chunks: nothing is allocated.
 */
export class HeldChunk {
  pieces = 0;
  #values: Float64Array = new Float64Array(0);
  #room: Room | undefined;
  #offset = 0;
  #size = 0;
  #startMs = 0;
  #stepMs = 0;
  #sliceMs = 0;
  #sliceStartMs = 0;
  #quantiles = false;
  #beforeValue = 0;
  #beforeMs = 0;

  /** Cuts the readings at the edges of slices, of which no step leaps over one, and measures the pieces. */
  cut({ values, room, offset, size, startMs, stepMs }: HeldReadings, sliceMs: number, quantiles: boolean): void {
    const sliceStartMs = Math.floor(startMs / sliceMs) * sliceMs;
    let pieces = 0;
    if (size === 1) pieceEnds[pieces++] = 1;
    else {
      let toEdgeMs = sliceStartMs + sliceMs - startMs;
      for (let end = 0; end < size; toEdgeMs += sliceMs) {
        end = Math.min(size, Math.ceil(toEdgeMs / stepMs));
        pieceEnds[pieces++] = end;
      }
    }
    this.pieces = pieces;
    this.#values = values;
    this.#room = room;
    this.#offset = offset;
    this.#size = size;
    this.#startMs = startMs;
    this.#stepMs = stepMs;
    this.#sliceMs = sliceMs;
    this.#sliceStartMs = sliceStartMs;
    this.#quantiles = quantiles;
    this.#beforeValue = 0;
    this.#beforeMs = 0;
    measurePieces(values, offset, pieces, room);
  }

  /** Lets the first piece begin `ms` before its first reading: `value` was held from there on, in the same slice. */
  setBefore(value: number, ms: number): void {
    this.#beforeValue = value;
    this.#beforeMs = ms;
  }

  /** Readings of a piece. */
  sizeOf(piece: number): number {
    return pieceEnds[piece]! - startOf(piece);
  }

  /** Adds a piece to a slot of its slice, with the parts of the links to its neighbours in the chunk that lie there. */
  addPiece(table: StatsTable, slot: number, piece: number): void {
    const values = this.#values;
    const stepMs = this.#stepMs;
    const start = startOf(piece);
    const end = pieceEnds[piece]!;
    const edgeMs = this.#sliceStartMs + piece * this.#sliceMs;
    const atMs = this.#startMs + start * stepMs;
    const headMs = piece === 0 ? this.#beforeMs : atMs - edgeMs;
    const tailMs = piece === this.pieces - 1 ? 0 : edgeMs + this.#sliceMs - (atMs + (end - start - 1) * stepMs);
    const from = this.#offset + start;
    const before = piece === 0 ? this.#beforeValue : values[from - 1]!;
    const to = this.#offset + end;
    const measured = piece * PIECE_MEASURES;
    addHeldRun(table, slot, values, from, to, atMs, stepMs, before, headMs, tailMs, this.#quantiles, measured);
  }

  /** Adds the pieces [from, to) to slots side by side, as `addPiece` does. */
  addPieces(table: StatsTable, slot: number, from: number, to: number): void {
    const isSingle = this.#stepMs === this.#sliceMs && !this.#quantiles;
    for (let piece = from; piece < to; piece++) {
      if (isSingle) piece = this.#addSingles(table, slot - from, piece, to);
      if (piece < to) this.addPiece(table, slot + piece - from, piece);
    }
  }

  /**
   * Adds readings that come once a slice, piece i to slot `base` + i: the piece of each is itself, and what is held before and after it.
   * Stops before one whose numbers aren't small enough for plain doubles, and gives its piece; `to` where there is none.
   */
  #addSingles(table: StatsTable, base: number, from: number, to: number): number {
    const { count, min, max, firstMs, lastMs, coveredMs, sum, squares, integral } = table;
    const values = this.#values;
    const sliceMs = this.#sliceMs;
    const intoSliceMs = this.#startMs - this.#sliceStartMs;
    const last = this.#size - 1;
    let before = from === 0 ? this.#beforeValue : values[this.#offset + from - 1]!;
    for (let i = from; i < to; i++) {
      const slot = base + i;
      const value = values[this.#offset + i]!;
      const headMs = i === 0 ? this.#beforeMs : intoSliceMs;
      const tailMs = i === last ? 0 : sliceMs - intoSliceMs;
      const head = before * headMs;
      const tail = value * tailMs;
      const isPlain = Math.abs(value) <= SINGLE_MAX && Math.abs(head) + Math.abs(tail) <= SINGLE_INTEGRAL_MAX;
      if (!isPlain) return i;
      before = value;
      const atMs = this.#startMs + i * sliceMs;
      count[slot]!++;
      if (value < min[slot]!) min[slot] = value;
      if (value > max[slot]!) max[slot] = value;
      if (atMs <= firstMs[slot]!) includeFirst(table, slot, atMs, value);
      if (atMs >= lastMs[slot]!) includeLast(table, slot, atMs, value);
      addSafe(sum, slot, value);
      addSmall(squares, slot, value * value);
      addSmall(integral, slot, head + tail);
      addMs(coveredMs, table.coveredRest, slot, headMs + tailMs, 0);
    }
    return to;
  }

  /**
   * Adds the pieces [from, to), ROWS_MAX at most, to slots side by side that hold nothing, as `addPiece` would. False, and
   * nothing is added, where there are no kernels, numbers are too large for
   * them, or the first piece begins before its first reading.
   */
  putPieces(table: StatsTable, slot: number, from: number, to: number): boolean {
    const room = this.#room;
    if (KERNELS === undefined || room === undefined || this.#quantiles) return false;
    if (from === 0 && this.#beforeMs > 0) return false;
    const { desk, functions } = KERNELS;
    const rare = functions.heldRows(
      room.valuesAt + 8 * this.#offset,
      desk.endsAt,
      desk.measuresAt,
      from,
      to,
      this.pieces,
      this.#sliceStartMs,
      this.#startMs - this.#sliceStartMs,
      this.#stepMs,
      this.#sliceMs,
      Math.min(KERNEL_VALUE_MAX, KERNEL_INTEGRAL_MAX / (this.#sliceMs + this.#stepMs)),
      desk.rowsAt,
    );
    if (rare < 0) return false;
    putRows(table, slot, desk.rows, to - from, rare);
    return true;
  }
}

function startOf(piece: number): number {
  return piece === 0 ? 0 : pieceEnds[piece - 1]!;
}

/** The columns of rows into those of a table; of the upper limbs those that `rare` names, since others are zero there and here. */
function putRows(table: StatsTable, slot: number, rows: Float64Array, count: number, rare: number): void {
  put(table.count, slot, rows, 0, count);
  put(table.min, slot, rows, 1, count);
  put(table.max, slot, rows, 2, count);
  put(table.firstMs, slot, rows, 3, count);
  put(table.firstValue, slot, rows, 4, count);
  put(table.lastMs, slot, rows, 5, count);
  put(table.lastValue, slot, rows, 6, count);
  put(table.coveredMs, slot, rows, 7, count);
  put(table.sum[0]!, slot, rows, 8, count);
  put(table.squares[0]!, slot, rows, 9, count);
  put(table.integral[0]!, slot, rows, 10, count);
  if ((rare & 1) !== 0) put(table.sum[1]!, slot, rows, 11, count);
  if ((rare & 2) !== 0) put(table.sum[2]!, slot, rows, 12, count);
  if ((rare & 4) !== 0) put(table.squares[1]!, slot, rows, 13, count);
  if ((rare & 8) !== 0) put(table.squares[2]!, slot, rows, 14, count);
  if ((rare & 16) !== 0) put(table.integral[1]!, slot, rows, 15, count);
  if ((rare & 32) !== 0) put(table.integral[2]!, slot, rows, 16, count);
}

function put(column: Float64Array, slot: number, rows: Float64Array, rowColumn: number, count: number): void {
  const at = rowColumn * ROWS_MAX;
  for (let i = 0; i < count; i++) column[slot + i] = rows[at + i]!;
}
