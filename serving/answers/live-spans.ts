import type { SliceRow } from '#backbone/changes/changes.ts';
import { rowsOfSpan } from '#backbone/changes/row-span.ts';
import { newestFirst, RESETS } from '#core/slices/merge-rows.ts';
import { spanOf } from '#core/slices/slice-span.ts';
import type { PageSpan } from '../index/page.ts';

/** A span of slices of a group, by numbers. */
export interface SpanName {
  readonly group: number;
  readonly number: number;
}

/** Spans of changes of many groups, encoded, each in its newest state that is known. */
export class LiveSpans {
  readonly #spans = new Map<number, Map<number, PageSpan[]>>();

  /** Takes a span that was stored, where no state of it was told meanwhile: that is newer. */
  putStored(group: number, span: PageSpan): void {
    const beside = this.#at(group, span);
    if (!beside.some((one) => isSameSpan(one, span))) beside.push(span);
  }

  /**
   * Takes what a commit told. False where this decides anew what batch results give, since a row that resets came, went or
   * changed.
   */
  putTold(group: number, span: PageSpan): boolean {
    const beside = this.#at(group, span);
    const at = beside.findIndex((one) => isSameSpan(one, span));
    const flags = span.flags | (beside[at]?.flags ?? 0);
    if (at < 0) beside.push(span);
    else beside[at] = span;
    return (flags & RESETS) === 0;
  }

  *names(): Iterable<SpanName> {
    for (const [group, numbers] of this.#spans) for (const number of numbers.keys()) yield { group, number };
  }

  /** The rows of the slices of a span, slice by slice; those of one slice by partition, the newest first. */
  rows(name: SpanName): readonly (readonly [number, readonly SliceRow[]])[] {
    const bySlice = new Map<number, SliceRow[]>();
    for (const span of this.#spans.get(name.group)?.get(name.number) ?? []) {
      for (const row of rowsOfSpan({ view: '', version: 0, group: '', ...span })) {
        const beside = bySlice.get(row.slice);
        if (beside === undefined) bySlice.set(row.slice, [row]);
        else beside.push(row);
      }
    }
    for (const rows of bySlice.values()) if (rows.length > 1) rows.sort(newestFirst);
    return [...bySlice];
  }

  /** The rows that reset min, max, first and last, of every group. */
  *resetting(): Iterable<{ readonly group: number; readonly partition: number; readonly slice: number }> {
    for (const [group, numbers] of this.#spans) {
      for (const span of [...numbers.values()].flat()) {
        if ((span.flags & RESETS) === 0) continue;
        for (const { partition, slice, flags } of rowsOfSpan({ view: '', version: 0, group: '', ...span }))
          if ((flags & RESETS) !== 0) yield { group, partition, slice };
      }
    }
  }

  #at(group: number, { opener }: PageSpan): PageSpan[] {
    let numbers = this.#spans.get(group);
    if (numbers === undefined) this.#spans.set(group, (numbers = new Map()));
    const number = spanOf(opener);
    let beside = numbers.get(number);
    if (beside === undefined) numbers.set(number, (beside = []));
    return beside;
  }
}

function isSameSpan(a: PageSpan, b: PageSpan): boolean {
  return a.part === b.part && a.epoch === b.epoch && a.partition === b.partition && a.opener === b.opener;
}
