import { strict as assert } from 'node:assert';
import { joinKeys, NUMBER_KEY_BYTES, prefixRange, readUintKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import type { ChangedValue, TakenReadings } from '../accept/amend.ts';
import { chunkEnds, decodeChunk, type EncodedChunk } from './chunk-codec.ts';
import { SeriesJournal } from './series-journal.ts';
import { StoredBreaks } from './stored-breaks.ts';
import { StoredSeals } from './stored-seals.ts';

/**
 * Readings that the journal keeps for telling repeats and neighbours, over all series: 4 M take some 100 MB of memory.
 * Beyond it the oldest chunks are forgotten, and late readings that they could have known count as unchecked.
 */
export const JOURNAL_READINGS_MAX = 4_000_000;

/** The share of them that is forgotten then: what is written down of a series whose readings go is written once for many. */
const FORGOTTEN_SHARE = 1 / 16;

/**
 * Records of changed values that are filed under one chunk; beyond it they are made one, with each value once. So what
 * amends leave behind is bounded by the readings that can be amended, however often they are.
 */
export const CHANGES_FILED_MAX = 256;

const CHUNK = stringKey('journal');
const CHANGED = stringKey('changed');
// On disk what is forgotten is called released, as it once was everywhere: journals written then open unchanged.
const FORGOTTEN = stringKey('released');

/** Chunks whose contents are known ahead of trimming: a commit adds one or a few, and trims as many. */
const LOOK_AHEAD_CHUNKS = 64;

interface StoredChunk {
  readonly number: number;
  readonly count: number;
  readonly bytes: number;
}

/** Which readings a chunk holds, as far as forgetting them has to know. */
interface ChunkContents {
  readonly number: number;
  readonly runs: readonly { readonly entry: number; readonly lastMs: number }[];
}

/**
 * What is kept of a series once its chunks are gone: up to where it is forgotten (null: it isn't), and the last reading
 * that is in a frame, which is never forgotten, since whatever comes after it is its neighbour.
 */
interface StoredForgotten {
  readonly releasedMs: number | null;
  readonly releasedValue: number;
  readonly lastMs: number;
  readonly lastValue: number;
  readonly entry: number;
}

/** A reading whose value was changed, which the memory holds as it is now. */
type ChangedPlace = readonly [series: number, timeMs: number];

/** A record of changed values: its number, and which they are of. */
interface FiledChange {
  readonly number: number;
  readonly places: readonly ChangedPlace[];
  readonly bytes: number;
}

export interface JournalOptions {
  readonly table: Table;
  /** The series of a dictionary entry. */
  readonly seriesOf: (entry: number) => number;
  readonly seriesCount: number;
  /** How far behind its newest reading a series has to be remembered, in ms; null: as far as there is room. */
  readonly repeatHorizonOf: (series: number) => number | null;
  /** JOURNAL_READINGS_MAX when left out. */
  readonly readingsMax?: number;
  /** Bytes of chunks and changes beyond which the oldest are forgotten, as far as they are in frames. */
  readonly bytesMax?: number;
}

/**
 * The agent's own record of accepted readings, in memory by series and on disk by chunks: one chunk per commit. The
 * operations that it gives belong into the commit's one atomic write, in the order of the commits.
 */
export class Journal {
  readonly series: SeriesJournal[] = [];
  readonly breaks = new StoredBreaks(this.series);
  readonly seals = new StoredSeals(this.series);
  readonly #options: JournalOptions;
  readonly #readingsMax: number;
  /** Readings down to which chunks are forgotten at present: fewer than may be kept, from when there were too many on. */
  #readingsKept: number;
  readonly #bytesMax: number;
  readonly #repeatHorizonMs: (number | null)[] = [];
  /** Of each series, the latest reading whose chunk is gone. */
  readonly #goneMs: number[] = [];
  #hasHorizons = false;
  #chunks: StoredChunk[] = [];
  /** Of the first chunks, as many as have been looked at. */
  #contents: ChunkContents[] = [];
  /** The changes that are filed under a chunk, and go with it. */
  readonly #changes = new Map<number, FiledChange[]>();
  #nextNumber = 1;
  #count = 0;
  #bytes = 0;

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#readingsMax = options.readingsMax ?? JOURNAL_READINGS_MAX;
    this.#readingsKept = this.#readingsMax;
    this.#bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** The journal as the last commit left it. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { table, seriesCount } = options;
    const journal = new Journal(options);
    journal.reach(seriesCount);
    const forgotten = await journal.#loadForgotten();
    for await (const [key, bytes] of table.scan(prefixRange(CHUNK)))
      journal.#loadChunk(readUintKey(key, CHUNK.length), bytes);
    journal.#restoreLast(forgotten);
    for await (const [key, bytes] of table.scan(prefixRange(CHANGED))) {
      const chunk = readUintKey(key, CHANGED.length);
      journal.#loadChanged(chunk, readUintKey(key, CHANGED.length + NUMBER_KEY_BYTES), bytes);
    }
    await journal.seals.load(table);
    await journal.breaks.load(table);
    await journal.lookAhead();
    return journal;
  }

  /** Makes room for series up to the count. */
  reach(seriesCount: number): void {
    while (this.series.length < seriesCount) {
      const horizonMs = this.#options.repeatHorizonOf(this.series.length);
      this.series.push(new SeriesJournal());
      this.#repeatHorizonMs.push(horizonMs);
      this.#goneMs.push(Number.NEGATIVE_INFINITY);
      this.#hasHorizons ||= horizonMs !== null;
    }
  }

  /** Notes that the memory holds what was accepted. */
  took({ count, entry }: TakenReadings): void {
    let last = -1;
    for (let row = 0; row < count; row++) {
      if (entry[row] !== last) this.seals.took(this.#options.seriesOf((last = entry[row]!)));
    }
  }

  /** The writes that make an accepted batch durable, which was noted: its readings in chunks. */
  record(chunks: readonly EncodedChunk[], changed: readonly ChangedValue[]): TableOperation[] {
    const operations: TableOperation[] = [];
    for (const { bytes, count } of chunks) {
      const number = this.#nextNumber++;
      operations.push({ kind: 'put', key: joinKeys(CHUNK, uintKey(number)), value: bytes });
      this.#chunks.push({ number, count, bytes: bytes.length });
      this.#count += count;
      this.#bytes += bytes.length;
    }
    if (changed.length > 0) {
      const chunk = this.#chunks.at(-1)?.number ?? 0;
      const rows = changed.map(({ series, timeMs, value }) => [series, timeMs, value] as const);
      operations.push(this.#recordChange(chunk, rows), ...this.#mergeChanges(chunk));
    }
    return operations;
  }

  #recordChange(
    chunk: number,
    rows: readonly (readonly [series: number, timeMs: number, value: number])[],
  ): TableOperation {
    const number = this.#nextNumber++;
    const value = json(rows);
    const places = rows.map(([series, timeMs]) => [series, timeMs] as const);
    this.#fileChange(chunk, { number, places, bytes: value.length });
    return { kind: 'put', key: joinKeys(CHANGED, uintKey(chunk), uintKey(number)), value };
  }

  /** Makes the changes of a chunk one where they are too many. */
  #mergeChanges(chunk: number): TableOperation[] {
    const filed = this.#changes.get(chunk) ?? [];
    if (filed.length <= CHANGES_FILED_MAX) return [];
    const rows = new Map<string, readonly [series: number, timeMs: number, value: number]>();
    for (const [series, timeMs] of filed.flatMap(({ places }) => places)) {
      const value = this.series[series]!.valueAt(timeMs);
      if (value !== undefined) rows.set(`${series}/${timeMs}`, [series, timeMs, value]);
    }
    const operations = this.#dropChanges(chunk);
    operations.push(this.#recordChange(chunk, [...rows.values()]));
    return operations;
  }

  #dropChanges(chunk: number): TableOperation[] {
    const filed = this.#changes.get(chunk) ?? [];
    this.#changes.delete(chunk);
    return filed.map(({ number, bytes }) => {
      this.#bytes -= bytes;
      return { kind: 'delete', key: joinKeys(CHANGED, uintKey(chunk), uintKey(number)) };
    });
  }

  /** Bytes of chunks, changes and breaks on disk. */
  get bytes(): number {
    return this.#bytes + this.breaks.bytes;
  }

  /**
   * Forgets the oldest chunks as far as `mayForget` says, of those that have been looked at. It decides by the memory of
   * this very moment, so its operations belong into the write that makes this memory durable.
   */
  trim(): TableOperation[] {
    const operations: TableOperation[] = [];
    const forgotten = new Set<number>();
    if (this.#readings > this.#readingsMax)
      this.#readingsKept = this.#readingsMax - Math.floor(this.#readingsMax * FORGOTTEN_SHARE);
    while (this.#isTrimDue && this.#chunks.length > 1 && this.#contents[0] !== undefined) {
      const [{ number, runs }] = this.#contents as [ChunkContents];
      const oldest = this.#chunks[0]!;
      assert(oldest.number === number, 'what is looked at are the first chunks');
      const chunk = runs.map((run) => this.#chunkSeries(run));
      if (!mayForget(chunk, this.#isOverBudget)) break;
      const touched = new Set((this.#changes.get(number) ?? []).flatMap(({ places }) => places.map(([one]) => one)));
      for (const { entry, lastMs } of runs) {
        const series = this.#options.seriesOf(entry);
        this.#goneMs[series] = Math.max(lastMs, this.#goneMs[series]!);
        touched.add(series);
      }
      operations.push({ kind: 'delete', key: joinKeys(CHUNK, uintKey(number)) }, ...this.#dropChanges(number));
      for (const series of touched) {
        operations.push(...this.#forget(series));
        forgotten.add(series);
      }
      this.#contents.shift();
      this.#chunks.shift();
      this.#count -= oldest.count;
      this.#bytes -= oldest.bytes;
    }
    for (const series of forgotten) operations.push(this.#recordForgotten(series));
    if (!this.#isOverBudget) this.#readingsKept = this.#readingsMax;
    return operations;
  }

  /** Looks at the next of the chunks that are on disk, so that `trim` needn't wait. Throws what the table throws. */
  async lookAhead(): Promise<void> {
    if (!this.#isTrimDue || this.#contents.length > LOOK_AHEAD_CHUNKS / 2) return;
    const next = this.#chunks[this.#contents.length];
    if (next === undefined) return;
    const range = { ...prefixRange(CHUNK), gte: joinKeys(CHUNK, uintKey(next.number)), limit: LOOK_AHEAD_CHUNKS };
    for await (const [key, bytes] of this.#options.table.scan(range)) {
      this.#contents.push({ number: readUintKey(key, CHUNK.length), runs: chunkEnds(bytes) });
    }
  }

  get #isTrimDue(): boolean {
    return this.#hasHorizons || this.#isOverBudget;
  }

  get #isOverBudget(): boolean {
    return this.#readings > this.#readingsKept || this.bytes > this.#bytesMax;
  }

  /** What counts as readings that are kept. */
  get #readings(): number {
    return this.#count + this.breaks.count;
  }

  #chunkSeries({ entry, lastMs }: ChunkContents['runs'][number]): ChunkSeries {
    const number = this.#options.seriesOf(entry);
    const { sealedMs, lastMs: newestMs } = this.series[number]!;
    return { lastMs, sealedMs, newestMs, repeatHorizonMs: this.#repeatHorizonMs[number]! };
  }

  #forget(number: number): readonly TableOperation[] {
    this.series[number]!.forget(this.#goneMs[number]!);
    return this.breaks.forget(number);
  }

  #recordForgotten(number: number): TableOperation {
    const journal = this.series[number]!;
    const last = Math.max(journal.tailStart, 1) - 1;
    const stored: StoredForgotten = {
      releasedMs: finite(journal.forgottenMs),
      releasedValue: journal.forgottenValue,
      lastMs: journal.times[last]!,
      lastValue: journal.values[last]!,
      entry: journal.entries[last]!,
    };
    return { kind: 'put', key: joinKeys(FORGOTTEN, uintKey(number)), value: json(stored) };
  }

  #fileChange(chunk: number, change: FiledChange): void {
    this.#bytes += change.bytes;
    const filed = this.#changes.get(chunk);
    if (filed === undefined) this.#changes.set(chunk, [change]);
    else filed.push(change);
  }

  async #loadForgotten(): Promise<ReadonlyMap<number, StoredForgotten>> {
    const forgotten = new Map<number, StoredForgotten>();
    for await (const [key, bytes] of this.#options.table.scan(prefixRange(FORGOTTEN))) {
      const stored = JSON.parse(Buffer.from(bytes).toString()) as StoredForgotten;
      const number = readUintKey(key, FORGOTTEN.length);
      const journal = this.series[number]!;
      journal.forgottenMs = stored.releasedMs ?? Number.NEGATIVE_INFINITY;
      journal.forgottenValue = stored.releasedValue;
      forgotten.set(number, stored);
    }
    return forgotten;
  }

  #loadChunk(number: number, bytes: Uint8Array): void {
    let count = 0;
    for (const run of decodeChunk(bytes)) {
      const journal = this.series[this.#options.seriesOf(run.entry)]!;
      count += run.times.length;
      const from = run.times.findIndex((timeMs) => timeMs > journal.forgottenMs);
      if (from >= 0)
        journal.merge(run.times, run.values, new Int32Array(run.times.length).fill(run.entry), from, run.times.length);
    }
    this.#chunks.push({ number, count, bytes: bytes.length });
    this.#bytes += bytes.length;
    this.#count += count;
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  #loadChanged(chunk: number, number: number, bytes: Uint8Array): void {
    const rows = JSON.parse(Buffer.from(bytes).toString()) as [series: number, timeMs: number, value: number][];
    const places = rows.map(([series, timeMs]) => [series, timeMs] as const);
    this.#fileChange(chunk, { number, places, bytes: bytes.length });
    for (const [series, timeMs, value] of rows) {
      const journal = this.series[series]!;
      const index = journal.indexFrom(timeMs);
      if (index < journal.length && journal.times[index] === timeMs) journal.values[index] = value;
    }
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  /** The last reading in a frame is remembered even when its chunk is gone: the next reading is its neighbour. */
  #restoreLast(forgotten: ReadonlyMap<number, StoredForgotten>): void {
    for (const [number, { lastMs, lastValue, entry }] of forgotten) {
      const journal = this.series[number]!;
      if (journal.valueAt(lastMs) !== undefined) continue;
      journal.merge([lastMs], [lastValue], [entry], 0, 1);
      this.#goneMs[number] = lastMs;
    }
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** What the journal knows of one series' readings in its oldest chunk, all times in ms of event time. */
export interface ChunkSeries {
  /** The latest reading of the series in the chunk. */
  readonly lastMs: number;
  /** Up to where the series is in frames. */
  readonly sealedMs: number;
  /** The latest reading of the series at all. */
  readonly newestMs: number;
  /** How far behind it the metric's readings have to be remembered; null: as far as there is room. */
  readonly repeatHorizonMs: number | null;
}

/**
 * Whether the oldest chunk is forgotten: when the journal has no room for it, or when its readings all lie beyond the
 * horizons of their metrics. A reading that is in no frame yet is never forgotten, since frames are made from the journal.
 */
export function mayForget(chunk: readonly ChunkSeries[], isOverBudget: boolean): boolean {
  if (chunk.some(({ lastMs, sealedMs }) => lastMs > sealedMs)) return false;
  return isOverBudget || chunk.every(isBeyondHorizon);
}

function isBeyondHorizon({ lastMs, newestMs, repeatHorizonMs }: ChunkSeries): boolean {
  return repeatHorizonMs !== null && lastMs < newestMs - repeatHorizonMs;
}
