/**
 * Signed numbers in fields of bits, fields in 32-bit words.
 *
 * A field of width w holds a number from −2^(w − 1) to 2^(w − 1) − 1 in two's complement: the range that w bits of a
 * zigzag number have too, but two shifts bring it back instead of five operations. A number above 32 bits is held as
 * two words, the low 32 bits and, signed, those above.
 */

/** Width of the widest number: the difference of two safe integers, if it is a safe integer itself. */
export const WIDTH_MAX = 54;

/** 2 to the power of the index, for indexes −1 (at place 0) to 63 (at place 64). */
const POWERS = Float64Array.from({ length: 65 }, (_, i) => 2 ** (i - 1));

/** 2^(width − 1): the largest magnitude that a field holds, as long as it has a bit. */
export function halfOfWidth(width: number): number {
  return POWERS[width]!;
}

/** The narrowest field that holds `d`: 0 for 0, 1 for −1, 2 for 1. */
export function widthOf(d: number): number {
  const word = d | 0;
  // A negative number's ones in front say as little as a positive one's zeros.
  if (word === d) return word === 0 ? 0 : 33 - Math.clz32(word ^ (word >> 31));
  const magnitude = d < 0 ? -d - 1 : d;
  return 64 - Math.clz32(Math.floor(magnitude / 0x8000_0000));
}

/** Number of 32-bit words that `count` fields of `width` bits take, packed one after another. */
export function wordsFor(count: number, width: number): number {
  return Math.ceil((count * width) / 32);
}

/**
 * The signed field of `width` (1 to 32) bits that begins at `bit`. Words are counted from `first`
 * in steps of `stride`; the field may run over into the next word.
 */
export function readField(words: Int32Array, first: number, stride: number, bit: number, width: number): number {
  const at = first + (bit >>> 5) * stride;
  const shift = bit & 31;
  let field = words[at]! >>> shift;
  if (shift + width > 32) field |= words[at + stride]! << (32 - shift);
  return (field << (32 - width)) >> (32 - width);
}

/** Puts the low `width` bits of `field` where {@link readField} finds it. The words must be zero there before. */
export function writeField(
  words: Int32Array,
  first: number,
  stride: number,
  bit: number,
  width: number,
  field: number,
): void {
  const at = first + (bit >>> 5) * stride;
  const shift = bit & 31;
  const clean = width === 32 ? field : field & ((1 << width) - 1);
  words[at] = words[at]! | (clean << shift);
  if (shift + width > 32) words[at + stride] = words[at + stride]! | (clean >>> (32 - shift));
}
