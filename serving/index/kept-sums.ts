import type { Fullness } from '#backbone/flow/fullness.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { mergedParts } from '#core/stats/merge-run.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { WindowSpan } from '#core/time/windows.ts';
import type { Group } from './group.ts';
import type { PageSpan } from './page.ts';

/** Sums of all windows of all groups: that of window w of group g stands at slot w · groups + g. */
export interface WindowSums {
  readonly groups: readonly Group[];
  /** In the order of time. */
  readonly spans: readonly WindowSpan[];
  readonly table: StatsTable;
  readonly revision: Float64Array;
  readonly pending: Uint8Array;
}

/** What is summed, as far as has to be known to keep sums of it. */
interface WatchedSource {
  readonly id: { readonly view: { readonly sliceMs: number } };
  readonly isReplaced: boolean;
  watch(watcher: (group: Group, span: PageSpan) => void): () => void;
}

/** What sums are asked for. */
export interface AskedSums extends Pick<WindowSums, 'groups' | 'spans'> {
  readonly source: WatchedSource;
  /** The parts of stats; count comes with them. */
  readonly parts: ReadonlySet<StatsPart>;
  /** They are not kept. */
  readonly isOnce?: boolean;
}

interface Kept {
  readonly asked: AskedSums;
  readonly sums: WindowSums;
  readonly bytes: number;
  readonly unwatch: () => void;
}

/** Bytes of sums by default: a week of hours of two thousand groups, in three statistics. */
export const KEPT_SUMS_BYTES_DEFAULT = 32 * 1024 * 1024;
/** Each looks at every span that is committed, so there are few; beyond it the oldest goes. */
const KEPT_MAX = 64;

/**
 * The sums of windows of many groups that were asked for lately, for whoever asks the same again: a page that is loaded anew, or
 * a table that is fetched every minute. They are those of the source's state: what a commit changes is let go of at once.
 */
export class KeptSums {
  readonly #bytesMax: number;
  /** The one that was used last stands last. */
  readonly #kept = new Set<Kept>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  fullness(): readonly Fullness[] {
    return [
      { of: 'kept_sums', held: this.#kept.size, max: KEPT_MAX },
      { of: 'kept_sums_bytes', held: this.#bytes, max: this.#bytesMax },
    ];
  }

  find(asked: AskedSums): WindowSums | undefined {
    for (const kept of this.#kept) {
      if (kept.asked.source.isReplaced) this.#drop(kept);
      else if (isSame(kept.asked, asked)) {
        this.#kept.delete(kept);
        this.#kept.add(kept);
        return kept.sums;
      }
    }
    return undefined;
  }

  /** Keeps sums that are those of the source's state now, and that nobody writes to. */
  put(asked: AskedSums, sums: WindowSums): void {
    const bytes = bytesOf(asked, sums);
    if (asked.isOnce === true || asked.spans.length === 0 || bytes > this.#bytesMax) return;
    const { source, groups, spans } = asked;
    const { sliceMs } = source.id.view;
    const firstSpan = spanOf(Math.floor(spans[0]!.startMs / sliceMs));
    const endSlice = Math.ceil(spans.at(-1)!.endMs / sliceMs);
    const known = new Set(groups);
    const unwatch = source.watch((group, { opener }) => {
      const isWithin = spanOf(opener) >= firstSpan && spanOf(opener) * SPAN_SLICES < endSlice;
      if (isWithin && known.has(group)) this.#drop(kept);
    });
    const kept: Kept = { asked, sums, bytes, unwatch };
    this.#kept.add(kept);
    this.#bytes += bytes;
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#bytesMax && this.#kept.size <= KEPT_MAX) return;
      this.#drop(oldest);
    }
  }

  #drop(kept: Kept): void {
    if (!this.#kept.delete(kept)) return;
    this.#bytes -= kept.bytes;
    kept.unwatch();
  }
}

function isSame(a: AskedSums, b: AskedSums): boolean {
  if (a.source !== b.source || a.spans.length !== b.spans.length || a.groups.length !== b.groups.length) return false;
  if (a.parts.size !== b.parts.size || !a.parts.isSubsetOf(b.parts)) return false;
  for (let i = 0; i < a.spans.length; i++) {
    const [one, other] = [a.spans[i]!, b.spans[i]!];
    if (one.startMs !== other.startMs || one.endMs !== other.endMs) return false;
  }
  return a.groups === b.groups || a.groups.every((group, i) => group === b.groups[i]);
}

/** Bytes of the columns that there are, and what is kept beside them. */
function bytesOf({ parts }: AskedSums, { table, revision, groups, spans }: WindowSums): number {
  const asked = mergedParts(parts);
  let columns = 3;
  if (asked.sum) columns += table.sum.length;
  if (asked.squares) columns += table.squares.length;
  if (asked.increase) columns += table.increase.length;
  if (asked.integral) columns += table.integral.length;
  if (asked.coveredMs) columns += 1;
  for (const isAsked of [asked.range, asked.first, asked.last]) if (isAsked) columns += 2;
  let bytes = revision.length * (8 * (columns + 1) + 1) + WINDOW_BYTES * spans.length + GROUP_BYTES * groups.length;
  for (const histogram of table.histograms) bytes += histogram?.bytes ?? 0;
  return bytes;
}

/** A span of time, and an entry in a set, about. */
const WINDOW_BYTES = 40;
const GROUP_BYTES = 40;
