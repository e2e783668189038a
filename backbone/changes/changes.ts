import type { Member } from '#core/fold/member.ts';
import type { Stain } from '#core/ledger/incarnation.ts';
import type { AgentDecision, LostRange } from '#core/ledger/ledger.ts';
import type { RefusedItem } from '#core/records/record.ts';

/**
 * What the speed layer tells the serving layer, and the durable table that holds it.
 *
 * A row is a part of a slice: (view, version, group, slice) is made of the rows of all partitions, epochs and parts, and
 * of batch results. Rows of neighbouring slices are told of and stored together, as a *span*. A change is always the
 * *whole state* of one span, stamped by the position that its batch reaches; so a repeat is harmless, and of two states
 * of one span the one with the higher position is right.
 */
export interface SliceRowKey {
  readonly view: string;
  readonly version: number;
  readonly group: string;
  readonly slice: number;
  readonly partition: number;
  /** Position of the cut that opened the row's epoch; 0 before the first cut. */
  readonly epoch: number;
  /** Position of the record that opened the part. */
  readonly part: number;
}

export interface SliceRow extends SliceRowKey {
  /** How many log records contributed to the row. */
  readonly revision: number;
  /** Bits of core/slices/merge-rows.ts: pending, resets. */
  readonly flags: number;
  /** One stats, as core/stats/row-codec.ts writes it. */
  readonly stats: Uint8Array;
}

/** Rows of slices that lie in one span of a group, of one partition and epoch (row-span.ts). */
export interface RowSpan {
  readonly view: string;
  readonly version: number;
  readonly group: string;
  /** The slice that opened it; it names the span together with partition, epoch and part. */
  readonly opener: number;
  readonly partition: number;
  readonly epoch: number;
  /** Of the row that opened it: no row of the span has a lower one. */
  readonly part: number;
  /** All flags of its rows together. */
  readonly flags: number;
  readonly bytes: Uint8Array;
}

/** A span of which some rows changed: a bit for each slice, the first of the span lowest. */
export interface ChangedSpan extends RowSpan {
  readonly changed: number;
}

/** Slices outside of which a view's version has no spans of a partition and epoch. */
export interface SpanExtent {
  readonly partition: number;
  readonly epoch: number;
  readonly fromSlice: number;
  readonly toSlice: number;
}

/** A series in a group of a view. */
export interface MemberRow extends Member {
  readonly view: string;
  readonly version: number;
  readonly group: string;
  readonly partition: number;
}

/** What the ledger of a partition says of one agent. */
export interface AgentRow {
  readonly partition: number;
  readonly agent: string;
  readonly watermarkMs: number | null;
  readonly holes: boolean;
  /** The event time that all missing frames reach; left out where nothing is missing, or where that is not known of all. */
  readonly stains?: readonly Stain[];
  readonly arrived: number;
  readonly quarantined: number;
  readonly missing: readonly { readonly incarnation: number; readonly from: number; readonly to: number }[];
  readonly forks: number;
  readonly parked: number;
  readonly head: { readonly incarnation: number; readonly highestSequence: number };
  /** Series that the agent has introduced; absent in rows of before this was told. */
  readonly series?: number;
  /** What a person decided about the agent; absent where nobody has, as are `lost` and `lostCount` where it lost nothing. */
  readonly standing?: AgentDecision;
  readonly lost?: readonly LostRange[];
  readonly lostCount?: number;
  /** The event time of which the agent, begun anew, told what it may have told before; absent where there is none. */
  readonly doubted?: readonly Stain[];
  /** What the table counts as the row is committed; absent where the agent has taken none. */
  readonly turns?: AgentTurns;
}

/**
 * The turns that an agent has taken. Its state may return to what it was, as that of one does which is retired and speaks
 * again: by the count whoever looks away meanwhile knows that it wasn't the same all the time.
 */
export interface AgentTurns {
  readonly count: number;
  /** From which event time on the last of them changed how windows are judged, oldest first; null where all are. */
  readonly fromMs: readonly (number | null)[];
}

/** Something that the log holds but no view does: a frame that the broker refused, or rows that an agent's source refused. */
export interface RefusedRow {
  readonly partition: number;
  readonly position: number;
  readonly agent: string;
  readonly atMs: number;
  readonly kind: 'frame' | 'rows';
  /** Of a frame: the verdict's code and detail, and its number where its header could be read. */
  readonly code: string;
  readonly detail: string;
  readonly incarnation: number | null;
  readonly sequence: number | null;
  /** Of rows: the source, and what stood where. */
  readonly source: string;
  readonly items: readonly RefusedItem[];
}

/** All changes of a partition that records in (from, to] made; applied together with the position, or not at all. */
export interface ChangeBatch {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly spans: readonly ChangedSpan[];
  readonly members: readonly MemberRow[];
  readonly agents: readonly AgentRow[];
  readonly refused: readonly RefusedRow[];
}

/** Reads what has been committed, and hears of what is committed next. */
export interface ChangeFeed {
  /** The spans that may hold rows of a group's slices in [fromSlice, toSlice), of every partition, epoch and part. */
  spans(view: string, version: number, group: string, fromSlice: number, toSlice: number): AsyncIterable<RowSpan>;
  /** The same of some groups, or of all, in batches, band by band and of one state: cheaper than to ask for each. */
  spansOfGroups(
    view: string,
    version: number,
    groups: readonly string[] | 'all',
    fromSlice: number,
    toSlice: number,
  ): AsyncIterable<readonly RowSpan[]>;
  /** The first slice from `slice` on that a span of any group may hold, undefined where none does. It may be too early. */
  heldFrom(view: string, version: number, slice: number): Promise<number | undefined>;
  /** Where a view's version has spans. */
  extents(view: string, version: number): Iterable<SpanExtent>;
  /** The members of every group of a view. */
  members(view: string, version: number): AsyncIterable<MemberRow>;
  agents(): AsyncIterable<AgentRow>;
  /** What was refused, newest last per partition. */
  refused(): AsyncIterable<RefusedRow>;
  /** The position that each partition's committed changes reach; a partition without changes is absent. */
  positions(): ReadonlyMap<number, number>;
  /** Calls the listener with each batch right after its commit, in order per partition. Gives the end of it. */
  onCommit(listener: (batch: ChangeBatch) => void): () => void;
}
