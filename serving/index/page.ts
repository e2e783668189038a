import { strict as assert } from 'node:assert';
import type { RowSpan } from '#backbone/changes/changes.ts';
import { SpanRows } from '#backbone/changes/row-span.ts';
import { newestFirst, PENDING, RESETS, type RowPlace, takeOlderRow } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { PAGE_SLICES, SECTION_SLICES } from './page-size.ts';
import { addToSum, SectionSums, type Sum } from './section-sums.ts';

/** A span of changes as a page keeps it: encoded, since it is decoded only when its slices change. */
export type PageSpan = Omit<RowSpan, 'view' | 'version' | 'group'>;

/** Bytes of a span of changes beside its rows, and of a page that holds nothing, about. */
const SPAN_BYTES = 200;
const PAGE_BYTES = 600;
/** Slot, revision and flags per slice of a page that holds any. */
const SLICE_COLUMNS_BYTES = PAGE_SLICES * (4 + 8 + 1);

/** What batch holds of a slice that rows of changes add to. */
interface Base {
  readonly slot: number;
  readonly revision: number;
  readonly pending: boolean;
}

/** Slots of a page at first: a live page fills up slowly, a loaded one grows in five steps. */
const SLOTS_FIRST = 64;

/** A row of changes that was read. */
interface PlacedRow extends RowPlace {
  readonly rows: SpanRows;
  readonly row: number;
}

/** What the spans of one place are read into, one after the other; of so many it is kept. */
const spansRead: SpanRows[] = [];
const SPANS_KEPT = 4;

/**
 * PAGE_SLICES consecutive slices of a group: merged stats per slice, the spans of changes behind them, and sums of sections.
 *
 * A page is filled by one load and then kept up to date in place. It can shed its slices and keep the sums of sections,
 * which take a sixtieth; then it answers for whole sections only, and a change of one of its slices makes it worthless.
 */
export class Page {
  readonly number: number;
  readonly firstSlice: number;
  /** Order of use, for the cache. */
  usedAt = 0;
  /** Bytes that the cache counts for it. */
  countedBytes = 0;
  readonly #slotsFirst: number;
  #isShed = false;
  #table: StatsTable | undefined;
  #slot: Int32Array | undefined;
  #revision = new Float64Array(0);
  #pending = new Uint8Array(0);
  readonly #base = new Map<number, Base>();
  /** By the place of the span in the page. */
  readonly #spans = new Map<number, PageSpan[]>();
  readonly #stale = new Set<number>();
  #spanBytes = 0;
  #sections: SectionSums | undefined;

  /** Slices that it will hold are made room for where it is known how many, at most. */
  constructor(number: number, slicesExpected = SLOTS_FIRST) {
    this.#slotsFirst = Math.min(Math.max(slicesExpected, SLOTS_FIRST), PAGE_SLICES);
    this.number = number;
    this.firstSlice = number * PAGE_SLICES;
  }

  /** Whether it can tell single slices, not only sections. */
  get hasSlices(): boolean {
    return !this.#isShed;
  }

  get isEmpty(): boolean {
    return this.#slot === undefined && this.#sections === undefined;
  }

