import { SpanRows } from '#backbone/changes/row-span.ts';
import { joinFlags, newestFirst, RESETS } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { type MergedParts, mergedParts } from '#core/stats/merge-run.ts';
import type { PageSpan } from '../index/page.ts';

/** Bytes of spans that are kept in one array: so many that what an array costs is small. */
const BLOCK_BYTES = 1024 * 1024;
/** Spans that there is room for at first. */
const SPANS_FIRST = 256;
const NONE = -1;

/**
 * Spans of changes of many groups, encoded, each in its newest state that is known. They lie one behind the other in a
 * few large arrays: there are as many as sixteen windows have slices, and an object for each is dear.
 *
 * A *place* is a number for a group and one span of its slices, where spans of several partitions, epochs and parts may lie.
 */
export class LiveSpans {
  readonly #firstNumber: number;
  readonly #numbers: number;
  /** The newest span of each place that holds any: a window may be a century, and its slices are mostly empty. */
  readonly #heads = new Map<number, number>();
  /** The one at the same place that was put before. */
  #next = new Int32Array(SPANS_FIRST);
  /** Opener, partition, epoch and part of each span. */
  #names = new Float64Array(4 * SPANS_FIRST);
  /** Block, begin and end of its bytes. */
  #bytes = new Int32Array(3 * SPANS_FIRST);
  #flags = new Uint8Array(SPANS_FIRST);
  #count = 0;
  readonly #blocks: Uint8Array[] = [];
  #written = 0;
  /** Whether any span has had a row that resets. */
  #hasResets = false;
  /** What names the span that is read, for what is said of it where it is damaged. */
  readonly #said = { view: '', group: '', opener: 0, part: 0 };
  readonly #parts: MergedParts;
  readonly #rows: SpanRows;
  /** For spans of which only the flags matter. */
  readonly #bare = new SpanRows(mergedParts(new Set()));

  /** For the slices [fromSlice, toSlice), of which some parts of the stats are read. */
  constructor(fromSlice: number, toSlice: number, parts: MergedParts) {
    this.#parts = parts;
    this.#rows = new SpanRows(parts);
    this.#firstNumber = spanOf(fromSlice);
    this.#numbers = spanOf(toSlice - 1) + 1 - this.#firstNumber;
  }

  /** The place of a group's slice; undefined where that lies outside of what is held. */
  placeOf(group: number, slice: number): number | undefined {
    const number = spanOf(slice) - this.#firstNumber;
    return number >= 0 && number < this.#numbers ? group * this.#numbers + number : undefined;
  }

