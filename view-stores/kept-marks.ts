import type { FeedMark, MarkedMoment } from '#backbone/answers/slice-feed.ts';
import { stringKey } from '#backbone/keys/order.ts';
import type { Table } from '#backbone/table/table.ts';

/** The format of what is kept; of another one nothing is known, and everything is told again. */
const MARKS_FORMAT = 1;

/** A mark as it is kept: what it is as of stands beside it, by its place. */
type KeptMark = readonly [view: string, moment: number, mark: Omit<FeedMark, 'asOf'>];

interface Kept {
  readonly format: number;
  readonly place: string;
  /** What marks are as of: mostly one for all of them. */
  readonly moments: readonly MarkedMoment[];
  readonly marks: readonly KeptMark[];
}

/**
 * How far a store has been told, by view, durably: whatever lies before a mark is kept by the store. Marks are of one
 * place, such as a bucket: those of another one say nothing. They are one entry of a table, `"marks"`, JSON of Kept.
 */
export class KeptMarks {
  readonly #table: Table;
  readonly #place: string;
  #marks: ReadonlyMap<string, FeedMark> = new Map();

  private constructor(table: Table, place: string) {
    this.#table = table;
    this.#place = place;
  }

  /** Opens the marks of a place; the table stays the caller's. */
  static async open(table: Table, place: string): Promise<KeptMarks> {
    const opened = new KeptMarks(table, place);
    const bytes = await table.get(MARKS);
    if (bytes === undefined) return opened;
    const kept = JSON.parse(Buffer.from(bytes).toString()) as Kept;
    if (kept.format !== MARKS_FORMAT || kept.place !== place) return opened;
    opened.#marks = new Map(kept.marks.map(([view, moment, mark]) => [view, { ...mark, asOf: kept.moments[moment]! }]));
    return opened;
  }

  of(view: string): FeedMark | undefined {
    return this.#marks.get(view);
  }

  /** Keeps these marks, synced, and no others. */
  async put(marks: ReadonlyMap<string, FeedMark>): Promise<void> {
    const moments = new Map<MarkedMoment, number>();
    const kept = [...marks].map(([view, { asOf, ...mark }]): KeptMark => {
      const moment = moments.get(asOf) ?? moments.size;
      moments.set(asOf, moment);
      return [view, moment, mark];
    });
    const value: Kept = { format: MARKS_FORMAT, place: this.#place, moments: [...moments.keys()], marks: kept };
    await this.#table.write([{ kind: 'put', key: MARKS, value: Buffer.from(JSON.stringify(value)) }], { sync: true });
    this.#marks = new Map(marks);
  }
}

const MARKS = stringKey('marks');
