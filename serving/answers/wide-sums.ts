import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SpanRows } from '#backbone/changes/row-span.ts';
import type { ResultBlock } from '#backbone/results/results.ts';
import { joinFlags, PENDING, RESETS } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';
import { additiveOf, type MergedParts, mergedParts, mergeRun } from '#core/stats/merge-run.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { Group } from '../index/group.ts';
import { SourceReplaced } from '../index/index-errors.ts';
import type { AskedSums, WindowSums } from '../index/kept-sums.ts';
import type { PageSpan } from '../index/page.ts';
import type { ViewSource } from '../index/view-source.ts';
import { EdgeInsideSlice } from './combine-windows.ts';
import { LiveSpans } from './live-spans.ts';
import { Turns } from './turns.ts';

/** Spans that were told meanwhile and are added up in one go at the end; more are added up in turns before it. */
const TOLD_AT_ONCE_MAX = 512;
/** How often what was told meanwhile is added up in turns before the rest is done in one go. */
const CATCH_UPS_MAX = 16;
/** How often a read begins anew since a commit changed what batch results give. */
const READS_MAX = 8;

export interface WideQuestion extends AskedSums {
  readonly source: ViewSource;
}

/**
 * Sums windows of many groups: batch results are read once, block by block in their order, and changes in one scan of
 * all groups. No page is made of them, and in memory are the sums alone, the changes beside them, and one block. Calls `finish`
 * at a moment at which all of it is as of the source's state. Throws SourceReplaced where the source was.
 */
export async function sumWide<T>(asked: WideQuestion, finish: (sums: WindowSums) => T): Promise<T> {
  const { source } = asked;
  const kept = source.keptSums.find(asked);
  if (kept !== undefined) return finish(kept);
  for (let reads = 0; reads < READS_MAX; reads++) {
    const sums = new WideSums(asked);
    const unwatch = source.watch((group, span) => sums.tell(group, span));
    try {
      await sums.read();
      if (source.isReplaced) break;
      if (!sums.isSpoiled) {
        sums.close();
        source.keptSums.put(asked, sums.slots);
        return finish(sums.slots);
      }
    } finally {
      unwatch();
    }
  }
  throw new SourceReplaced(source.id.view.name);
}

/** Sums by the slot of their window. */
interface Sums {
  readonly table: StatsTable;
  readonly revision: Float64Array;
  readonly pending: Uint8Array;
  /** Whether anything was added: a row that resets has nothing to add, and counts. */
  readonly isTouched?: Uint8Array;
}

/** Rows of one group, in ascending order of slices: row i has its stats in slot `firstSlot` + i. */
type Rows = Pick<ResultBlock, 'slice' | 'revision' | 'flags' | 'table' | 'firstSlot'>;

/** The sums of `sumWide`. */
class WideSums {
  readonly slots: WindowSums;
  /** A commit has changed what batch results give: what was read is worthless. */
  isSpoiled = false;
  readonly #options: WideQuestion;
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #parts: MergedParts;
  /** Of rows of which a newer one resets the others. */
  readonly #additive: MergedParts;
  readonly #turns = new Turns();
  readonly #live: LiveSpans;
  /** Sums of the changes alone, which are made again when one changes. */
  #liveSums: Required<Sums> | undefined;
  /** Places of `#live`. */
  #told = new Set<number>();
  /** Slices of which a newer row resets min, max, first and last. */
  readonly #resets = new Set<string>();

