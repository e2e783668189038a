import type { LinkCorrection } from '../journal/link-correction.ts';
import type { Break } from '../journal/series-breaks.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';

/**
 * Takes a break into the journal of its series. Gives what it takes back of intervals that are in frames, or null where
 * it is known already, or lies among readings that are forgotten: their links are not known any more.
 */
export function takeBreak(journal: SeriesJournal, one: Break): readonly LinkCorrection[] | null {
  const { breaks } = journal;
  if (one.atMs <= journal.forgottenMs) return null;
  const after = journal.indexFrom(one.atMs);
  const before = after < journal.tailStart ? journal.before(after) : null;
  if (!breaks.add(one)) return null;
  if (before === null) return [];
  const to = { entry: journal.entries[after]!, toMs: journal.times[after]!, toValue: journal.values[after]! };
  return [{ ...to, sign: -1, fromMs: before.timeMs, fromValue: before.value }];
}
