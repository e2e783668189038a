/**
 * The inner loops of reading and folding, four numbers at a time: AssemblyScript, which is TypeScript's syntax for
 * WebAssembly, with its SIMD instructions. An address is a byte of the memory that `core/kernels/kernels.ts` lays out. Each
 * function gives, bit by bit, what one in JavaScript gives that is named here, within the limits stated.
 *
 * After D. Lemire, L. Boytsov, "Decoding billions of integers per second through vectorization" (2015), sections 4 and 5.
 */

const VECTOR_BYTES: usize = 16;
const ROWS = 32;

/**
 * As `unpackBlock` (core/packing/block.ts), of a full block of 1 to 32 bits, into 128 numbers of 32 bits. Reads one vector
 * behind the block, whatever is in it.
 */
export function unpackFull(words: usize, width: i32, out: usize): void {
  const blank = 32 - width;
  let word = v128.load(words);
  let shift = 0;
  for (let row = 0; row < ROWS; row++) {
    const end = shift + width;
    // The field is brought to the top of its lane, and from there back with its sign.
    let field: v128;
    if (end < 32) {
      field = i32x4.shl(word, 32 - end);
      shift = end;
    } else {
      words += VECTOR_BYTES;
      const next = v128.load(words);
      shift = end - 32;
      field = i32x4.shl(i32x4.shr_u(word, end - width), blank);
      if (shift > 0) field = v128.or(field, i32x4.shl(next, 32 - shift));
      word = next;
    }
    v128.store(out, i32x4.shr_s(field, blank));
    out += VECTOR_BYTES;
  }
}

/**
 * As `accumulate` (core/frames/run-columns.ts), of differences of 32 bits into doubles: out[i] = before + divisor · Σ
 * differences[0 … i]. The sums of differences must fit into 32 bits, and what is given be safe integers. Reads and writes up
 * to three numbers more than `count`.
 */
export function accumulate(differences: usize, count: i32, before: f64, divisor: f64, out: usize): f64 {
  const zero = i32x4.splat(0);
  const start = f64x2.splat(before);
  const factor = f64x2.splat(divisor);
  const last = out + ((<usize>count) << 3) - 8;
  let carried = zero;
  for (let left = count; left > 0; left -= 4) {
    let sums = v128.load(differences);
    sums = i32x4.add(sums, v128.shuffle<i32>(zero, sums, 0, 4, 5, 6));
    sums = i32x4.add(sums, v128.shuffle<i32>(zero, sums, 0, 1, 4, 5));
    sums = i32x4.add(sums, carried);
    carried = v128.shuffle<i32>(sums, sums, 3, 3, 3, 3);
    const upper = v128.shuffle<i32>(sums, sums, 2, 3, 2, 3);
    v128.store(out, f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(sums), factor), start));
    v128.store(out, f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(upper), factor), start), VECTOR_BYTES);
    differences += VECTOR_BYTES;
    out += 2 * VECTOR_BYTES;
  }
  return count > 0 ? load<f64>(last) : before;
}

/**
 * As `measurePieces` (core/stats/piece.ts): of each piece of the values, which ends before the place that `ends` holds of it,
 * the sum of the distances from its first value, that of their squares, and the least and largest.
 */
export function measurePieces(values: usize, ends: usize, pieces: i32, out: usize): void {
  let at = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const end = load<i32>(ends);
    measure(values + ((<usize>at) << 3), values + ((<usize>end) << 3), out);
    at = end;
    ends += 4;
    out += 2 * VECTOR_BYTES;
  }
}

function measure(from: usize, end: usize, out: usize): void {
  const first = v128.load64_splat(from);
  let sums = f64x2.splat(0);
  let otherSums = f64x2.splat(0);
  let squares = f64x2.splat(0);
  let otherSquares = f64x2.splat(0);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let at = from;
  for (const fours = end - 31; at < fours; at += 2 * VECTOR_BYTES) {
    const a = f64x2.sub(v128.load(at), first);
    const b = f64x2.sub(v128.load(at, VECTOR_BYTES), first);
    sums = f64x2.add(sums, a);
    otherSums = f64x2.add(otherSums, b);
    squares = f64x2.add(squares, f64x2.mul(a, a));
    otherSquares = f64x2.add(otherSquares, f64x2.mul(b, b));
    low = f64x2.pmin(low, f64x2.pmin(a, b));
    high = f64x2.pmax(high, f64x2.pmax(a, b));
  }
  for (; at < end; at += 8) {
    // The other lane is a distance of 0, which changes nothing.
    const a = f64x2.replace_lane(f64x2.splat(0), 0, load<f64>(at) - f64x2.extract_lane(first, 0));
    sums = f64x2.add(sums, a);
    squares = f64x2.add(squares, f64x2.mul(a, a));
    low = f64x2.pmin(low, a);
    high = f64x2.pmax(high, a);
  }
  sums = f64x2.add(sums, otherSums);
  squares = f64x2.add(squares, otherSquares);
  low = f64x2.pmin(low, v128.shuffle<f64>(low, low, 1, 0));
  high = f64x2.pmax(high, v128.shuffle<f64>(high, high, 1, 0));
  store<f64>(out, f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1));
  store<f64>(out, f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1), 8);
  store<f64>(out, f64x2.extract_lane(low, 0), 16);
  store<f64>(out, f64x2.extract_lane(high, 0), 24);
}

