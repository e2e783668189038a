import { type WindowSpan, windowsOverlapping } from '#core/time/windows.ts';
import { askedOf } from '../answers/answer-windows.ts';
import { heldBeyond } from '../answers/answered-window.ts';
import { windowsOfSlices } from '../answers/combine-windows.ts';
import type { WindowsQuery } from '../answers/query.ts';
import type { Extent } from '../answers/window-spans.ts';
import type { Group } from '../index/group.ts';
import { type AskedGroups, changeOf, changesOf, type GroupChange, type RecentBatch } from '../index/recent-changes.ts';
import type { ViewSource } from '../index/view-source.ts';

/**
 * Which windows of a query batches may have changed, per group; `data` is the span that holds any. Undefined where they are
 * more than `windowsMax` over all groups: an agent that is heard of may change how complete every window is, of decades.
 */
export function changedWindows(
  source: ViewSource,
  query: WindowsQuery,
  batches: readonly RecentBatch[],
  data: Extent | undefined,
  windowsMax: number,
): ReadonlyMap<Group, readonly WindowSpan[]> | undefined {
  let left = windowsMax;
  const changed = new Map<Group, readonly WindowSpan[]>();
  const heldMs = heldBeyond(query);
  for (const [group, change] of combined(batches, askedOf(source, query.where))) {
    // What was held at its end makes a window final later than the watermark passes it.
    const laterMs = heldMs(group.progress.longestIntervalMs());
    const spans = new Map<number, WindowSpan>();
    for (const some of [
      windowsOfSlices({ source, ...query }, change.slices),
      endingIn(query, change, data),
      ...(laterMs > 0 ? [endingIn(query, earlier(change, laterMs), data)] : []),
    ]) {
      for (const span of some) {
        spans.set(span.startMs, span);
        if (spans.size > left) return undefined;
      }
    }
    left -= spans.size;
    if (spans.size > 0)
      changed.set(
        group,
        [...spans.values()].sort((a, b) => a.startMs - b.startMs),
      );
  }
  return changed;
}

/** What the batches changed together in the groups that are asked for, in all of them where none are named. */
function combined(batches: readonly RecentBatch[], asked: AskedGroups | undefined): ReadonlyMap<Group, GroupChange> {
  const all = new Map<Group, GroupChange>();
  for (const [group, change] of changesOf(batches, asked)) {
    const known = changeOf(all, group);
    known.slices.addAll(change.slices);
    known.endsAfterMs = Math.min(known.endsAfterMs, change.endsAfterMs);
    known.endsToMs = Math.max(known.endsToMs, change.endsToMs);
  }
  return all;
}

function earlier(change: GroupChange, ms: number): GroupChange {
  return { ...change, endsAfterMs: change.endsAfterMs - ms, endsToMs: change.endsToMs - ms };
}

/** The windows over data whose end lies in (endsAfterMs, endsToMs]. */
function* endingIn(
  { spec, fromMs, toMs }: WindowsQuery,
  { endsAfterMs, endsToMs }: GroupChange,
  data: Extent | undefined,
): Generator<WindowSpan> {
  if (data === undefined || endsToMs <= endsAfterMs) return;
  // A window that ends after an instant overlaps what comes from there on; one that ends by another overlaps what lies before it.
  const start = Math.max(fromMs, data.fromMs, endsAfterMs);
  const end = Math.min(toMs, data.toMs, endsToMs);
  for (const span of windowsOverlapping(spec, start, Math.max(start, end))) {
    if (span.endMs > endsAfterMs && span.endMs <= endsToMs) yield span;
  }
}
