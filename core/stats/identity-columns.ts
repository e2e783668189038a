/**
 * Columns of doubles that hold the identity of stats where they hold nothing: what a table is made of, and what tables share.
 */

/** A column of the identity, shared by all tables that do without it, as long as the longest of them. */
export class Identity {
  readonly #value: number;
  #shared: Float64Array = new Float64Array(0);

  constructor(value: number) {
    this.#value = value;
  }

  newColumn(capacity: number): Float64Array {
    const column = new Float64Array(capacity);
    return this.#value === 0 ? column : column.fill(this.#value);
  }

  ofLength(capacity: number): Float64Array {
    if (this.#shared.length < capacity) this.#shared = this.newColumn(capacity);
    return this.#shared;
  }
}

export const ZEROS = new Identity(0);
export const HIGHEST = new Identity(Number.POSITIVE_INFINITY);
export const LOWEST = new Identity(Number.NEGATIVE_INFINITY);

export function grown(column: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  if (!isZero(column, 0, column.length)) larger.set(column);
  return larger;
}

/**
 * Whether a part of a column holds nothing. What was never written to takes no memory, and many columns never are: upper
 * limbs, the increase of a gauge. So zeros are not written over zeros.
 */
export function isZero(column: Float64Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (column[i] !== 0) return false;
  return true;
}
