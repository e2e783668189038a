import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResultBlock } from '#backbone/results/results.ts';
import { joinFlags, PENDING, RESETS } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { type AdditiveParts, mergeAdditiveParts } from '#core/stats/additive.ts';
import { mergeSelective } from '#core/stats/merge.ts';
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

/** The sums of `sumWide`: that of window w of group g stands at slot w · groups + g. */
export class WideSums {
  readonly table: StatsTable;
  /** A commit has changed what batch results give: what was read is worthless. */
  isSpoiled = false;
  readonly #options: WideOptions;
  readonly #revision: Float64Array;
  readonly #pending: Uint8Array;
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #additive: AdditiveParts;
  readonly #selects: boolean;
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
    this.table = new StatsTable(Math.max(1, count));
    this.table.allocateMany(count);
    this.#revision = new Float64Array(count);
    this.#pending = new Uint8Array(count);
    this.#numberOf = new Map(groups.map(({ key }, number) => [key, number]));
    for (const span of spans)
      if (span.startMs % sliceMs !== 0 || span.endMs % sliceMs !== 0) throw new EdgeInsideSlice(span);
    this.#starts = Float64Array.from(spans, ({ startMs }) => startMs / sliceMs);
    this.#ends = Float64Array.from(spans, ({ endMs }) => endMs / sliceMs);
    this.#live = new LiveSpans(groups.length, this.#starts[0]!, this.#ends.at(-1)!);
    this.#additive = {
      sum: parts.has('sum'),
      squares: parts.has('squares'),
      increase: parts.has('increase'),
      integral: parts.has('integral'),
      coveredMs: parts.has('coveredMs'),
      histogram: parts.has('histogram'),
    };
    this.#selects = parts.has('min') || parts.has('max') || parts.has('first') || parts.has('last');
  }

  /** Calls back with every window, in the order of time, then of the groups. */
  each(take: (group: Group, span: WindowSpan, slot: number, revision: number, pending: boolean) => void): void {
    const { groups, spans } = this.#options;
    let slot = 0;
    for (const span of spans) {
      for (const group of groups) {
        take(group, span, slot, this.#revision[slot]!, this.#pending[slot] === 1);
        slot++;
      }
    }
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
    for (let slot = 0; slot < this.#revision.length; slot++) {
      if (live.isTouched[slot] === 0) continue;
      this.#merge(this.table, slot, live.table, slot, true);
      this.#revision[slot]! += live.revision[slot]!;
      this.#pending[slot]! |= live.pending[slot]!;
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

  #addBlock({ partition, groups, ends, slice, revision, flags, table, firstSlot }: ResultBlock): void {
    const [first, last] = [this.#starts[0]!, this.#ends.at(-1)!];
    for (let stretch = 0, at = 0; stretch < groups.length; stretch++) {
      const end = ends[stretch]!;
      const number = this.#numberOf.get(groups[stretch]!);
      if (number !== undefined && slice[at]! < last && slice[end - 1]! >= first) {
        let from = 0;
        for (let i = at; i < end; i++) {
          const one = slice[i]!;
          if (one < first) continue;
          if (one >= last) break;
          while (this.#ends[from]! <= one) from++;
          const isReset = this.#isReset(number, partition, one, flags[i]!);
          for (let w = from; w < this.#starts.length && this.#starts[w]! <= one; w++) {
            const slot = w * this.#options.groups.length + number;
            this.#merge(this.table, slot, table, firstSlot + i, !isReset);
            this.#revision[slot]! += revision[i]!;
            if (!isReset && (flags[i]! & PENDING) !== 0) this.#pending[slot] = 1;
          }
        }
      }
      at = end;
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
    const read = decodeRowParts(bytes, staging, staged, statsAt, statsEnd, this.#additive);
    if (typeof read !== 'number') throw new IndexRowDamaged(row, read);
    for (let w = first; w < end && this.#starts[w]! <= slice; w++) {
      const slot = w * this.#options.groups.length + group;
      isTouched[slot] = 1;
      this.#merge(table, slot, staging, staged, (newer & RESETS) === 0);
      revision[slot]! += row.revision;
      if ((joinFlags(row.flags, newer) & PENDING) !== 0) pending[slot] = 1;
    }
  }

  #merge(table: StatsTable, slot: number, from: StatsTable, fromSlot: number, selects: boolean): void {
    mergeAdditiveParts(table, slot, from, fromSlot, this.#additive);
    if (selects && this.#selects) mergeSelective(table, slot, from, fromSlot);
  }

  #sumsOfChanges(): LiveSums {
    if (this.#liveSums === undefined) {
      const count = this.#revision.length;
      const table = new StatsTable(Math.max(1, count));
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

function resetKey(group: number, partition: number, slice: number): string {
  return `${group}/${partition}/${slice}`;
}
