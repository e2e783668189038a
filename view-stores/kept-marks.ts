import type { FeedMark } from '#backbone/answers/slice-feed.ts';
import { stringKey, tupleKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';

/** The format of what is kept; of another one nothing is known, and everything is told again. */
const MARKS_FORMAT = 1;

/**
 * How far a store has been told, by view, durably: whatever lies before a mark is kept by the store. Marks are of one
 * place, such as a bucket: those of another one say nothing.
 *
 * ```
 * "place"        what the marks are of
 * "mark" view    JSON of {format, mark}
 * ```
 */
export class KeptMarks {
  readonly #table: Table;
  readonly #place: string;
  readonly #marks = new Map<string, FeedMark>();

  private constructor(table: Table, place: string) {
    this.#table = table;
    this.#place = place;
  }

  /** Opens the marks of a place; the table stays the caller's. */
  static async open(table: Table, place: string, views: readonly string[]): Promise<KeptMarks> {
    const kept = new KeptMarks(table, place);
    const before = await table.get(PLACE);
    if (before === undefined || Buffer.from(before).toString() !== place) return kept;
    for (const view of views) {
      const bytes = await table.get(markKey(view));
      if (bytes === undefined) continue;
      const { format, mark } = JSON.parse(Buffer.from(bytes).toString()) as { format: number; mark: FeedMark };
      if (format === MARKS_FORMAT) kept.#marks.set(view, mark);
    }
    return kept;
  }

  of(view: string): FeedMark | undefined {
    return this.#marks.get(view);
  }

  /** Keeps marks, synced, all or none. */
  async put(marks: ReadonlyMap<string, FeedMark>): Promise<void> {
    const operations: TableOperation[] = [{ kind: 'put', key: PLACE, value: Buffer.from(this.#place) }];
    for (const [view, mark] of marks) {
      const value = Buffer.from(JSON.stringify({ format: MARKS_FORMAT, mark }));
      operations.push({ kind: 'put', key: markKey(view), value });
      this.#marks.set(view, mark);
    }
    await this.#table.write(operations, { sync: true });
  }
}

const PLACE = stringKey('place');

function markKey(view: string): Uint8Array {
  return tupleKey('mark', view);
}