const LIMB_BITS: i64 = 40;
const LIMB_MASK: i64 = (1 << 40) - 1;
/** A half of what is multiplied: its product with a value below 2^36 leaves room for squares below 2^53. */
const HALF_BITS: i64 = 24;
const HALF_MASK: i64 = (1 << 24) - 1;
/** Rows that stand side by side in a column: core/kernels/kernels.ts says the same. */
const COLUMN_BYTES: usize = 8 * 16;
/** The first column that is mostly zero; the bits of what is given tell which are not. */
const RARE_COLUMN: usize = 11;

/**
 * What `HeldChunk.putPieces` (core/stats/held-chunk.ts) puts into slots, of the pieces from `from` up to `to` of a regular run that was cut into `pieces` at the edges of
 * slices and measured: each in columns of the rows at `rows`, from their first place on. Gives a bit for each rare column that
 * isn't zero throughout, or -1 where a magnitude is above `valueMax`, or squares above 2^53. `intoSliceMs` is how far
 * the first reading is from the start of its slice, which is at `sliceStartMs`.
 */
export function heldRows(
  values: usize,
  ends: usize,
  measures: usize,
  from: i32,
  to: i32,
  pieces: i32,
  sliceStartMs: f64,
  intoSliceMs: f64,
  stepMs: f64,
  sliceMs: f64,
  valueMax: f64,
  rows: usize,
): i32 {
  const step = <i64>stepMs;
  let start = from > 0 ? load<i32>(ends + ((<usize>(from - 1)) << 2)) : 0;
  let rare: i64 = 0;
  for (let piece = from; piece < to; piece++) {
    const end = load<i32>(ends + ((<usize>piece) << 2));
    const measured = measures + ((<usize>piece) << 5);
    const squares = load<f64>(measured, 8);
    const low = load<f64>(measured, 16);
    const high = load<f64>(measured, 24);
    const firstValue = load<f64>(values + ((<usize>start) << 3));
    const lastValue = load<f64>(values + ((<usize>(end - 1)) << 3));
    const before = piece > 0 ? load<f64>(values + ((<usize>(start - 1)) << 3)) : 0;
    const magnitude = max(abs(firstValue) + max(high, -low), abs(before));
    if (!(magnitude <= valueMax && squares < 9007199254740992)) return -1;

    const edgeMs = sliceMs * <f64>piece;
    const steps = <f64>(end - start - 1);
    const firstMs = intoSliceMs + stepMs * <f64>start;
    const lastMs = firstMs + stepMs * steps;
    const headMs = piece > 0 ? firstMs - edgeMs : 0;
    const tailMs = piece < pieces - 1 ? edgeMs + sliceMs - lastMs : 0;

    const first = <i64>firstValue;
    const distances = <i64>load<f64>(measured);
    const sum = <i64>(end - start) * first + distances;
    const held = sum - <i64>lastValue;
    const integral = step * held + <i64>before * <i64>headMs + <i64>lastValue * <i64>tailMs;

    const factor = sum + distances;
    const upper = (factor >> HALF_BITS) * first;
    const lower = (factor & HALF_MASK) * first + <i64>squares;
    const squares0 = (lower & LIMB_MASK) + ((upper & 0xffff) << HALF_BITS);
    const squares1 = (lower >> LIMB_BITS) + (upper >> 16) + (squares0 >> LIMB_BITS);

    put(rows, 0, steps + 1);
    put(rows, 1, firstValue + low);
    put(rows, 2, firstValue + high);
    put(rows, 3, sliceStartMs + firstMs);
    put(rows, 4, firstValue);
    put(rows, 5, sliceStartMs + lastMs);
    put(rows, 6, lastValue);
    put(rows, 7, headMs + (lastMs - firstMs) + tailMs);
    put(rows, 8, <f64>(sum & LIMB_MASK));
    put(rows, 9, <f64>(squares0 & LIMB_MASK));
    put(rows, 10, <f64>(integral & LIMB_MASK));
    rare |= putRare(rows, 0, (sum >> LIMB_BITS) & LIMB_MASK);
    rare |= putRare(rows, 1, sum >> 63);
    rare |= putRare(rows, 2, squares1 & LIMB_MASK);
    rare |= putRare(rows, 3, squares1 >> LIMB_BITS);
    rare |= putRare(rows, 4, (integral >> LIMB_BITS) & LIMB_MASK);
    rare |= putRare(rows, 5, integral >> 63);
    rows += 8;
    start = end;
  }
  return <i32>rare;
}

function put(rows: usize, column: usize, value: f64): void {
  store<f64>(rows + column * COLUMN_BYTES, value);
}

/** Gives the column's bit where the limb isn't zero. */
function putRare(rows: usize, column: usize, limb: i64): i64 {
  put(rows, RARE_COLUMN + column, <f64>limb);
  return (<i64>(limb != 0)) << (<i64>column);
}
