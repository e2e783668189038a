/** Start and end of a field that a row doesn't have: no reading, whatever texts are named as missing. */
export const ABSENT = -1;

/**
 * Where the fields of one row lie in a buffer: what a file format hands to the row reader. Fields are trimmed, unquoted
 * text, so `bytes[starts[i], ends[i])` is field i as its writer meant it. Written again for each row.
 */
export class FieldTable {
  /** Fields in the row; those beyond the table's size are counted and not kept. */
  count = 0;
  /** Why the row could not be taken apart, or null: then the fields mean nothing. */
  fault: string | null = null;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(size: number) {
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
  }
}