  constructor(options: WideQuestion) {
    const { groups, spans, parts, source } = options;
    const { sliceMs } = source.id.view;
    const count = groups.length * spans.length;
    this.#options = options;
    this.#parts = mergedParts(parts);
    this.#additive = additiveOf(this.#parts);
    const table = new StatsTable(Math.max(1, count), this.#parts);
    table.allocateMany(count);
    this.slots = { groups, spans, table, revision: new Float64Array(count), pending: new Uint8Array(count) };
    this.#numberOf = new Map(groups.map(({ key }, number) => [key, number]));
    for (const span of spans)
      if (span.startMs % sliceMs !== 0 || span.endMs % sliceMs !== 0) throw new EdgeInsideSlice(span);
    this.#starts = Float64Array.from(spans, ({ startMs }) => startMs / sliceMs);
    this.#ends = Float64Array.from(spans, ({ endMs }) => endMs / sliceMs);
    this.#live = new LiveSpans(this.#starts[0]!, this.#ends.at(-1)!, this.#parts);
  }

  /** Takes what a commit told. */
  tell({ key }: Group, span: PageSpan): void {
    const group = this.#numberOf.get(key);
    const place = group === undefined ? undefined : this.#live.placeOf(group, span.opener);
    if (group === undefined || place === undefined) return;
    if (!this.#live.putTold(group, span)) this.isSpoiled = true;
    this.#told.add(place);
  }

  /** Reads and adds up everything, up to what commits tell at last. */
  async read(): Promise<void> {
    const { source } = this.#options;
    const [fromSlice, toSlice] = [this.#starts[0]!, this.#ends.at(-1)!];
    if (!source.id.isAsOf) {
      if (source.mayHoldChanges(fromSlice, toSlice)) await this.#readChanges(fromSlice, toSlice);
    }
    this.#live.eachResetting((group, partition, slice) => this.#resets.add(resetKey(group, partition, slice)));
    for await (const block of source.scan(fromSlice, toSlice, this.#options.parts)) {
      this.#addBlock(block);
      if (this.#turns.isDue) await this.#turns.next();
    }
    await source.confirm();
    this.#told.clear();
    for (const place of this.#live.places()) {
      this.#addPlace(place, 0, this.#starts.length);
      if (this.#turns.isDue) await this.#turns.next();
    }
    for (let catchUps = 0; catchUps < CATCH_UPS_MAX && this.#told.size > TOLD_AT_ONCE_MAX; catchUps++) {
      for (const place of this.#takeTold()) {
        this.#sumAgain(place);
        if (this.#turns.isDue) await this.#turns.next();
      }
    }
  }

  /** Adds what is left, all in one go: from here on the sums are whole. */
  close(): void {
    for (const place of this.#takeTold()) this.#sumAgain(place);
    const live = this.#liveSums;
    if (live === undefined || live.table === this.slots.table) return;
    const { table, revision, pending } = this.slots;
    for (let slot = 0; slot < revision.length; slot++) {
      if (live.isTouched[slot] === 0) continue;
      mergeRun(table, slot, live.table, slot, slot + 1, this.#parts);
      revision[slot]! += live.revision[slot]!;
      pending[slot]! |= live.pending[slot]!;
    }
  }

  async #readChanges(fromSlice: number, toSlice: number): Promise<void> {
    const { source, groups } = this.#options;
    for await (const spans of source.changes(groups, fromSlice, toSlice)) {
      for (const span of spans) {
        const group = this.#numberOf.get(span.group);
        if (group !== undefined) this.#live.putStored(group, span);
      }
      if (this.#turns.isDue) await this.#turns.next();
    }
    // A scan may see spans of a batch whose commit has not been told yet; a turn of the event loop later it has been.
    await nextTurn();
  }

  #addBlock(block: ResultBlock): void {
    const { groups, ends } = block;
    for (let stretch = 0, at = 0; stretch < groups.length; stretch++) {
      const end = ends[stretch]!;
      const group = this.#numberOf.get(groups[stretch]!);
      if (group !== undefined) this.#addStretch(block, group, at, end);
      at = end;
    }
  }

  /** Adds rows of a block that one group has. */
  #addStretch(block: ResultBlock, group: number, start: number, end: number): void {
    if (this.#resets.size > 0 || hasResets(block.flags, start, end)) this.#addFlagged(block, group, start, end);
    else this.#addRows(this.slots, block, start, end, group, 0, this.#starts.length);
  }

  /**
   * Adds rows of one group, of which none resets or is reset, to the windows from `first` on and before `last` that hold their
   * slices: those of each window in one go.
   */
  #addRows(into: Sums, rows: Rows, start: number, end: number, group: number, first: number, last: number): void {
    const { slice, revision, flags, table, firstSlot } = rows;
    let from = start;
    for (let w = Math.max(first, this.#firstWindowOf(slice[start]!)); w < last; w++) {
      while (from < end && slice[from]! < this.#starts[w]!) from++;
      if (from === end) return;
      const slot = w * this.slots.groups.length + group;
      let to = from;
      for (; to < end && slice[to]! < this.#ends[w]!; to++) {
        into.revision[slot]! += revision[to]!;
        if ((flags[to]! & PENDING) !== 0) into.pending[slot] = 1;
      }
      if (to === from) continue;
      mergeRun(into.table, slot, table, firstSlot + from, firstSlot + to, this.#parts);
      if (into.isTouched !== undefined) into.isTouched[slot] = 1;
    }
  }

  /** The same row by row: one that resets has older ones give nothing but their additive part. */
  #addFlagged(block: ResultBlock, group: number, start: number, end: number): void {
    const { partition, slice, revision, flags, table, firstSlot } = block;
    const { slots } = this;
    for (let i = start; i < end; i++) {
      const one = slice[i]!;
      const isReset = this.#isReset(group, partition, one, flags[i]!);
      for (let w = this.#firstWindowOf(one); w < this.#starts.length && this.#starts[w]! <= one; w++) {
        const slot = w * slots.groups.length + group;
        const row = firstSlot + i;
        mergeRun(slots.table, slot, table, row, row + 1, isReset ? this.#additive : this.#parts);
        slots.revision[slot]! += revision[i]!;
        if (!isReset && (flags[i]! & PENDING) !== 0) slots.pending[slot] = 1;
      }
    }
  }

  /** Whether a newer row resets the slice; this one, where it resets, is newer than those that follow. */
  #isReset(group: number, partition: number, slice: number, flags: number): boolean {
    const isReset = this.#resets.size > 0 && this.#resets.has(resetKey(group, partition, slice));
    if ((flags & RESETS) !== 0) this.#resets.add(resetKey(group, partition, slice));
    return isReset;
  }

  /** Adds the changes at a place to the sums of those of the windows [first, last) that hold their slices. */
  #addPlace(place: number, first: number, last: number): void {
    const group = this.#live.groupOf(place);
    const sums = this.#sumsOfChanges();
    if (this.#live.resetsAny(place)) {
      this.#live.newestFirst(place, (rows, row, newer) => this.#addChange(sums, rows, row, newer, group, first, last));
      return;
    }
    this.#live.spans(place, (rows) => this.#addRows(sums, rows, 0, rows.count, group, first, last));
  }

  /** Makes the sums of the changes of every window that the slices of a place reach into anew. */
  #sumAgain(place: number): void {
    const group = this.#live.groupOf(place);
    const fromSlice = this.#live.firstSliceOf(place);
    const toSlice = fromSlice + SPAN_SLICES;
    const sums = this.#sumsOfChanges();
    for (let w = this.#firstWindowOf(fromSlice); w < this.#starts.length && this.#starts[w]! < toSlice; w++) {
      const slot = w * this.#options.groups.length + group;
      sums.table.reset(slot);
      sums.revision[slot] = 0;
      sums.pending[slot] = 0;
      sums.isTouched[slot] = 0;
      for (const one of this.#live.placesOf(group, this.#starts[w]!, this.#ends[w]!)) this.#addPlace(one, w, w + 1);
    }
  }

  /** Adds one row, beside newer ones with such flags. */
  #addChange(
    sums: Required<Sums>,
    rows: SpanRows,
    row: number,
    newer: number,
    group: number,
    first: number,
    last: number,
  ): void {
    const slice = rows.slice[row]!;
    for (let w = Math.max(first, this.#firstWindowOf(slice)); w < last && this.#starts[w]! <= slice; w++) {
      const slot = w * this.#options.groups.length + group;
      mergeRun(sums.table, slot, rows.table, row, row + 1, (newer & RESETS) === 0 ? this.#parts : this.#additive);
      sums.isTouched[slot] = 1;
      sums.revision[slot]! += rows.revision[row]!;
      if ((joinFlags(rows.flags[row]!, newer) & PENDING) !== 0) sums.pending[slot] = 1;
    }
  }

  #sumsOfChanges(): Required<Sums> {
    if (this.#liveSums === undefined) {
      const count = this.slots.revision.length;
      // Without batch results they are all there is.
      if (this.#options.source.id.batch.results.length === 0)
        return (this.#liveSums = { ...this.slots, isTouched: new Uint8Array(count) });
      const table = new StatsTable(Math.max(1, count), this.#parts);
      table.allocateMany(count);
      const revision = new Float64Array(count);
      this.#liveSums = { table, revision, pending: new Uint8Array(count), isTouched: new Uint8Array(count) };
    }
    return this.#liveSums;
  }

  #takeTold(): Iterable<number> {
    const told = this.#told;
    this.#told = new Set();
    return told;
  }

  /** The first window that ends behind the slice. */
  #firstWindowOf(slice: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! <= slice) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function hasResets(flags: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((flags[i]! & RESETS) !== 0) return true;
  return false;
}

function resetKey(group: number, partition: number, slice: number): string {
  return `${group}/${partition}/${slice}`;
}
