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
