import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChangeFeed, SliceRow } from '#backbone/changes/changes.ts';
import type { BatchState } from '#backbone/manifests/manifest.ts';
import type { ResultBlock, ResultReader } from '#backbone/results/results.ts';
import { RESETS } from '#core/slices/merge-rows.ts';
import type { View } from '#core/views/view.ts';
import { PAGE_SLICES } from './page-size.ts';
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
}

/** Which pages to load: `pageCount` consecutive ones of a group. */
export interface PageSpan {
  readonly id: SourceId;
  readonly group: string;
  readonly firstPage: number;
  readonly pageCount: number;
}

/** Loads pages from the batch results and, unless they are as of an earlier cut, the changes after that of the results. */
export async function loadPages(
  span: PageSpan,
  feed: Pick<ChangeFeed, 'rows'>,
  results: Pick<ResultReader, 'blocks'>,
): Promise<readonly Page[]> {
  const rows = span.id.isAsOf ? [] : await readRows(span, feed);
  const pages = Array.from({ length: span.pageCount }, (_, i) => new Page(span.firstPage + i));
  const resets = new Resets(span);
  for (const row of rows) if ((row.flags & RESETS) !== 0) resets.add(row.partition, row.slice);
  const { fromSlice, toSlice } = sliceRange(span);
  for (const result of span.id.batch.results.toReversed()) {
    for await (const block of results.blocks(result, span.group, fromSlice, toSlice))
      addBlock(block, pages, span, resets);
  }
  for (const row of rows) pages[Math.floor((row.slice - fromSlice) / PAGE_SLICES)]!.putRow(row, true);
  return pages;
}

export function sliceRange(span: PageSpan): { readonly fromSlice: number; readonly toSlice: number } {
  return { fromSlice: span.firstPage * PAGE_SLICES, toSlice: (span.firstPage + span.pageCount) * PAGE_SLICES };
}

async function readRows(span: PageSpan, feed: Pick<ChangeFeed, 'rows'>): Promise<readonly SliceRow[]> {
  const { fromSlice, toSlice } = sliceRange(span);
  const { view, version, batch } = span.id;
  const rows: SliceRow[] = [];
  for await (const row of feed.rows(view.name, version, span.group, fromSlice, toSlice)) {
    if (row.epoch >= (batch.cut[row.partition] ?? 0)) rows.push(row);
  }
  // A scan may see rows of a batch whose commit has not been told yet; a turn of the event loop later it has been.
  await nextTurn();
  return rows;
}

function addBlock(block: ResultBlock, pages: readonly Page[], span: PageSpan, resets: Resets): void {
  const { fromSlice, toSlice } = sliceRange(span);
  for (let i = 0; i < block.count; i++) {
    const slice = block.slice[i]!;
    if (slice < fromSlice) continue;
    if (slice >= toSlice) break;
    const page = pages[Math.floor((slice - fromSlice) / PAGE_SLICES)]!;
    const newer = resets.has(block.partition, slice) ? RESETS : 0;
    const taken = page.addResult(slice, block.table, block.firstSlot + i, block.revision[i]!, block.flags[i]!, newer);
    if ((taken & RESETS) !== 0) resets.add(block.partition, slice);
  }
}

/** The slices, per partition, of which a newer row resets min, max, first and last: the one flag that bears on older rows. */
class Resets {
  readonly #span: PageSpan;
  readonly #keys = new Set<number>();

  constructor(span: PageSpan) {
    this.#span = span;
  }

  add(partition: number, slice: number): void {
    this.#keys.add(this.#key(partition, slice));
  }

  has(partition: number, slice: number): boolean {
    return this.#keys.size > 0 && this.#keys.has(this.#key(partition, slice));
  }

  #key(partition: number, slice: number): number {
    const { firstPage, pageCount } = this.#span;
    return slice - firstPage * PAGE_SLICES + partition * pageCount * PAGE_SLICES;
  }
}
