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

/** What a group has once somebody asks for it. */
class AskedParts {
  pages: Map<number, Page> | undefined;
  loads: Map<number, PageLoad> | undefined;
  firstSliceStored: number | undefined;
  lastSliceStored: number | undefined;
}

/** One group of a view: its pages, its series, and how far its data reaches. A fleet has many of which nobody asks for pages. */
export class Group {
  readonly key: string;
  readonly progress: GroupProgress;
  #tags: readonly string[] | undefined;
  #asked: AskedParts | undefined;
  /** The earliest and the last slice that commits have changed since the group was opened. */
  #firstSliceTold: number | undefined;
  #lastSliceTold: number | undefined;

  constructor(key: string, agents: Agents, sliceMs: number) {
    this.key = key;
    this.progress = new GroupProgress(agents, sliceMs);
  }

  get sliceMs(): number {
    return this.progress.sliceMs;
  }

  get tags(): readonly string[] {
    return (this.#tags ??= parseGroupKey(this.key));
  }

  /** By their numbers. */
  get pages(): ReadonlyMap<number, Page> {
    return this.#asked?.pages ?? NO_PAGES;
  }

  putPage(page: Page): void {
    ((this.#asked ??= new AskedParts()).pages ??= new Map()).set(page.number, page);
  }

  deletePage(number: number): void {
    const asked = this.#asked;
    asked?.pages?.delete(number);
    if (asked?.pages?.size === 0) asked.pages = undefined;
  }

  /** By the numbers of the pages that are loaded. */
  get loads(): ReadonlyMap<number, PageLoad> {
    return this.#asked?.loads ?? NO_LOADS;
  }

  putLoad(number: number, load: PageLoad): void {
    ((this.#asked ??= new AskedParts()).loads ??= new Map()).set(number, load);
  }

  deleteLoad(number: number): void {
    const asked = this.#asked;
    asked?.loads?.delete(number);
    if (asked?.loads?.size === 0) asked.loads = undefined;
  }

  /** The first slice that held anything when it was looked for; what is held up to the first reading lies before it. */
  get firstSliceStored(): number | undefined {
    return this.#asked?.firstSliceStored;
  }

  /** The last slice that held anything when it was looked for. */
  get lastSliceStored(): number | undefined {
    return this.#asked?.lastSliceStored;
  }

  /** Notes between which slices it was found to hold anything, also by what commits have told. */
  noteStored(firstSlice: number | undefined, lastSlice: number | undefined): void {
    const asked = (this.#asked ??= new AskedParts());
    asked.firstSliceStored = firstSlice;
    asked.lastSliceStored = lastSlice;
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