  groupOf(place: number): number {
    return Math.floor(place / this.#numbers);
  }

  firstSliceOf(place: number): number {
    return ((place % this.#numbers) + this.#firstNumber) * SPAN_SLICES;
  }

  /** Takes a span that was stored, where no state of it was told meanwhile: that is newer. */
  putStored(group: number, span: PageSpan): void {
    const place = this.placeOf(group, span.opener);
    if (place === undefined) return;
    const head = this.#headOf(place);
    if (this.#find(head, span) === NONE) this.#add(place, head, span);
  }

  /**
   * Takes what a commit told at a place that is held. False where this decides anew what batch results give, since a row
   * that resets came, went or changed.
   */
  putTold(group: number, span: PageSpan): boolean {
    const place = this.placeOf(group, span.opener)!;
    const head = this.#headOf(place);
    const at = this.#find(head, span);
    const flags = span.flags | (at === NONE ? 0 : this.#flags[at]!);
    if (at === NONE) this.#add(place, head, span);
    else this.#write(at, span);
    return (flags & RESETS) === 0;
  }

  /** The places that hold spans, in the order in which they came; those that come meanwhile too. */
  places(): Iterable<number> {
    return this.#heads.keys();
  }

  /** Those of one group that overlap the slices [fromSlice, toSlice), by slice. */
  placesOf(group: number, fromSlice: number, toSlice: number): Iterable<number> {
    const first = group * this.#numbers + Math.max(0, spanOf(fromSlice) - this.#firstNumber);
    const last = group * this.#numbers + Math.min(this.#numbers - 1, spanOf(toSlice - 1) - this.#firstNumber);
    if (last - first < this.#heads.size) {
      const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
      return places.filter((place) => this.#heads.has(place));
    }
    return [...this.#heads.keys()].filter((place) => place >= first && place <= last).sort((a, b) => a - b);
  }

  /** Whether a row at a place resets, so that it matters which rows are newer. */
  resetsAny(place: number): boolean {
    if (!this.#hasResets) return false;
    for (let span = this.#headOf(place); span !== NONE; span = this.#next[span]!)
      if ((this.#flags[span]! & RESETS) !== 0) return true;
    return false;
  }

  /** Calls back with the rows of each span at a place, valid until the next. */
  spans(place: number, take: (rows: SpanRows) => void): void {
    for (let span = this.#headOf(place); span !== NONE; span = this.#next[span]!) take(this.#read(span, this.#rows));
  }

  /**
   * Calls back with the rows of a place, those of one slice and partition from the newest on; `newer` are the flags of all
   * newer ones taken together, 0 before the newest.
   */
  newestFirst(place: number, take: (rows: SpanRows, row: number, newer: number) => void): void {
    const placed: { slice: number; partition: number; epoch: number; part: number; rows: SpanRows; row: number }[] = [];
    for (let span = this.#headOf(place); span !== NONE; span = this.#next[span]!) {
      const rows = this.#read(span, new SpanRows(this.#parts));
      const [partition, epoch] = [this.#names[4 * span + 1]!, this.#names[4 * span + 2]!];
      for (let row = 0; row < rows.count; row++)
        placed.push({ slice: rows.slice[row]!, partition, epoch, part: rows.part[row]!, rows, row });
    }
    placed.sort((a, b) => a.slice - b.slice || newestFirst(a, b));
    let before: (typeof placed)[number] | undefined;
    let newer = 0;
    for (const one of placed) {
      if (one.slice !== before?.slice || one.partition !== before.partition) newer = 0;
      before = one;
      take(one.rows, one.row, newer);
      newer = joinFlags(one.rows.flags[one.row]!, newer);
    }
  }

  /** Calls back with the rows that reset min, max, first and last, of every group. */
  eachResetting(take: (group: number, partition: number, slice: number) => void): void {
    if (!this.#hasResets) return;
    for (const place of this.places()) {
      for (let span = this.#headOf(place); span !== NONE; span = this.#next[span]!) {
        if ((this.#flags[span]! & RESETS) === 0) continue;
        const { count, flags, slice } = this.#read(span, this.#bare);
        for (let row = 0; row < count; row++)
          if ((flags[row]! & RESETS) !== 0) take(this.groupOf(place), this.#names[4 * span + 1]!, slice[row]!);
      }
    }
  }

  #headOf(place: number): number {
    return this.#heads.get(place) ?? NONE;
  }

  #read(span: number, rows: SpanRows): SpanRows {
    const names = this.#said;
    names.opener = this.#names[4 * span]!;
    names.part = this.#names[4 * span + 3]!;
    rows.read(names, this.#blocks[this.#bytes[3 * span]!]!, this.#bytes[3 * span + 1]!, this.#bytes[3 * span + 2]!);
    return rows;
  }

  /** Where a span is among those of a place, of which the first is given. */
  #find(head: number, { opener, partition, epoch, part }: PageSpan): number {
    const names = this.#names;
    let span = head;
    for (; span !== NONE; span = this.#next[span]!) {
      const at = 4 * span;
      if (names[at] !== opener || names[at + 1] !== partition) continue;
      if (names[at + 2] === epoch && names[at + 3] === part) break;
    }
    return span;
  }

  #add(place: number, head: number, span: PageSpan): void {
    if (this.#count === this.#flags.length) this.#grow();
    const at = this.#count++;
    const names = this.#names;
    names[4 * at] = span.opener;
    names[4 * at + 1] = span.partition;
    names[4 * at + 2] = span.epoch;
    names[4 * at + 3] = span.part;
    this.#next[at] = head;
    this.#heads.set(place, at);
    this.#write(at, span);
  }

  #write(at: number, { bytes, flags }: PageSpan): void {
    const last = this.#blocks.at(-1);
    if (last === undefined || this.#written + bytes.length > last.length) {
      this.#blocks.push(new Uint8Array(Math.max(BLOCK_BYTES, bytes.length)));
      this.#written = 0;
    }
    const block = this.#blocks.length - 1;
    this.#blocks[block]!.set(bytes, this.#written);
    this.#bytes[3 * at] = block;
    this.#bytes[3 * at + 1] = this.#written;
    this.#bytes[3 * at + 2] = this.#written + bytes.length;
    this.#flags[at] = flags;
    this.#hasResets ||= (flags & RESETS) !== 0;
    this.#written += bytes.length;
  }

  #grow(): void {
    this.#next = wider(this.#next, new Int32Array(2 * this.#next.length));
    this.#names = wider(this.#names, new Float64Array(2 * this.#names.length));
    this.#bytes = wider(this.#bytes, new Int32Array(2 * this.#bytes.length));
    this.#flags = wider(this.#flags, new Uint8Array(2 * this.#flags.length));
  }
}

function wider<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
