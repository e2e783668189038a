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

/** One group of a view: its pages, its series, and how far its data reaches. */
export class Group {
  readonly key: string;
  readonly tags: readonly string[];
  readonly sliceMs: number;
  readonly progress: GroupProgress;
  readonly pages = new Map<number, Page>();
  readonly loads = new Map<number, PageLoad>();
  /** The first slice that held anything when it was looked for; what is held up to the first reading lies before it. */
  firstSliceStored: number | undefined;
  /** The earliest slice that a commit has changed since the group was opened. */
  firstSliceTold = Number.POSITIVE_INFINITY;
  /** The last slice that held anything when it was looked for. */
  lastSliceStored: number | undefined;
  /** The last slice that a commit has changed since the group was opened. */
  lastSliceTold = Number.NEGATIVE_INFINITY;

  constructor(key: string, agents: Agents, sliceMs: number) {
    this.key = key;
    this.tags = parseGroupKey(key);
    this.sliceMs = sliceMs;
    this.progress = new GroupProgress(agents, sliceMs);
  }

  /** The first slice that holds anything as far as it was looked for; undefined where there is none. */
  firstSliceKnown(): number | undefined {
    const first = Math.min(this.firstSliceStored ?? Number.POSITIVE_INFINITY, this.firstSliceTold);
    return first === Number.POSITIVE_INFINITY ? undefined : first;
  }

  /** The last slice that holds anything as far as it was looked for; undefined where there is none. */
  lastSliceKnown(): number | undefined {
    const last = Math.max(this.lastSliceStored ?? Number.NEGATIVE_INFINITY, this.lastSliceTold);
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
