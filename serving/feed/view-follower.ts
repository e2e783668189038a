import type { AnsweredSlice, FeedMark, FollowedView, SliceFollower, SlicePiece } from '#backbone/answers/slice-feed.ts';
import { BAND_SLICES } from '#backbone/results/results.ts';
import { writeRow } from '#core/stats/row-codec.ts';
import type { StatValue } from '#core/stats/statistics.ts';
import { groupKey } from '#core/views/view.ts';
import { withSource } from '../answers/answer-windows.ts';
import { heldBeyond } from '../answers/answered-window.ts';
import { SlotStats } from '../answers/slot-stats.ts';
import type { ViewReader } from '../http/view-reader.ts';
import type { Group } from '../index/group.ts';
import { SourceReplaced } from '../index/index-errors.ts';
import { changesOf, type GroupChange } from '../index/recent-changes.ts';
import type { ViewSource } from '../index/view-source.ts';
import { answerAll, answerRanges, type AnsweredSlices, WIDE_GROUPS_MIN } from './answer-slices.ts';
import { catchUp, type Moments, toldBetween } from './catch-up.ts';
import { sliceQuery, type SliceQuery } from './slice-query.ts';
import { SliceRanges } from './slice-ranges.ts';
import { GROUP_RANGES_MAX, UntoldSlices } from './untold-slices.ts';

/** Slices of a piece, where it is of single ranges: what a second of a busy fleet changes. */
const PIECE_SLICES_MAX = 16_384;
/** Groups of such a piece. */
const PIECE_GROUPS_MAX = 4_096;
/** Slices of a piece of all groups, at some 200 bytes each: enough that blocks of batch results aren't read over and over. */
const WHOLE_SLICES_MAX = 131_072;
/** The same of few groups, which are read page by page, with an object for each slice. */
const WHOLE_NARROW_SLICES_MAX = 32_768;

const FIRST_SLICE = Number.MIN_SAFE_INTEGER;

/** Whether ranges may reach far beyond where their group has anything. */
function isLong(ranges: SliceRanges | undefined): boolean {
  return ranges !== undefined && ranges.slices > PIECE_SLICES_MAX;
}

/** What a piece was made of, for the time until it is done. */
type Taken =
  | { readonly kind: 'ranges'; readonly ranges: ReadonlyMap<string, SliceRanges> }
  | { readonly kind: 'all'; readonly from: number };

/** Follows one view on an index: hears of every commit, and remembers which slices these changed. */
export class ViewFollower implements SliceFollower {
  startsOver = false;
  readonly #reader: ViewReader;
  readonly #moments: Pick<Moments, 'now'>;
  readonly #view: string;
  readonly #changed: () => void;
  readonly #unsubscribe: () => void;
  #source: ViewSource | undefined;
  #query: SliceQuery | undefined;
  #heldMs: (intervalMs: number) => number = () => 0;
  #sequence = 0;
  #untold = new UntoldSlices();
  /** What is remembered of an earlier follower, until all that it missed is found. */
  #missed: FeedMark | undefined;
  readonly #taken = new Set<Taken>();
  /** Slices that were told before their refold: a batch result brings it without a commit. */
  readonly #pending = new Map<string, SliceRanges>();
  #wasAll = false;

  constructor(
    reader: ViewReader,
    moments: Pick<Moments, 'now'>,
    view: string,
    mark: FeedMark | undefined,
    changed: () => void,
  ) {
    this.#reader = reader;
    this.#moments = moments;
    this.#view = view;
    this.#missed = mark;
    this.#changed = changed;
    this.#unsubscribe = reader.index.onChange((source) => this.#hear(source));
    const source = reader.index.source(view);
    if (source !== undefined) this.#hear(source);
  }

