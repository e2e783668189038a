import { KEYS_MAX, RowKernel } from '#core/kernels/row-kernel.ts';
import { type FieldTable, KEY_REFUSED } from './key-table.ts';
import { keyColumnsOf, plainForm, type PlainLines, type ReaderRules } from './plain-form.ts';
import type { RowReader } from './row-reader.ts';

/** Fewer rows than these at a time are not worth asking a kernel. */
const ROWS_WORTHWHILE = 4;
/** Rows that are read without asking it at most, after one that was unusual. */
const ROWS_PASSED_MAX = 1_024;

/**
 * The plain rows of a file, taken by a kernel, many at a time; all others are the row reader's, one by one. A key is learnt
 * from the first row that has it. Where rows turn out to be unusual, the kernel is asked ever more rarely.
 */
export class PlainRows {
  readonly #kernel: RowKernel;
  readonly #reader: RowReader;
  readonly #rules: ReaderRules;
  readonly #keyColumns: readonly number[];
  /** Keys, by the numbers that the reader gives them, that the kernel knows. */
  readonly #learnt = new Uint8Array(KEYS_MAX);
  /** What of the bytes lies with the kernel. */
  #from = 0;
  #to = 0;
  /** Rows to be read before the kernel is asked again, and how many they were the last time. */
  #passing = 0;
  #passed = 0;
  /** Whether the row at which it stopped was strange for its key alone, which is to be learnt. */
  wantsKey = false;
  /** Where the first row begins that the last call of `take` did not take. */
  index = 0;

  private constructor(kernel: RowKernel, reader: RowReader, keyColumns: readonly number[]) {
    this.#kernel = kernel;
    this.#reader = reader;
    this.#rules = reader.rules;
    this.#keyColumns = keyColumns;
  }

  /** Undefined where no row can be plain by what the reader does with them, or there is no kernel for them. */
  static of(lines: PlainLines, reader: RowReader, rowBytesMax: number): PlainRows | undefined {
    const form = plainForm(lines, reader.rules, rowBytesMax);
    const kernel = form === undefined ? undefined : RowKernel.open(form);
    return kernel && new PlainRows(kernel, reader, keyColumnsOf(reader.rules.rules));
  }

  /** Says that other bytes are loaded. */
  loaded(): void {
    this.#from = this.#to = 0;
  }

  /** Whether the next row may be one to take; where not, it is to be read. */
  isDue(): boolean {
    if (this.#passing === 0) return true;
    this.#passing--;
    return false;
  }

  /** Takes up to `rowsMax` rows of `bytes[from, to)` and gives how many; each has a line, which ends there. */
  take(bytes: Uint8Array, from: number, to: number, rowsMax: number): number {
    const kernel = this.#kernel;
    if (from < this.#from || from >= this.#to) {
      this.#from = from;
      this.#to = from + kernel.load(bytes, from, to);
      if (this.#to === from) return 0;
    } else kernel.seek(from - this.#from);
    const rows = this.#reader.takePlain(kernel, rowsMax);
    this.index = this.#from + kernel.index;
    if (kernel.stoppedBy !== 'end') {
      this.wantsKey = kernel.stoppedBy === 'unknown-key';
      this.#passed = rows >= ROWS_WORTHWHILE ? 0 : Math.min(2 * this.#passed + 1, ROWS_PASSED_MAX);
      // The row at which it stopped is the next one only where others were taken before it.
      this.#passing = this.#passed + (rows > 0 ? 1 : 0);
    }
    return rows;
  }

  /** Learns the key of a row that the reader has just read. */
  learn(bytes: Uint8Array, fields: FieldTable): void {
    this.wantsKey = false;
    const { lastKey } = this.#reader;
    if (lastKey === KEY_REFUSED || lastKey >= KEYS_MAX || this.#learnt[lastKey] === 1) return;
    const entries = this.#rules.rules.map((rule) => rule.entries.known(lastKey));
    if (entries.some((entry) => entry < 0)) return;
    const parts = this.#keyColumns.map((column) => [fields.starts[column]!, fields.ends[column]!] as const);
    if (!this.#kernel.learn(bytes, parts, entries)) return;
    this.#learnt[lastKey] = 1;
    // It was the key that was unusual.
    this.#passing = this.#passed = 0;
  }
}
