import { StatsTable } from '#core/stats/stats-table.ts';
import { formatInstant } from '#core/time/instant.ts';
import { windowsOverlapping, type WindowSpan, type WindowSpec } from '#core/time/windows.ts';
import type { Group } from '../index/group.ts';
import { SourceReplaced } from '../index/index-errors.ts';
import type { Sum } from '../index/section-sums.ts';
import type { ViewSource } from '../index/view-source.ts';
import { QueryError } from './query.ts';
import { SHORT_STEPS, Turns } from './turns.ts';

/** A window of a group and its sum, in the combiner's table. */
export interface CombinedWindow extends Sum, WindowSpan {
  readonly group: Group;
}

export interface CombineOptions {
  readonly source: ViewSource;
  readonly spec: WindowSpec;
  readonly fromMs: number;
  readonly toMs: number;
  readonly admits: (group: Group) => boolean;
  /** Whether a window is part of the answer; one without readings mostly is not. */
  readonly keeps: (table: StatsTable, slot: number) => boolean;
  /** Whether a window that is not part of it, of that revision, may have been part of an earlier one; where not given, none is looked for. */
  readonly mayBeGone?: (revision: number) => boolean;
}

/** A window of a group that an answer leaves out. */
export interface GoneWindow {
  readonly group: Group;
  readonly startMs: number;
}

/** A window's edge is no slice edge, though those that were looked at first are: its zone has changed its offset. */
export class EdgeInsideSlice extends QueryError {
  constructor({ startMs, endMs }: WindowSpan) {
    super(
      'window',
      `${formatInstant(startMs)}/${formatInstant(endMs)}`,
      'has an edge inside a slice',
      'declare the view with a narrower `slice`, or ask for a range without that window',
    );
  }
}

/** Slots that are made room for before the first window, instead of growing into them. */
const SLOTS_FIRST_MAX = 16_384;
/** How often windows that changed meanwhile are summed again before the query starts over. */
const REPAIRS_MAX = 64;
/** Groups whose pages are loaded beside each other. */
const GROUPS_AT_ONCE = 4;

/**
 * Sums slices to windows, over pages that need not all be in memory at once. What a commit changes while it runs is
 * summed again, so that at the end all windows are as of one moment.
 */
export class WindowCombiner {
  #table: StatsTable | undefined;
  readonly #options: CombineOptions;
  readonly #windows = new Map<Group, Map<number, CombinedWindow>>();
  readonly #gone = new Map<Group, Set<number>>();
  #sequence: number;
  #count = 0;
  readonly #turns = new Turns(SHORT_STEPS);

  constructor(options: CombineOptions) {
    this.#options = options;
    this.#sequence = options.source.recent.newest;
  }

  /** The table of the sums. */
  get table(): StatsTable {
    this.#table ??= new StatsTable();
    return this.#table;
  }

  /** How many windows there are so far. */
  get count(): number {
    return this.#count;
  }

