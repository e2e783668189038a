/**
 * Count, sum, squares, min, max and step integral of many values at once, exactly, in plain doubles.
 *
 * Within a piece only the distances d = v − v₀ from its first value are summed; they are widened once per piece:
 *
 *   Σ v = n·v₀ + Σ d        Σ v² = v₀·(n·v₀ + 2·Σ d) + Σ d²
 *
 * Why this is exact. Σ d² is a sum of magnitudes and rounding is monotone: where the computed sum is below 2^53, no
 * distance, square or partial sum on the way was rounded. Where it is below 2^84, all |d| are at most 2^42, so the
 * distances and their sum (at most 512 of them: 2^51) are still exact, and only the squares have to be summed again, with each
 * distance split in two halves of 21 bits. Where it is larger, the piece itself is cut in two, down to one value.
 */
import { KERNELS, PIECE_MEASURES, PIECES_MAX, type Room } from '../kernels/kernels.ts';
import { addProduct, addProductAnd, addSafe } from '../numbers/wide.ts';
import { includeRange } from './merge.ts';
import type { StatsTable } from './stats-table.ts';

const PIECE_VALUES_MAX = 512;
const PLAIN_SQUARES_LIMIT = 2 ** 53;
const SPLIT_SQUARES_LIMIT = 2 ** 84;
const PLAIN_INTEGRAL_LIMIT = 2 ** 52;
/** n·v₀ + 2·Σ d, and n·v₀ + Σ d less a value, stay safe integers: 2^51 + 2^52 and 2^51 + 2^51 + 2^50 + 2^42. */
const LEVEL_LIMIT = 2 ** 51;

/** Adding and taking away 1.5·2^(52 + 21) rounds a double to a multiple of 2^21. */
const SPLIT_SHIFTER = 1.5 * 2 ** 73;
const SPLIT_UNIT = 2 ** 21;

/** What `measure` and `measureSquares` found: one allocation for all pieces, since a piece takes nanoseconds. */
const found = new Float64Array(7);
const DISTANCES = 0;
const SQUARES = 1;
const LOW = 2;
const HIGH = 3;
const UPPER = 4;
const CROSS = 5;
const LOWER = 6;

/**
 * Adds `values[start, end)`, at least one, to count, sum, squares, min and max, and heldMs · (Σv − v_last) + `beside` to
 * the integral: every value but the last is held for `heldMs`, which is 0 where nothing is held. `beside` is a safe
 * integer that the caller found for itself, added here because one widening is cheaper than two.
 */
export function addPieces(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  start: number,
  end: number,
  heldMs: number,
  beside = 0,
): void {
  table.count[slot]! += end - start;
  let at = start;
  for (; end - at > PIECE_VALUES_MAX; at += PIECE_VALUES_MAX) {
    addPiece(table, slot, values, at, at + PIECE_VALUES_MAX, heldMs, 0, 0);
  }
  addPiece(table, slot, values, at, end, heldMs, values[end - 1]!, beside);
}

/** Ends of the pieces to be measured next, and what `measurePieces` found of them: kept, since both are the kernels'. */
export const pieceEnds = KERNELS?.desk.ends ?? new Int32Array(PIECES_MAX);
export const pieceMeasures = KERNELS?.desk.measures ?? new Float64Array(PIECE_MEASURES * PIECES_MAX);

/**
 * Measures `pieces` pieces that lie side by side in `values` from `start` on, each up to `pieceEnds` behind it: `pieceMeasures` tells
 * of each the sum of the distances from its first value, that of their squares, and the least and largest distance. The values
 * of a `room` are measured there.
 */
export function measurePieces(values: Float64Array, start: number, pieces: number, room: Room | undefined): void {
  if (room !== undefined && KERNELS !== undefined) {
    const { desk, functions } = KERNELS;
    functions.measurePieces(room.valuesAt + 8 * start, desk.endsAt, pieces, desk.measuresAt);
    return;
  }
  let from = start;
  for (let piece = 0, at = 0; piece < pieces; piece++, at += PIECE_MEASURES) {
    const to = start + pieceEnds[piece]!;
    measure(values, from, to);
    pieceMeasures[at] = found[DISTANCES]!;
    pieceMeasures[at + 1] = found[SQUARES]!;
    pieceMeasures[at + 2] = found[LOW]!;
    pieceMeasures[at + 3] = found[HIGH]!;
    from = to;
  }
}

/** As `addPieces`, of a piece that was measured, of as many values as a chunk has: `pieceMeasures` tells of it from `at` on. */
export function addMeasured(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  start: number,
  end: number,
  heldMs: number,
  beside: number,
  at: number,
): void {
  const valueCount = end - start;
  const first = values[start]!;
  const squares = pieceMeasures[at + 1]!;
  const level = valueCount * first;
  // Below 2^53 the squares bound their distances too: at most 1,024 of them add up to 2^32.
  if (!(squares < PLAIN_SQUARES_LIMIT && level < LEVEL_LIMIT && level > -LEVEL_LIMIT)) {
    addPieces(table, slot, values, start, end, heldMs, beside);
    return;
  }
  const distances = pieceMeasures[at]!;
  const sum = level + distances;
  table.count[slot]! += valueCount;
  includeRange(table, slot, first + pieceMeasures[at + 2]!, first + pieceMeasures[at + 3]!);
  addSafe(table.sum, slot, sum);
  if (heldMs > 0 || beside !== 0) addHeldSum(table, slot, sum - values[end - 1]!, heldMs, beside);
  addProductAnd(table.squares, slot, sum + distances, first, squares);
}

