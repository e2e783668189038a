import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResultBlock } from '#backbone/results/results.ts';
import { joinFlags, PENDING, RESETS } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { additiveOf, type MergedParts, mergedParts, mergeRun } from '#core/stats/merge-run.ts';
import { decodeRowParts } from '#core/stats/row-codec.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { WindowSpan } from '#core/time/windows.ts';
import type { Group } from '../index/group.ts';
import { IndexRowDamaged, SourceReplaced } from '../index/index-errors.ts';
import type { PageSpan } from '../index/page.ts';
import type { ViewSource } from '../index/view-source.ts';
import { EdgeInsideSlice } from './combine-windows.ts';
import { type LiveRow, LiveSpans } from './live-spans.ts';
import { Turns } from './turns.ts';
import type { WideSlots } from './wide-windows.ts';

/** Spans that were told meanwhile and are added up in one go at the end; more are added up in turns before it. */
const TOLD_AT_ONCE_MAX = 512;
/** How often what was told meanwhile is added up in turns before the rest is done in one go. */
const CATCH_UPS_MAX = 16;
/** How often a read begins anew since a commit changed what batch results give. */
const READS_MAX = 8;

export interface WideOptions {
  readonly source: ViewSource;
  readonly groups: readonly Group[];
  /** In the order of time. */
  readonly spans: readonly WindowSpan[];
  /** The parts of stats that are asked for; count comes with them. */
  readonly parts: ReadonlySet<StatsPart>;
}

/**
 * Sums windows of many groups: batch results are read once, block by block in their order, and changes in one scan of
 * all groups. No page is made of them, and in memory are the sums alone, the changes beside them, and one block. Calls `finish` at a moment
 * at which all of it is as of the source's state. Throws SourceReplaced where the source was.
 */
export async function sumWide<T>(options: WideOptions, finish: (sums: WideSums) => T): Promise<T> {
  const { source } = options;
  for (let reads = 0; reads < READS_MAX; reads++) {
    const sums = new WideSums(options);
    const unwatch = source.watch((group, span) => sums.tell(group, span));
    try {
      await sums.read();
      if (source.isReplaced) break;
      if (!sums.isSpoiled) {
        sums.close();
        return finish(sums);
      }
    } finally {
      unwatch();
    }
  }
  throw new SourceReplaced(source.id.view.name);
}

const staging = new StatsTable(1);
const staged = staging.allocate();

/** Sums of changes alone, by the slot of their window. */
interface LiveSums {
  readonly table: StatsTable;
  readonly revision: Float64Array;
  readonly pending: Uint8Array;
  /** Whether anything was added: a row that resets has nothing to add, and counts. */
  readonly isTouched: Uint8Array;
}

/** The sums of `sumWide`. */
export class WideSums {
  readonly slots: WideSlots;
  /** A commit has changed what batch results give: what was read is worthless. */
  isSpoiled = false;
  readonly #options: WideOptions;
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #parts: MergedParts;
  /** Of rows of which a newer one resets the others. */
  readonly #additive: MergedParts;
  readonly #turns = new Turns();
  readonly #live: LiveSpans;
  /** Sums of the changes alone, which are made again when one changes. */
  #liveSums: LiveSums | undefined;
  /** Places of `#live`. */
  #told = new Set<number>();
  /** Slices of which a newer row resets min, max, first and last. */
  readonly #resets = new Set<string>();

  constructor(options: WideOptions) {
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
    this.#live = new LiveSpans(groups.length, this.#starts[0]!, this.#ends.at(-1)!);
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
      this.#addPlace(place);
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
    if (live === undefined) return;
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
    for await (const span of source.changes(groups, fromSlice, toSlice)) {
      this.#live.putStored(this.#numberOf.get(span.group)!, span);
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

  /** Adds rows of one group to the windows that hold their slices: those of each window in one go, where none has flags. */
  #addStretch(block: ResultBlock, group: number, start: number, end: number): void {
    const { slice, revision, flags, table, firstSlot } = block;
    if (this.#resets.size > 0 || hasAny(flags, start, end)) return this.#addFlagged(block, group, start, end);
    const { slots } = this;
    let first = start;
    for (let w = this.#firstWindowOf(slice[start]!); w < this.#starts.length; w++) {
      while (first < end && slice[first]! < this.#starts[w]!) first++;
      if (first === end) return;
      let last = first;
      const slot = w * slots.groups.length + group;
      for (; last < end && slice[last]! < this.#ends[w]!; last++) slots.revision[slot]! += revision[last]!;
      if (last > first) mergeRun(slots.table, slot, table, firstSlot + first, firstSlot + last, this.#parts);
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

  /** Adds the changes at a place to the sums of their windows. */
  #addPlace(place: number): void {
    const group = this.#live.groupOf(place);
    this.#live.rows(place, (row, newer) => {
      this.#addRow(row, newer, group, this.#firstWindowOf(row.slice), this.#starts.length);
    });
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
      const [start, end] = [this.#starts[w]!, this.#ends[w]!];
      for (let at = start; at < end; at = (spanOf(at) + 1) * SPAN_SLICES)
        this.#live.rows(this.#live.placeOf(group, at)!, (row, newer) => {
          if (row.slice >= start && row.slice < end) this.#addRow(row, newer, group, w, w + 1);
        });
    }
  }

  /** Adds a row to the sums of those windows from `first` on and before `end` that hold its slice. */
  #addRow(row: LiveRow, newer: number, group: number, first: number, end: number): void {
    const { slice, bytes, statsAt, statsEnd } = row;
    if (first >= end || this.#starts[first]! > slice) return;
    const { table, revision, pending, isTouched } = this.#sumsOfChanges();
    const read = decodeRowParts(bytes, staging, staged, statsAt, statsEnd, this.#parts);
    if (typeof read !== 'number') throw new IndexRowDamaged(row, read);
    for (let w = first; w < end && this.#starts[w]! <= slice; w++) {
      const slot = w * this.#options.groups.length + group;
      isTouched[slot] = 1;
      mergeRun(table, slot, staging, staged, staged + 1, (newer & RESETS) === 0 ? this.#parts : this.#additive);
      revision[slot]! += row.revision;
      if ((joinFlags(row.flags, newer) & PENDING) !== 0) pending[slot] = 1;
    }
  }

  #sumsOfChanges(): LiveSums {
    if (this.#liveSums === undefined) {
      const count = this.slots.revision.length;
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

function hasAny(flags: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (flags[i] !== 0) return true;
  return false;
}

function resetKey(group: number, partition: number, slice: number): string {
  return `${group}/${partition}/${slice}`;
}
