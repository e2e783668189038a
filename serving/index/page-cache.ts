import type { Fullness } from '#backbone/flow/fullness.ts';
import type { Group } from './group.ts';
import type { Page } from './page.ts';

/** Bytes of pages by default: some 450 group-days of 1 m slices, or 25,000 of them by the hour. */
export const INDEX_BYTES_DEFAULT = 128 * 1024 * 1024;

/** When the limit is passed, so much less is kept, so that trimming is rare. */
const TRIM_TO = 7 / 8;

/** Counts the bytes of all pages and, beyond the limit, sheds the slices of the least recently used, then drops them. */
export class PageCache {
  readonly #bytesMax: number;
  readonly #pages = new Map<Page, Group>();
  #bytes = 0;
  #clock = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The page that was asked for last stays whatever its size. */
  fullness(): Fullness {
    const held = this.#bytes;
    return { of: 'index_bytes', held, max: this.#pages.size > 1 ? this.#bytesMax : Math.max(held, this.#bytesMax) };
  }

  get pageCount(): number {
    return this.#pages.size;
  }

  touch(page: Page): void {
    page.usedAt = ++this.#clock;
  }

  /** Takes a page that was loaded into its group, in place of an older one of the same number. */
  add(group: Group, page: Page): void {
    this.drop(group, page.number);
    group.putPage(page);
    this.#pages.set(page, group);
    this.touch(page);
    this.count(page);
  }

  /** Counts a page's bytes again: it has changed. */
  count(page: Page): void {
    const bytes = page.bytes();
    this.#bytes += bytes - page.countedBytes;
    page.countedBytes = bytes;
    if (this.#bytes > this.#bytesMax) this.#trim();
  }

  drop(group: Group, number: number): void {
    const page = group.pages.get(number);
    if (page === undefined) return;
    group.deletePage(number);
    this.#pages.delete(page);
    this.#bytes -= page.countedBytes;
    page.countedBytes = 0;
  }

  dropGroup(group: Group): void {
    for (const number of group.pages.keys()) this.drop(group, number);
  }

  #trim(): void {
    const keep = this.#bytesMax * TRIM_TO;
    // The newest one stays whatever its size: whoever asked for it has not seen it yet.
    const oldestFirst = [...this.#pages]
      .filter(([page]) => page.usedAt !== this.#clock)
      .sort(([a], [b]) => a.usedAt - b.usedAt);
    for (const [page] of oldestFirst) {
      if (this.#bytes <= keep) return;
      page.shed();
      const bytes = page.bytes();
      this.#bytes += bytes - page.countedBytes;
      page.countedBytes = bytes;
    }
    for (const [page, group] of oldestFirst) {
      if (this.#bytes <= keep) return;
      this.drop(group, page.number);
    }
  }
}
