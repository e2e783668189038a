import { SpanCursor } from '#backbone/changes/row-span.ts';
import { joinFlags, newestFirst, RESETS, type RowPlace } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import type { PageSpan } from '../index/page.ts';

/** Bytes of spans that are kept in one array: so many that what an array costs is small. */
const BLOCK_BYTES = 1024 * 1024;
/** Spans that there is room for at first. */
const SPANS_FIRST = 256;
const NONE = -1;

/** A row of changes, valid until the next one is read; its stats lie in [statsAt, statsEnd) of `bytes`. */
export interface LiveRow extends RowPlace {
  readonly slice: number;
  readonly revision: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
  readonly statsAt: number;
  readonly statsEnd: number;
}

/**
 * Spans of changes of many groups, encoded, each in its newest state that is known. They lie one behind the other in a
 * few large arrays: there are as many as sixteen windows have slices, and an object for each is dear.
 *
 * A *place* is a number for a group and one span of its slices, where spans of several partitions, epochs and parts may lie.
 */
export class LiveSpans {
  readonly #firstNumber: number;
  readonly #numbers: number;
  /** The newest span of each place, NONE where there is none. */
  readonly #heads: Int32Array;
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
  readonly #cursor = new SpanCursor();

  /** For so many groups, and the slices [fromSlice, toSlice). */
  constructor(groupCount: number, fromSlice: number, toSlice: number) {
    this.#firstNumber = spanOf(fromSlice);
    this.#numbers = spanOf(toSlice - 1) + 1 - this.#firstNumber;
    this.#heads = new Int32Array(groupCount * this.#numbers).fill(NONE);
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
    if (place !== undefined && this.#find(place, span) === NONE) this.#add(place, span);
  }

  /**
   * Takes what a commit told at a place that is held. False where this decides anew what batch results give, since a row
   * that resets came, went or changed.
   */
  putTold(group: number, span: PageSpan): boolean {
    const place = this.placeOf(group, span.opener)!;
    const at = this.#find(place, span);
    const flags = span.flags | (at === NONE ? 0 : this.#flags[at]!);
    if (at === NONE) this.#add(place, span);
    else this.#write(at, span);
    return (flags & RESETS) === 0;
  }

  /** The places that hold spans, by group and slice. */
  *places(): Iterable<number> {
    for (const [place, head] of this.#heads.entries()) if (head !== NONE) yield place;
  }

  /**
   * Calls back with the rows of a place, those of one slice and partition from the newest on; `newer` are the flags of all
   * newer ones taken together, 0 before the newest.
   */
  rows(place: number, take: (row: LiveRow, newer: number) => void): void {
    const head = this.#heads[place]!;
    if (head === NONE) return;
    if (this.#next[head] === NONE) {
      this.#rowsOf(head, (row) => take(row, 0));
      return;
    }
    const rows: LiveRow[] = [];
    for (let span = head; span !== NONE; span = this.#next[span]!) this.#rowsOf(span, (row) => rows.push({ ...row }));
    rows.sort((a, b) => a.slice - b.slice || newestFirst(a, b));
    let before: LiveRow | undefined;
    let newer = 0;
    for (const row of rows) {
      if (row.slice !== before?.slice || row.partition !== before.partition) newer = 0;
      before = row;
      take(row, newer);
      newer = joinFlags(row.flags, newer);
    }
  }

  /** Calls back with the rows that reset min, max, first and last, of every group. */
  eachResetting(take: (group: number, partition: number, slice: number) => void): void {
    for (const place of this.places()) {
      for (let span = this.#heads[place]!; span !== NONE; span = this.#next[span]!) {
        if ((this.#flags[span]! & RESETS) === 0) continue;
        this.#rowsOf(span, ({ partition, slice, flags }) => {
          if ((flags & RESETS) !== 0) take(this.groupOf(place), partition, slice);
        });
      }
    }
  }

  #rowsOf(span: number, take: (row: LiveRow) => void): void {
    const [opener, partition, epoch, part] = this.#names.subarray(4 * span, 4 * span + 4);
    const bytes = this.#blocks[this.#bytes[3 * span]!]!;
    const cursor = this.#cursor;
    const names = { view: '', group: '', opener: opener!, part: part! };
    cursor.open(names, bytes, this.#bytes[3 * span + 1]!, this.#bytes[3 * span + 2]!);
    while (cursor.next()) {
      const { slice, revision, flags, statsAt, statsEnd } = cursor;
      take({
        slice,
        revision,
        flags,
        statsAt,
        statsEnd,
        bytes,
        partition: partition!,
        epoch: epoch!,
        part: cursor.part,
      });
    }
  }

  #find(place: number, { opener, partition, epoch, part }: PageSpan): number {
    const names = this.#names;
    let span = this.#heads[place]!;
    for (; span !== NONE; span = this.#next[span]!) {
      const at = 4 * span;
      if (names[at] !== opener || names[at + 1] !== partition) continue;
      if (names[at + 2] === epoch && names[at + 3] === part) break;
    }
    return span;
  }

  #add(place: number, span: PageSpan): void {
    if (this.#count === this.#flags.length) this.#grow();
    const at = this.#count++;
    this.#names.set([span.opener, span.partition, span.epoch, span.part], 4 * at);
    this.#next[at] = this.#heads[place]!;
    this.#heads[place] = at;
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
    this.#bytes.set([block, this.#written, this.#written + bytes.length], 3 * at);
    this.#flags[at] = flags;
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
