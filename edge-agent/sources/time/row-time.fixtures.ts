import { FieldTable } from '../rows/key-table.ts';
import { type RowOrder, RowTime } from './row-time.ts';
import { timeSchema } from './time-section.ts';

/** The times of rows of texts, as a section given as it is in a configuration reads them; null where one is refused. */
export class RowTimes {
  readonly time: RowTime;
  readonly #columns: readonly string[];

  constructor(section: object, columns: readonly string[], order: RowOrder = 'shared') {
    this.#columns = columns;
    const positions = new Map(columns.map((name, i) => [name, i]));
    this.time = new RowTime(timeSchema.parse(section), positions, order);
  }

  read(...texts: readonly string[]): number | null {
    const encoder = new TextEncoder();
    const fields = new FieldTable(this.#columns.length);
    fields.count = texts.length;
    const bytes = encoder.encode(texts.join(','));
    let at = 0;
    texts.forEach((text, i) => {
      fields.starts[i] = at;
      fields.ends[i] = at + encoder.encode(text).length;
      at = fields.ends[i]! + 1;
    });
    const atMs = this.time.read(bytes, fields);
    return Number.isNaN(atMs) && !this.time.isTwice ? null : atMs;
  }

  /** The instants of rows as text, or why they are refused. */
  texts(rows: readonly (readonly string[])[]): readonly string[] {
    return rows.map((row) => {
      const atMs = this.read(...row);
      return atMs === null ? this.time.fault : new Date(atMs).toISOString().replace('.000Z', 'Z');
    });
  }
}
