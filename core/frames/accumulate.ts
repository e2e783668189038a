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
