import { INCOMPLETE, LF } from '../records/record-format.ts';
import { COLUMNS_MAX } from '../rows/rows-section.ts';
import { CsvRecords } from './csv-records.ts';

/** Lines among which a heading is looked for: what stands before one are a few lines of text. */
const LINES_MAX = 100;

const DELIMITERS = [',', ';', '\t', '|'];

const decoder = new TextDecoder();

/** Where a heading stands that has all the columns. */
export interface FoundHeading {
  /** Lines before it. */
  readonly skip: number;
  readonly delimiter: string;
}

/** Looks for the first line that has all the columns, by the delimiter that was said, then by others; null for none. */
export function findHeading(
  bytes: Uint8Array,
  from: number,
  to: number,
  columns: readonly string[],
  delimiter: string,
): FoundHeading | null {
  for (const tried of [delimiter, ...DELIMITERS.filter((other) => other !== delimiter)]) {
    const records = new CsvRecords(tried, COLUMNS_MAX);
    for (let at = from, skip = 0; at < to && skip < LINES_MAX; skip++) {
      const end = records.next(bytes, at, to, true, true);
      if (end > INCOMPLETE && columns.every((column) => fieldTexts(bytes, records).includes(column)))
        return { skip, delimiter: tried };
      const lineEnd = bytes.indexOf(LF, at);
      at = lineEnd < 0 ? to : lineEnd + 1;
    }
  }
  return null;
}

/** The fields of the record that was taken apart last; those that there is no room for are left out. */
export function fieldTexts(bytes: Uint8Array, { fields }: CsvRecords): readonly string[] {
  const { count, starts, ends } = fields;
  const kept = Math.min(count, starts.length);
  return Array.from({ length: kept }, (_, i) => decoder.decode(bytes.subarray(starts[i], ends[i])));
}
