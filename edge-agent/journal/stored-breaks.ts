import { intKey, joinKeys, NUMBER_KEY_BYTES, prefixRange, readKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import type { LinkCorrection } from './link-correction.ts';
import type { SeriesBreak } from './series-breaks.ts';
import type { SeriesJournal } from './series-journal.ts';

const NAME = 'break';
const BREAK = stringKey(NAME);

/** What a break takes on disk, about: whose it is, when it was, and the entry. */
const BREAK_BYTES = BREAK.length + 3 * NUMBER_KEY_BYTES;

/**
 * The breaks of all series on disk: a record for each, from the commit that took it until the readings are forgotten that
 * it came after. The operations belong into the commit's one atomic write.
 */
export class StoredBreaks {
  readonly #series: readonly SeriesJournal[];
  /** The series that have any. */
  readonly #broken = new Set<number>();
  #count = 0;

  /** `series` is the journal's memory as it grows. */
  constructor(series: readonly SeriesJournal[]) {
    this.#series = series;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#count * BREAK_BYTES;
  }

  /** Takes up all that are stored, once readings and seals are. */
  async load(table: Table): Promise<void> {
    for await (const [key, bytes] of table.scan(prefixRange(BREAK))) {
      const [, number, atMs] = readKey(key, ['string', 'uint', 'int']) as [string, number, number];
      const [entry] = readKey(bytes, ['uint']) as [number];
      this.#series[number]!.breaks.add({ entry, atMs });
      this.#broken.add(number);
      this.#count++;
    }
    for (const number of this.#broken) this.#series[number]!.restoreBreaks();
  }

  /** The writes that make breaks durable; the memory holds them already. */
  record(breaks: readonly SeriesBreak[]): readonly TableOperation[] {
    return breaks.map(({ series, entry, atMs }) => {
      this.#broken.add(series);
      this.#count++;
      return { kind: 'put', key: keyOf(series, atMs), value: uintKey(entry) };
    });
  }

  /** What has to be shipped, once a commit has put into frames what it does, of held time that ends at breaks. */
  settle(): readonly LinkCorrection[] {
    return [...this.#broken].flatMap((number) => this.#series[number]!.settleBreaks());
  }

  /** Lets go of those of a series that lie among readings which are forgotten by now. */
  forget(number: number): readonly TableOperation[] {
    const { breaks, forgottenMs } = this.#series[number]!;
    const gone = breaks.forget(forgottenMs);
    this.#count -= gone.length;
    if (breaks.isEmpty) this.#broken.delete(number);
    return gone.map(({ atMs }) => ({ kind: 'delete', key: keyOf(number, atMs) }));
  }
}

function keyOf(series: number, atMs: number): Uint8Array {
  return joinKeys(BREAK, uintKey(series), intKey(atMs));
}
