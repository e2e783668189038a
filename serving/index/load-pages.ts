import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChangeFeed, RowSpan } from '#backbone/changes/changes.ts';
import { rowsOfSpan } from '#backbone/changes/row-span.ts';
import type { BatchState } from '#backbone/manifests/manifest.ts';
import type { GroupRows, ResultReader } from '#backbone/results/results.ts';
import { RESETS } from '#core/slices/merge-rows.ts';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';
import type { View } from '#core/views/view.ts';
import { PAGE_SLICES, pageOf } from './page-size.ts';
import { Page } from './page.ts';

/** What is answered from: one version of a view, with one batch state. */
export interface SourceId {
  readonly view: View;
  readonly version: number;
  readonly batch: BatchState;
  /** Only what batch holds: an answer as of an earlier cut. */
  readonly isAsOf: boolean;
  /** The version has not caught up with the log: what it answers is provisional. */
  readonly isFolding: boolean;
  /** Its rows tell for how long series kept their promises. */
  readonly isAccounted: boolean;
}

/** Which pages to load: `pageCount` consecutive ones of a group. */
export interface PageRange {
  readonly id: SourceId;
  readonly group: string;
  readonly firstPage: number;
  readonly pageCount: number;
}

/** Loads pages from the batch results and, unless they are as of an earlier cut, the changes after that of the results. */
export async function loadPages(
  range: PageRange,
  feed: Pick<ChangeFeed, 'spans'>,
  results: Pick<ResultReader, 'blocks'>,
): Promise<readonly Page[]> {
  const spans = range.id.isAsOf ? [] : await readSpans(range, feed);
  const slices = new Int32Array(range.pageCount);
  for (const { opener } of spans) slices[pageOf(opener) - range.firstPage]! += SPAN_SLICES;
  const pages = Array.from(slices, (expected, i) => new Page(range.firstPage + i, expected));
  const resets = new Resets(range);
  for (const span of spans) {
    if ((span.flags & RESETS) === 0) continue;
    for (const row of rowsOfSpan(span)) if ((row.flags & RESETS) !== 0) resets.add(row.partition, row.slice);
  }
  const { fromSlice, toSlice } = sliceRange(range);
  for (const result of range.id.batch.results.toReversed()) {
    for await (const block of results.blocks(result, range.group, fromSlice, toSlice))
      addBlock(block, pages, range, resets);
  }
  for (const span of spans) pages[Math.floor((span.opener - fromSlice) / PAGE_SLICES)]!.putSpan(span, true);
  return pages;
}

export function sliceRange(range: PageRange): { readonly fromSlice: number; readonly toSlice: number } {
  return { fromSlice: range.firstPage * PAGE_SLICES, toSlice: (range.firstPage + range.pageCount) * PAGE_SLICES };
}

async function readSpans(range: PageRange, feed: Pick<ChangeFeed, 'spans'>): Promise<readonly RowSpan[]> {
  const { fromSlice, toSlice } = sliceRange(range);
  const { view, version, batch } = range.id;
  const spans: RowSpan[] = [];
  for await (const span of feed.spans(view.name, version, range.group, fromSlice, toSlice)) {
    if (span.epoch >= (batch.cut[span.partition] ?? 0)) spans.push(span);
  }
  // A scan may see spans of a batch whose commit has not been told yet; a turn of the event loop later it has been.
  await nextTurn();
  return spans;
}

function addBlock(block: GroupRows, pages: readonly Page[], range: PageRange, resets: Resets): void {
  const { fromSlice, toSlice } = sliceRange(range);
  const density = block.count / (block.slice[block.count - 1]! - block.slice[0]! + 1);
  let page: Page | undefined;
  for (let i = 0; i < block.count; i++) {
    const slice = block.slice[i]!;
    if (slice < fromSlice) continue;
    if (slice >= toSlice) break;
    const next = pages[Math.floor((slice - fromSlice) / PAGE_SLICES)]!;
    if (next !== page) next.expectResult(slice, density);
    page = next;
    const newer = resets.has(block.partition, slice) ? RESETS : 0;
    const taken = page.addResult(slice, block.table, block.firstSlot + i, block.revision[i]!, block.flags[i]!, newer);
    if ((taken & RESETS) !== 0) resets.add(block.partition, slice);
  }
}

/** The slices, per partition, of which a newer row resets min, max, first and last: the one flag that bears on older rows. */
class Resets {
  readonly #range: PageRange;
  readonly #keys = new Set<number>();

  constructor(range: PageRange) {
    this.#range = range;
  }

  add(partition: number, slice: number): void {
    this.#keys.add(this.#key(partition, slice));
  }

  has(partition: number, slice: number): boolean {
    return this.#keys.size > 0 && this.#keys.has(this.#key(partition, slice));
  }

  #key(partition: number, slice: number): number {
    const { firstPage, pageCount } = this.#range;
    return slice - firstPage * PAGE_SLICES + partition * pageCount * PAGE_SLICES;
  }
}