/** Of a piece's sum, all but `tail` is held: the last value of a run, or 0 in a piece that others follow. */
function addPiece(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  start: number,
  end: number,
  heldMs: number,
  tail: number,
  beside: number,
): void {
  const first = values[start]!;
  const valueCount = end - start;
  if (valueCount === 1) {
    addSingle(table, slot, first, heldMs, tail, beside);
    return;
  }
  measure(values, start, end);
  const squares = found[SQUARES]!;
  const level = valueCount * first;
  if (!(squares < SPLIT_SQUARES_LIMIT && level < LEVEL_LIMIT && level > -LEVEL_LIMIT)) {
    const middle = start + (valueCount >>> 1);
    addPiece(table, slot, values, start, middle, heldMs, 0, 0);
    addPiece(table, slot, values, middle, end, heldMs, tail, beside);
    return;
  }
  const distances = found[DISTANCES]!;
  const sum = level + distances;
  includeRange(table, slot, first + found[LOW]!, first + found[HIGH]!);
  addSafe(table.sum, slot, sum);
  if (heldMs > 0 || beside !== 0) addHeldSum(table, slot, sum - tail, heldMs, beside);
  if (squares < PLAIN_SQUARES_LIMIT) {
    addProductAnd(table.squares, slot, sum + distances, first, squares);
    return;
  }
  addProduct(table.squares, slot, sum + distances, first);
  measureSquares(values, start, end);
  addProduct(table.squares, slot, found[UPPER]!, SPLIT_UNIT * SPLIT_UNIT);
  addProduct(table.squares, slot, found[CROSS]!, 2 * SPLIT_UNIT);
  addSafe(table.squares, slot, found[LOWER]!);
}

/** integral += sum · heldMs + beside. */
function addHeldSum(table: StatsTable, slot: number, sum: number, heldMs: number, beside: number): void {
  const product = sum * heldMs;
  // Each term is below 2^52 in magnitude then, so neither they nor their total were rounded.
  if (Math.abs(product) + Math.abs(beside) < PLAIN_INTEGRAL_LIMIT) {
    addSafe(table.integral, slot, product + beside);
    return;
  }
  addProduct(table.integral, slot, sum, heldMs);
  if (beside !== 0) addSafe(table.integral, slot, beside);
}

function addSingle(table: StatsTable, slot: number, value: number, heldMs: number, tail: number, beside: number): void {
  includeRange(table, slot, value, value);
  addSafe(table.sum, slot, value);
  addProduct(table.squares, slot, value, value);
  // The last value of a run is its own tail: nothing of it is held.
  if (heldMs > 0 || beside !== 0) addHeldSum(table, slot, value - tail, heldMs, beside);
}

/**
 * Sums the distances and their squares, and finds the least and largest distance. Four values at a time, because then
 * least and largest need no branch that the processor could mispredict: |a − b| + (a + b) is twice the larger.
 */
function measure(values: Float64Array, start: number, end: number): void {
  const first = values[start]!;
  let even = 0;
  let odd = 0;
  let evenSquares = 0;
  let oddSquares = 0;
  // Four times the least and largest distance so far.
  let low = 0;
  let high = 0;
  let i = start;
  for (const fours = end - 3; i < fours; i += 4) {
    const a = values[i]! - first;
    const b = values[i + 1]! - first;
    const c = values[i + 2]! - first;
    const d = values[i + 3]! - first;
    const ab = a + b;
    const cd = c + d;
    const abApart = Math.abs(a - b);
    const cdApart = Math.abs(c - d);
    even += ab;
    odd += cd;
    evenSquares += a * a + b * b;
    oddSquares += c * c + d * d;
    const abHigh = ab + abApart;
    const cdHigh = cd + cdApart;
    const abLow = ab - abApart;
    const cdLow = cd - cdApart;
    const fourHigh = abHigh + cdHigh + Math.abs(abHigh - cdHigh);
    const fourLow = abLow + cdLow - Math.abs(abLow - cdLow);
    high = (high + fourHigh + Math.abs(high - fourHigh)) * 0.5;
    low = (low + fourLow - Math.abs(low - fourLow)) * 0.5;
  }
  low *= 0.25;
  high *= 0.25;
  for (; i < end; i++) {
    const distance = values[i]! - first;
    even += distance;
    evenSquares += distance * distance;
    if (distance < low) low = distance;
    if (distance > high) high = distance;
  }
  found[DISTANCES] = even + odd;
  found[SQUARES] = evenSquares + oddSquares;
  found[LOW] = low;
  found[HIGH] = high;
}

/** Sums the squares of distances of at most 2^42 as (upper·2^21 + lower)², the three kinds of products apart. */
function measureSquares(values: Float64Array, start: number, end: number): void {
  const first = values[start]!;
  let upperSquares = 0;
  let crosses = 0;
  let lowerSquares = 0;
  for (let i = start; i < end; i++) {
    const distance = values[i]! - first;
    const upper = distance + SPLIT_SHIFTER - SPLIT_SHIFTER;
    const lower = distance - upper;
    upperSquares += upper * upper;
    crosses += upper * lower;
    lowerSquares += lower * lower;
  }
  found[UPPER] = upperSquares / (SPLIT_UNIT * SPLIT_UNIT);
  found[CROSS] = crosses / SPLIT_UNIT;
  found[LOWER] = lowerSquares;
}
