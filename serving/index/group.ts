import { parseGroupKey } from '#core/views/view.ts';
import { pageOf } from './page-size.ts';
import type { Page, PageSpan } from './page.ts';
import type { Agents } from './progress.ts';
import { GroupProgress } from './progress.ts';

/** A load of some pages that is under way, and the spans that were committed meanwhile: they are put in after it. */
export interface PageLoad {
  readonly done: Promise<void>;
  readonly spans: Map<string, PageSpan>;
}

const NO_PAGES: ReadonlyMap<number, Page> = new Map();
const NO_LOADS: ReadonlyMap<number, PageLoad> = new Map();

/** One group of a view: its pages, its series, and how far its data reaches. A fleet has many of which nobody asks for pages. */
export class Group {
  readonly key: string;
  readonly sliceMs: number;
  readonly progress: GroupProgress;
  #tags: readonly string[] | undefined;
  #pages: Map<number, Page> | undefined;
  #loads: Map<number, PageLoad> | undefined;
  /** The first slice that held anything when it was looked for; what is held up to the first reading lies before it. */
  firstSliceStored: number | undefined;
  /** The last slice that held anything when it was looked for. */
  lastSliceStored: number | undefined;
  /** The earliest and the last slice that commits have changed since the group was opened. */
  #firstSliceTold: number | undefined;
  #lastSliceTold: number | undefined;

  constructor(key: string, agents: Agents, sliceMs: number) {
    this.key = key;
    this.sliceMs = sliceMs;
    this.progress = new GroupProgress(agents, sliceMs);
  }

  get tags(): readonly string[] {
    return (this.#tags ??= parseGroupKey(this.key));
  }

  /** By their numbers. */
  get pages(): ReadonlyMap<number, Page> {
    return this.#pages ?? NO_PAGES;
  }

  putPage(page: Page): void {
    (this.#pages ??= new Map()).set(page.number, page);
  }

  deletePage(number: number): void {
    this.#pages?.delete(number);
    if (this.#pages?.size === 0) this.#pages = undefined;
  }

  /** By the numbers of the pages that are loaded. */
  get loads(): ReadonlyMap<number, PageLoad> {
    return this.#loads ?? NO_LOADS;
  }

  putLoad(number: number, load: PageLoad): void {
    (this.#loads ??= new Map()).set(number, load);
  }

  deleteLoad(number: number): void {
    this.#loads?.delete(number);
    if (this.#loads?.size === 0) this.#loads = undefined;
  }

  /** A commit has changed slices from one to another. */
  noteTold(firstSlice: number, lastSlice: number): void {
    this.#firstSliceTold = Math.min(this.#firstSliceTold ?? firstSlice, firstSlice);
    this.#lastSliceTold = Math.max(this.#lastSliceTold ?? lastSlice, lastSlice);
  }

  /** The first slice that holds anything as far as it was looked for; undefined where there is none. */
  firstSliceKnown(): number | undefined {
    const first = Math.min(
      this.firstSliceStored ?? Number.POSITIVE_INFINITY,
      this.#firstSliceTold ?? Number.POSITIVE_INFINITY,
    );
    return first === Number.POSITIVE_INFINITY ? undefined : first;
  }

  /** The last slice that holds anything as far as it was looked for; undefined where there is none. */
  lastSliceKnown(): number | undefined {
    const last = Math.max(
      this.lastSliceStored ?? Number.NEGATIVE_INFINITY,
      this.#lastSliceTold ?? Number.NEGATIVE_INFINITY,
    );
    return last === Number.NEGATIVE_INFINITY ? undefined : last;
  }

  /** The first and the last page of slices, as far as it is known to hold any there: windows may be far wider. */
  heldPages(fromSlice: number, toSlice: number): readonly [number, number] {
    const [first, last] = [pageOf(fromSlice), pageOf(toSlice - 1)];
    const [firstHeld, lastHeld] = [this.firstSliceKnown(), this.lastSliceKnown()];
    if (this.lastSliceStored === undefined || firstHeld === undefined || lastHeld === undefined) return [first, last];
    return [Math.max(first, pageOf(firstHeld)), Math.min(last, pageOf(lastHeld))];
  }
}

/** Orders groups by their tags, value by value. */
export function compareGroups(a: Group, b: Group): number {
  for (let i = 0; i < a.tags.length; i++) {
    const left = a.tags[i]!;
    const right = b.tags[i]!;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
