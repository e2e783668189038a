import type { StatValue } from '#core/stats/statistics.ts';
import type { View } from '#core/views/view.ts';

/** The statistics by which slices are told, where the metric of the view can answer them; all others follow from the state. */
export const SLICE_STATISTICS = [
  'count',
  'sum',
  'mean',
  'min',
  'max',
  'first',
  'last',
  'increase',
  'integral',
  'timeMean',
] as const;

/**
 * What the serving layer tells of whole views to those who keep their windows elsewhere, slice by slice.
 *
 * Laws: a slice is told as the API answers a window of its length; every change of one, also of how complete or how final
 * it is, is told after it; what is told is the whole slice, so a repeat is harmless and the last one told is right. A slice that
 * comes to hold nothing is told as gone; one that never held anything may be, too.
 */
export interface SliceFeed {
  /**
   * Follows a view from where `mark` ends, or from the beginning where there is none. Calls `changed` whenever there may
   * be something new to tell.
   */
  follow(view: string, mark: FeedMark | undefined, changed: () => void): SliceFollower;
}

/** Everything about one view that is still to be told. It holds no answers, only which slices changed. */
export interface SliceFollower extends Disposable {
  /** What is followed now; undefined while the view doesn't answer yet, or its metric is not declared. */
  readonly followed: FollowedView | undefined;
  /** What was told before is of another version of the view, or of nothing that is known: it has to go first. */
  readonly startsOver: boolean;
  /** Whether all has been told that was there when it began, so that only changes are left. */
  readonly isWhole: boolean;
  /** How many slices are still to be told, about; +Infinity where nobody has counted them. */
  readonly untold: number;
  /** What was told before has gone. */
  cleared(): void;
  /** Begins from nothing. */
  restart(): void;
  /** The next slices to tell, by their newest state; undefined where there are none. */
  next(): Promise<SlicePiece | undefined>;
  /** From where another follower can go on, at this moment: all that was taken and isn't done counts as untold. */
  mark(): FeedMark | undefined;
}

export interface FollowedView {
  readonly view: View;
  readonly version: number;
  /** The names of the values of a slice, in their order. */
  readonly statistics: readonly string[];
}

/** Some slices that are told together, of a few thousand. Whoever took them says once what became of them. */
export interface SlicePiece {
  /** How many hold anything. */
  readonly count: number;
  /** One after the other; each holds until the next one is asked for. */
  slices(): Iterable<AnsweredSlice>;
  /** The others that may have held something before, in the order of their starts: none of them is among the slices. */
  readonly gone: readonly GoneSlice[];
  /** They are kept. */
  done(): void;
  /** They aren't: they are told again, by their state then. */
  putBack(): void;
}

/** Which slice of which group. */
export type GoneSlice = Pick<AnsweredSlice, 'startMs' | 'tags'>;

/** A slice of a group. */
export interface AnsweredSlice {
  readonly startMs: number;
  /** The values of the view's tags; one array for all slices of a group. */
  readonly tags: readonly string[];
  /** The value of one of the view's statistics, by its place among them: decimal text, null where there is nothing to tell. */
  readonly value: (i: number) => StatValue;
  /** From 0 to 1. */
  readonly completeness: number;
  /** As an answer says it that tells all statistics. */
  readonly final: boolean;
  /** Its minimum, maximum, first and last wait for a refold. */
  readonly pending: boolean;
  readonly revision: number;
  /** Its stats, as core/stats/row-codec.ts writes them. */
  readonly state: () => Uint8Array;
}

/** From where a view is followed on; plain data, to be kept as JSON. */
export interface FeedMark {
  readonly version: number;
  /** What it is as of: one object for all views that are marked at one moment. */
  readonly asOf: MarkedMoment;
  /** What of it is still to be told. */
  readonly untold: UntoldMark;
  /** What is kept elsewhere has not been cleared yet of what was there before. */
  readonly startsOver?: true;
}

/** How far everything was at a moment. */
export interface MarkedMoment {
  /** Position per partition. */
  readonly positions: readonly (readonly [partition: number, position: number])[];
  readonly agents: readonly MarkedAgent[];
}

/** An agent as far as it decides how complete and how final windows are. */
export interface MarkedAgent {
  readonly partition: number;
  readonly agent: string;
  readonly watermarkMs: number | null;
  /** How often it had taken a turn; absent in marks of before this was counted. */
  readonly turns?: number;
}

/** Slices that are to be told: those of all groups from one on, and ranges of single groups. */
export interface UntoldMark {
  /** Null: none. */
  readonly allFrom: number | null;
  /** Edges of half-open ranges: from, to, from, to; a `to` of null is no end. */
  readonly groups: readonly (readonly [group: string, edges: readonly (number | null)[]])[];
}
