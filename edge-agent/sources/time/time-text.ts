/**
 * Reads the time of a row from bytes, without making a string: called once per row, so it allocates nothing.
 *
 * Law: what `parse` gives depends on the bytes alone; whatever is remembered between calls only saves work.
 */
export interface TimeText {
  /**
   * The time in `bytes[start, end)` in ms: an instant, or a wall clock written as if it were UTC where `local` is then
   * true. NaN where it is no time; `fault` then says why.
   */
  parse(bytes: Uint8Array, start: number, end: number): number;
  /** Whether the last time read is a wall clock that needs a zone. */
  readonly local: boolean;
  /** Whether digits finer than a millisecond, not all zero, were cut from the last time read. */
  readonly cut: boolean;
  /** Why the last call gave NaN: a predicate that follows the quoted text, such as `is not ISO 8601`. */
  readonly fault: string;
}

export const ZERO = 0x30;
export const SPACE = 0x20;

/** The fraction digits that a millisecond holds. */
export const MS_DIGITS = 3;

/** The two digits at `at`, or -1 where they are not two digits. The caller knows that both bytes are there. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}