  get followed(): FollowedView | undefined {
    if (this.#source === undefined || this.#query === undefined) return undefined;
    const { view, version } = this.#source.id;
    return { view, version, statistics: this.#query.told.map(({ name }) => name) };
  }

  get isWhole(): boolean {
    const isTelling = this.#taken.values().some(({ kind }) => kind === 'all');
    return !this.startsOver && !isTelling && Number.isFinite(this.untold);
  }

  get untold(): number {
    if (this.#untold.allFrom !== Number.POSITIVE_INFINITY || this.#missed !== undefined)
      return Number.POSITIVE_INFINITY;
    let slices = 0;
    for (const ranges of this.#untold.groups().values()) slices += ranges.slices;
    for (const taken of this.#taken)
      if (taken.kind === 'ranges') for (const ranges of taken.ranges.values()) slices += ranges.slices;
    return slices;
  }

  cleared(): void {
    this.startsOver = false;
  }

  restart(): void {
    this.#begin();
    this.#changed();
  }

  async next(): Promise<SlicePiece | undefined> {
    const source = this.#source;
    const query = this.#query;
    if (source === undefined || query === undefined || this.startsOver) return undefined;
    if (this.#missed !== undefined) await this.#findMissed(source, this.#missed);
    for (;;) {
      const hasAll = this.#untold.allFrom !== Number.POSITIVE_INFINITY;
      const hasRanges = this.#untold.groups().size > 0;
      if (!hasAll && !hasRanges) return undefined;
      // One and the other in turn: neither what changes now nor what is filled up waits for the other's end.
      this.#wasAll = hasAll && !(this.#wasAll && hasRanges);
      const piece = await (this.#wasAll ? this.#allPiece(query) : this.#rangesPiece(query));
      if (this.startsOver) {
        // It would be told before what is there goes.
        piece?.putBack();
        return undefined;
      }
      if (piece !== undefined) return piece;
    }
  }

  mark(): FeedMark | undefined {
    if (this.#missed !== undefined || this.#source === undefined) return this.#missed;
    const untold = new UntoldSlices(this.#untold.mark());
    for (const taken of this.#taken) {
      if (taken.kind === 'all') untold.addAllFrom(taken.from);
      else for (const [group, ranges] of taken.ranges) untold.putBack(group, ranges);
    }
    for (const [group, ranges] of this.#pending) untold.putBack(group, ranges);
    return {
      version: this.#source.id.version,
      asOf: this.#moments.now(),
      untold: untold.mark(),
      ...(this.startsOver ? { startsOver: true } : {}),
    };
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  /** Hears of a commit, or of a source that takes over. A version that is still folded is not told: it says nothing for good. */
  #hear(source: ViewSource): void {
    if (source.id.view.name !== this.#view || this.#reader.index.source(this.#view) !== source || source.id.isFolding)
      return;
    if (this.#source?.id.version !== source.id.version) this.#adopt(source);
    else if (this.#source === source) this.#take(source);
    // What was told to the one before was told to this one too, while it was opened.
    if (this.#source !== source) this.#tellPending();
    this.#source = source;
    this.#sequence = source.recent.newest;
    this.#changed();
  }

  #adopt(source: ViewSource): void {
    this.#query = undefined;
    if (this.#reader.declares(source)) {
      this.#query = sliceQuery(this.#reader.about(source));
      this.#heldMs = heldBeyond(this.#query);
    }
    const mark = this.#source === undefined ? this.#missed : undefined;
    if (mark === undefined || mark.version !== source.id.version || mark.startsOver === true) return this.#begin();
    this.#untold = new UntoldSlices(mark.untold);
    const positions = new Map(mark.asOf.positions);
    const isThere = [...this.#reader.index.positions].every(([partition, at]) => positions.get(partition) === at);
    if (isThere) this.#missed = undefined;
    else for (const [group, change] of toldBetween(source, this.#reader.index, mark)) this.#add(group, change);
  }

  #begin(): void {
    this.startsOver = true;
    this.#missed = undefined;
    this.#taken.clear();
    this.#untold = new UntoldSlices();
    this.#untold.addAllFrom(FIRST_SLICE);
  }

  /** What a commit changed. */
  #take(source: ViewSource): void {
    const batches = source.recent.since(this.#sequence);
    if (batches === undefined) return this.#untold.addAllFrom(FIRST_SLICE);
    for (const [group, change] of changesOf(batches)) this.#add(group, change);
  }

  #add(group: Group, change: GroupChange): void {
    const { sliceMs } = this.#reader.index.source(this.#view)!.id.view;
    for (const slice of change.slices) this.#untold.add(group.key, slice, slice + 1);
    if (this.#query === undefined) return;
    const heldMs = this.#heldMs(group.progress.longestIntervalMs());
    // What is held beyond the end of a slice makes it final that much later. Where no end is said, more than a watermark moved.
    const [after, to] = [change.endsAfterMs - heldMs, change.endsToMs - heldMs];
    if (to > after) this.#untold.add(group.key, Math.floor(after / sliceMs), Math.floor(to / sliceMs));
  }

  #tellPending(): void {
    for (const [group, ranges] of this.#pending) this.#untold.putBack(group, ranges);
    this.#pending.clear();
  }

  /** Finds what was committed while nobody followed; again where the source was replaced meanwhile. */
  async #findMissed(source: ViewSource, mark: FeedMark): Promise<void> {
    await catchUp(source, mark, this.#untold);
    if (this.#missed === mark) this.#missed = undefined;
  }

  async #allPiece(query: SliceQuery): Promise<SlicePiece | undefined> {
    const { index } = this.#reader;
    // Where everything begins anew meanwhile, nothing is taken out of what is to be told then.
    const untold = this.#untold;
    const from = untold.allFrom;
    const taken: Taken = { kind: 'all', from };
    this.#taken.add(taken);
    try {
      const answered = await withSource(
        index,
        this.#view,
        () => this.#live(),
        async (source) => {
          const extent = await source.extent();
          const groups = source.groups();
          const first = Math.max(from, extent?.fromSlice ?? Number.POSITIVE_INFINITY);
          const most = groups.length < WIDE_GROUPS_MIN ? WHOLE_NARROW_SLICES_MAX : WHOLE_SLICES_MAX;
          const count = Math.max(1, Math.floor(most / Math.max(1, groups.length)));
          const bandEnd = Math.floor((first + count) / BAND_SLICES) * BAND_SLICES;
          const end = Math.min(bandEnd > first ? bandEnd : first + count, extent?.toSlice ?? 0);
          const isLast = extent === undefined || end >= extent.toSlice;
          untold.takeAllUpTo(isLast ? Number.POSITIVE_INFINITY : end);
          return first < end ? answerAll(source, query, groups, first, end) : undefined;
        },
        'wide',
      );
      if (answered !== undefined) return this.#piece(taken, query, answered);
      this.#taken.delete(taken);
      return undefined;
    } catch (failure) {
      this.#putBack(taken);
      throw failure;
    }
  }

  async #rangesPiece(query: SliceQuery): Promise<SlicePiece | undefined> {
    const { index } = this.#reader;
    const source = this.#live();
    const keys = [...this.#untold.groups().keys().take(PIECE_GROUPS_MAX)];
    const looked = new Set<string>();
    for (const key of keys) {
      if (!isLong(this.#untold.groups().get(key))) continue;
      await source.lastSlice(source.openGroup(key));
      looked.add(key);
    }
    const ranges = new Map<string, SliceRanges>();
    const taken: Taken = { kind: 'ranges', ranges };
    let room = PIECE_SLICES_MAX;
    for (const key of keys) {
      if (room <= 0) break;
      // It has become long meanwhile, and where its group ends is not known: it is told with the next piece.
      if (isLong(this.#untold.groups().get(key)) && !looked.has(key)) continue;
      const group = source.openGroup(key);
      const rest = this.#untold.takeGroup(key);
      if (looked.has(key)) rest.clip(group.firstSliceKnown() ?? 0, (group.lastSliceKnown() ?? -1) + 1);
      const some = rest.take(room);
      this.#untold.putBack(key, rest);
      room -= some.slices;
      if (!some.isEmpty) ranges.set(key, some);
    }
    if (ranges.size === 0) return undefined;
    this.#taken.add(taken);
    try {
      const answered = await withSource(
        index,
        this.#view,
        () => this.#live(),
        (one) => answerRanges(one, query, new Map([...ranges].map(([key, some]) => [one.openGroup(key), some]))),
        'wide',
      );
      return this.#piece(taken, query, answered);
    } catch (failure) {
      this.#putBack(taken);
      throw failure;
    }
  }

  /** The source that answers now, where it is still the version that is followed. */
  #live(): ViewSource {
    const source = this.#reader.index.source(this.#view);
    if (source === undefined || source.id.version !== this.#source?.id.version) throw new SourceReplaced(this.#view);
    return source;
  }

  #piece(taken: Taken, query: SliceQuery, { table, windows, count, gone }: AnsweredSlices): SlicePiece {
    const { told, metric, view } = query;
    const stats = new SlotStats(table);
    for (const { pending, tags, startMs } of windows)
      if (pending) this.#notePending(groupKey(tags), startMs / view.sliceMs);
    function* slices(): Iterable<AnsweredSlice> {
      let at = 0;
      const value = (i: number): StatValue => told[i]!.compute(stats.at(at), metric);
      const state = (): Uint8Array => writeRow(table, at);
      for (const { startMs, tags, slot, completeness, final, pending, revision } of windows) {
        at = slot;
        yield { startMs, tags, value, completeness, final, pending, revision, state };
      }
    }
    return {
      count,
      slices,
      gone,
      done: () => void this.#taken.delete(taken),
      putBack: () => this.#putBack(taken),
    };
  }

  #notePending(group: string, slice: number): void {
    let ranges = this.#pending.get(group);
    if (ranges === undefined) this.#pending.set(group, (ranges = new SliceRanges()));
    ranges.add(slice, slice + 1);
    ranges.coarsen(GROUP_RANGES_MAX);
  }

  #putBack(taken: Taken): void {
    // What was taken before everything began anew is of no interest any more.
    if (!this.#taken.delete(taken)) return;
    if (taken.kind === 'all') this.#untold.addAllFrom(taken.from);
    else for (const [group, ranges] of taken.ranges) this.#untold.putBack(group, ranges);
  }
}
