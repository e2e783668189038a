import { joinKeys, NUMBER_KEY_BYTES, prefixRange, readUintKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import type { ChangedValue, TakenReadings } from '../accept/corrections.ts';
import { type Chunk, decodeChunk, encodeChunks } from './chunk-codec.ts';
import { SeriesJournal } from './series-journal.ts';

/**
 * Readings that the journal keeps for telling repeats and neighbours, over all series: 4 M take some 100 MB of memory.
 * Beyond it the oldest chunk is let go of, and late readings that it could have known count as unchecked.
 */
export const JOURNAL_READINGS_MAX = 4_000_000;

const CHUNK = stringKey('journal');
const CHANGED = stringKey('changed');
// On disk what is forgotten is called released, as it once was everywhere: journals written then open unchanged.
const FORGOTTEN = stringKey('released');
const SEALED = stringKey('sealed');

interface StoredChunk {
  readonly number: number;
  readonly count: number;
}

/** What is kept of a series once its chunks are gone; `releasedMs` is null where nothing of it is forgotten yet. */
interface StoredForgotten {
  readonly releasedMs: number | null;
  readonly releasedValue: number;
  readonly lastMs: number;
  readonly lastValue: number;
  readonly entry: number;
}

/**
 * The agent's own record of accepted readings, in memory by series and on disk by chunks: one chunk per commit. The
 * operations that it gives belong into the commit's one atomic write.
 */
export class Journal {
  readonly series: SeriesJournal[] = [];
  readonly #table: Table;
  readonly #seriesOf: (entry: number) => number;
  readonly #readingsMax: number;
  #chunks: StoredChunk[] = [];
  #nextChunk = 1;
  #count = 0;

  private constructor(table: Table, seriesOf: (entry: number) => number, readingsMax: number) {
    this.#table = table;
    this.#seriesOf = seriesOf;
    this.#readingsMax = readingsMax;
  }

  /** The journal as the last commit left it. `seriesOf` tells the series of a dictionary entry. */
  static async open(
    table: Table,
    seriesOf: (entry: number) => number,
    seriesCount: number,
    readingsMax: number = JOURNAL_READINGS_MAX,
  ): Promise<Journal> {
    const journal = new Journal(table, seriesOf, readingsMax);
    journal.reach(seriesCount);
    const forgotten = await journal.#loadForgotten();
    for await (const [key, bytes] of table.scan(prefixRange(CHUNK)))
      journal.#loadChunk(readUintKey(key, CHUNK.length), bytes);
    for await (const [key, bytes] of table.scan(prefixRange(CHANGED))) {
      journal.#loadChanged(readUintKey(key, CHANGED.length + NUMBER_KEY_BYTES), bytes);
    }
    journal.#restoreLast(forgotten);
    const sealed = await table.get(SEALED);
    if (sealed !== undefined) journal.#loadSealed(sealed);
    return journal;
  }

  /** Makes room for series up to the count. */
  reach(seriesCount: number): void {
    while (this.series.length < seriesCount) this.series.push(new SeriesJournal());
  }

  /** The writes that make an accepted batch durable; the memory holds it already. */
  record(taken: TakenReadings, changed: readonly ChangedValue[], dictionaryVersion: number): TableOperation[] {
    const operations: TableOperation[] = [];
    for (const { bytes, count } of encodeChunks(taken, dictionaryVersion)) {
      const number = this.#nextChunk++;
      operations.push({ kind: 'put', key: joinKeys(CHUNK, uintKey(number)), value: bytes });
      this.#chunks.push({ number, count });
      this.#count += count;
    }
    if (changed.length > 0) {
      const number = this.#chunks.at(-1)?.number ?? 0;
      const rows = changed.map(({ series, timeMs, value }) => [series, timeMs, value]);
      operations.push({
        kind: 'put',
        key: joinKeys(CHANGED, uintKey(number), uintKey(this.#nextChunk++)),
        value: json(rows),
      });
    }
    return operations;
  }

  /** The write that makes durable up to where each series is in frames. */
  recordSeals(): TableOperation {
    const sealed = Float64Array.from(this.series, (series) => series.sealedMs);
    return { kind: 'put', key: SEALED, value: new Uint8Array(sealed.buffer) };
  }

  /** Lets go of the oldest chunks while there are too many readings, but never of readings that are in no frame yet. */
  async trim(): Promise<TableOperation[]> {
    const operations: TableOperation[] = [];
    while (this.#count > this.#readingsMax && this.#chunks.length > 1) {
      const oldest = this.#chunks[0]!;
      const key = joinKeys(CHUNK, uintKey(oldest.number));
      const bytes = await this.#table.get(key);
      const chunk = bytes === undefined ? [] : decodeChunk(bytes);
      if (chunk.some((run) => this.#of(run).sealedMs < run.times.at(-1)!)) break;
      for (const run of chunk) operations.push(this.#forget(run));
      operations.push({ kind: 'delete', key });
      for await (const [changed] of this.#table.scan(prefixRange(joinKeys(CHANGED, uintKey(oldest.number))))) {
        operations.push({ kind: 'delete', key: changed });
      }
      this.#chunks.shift();
      this.#count -= oldest.count;
    }
    return operations;
  }

  #of(run: Chunk[number]): SeriesJournal {
    return this.series[this.#seriesOf(run.entry)]!;
  }

  #forget(run: Chunk[number]): TableOperation {
    const journal = this.#of(run);
    journal.forget(run.times.at(-1)!);
    const last = journal.length - 1;
    const stored: StoredForgotten = {
      releasedMs: finite(journal.forgottenMs),
      releasedValue: journal.forgottenValue,
      lastMs: journal.times[last]!,
      lastValue: journal.values[last]!,
      entry: journal.entries[last]!,
    };
    const key = joinKeys(FORGOTTEN, uintKey(this.#seriesOf(run.entry)));
    return { kind: 'put', key, value: json(stored) };
  }

  async #loadForgotten(): Promise<ReadonlyMap<SeriesJournal, StoredForgotten>> {
    const forgotten = new Map<SeriesJournal, StoredForgotten>();
    for await (const [key, bytes] of this.#table.scan(prefixRange(FORGOTTEN))) {
      const stored = JSON.parse(Buffer.from(bytes).toString()) as StoredForgotten;
      const journal = this.series[readUintKey(key, FORGOTTEN.length)]!;
      journal.forgottenMs = stored.releasedMs ?? Number.NEGATIVE_INFINITY;
      journal.forgottenValue = stored.releasedValue;
      forgotten.set(journal, stored);
    }
    return forgotten;
  }

  #loadChunk(number: number, bytes: Uint8Array): void {
    let count = 0;
    for (const run of decodeChunk(bytes)) {
      const journal = this.#of(run);
      count += run.times.length;
      const from = run.times.findIndex((timeMs) => timeMs > journal.forgottenMs);
      if (from >= 0)
        journal.merge(
          run.times,
          run.values,
          run.times.map(() => run.entry),
          from,
          run.times.length,
        );
    }
    this.#chunks.push({ number, count });
    this.#count += count;
    this.#nextChunk = Math.max(this.#nextChunk, number + 1);
  }

  #loadChanged(number: number, bytes: Uint8Array): void {
    for (const [series, timeMs, value] of JSON.parse(Buffer.from(bytes).toString()) as [number, number, number][]) {
      const journal = this.series[series]!;
      const index = journal.indexFrom(timeMs);
      if (index < journal.length && journal.times[index] === timeMs) journal.values[index] = value;
    }
    this.#nextChunk = Math.max(this.#nextChunk, number + 1);
  }

  /** A series' last reading is remembered even when its chunk is gone: the next reading is its neighbour. */
  #restoreLast(forgotten: ReadonlyMap<SeriesJournal, StoredForgotten>): void {
    for (const [journal, { lastMs, lastValue, entry }] of forgotten) {
      if (journal.lastMs < lastMs) journal.append(lastMs, lastValue, entry);
    }
  }

  #loadSealed(bytes: Uint8Array): void {
    const sealed = new Float64Array(Uint8Array.from(bytes).buffer);
    for (const [series, sealedMs] of sealed.entries()) this.series[series]!.sealedMs = sealedMs;
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