  /** Whether it can add up the part of [fromSlice, toSlice) that lies in it. */
  canSum(fromSlice: number, toSlice: number): boolean {
    return this.hasSlices || (isSectionEdge(this.#clip(fromSlice)) && isSectionEdge(this.#clip(toSlice)));
  }

  /** Makes room where rows of a batch result come, `density` of them a slice, from one slice on. */
  expectResult(slice: number, density: number): void {
    const table = this.#slices();
    const rows = Math.ceil((this.firstSlice + PAGE_SLICES - slice) * density);
    table.reserve(Math.min(PAGE_SLICES, table.size + rows));
  }

  /** Takes a row of a batch result; they come from the newest to the oldest, `newer` and the answer as `takeOlderRow` says. */
  addResult(slice: number, from: StatsTable, fromSlot: number, revision: number, flags: number, newer: number): number {
    const table = this.#slices();
    const offset = slice - this.firstSlice;
    let slot = this.#slot![offset]!;
    if (slot < 0) slot = this.#slot![offset] = table.allocate();
    const taken = takeOlderRow(table, slot, newer, from, fromSlot, flags);
    this.#revision[offset]! += revision;
    if ((taken & PENDING) !== 0) this.#pending[offset] = 1;
    return taken;
  }

  /**
   * Takes a span of changes, or its newer state. False where the page can't follow, and has to be loaded again: it has
   * shed its slices, or a row that resets came, went or changed, which decides anew what the batch results give.
   */
  putSpan(told: PageSpan, isLoading: boolean): boolean {
    if (!this.hasSlices) return false;
    // What a commit tells lies in a block that many spans share.
    const span = isLoading ? told : { ...told, bytes: new Uint8Array(told.bytes) };
    this.#slices();
    const place = spanOf(span.opener - this.firstSlice);
    let spans = this.#spans.get(place);
    if (spans === undefined) this.#spans.set(place, (spans = []));
    const at = spans.findIndex((one) => isSameSpan(one, span));
    const before = at < 0 ? undefined : spans[at];
    if (!isLoading && ((span.flags | (before?.flags ?? 0)) & RESETS) !== 0) return false;
    if (at < 0) {
      if (spans.length === 0) this.#keepBases(place);
      spans.push(span);
      this.#spanBytes += SPAN_BYTES + span.bytes.length;
    } else {
      spans[at] = span;
      this.#spanBytes += span.bytes.length - before!.bytes.length;
    }
    this.#stale.add(place);
    return true;
  }

  /** Adds the part of [fromSlice, toSlice) that lies in the page; `canSum` said that it can. */
  sumInto(sum: Sum, fromSlice: number, toSlice: number): void {
    if (this.isEmpty) return;
    this.#refresh();
    const end = this.#clip(toSlice);
    for (let offset = this.#clip(fromSlice); offset < end;) {
      if (offset === 0 && end === PAGE_SLICES) return this.#sums().wholeInto(sum);
      if (offset % SECTION_SLICES === 0 && offset + SECTION_SLICES <= end) {
        this.#sums().sectionInto(sum, offset / SECTION_SLICES);
        offset += SECTION_SLICES;
      } else {
        this.#sliceInto(sum, offset);
        offset++;
      }
    }
  }

  /** The first slice in [fromSlice, toSlice) that holds anything, or undefined; the page has its slices. */
  nextSlice(fromSlice: number, toSlice: number): number | undefined {
    if (this.isEmpty) return undefined;
    this.#refresh();
    const end = this.#clip(toSlice);
    for (let offset = this.#clip(fromSlice); offset < end; offset++)
      if (this.#slot![offset]! >= 0) return this.firstSlice + offset;
    return undefined;
  }

  /** The last slice in [fromSlice, toSlice) that holds anything, or undefined; the page has its slices. */
  previousSlice(fromSlice: number, toSlice: number): number | undefined {
    if (this.isEmpty) return undefined;
    this.#refresh();
    const first = this.#clip(fromSlice);
    for (let offset = this.#clip(toSlice) - 1; offset >= first; offset--)
      if (this.#slot![offset]! >= 0) return this.firstSlice + offset;
    return undefined;
  }

  /** Keeps the sums of sections and lets go of the slices. */
  shed(): void {
    if (this.isEmpty || !this.hasSlices) return;
    this.#refresh();
    this.#sums().settle();
    this.#isShed = true;
    this.#table = undefined;
    this.#slot = undefined;
    this.#revision = new Float64Array(0);
    this.#pending = new Uint8Array(0);
    this.#base.clear();
    this.#spans.clear();
    this.#spanBytes = 0;
  }

  /** Bytes that it holds, about. */
  bytes(): number {
    if (this.isEmpty) return PAGE_BYTES;
    const bytes = PAGE_BYTES + this.#spanBytes + (this.#sections?.bytes() ?? 0);
    return this.#table === undefined ? bytes : bytes + SLICE_COLUMNS_BYTES + this.#table.bytes;
  }

  #clip(slice: number): number {
    return Math.min(Math.max(slice - this.firstSlice, 0), PAGE_SLICES);
  }

  #slices(): StatsTable {
    assert(!this.#isShed, 'a page that shed its slices is loaded again before it is written to');
    if (this.#table === undefined) {
      this.#table = new StatsTable(this.#slotsFirst);
      this.#slot = new Int32Array(PAGE_SLICES).fill(-1);
      this.#revision = new Float64Array(PAGE_SLICES);
      this.#pending = new Uint8Array(PAGE_SLICES);
    }
    return this.#table;
  }

  /** Until now the slices of the span were what batch holds; from now on rows add to them, so that is kept apart. */
  #keepBases(place: number): void {
    for (let offset = place * SPAN_SLICES; offset < (place + 1) * SPAN_SLICES; offset++) {
      const slot = this.#slot![offset]!;
      if (slot < 0) continue;
      this.#base.set(offset, { slot, revision: this.#revision[offset]!, pending: this.#pending[offset] === 1 });
      this.#slot![offset] = -1;
    }
  }

  #refresh(): void {
    if (this.#stale.size === 0) return;
    for (const place of this.#stale) this.#mergeSpan(place);
    this.#stale.clear();
  }

  #mergeSpan(place: number): void {
    const first = place * SPAN_SLICES;
    const byPlace: PlacedRow[][] = Array.from({ length: SPAN_SLICES }, () => []);
    for (const [i, span] of (this.#spans.get(place) ?? []).entries()) {
      const rows = (spansRead[i] ??= new SpanRows());
      rows.read({ view: '', group: '', ...span }, span.bytes);
      const { partition, epoch } = span;
      for (let row = 0; row < rows.count; row++)
        byPlace[rows.slice[row]! - this.firstSlice - first]!.push({
          partition,
          epoch,
          part: rows.part[row]!,
          rows,
          row,
        });
    }
    // What was many once is not kept for all others.
    spansRead.length = Math.min(spansRead.length, SPANS_KEPT);
    for (const [i, some] of byPlace.entries()) {
      if (some.length > 0 || this.#base.has(first + i)) this.#mergeSlice(first + i, some.sort(newestFirst));
    }
    for (const offset of [first, first + SPAN_SLICES - 1]) this.#sections?.forget(Math.floor(offset / SECTION_SLICES));
  }

  #mergeSlice(offset: number, newestRows: readonly PlacedRow[]): void {
    const table = this.#slices();
    let slot = this.#slot![offset]!;
    if (slot < 0) slot = this.#slot![offset] = table.allocate();
    else table.reset(slot);
    const base = this.#base.get(offset);
    let revision = base?.revision ?? 0;
    let pending = base?.pending ?? false;
    if (base !== undefined) mergeInto(table, slot, table, base.slot);
    let partition = -1;
    let newer = 0;
    for (const one of newestRows) {
      if (one.partition !== partition) newer = 0;
      partition = one.partition;
      newer = takeOlderRow(table, slot, newer, one.rows.table, one.row, one.rows.flags[one.row]!);
      revision += one.rows.revision[one.row]!;
      pending ||= (newer & PENDING) !== 0;
    }
    this.#revision[offset] = revision;
    this.#pending[offset] = pending ? 1 : 0;
  }

  #sliceInto(sum: Sum, offset: number): void {
    const slot = this.#slot![offset]!;
    if (slot < 0) return;
    addToSum(sum, this.#table!, slot, this.#revision[offset]!, this.#pending[offset] === 1);
  }

  #sums(): SectionSums {
    this.#sections ??= new SectionSums((section, sum) => {
      for (let offset = section * SECTION_SLICES; offset < (section + 1) * SECTION_SLICES; offset++)
        this.#sliceInto(sum, offset);
    });
    return this.#sections;
  }
}

function isSameSpan(a: PageSpan, b: PageSpan): boolean {
  return a.part === b.part && a.epoch === b.epoch && a.partition === b.partition && a.opener === b.opener;
}

function isSectionEdge(offset: number): boolean {
  return offset % SECTION_SLICES === 0;
}