  /** Sums the windows, which are in the order of time, for each of the groups. */
  async add(groups: readonly Group[], spans: readonly WindowSpan[]): Promise<void> {
    const last = spans.at(-1);
    if (last === undefined) return;
    this.#table ??= new StatsTable(Math.max(1, Math.min(groups.length * spans.length, SLOTS_FIRST_MAX)));
    const waiting = [...groups];
    const worker = async (): Promise<void> => {
      for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
        for (const span of spans) {
          const later = this.#sumWindow(group, span, last.endMs);
          if (later !== undefined) await later;
          if (this.#turns.isDue) await this.#turns.next();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(GROUPS_AT_ONCE, groups.length) }, worker));
  }

  /**
   * Repairs what changed and calls `finish` at a moment at which every window is as of the source's state. Throws
   * SourceReplaced where the source was, or where it changes faster than it can be followed.
   */
  async settle<T>(finish: () => T): Promise<T> {
    const { source } = this.#options;
    for (let repairs = 0; repairs <= REPAIRS_MAX; repairs++) {
      const batches = source.recent.since(this.#sequence);
      if (batches === undefined || source.isReplaced) break;
      if (batches.length === 0) return finish();
      this.#sequence = source.recent.newest;
      for (const { groups } of batches) {
        for (const [group, { slices }] of groups) {
          if (slices.size > 0 && this.#options.admits(group)) await this.#repair(group, slices);
        }
      }
    }
    throw new SourceReplaced(source.id.view.name);
  }

  /** All windows, in the order of their starts, then of their groups' tags. */
  windows(groups: readonly Group[]): readonly CombinedWindow[] {
    const all: CombinedWindow[] = [];
    for (const windows of this.#windows.values()) for (const window of windows.values()) all.push(window);
    return sorted(all, groups);
  }

  /** The windows that hold nothing and may have held something before, in the same order. */
  gone(groups: readonly Group[]): readonly GoneWindow[] {
    const all: GoneWindow[] = [];
    for (const [group, starts] of this.#gone) for (const startMs of starts) all.push({ group, startMs });
    return sorted(all, groups);
  }

  async #repair(group: Group, slices: Iterable<number>): Promise<void> {
    for (const span of spansOfSlices(this.#options, slices)) {
      this.#remove(group, span.startMs);
      const later = this.#sumWindow(group, span, span.endMs);
      if (later !== undefined) await later;
      if (this.#turns.isDue) await this.#turns.next();
    }
  }

  #sumWindow(group: Group, span: WindowSpan, aheadMs: number): Promise<void> | undefined {
    const { source } = this.#options;
    const { sliceMs } = source.id.view;
    if (span.startMs % sliceMs !== 0 || span.endMs % sliceMs !== 0) throw new EdgeInsideSlice(span);
    const sum: CombinedWindow = {
      ...span,
      group,
      table: this.table,
      slot: this.table.allocate(),
      revision: 0,
      pending: false,
    };
    const later = source.sumInto(
      sum,
      group,
      span.startMs / sliceMs,
      span.endMs / sliceMs,
      Math.ceil(aheadMs / sliceMs) - 1,
    );
    if (later === undefined) this.#put(sum);
    else return later.then(() => this.#put(sum));
    return undefined;
  }

  #put(sum: CombinedWindow): void {
    if (!this.#options.keeps(this.table, sum.slot)) {
      this.table.release(sum.slot);
      if (this.#options.mayBeGone?.(sum.revision) === true) this.#noteGone(sum);
      return;
    }
    let windows = this.#windows.get(sum.group);
    if (windows === undefined) this.#windows.set(sum.group, (windows = new Map()));
    windows.set(sum.startMs, sum);
    this.#count++;
  }

  #noteGone({ group, startMs }: GoneWindow): void {
    let starts = this.#gone.get(group);
    if (starts === undefined) this.#gone.set(group, (starts = new Set()));
    starts.add(startMs);
  }

  #remove(group: Group, startMs: number): void {
    this.#gone.get(group)?.delete(startMs);
    const before = this.#windows.get(group)?.get(startMs);
    if (before === undefined) return;
    this.#windows.get(group)!.delete(startMs);
    this.table.release(before.slot);
    this.#count--;
  }
}

/** In the order of their starts, then of their groups. */
function sorted<T extends GoneWindow>(windows: T[], groups: readonly Group[]): readonly T[] {
  const order = new Map(groups.map((group, i) => [group, i]));
  return windows.sort((a, b) => a.startMs - b.startMs || (order.get(a.group) ?? 0) - (order.get(b.group) ?? 0));
}

/** The windows of the query that hold one of the slices, each once. */
function spansOfSlices(
  options: Pick<CombineOptions, 'source' | 'spec' | 'fromMs' | 'toMs'>,
  slices: Iterable<number>,
): readonly WindowSpan[] {
  const spans = new Map<number, WindowSpan>();
  for (const span of windowsOfSlices(options, slices)) spans.set(span.startMs, span);
  return [...spans.values()];
}

/** The same, one after the other; slices that follow each other are looked at together, others may name one again. */
export function* windowsOfSlices(
  { source, spec, fromMs, toMs }: Pick<CombineOptions, 'source' | 'spec' | 'fromMs' | 'toMs'>,
  slices: Iterable<number>,
): Generator<WindowSpan> {
  const { sliceMs } = source.id.view;
  for (const [first, end] of stretchesOf(slices)) {
    for (const span of windowsOverlapping(spec, first * sliceMs, end * sliceMs))
      if (span.startMs < toMs && span.endMs > fromMs) yield span;
  }
}

/** Slices as stretches [first, end) of those that follow each other. */
function* stretchesOf(slices: Iterable<number>): Generator<readonly [number, number]> {
  let [first, end] = [0, 0];
  for (const slice of slices) {
    if (slice === end && first < end) {
      end++;
      continue;
    }
    if (first < end) yield [first, end];
    [first, end] = [slice, slice + 1];
  }
  if (first < end) yield [first, end];
}
