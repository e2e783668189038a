import { longestMs } from '#core/time/duration.ts';
import { hullOfWindows } from '#core/time/windows.ts';
import { changesOf, type GroupChange } from '../index/recent-changes.ts';
import type { ViewSource } from '../index/view-source.ts';
import { askedOf, groupsOf } from './answer-windows.ts';
import { type AnsweredWindow, heldBeyond } from './answered-window.ts';
import type { SessionsQuery, ViewQuery, WindowsQuery } from './query.ts';
import type { Extent } from './window-spans.ts';

/** The event time that windows are told of: no reading outside of it changes the answer. */
export function extentOfWindows({ spec, fromMs, toMs }: WindowsQuery): Extent {
  const { startMs, endMs } = hullOfWindows(spec, fromMs, toMs);
  return { fromMs: startMs, toMs: endMs };
}

/** The same of sessions, which reach as far as they do, and may be joined by what comes within a gap of them. */
export function extentOfSessions(
  { gap, fromMs, toMs }: SessionsQuery,
  sessions: Iterable<Pick<AnsweredWindow, 'startMs' | 'endMs'>>,
): Extent {
  let [firstMs, lastMs] = [fromMs, toMs];
  for (const { startMs, endMs } of sessions) {
    firstMs = Math.min(firstMs, startMs);
    lastMs = Math.max(lastMs, endMs);
  }
  const roomMs = longestMs(gap) + 1;
  return { fromMs: firstMs - roomMs, toMs: lastMs + roomMs };
}

/**
 * Whether an answer of a source about an extent of event time is what it was after the batch of a number: what was
 * committed since changed none of its sums, nor how complete or final they are. At most it says so too rarely.
 */
export function isUnchangedSince(source: ViewSource, query: ViewQuery, extent: Extent, sequence: number): boolean {
  const { recent } = source;
  const { sliceMs } = source.id.view;
  const groups = groupsOf(source, query.where);
  const longestIntervalMs = groups.reduce(
    (longest, { progress }) => Math.max(longest, progress.longestIntervalMs()),
    0,
  );
  const heldMs = heldBeyond(query)(longestIntervalMs);
  if (recent.earliestSince(sequence) >= extent.toMs + heldMs) return true;
  const batches = recent.since(sequence);
  if (batches === undefined) return false;
  for (const [, change] of changesOf(batches, askedOf(source, query.where)))
    if (touches(change, sliceMs, extent, heldMs)) return false;
  return true;
}

function touches({ slices, endsAfterMs, endsToMs }: GroupChange, sliceMs: number, extent: Extent, heldMs: number) {
  // An end that lies in the extent is passed, or one that what was held at it makes later.
  if (endsAfterMs < endsToMs && endsAfterMs - heldMs < extent.toMs && endsToMs > extent.fromMs) return true;
  for (const slice of slices) if (slice * sliceMs < extent.toMs && (slice + 1) * sliceMs > extent.fromMs) return true;
  return false;
}
