import type { LinkCorrection, RememberedReading } from '../journal/link-correction.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';
import type { LateRun, TakenReadings } from './amend.ts';

/** What late readings of one series come to, before the journal takes them in. */
export interface LatePlacement {
  /** The readings that lie before the tail, as runs of their own. */
  readonly runs: readonly LateRun[];
  /** What they change of intervals that are in frames already. */
  readonly links: readonly LinkCorrection[];
  /** Up to where the series is in frames, once the runs are. */
  readonly sealedMs: number;
}

/**
 * Places the taken readings [from, to), which are one series' and ascend, and none of which the journal holds, among
 * those that it does. Those in the tail need nothing: they are sealed with it.
 *
 * Readings between the same two neighbours, of the same entry, are one run. It splits the interval of its neighbours,
 * which is in a frame unless the later one is the first of the tail. Among forgotten readings the neighbours are not
 * known for sure: each reading is a run of its own, without an anchor, and splits nothing. Where the series broke off, a
 * run ends, and there is no interval.
 */
export function placeLate(journal: SeriesJournal, taken: TakenReadings, from: number, to: number): LatePlacement {
  const runs: LateRun[] = [];
  const links: LinkCorrection[] = [];
  let { sealedMs } = journal;
  if (sealedMs === Number.NEGATIVE_INFINITY) return { runs, links, sealedMs };
  const { tailStart } = journal;
  const tailStartMs = tailStart < journal.length ? journal.times[tailStart]! : Number.POSITIVE_INFINITY;
  let gap = -1;
  for (let first = from; first < to && taken.timeMs[first]! < tailStartMs;) {
    const after = journal.indexFrom(taken.timeMs[first]!);
    const unchecked = taken.timeMs[first]! <= journal.forgottenMs;
    const end = unchecked ? first + 1 : endOfRun(journal, taken, after, first, to);
    // A change of entry ends a run, not the gap: then the reading before is one of those that came with it.
    const before = unchecked ? null : after === gap ? readingAt(taken, first - 1) : journal.neighbourOf(after);
    const isLinked = before !== null && !journal.breaks.lieBetween(before.timeMs, taken.timeMs[first]!);
    runs.push({
      entry: taken.entry[first]!,
      times: [...taken.timeMs.subarray(first, end)],
      values: [...taken.value.subarray(first, end)],
      anchor: isLinked ? before : null,
      unchecked,
    });
    if (after >= tailStart) sealedMs = Math.max(sealedMs, taken.timeMs[end - 1]!);
    else if (!unchecked) links.push(...splitInterval(journal, after, before, readingAt(taken, end - 1)));
    // A reading among forgotten ones is no neighbour of what comes after them: the last forgotten one is.
    gap = unchecked ? -1 : after;
    first = end;
  }
  return { runs, links, sealedMs };
}

/** The end of the readings from `first` on that lie before the remembered one at `after` and are of the same entry. */
function endOfRun(journal: SeriesJournal, taken: TakenReadings, after: number, first: number, to: number): number {
  const nextMs = journal.times[after]!;
  let end = first + 1;
  while (end < to && taken.timeMs[end]! < nextMs && taken.entry[end] === taken.entry[first]) {
    if (journal.breaks.lieBetween(taken.timeMs[end - 1]!, taken.timeMs[end]!)) break;
    end++;
  }
  return end;
}

/**
 * The interval from `before` to the remembered reading at `after` is in a frame; it now begins at `last`. An interval
 * goes by the entry of its later reading, as in a run.
 */
function splitInterval(
  journal: SeriesJournal,
  after: number,
  before: RememberedReading | null,
  last: RememberedReading,
): readonly LinkCorrection[] {
  const next = journal.at(after);
  const to = { entry: journal.entries[after]!, toMs: next.timeMs, toValue: next.value };
  const linkFrom = (from: RememberedReading | null, sign: 1 | -1): readonly LinkCorrection[] =>
    from === null || journal.breaks.lieBetween(from.timeMs, next.timeMs)
      ? []
      : [{ ...to, sign, fromMs: from.timeMs, fromValue: from.value }];
  return [...linkFrom(before, -1), ...linkFrom(last, 1)];
}

function readingAt({ timeMs, value }: TakenReadings, index: number): RememberedReading {
  return { timeMs: timeMs[index]!, value: value[index]! };
}
