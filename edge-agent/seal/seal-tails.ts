import { type Metric, promiseMsOf } from '#core/metrics/metric.ts';
import { isAsDeclared, type SeriesEntry } from '#core/series/series.ts';
import { type LinkRule, linkRuleOf } from '#core/stats/link.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';
import type { PanesBuilder } from './panes-builder.ts';
import type { RunsBuilder } from './runs-builder.ts';

/**
 * A pane of fewer readings is sent as readings: its stats would be larger (docs/design.md#a-frame-keeps-its-number). They take
 * as much as 11 readings of noise, and as 20 and more of what changes little.
 */
export const PANE_READINGS_MIN = 12;

/** How a series' tail is turned into frames. */
export interface SealRule {
  readonly sendsPanes: boolean;
  readonly paneMs: number;
  readonly intervalMs: number;
  readonly link: LinkRule;
  /** Whether the rule's panes are those that the entry was born to; where not, its readings are sent as readings. */
  readonly fits: (entry: number) => boolean;
}

/**
 * Gives the tail of a series to the builders, up to and without `untilMs`: as one run, or pane by pane. The journal's
 * seal moves with it, so that what is given once is never given again.
 */
export function sealTail(
  journal: SeriesJournal,
  rule: SealRule,
  untilMs: number,
  runs: RunsBuilder,
  panes: PanesBuilder,
): void {
  const start = journal.tailStart;
  const end = Math.min(journal.length, journal.indexFrom(untilMs));
  if (start >= end) return;
  const { times, values, entries, breaks } = journal;
  breaks.touch(times[start]!);
  let runStart = start;
  const addRunUpTo = (to: number): void => {
    if (runStart < to) runs.addRun(entries[runStart]!, times, values, runStart, to, journal.before(runStart), false);
    runStart = to;
  };
  for (let from = start; from < end;) {
    const paneStartMs = Math.floor(times[from]! / rule.paneMs) * rule.paneMs;
    const sendsPanes = rule.sendsPanes && rule.fits(entries[from]!);
    const paneEndMs = sendsPanes ? paneStartMs + rule.paneMs : Number.POSITIVE_INFINITY;
    const groupEndMs = Math.min(paneEndMs, breaks.nextAfter(times[from]!));
    const entry = entries[from]!;
    if (entry !== entries[runStart] || (from > runStart && breaks.lieBetween(times[from - 1]!, times[from]!))) {
      addRunUpTo(from);
    }
    let to = from + 1;
    while (to < end && times[to]! < groupEndMs && entries[to] === entry) to++;
    if (sendsPanes && to - from >= PANE_READINGS_MIN) {
      addRunUpTo(from);
      const { paneMs, intervalMs } = rule;
      const facts = { entry, startMs: paneStartMs, spanMs: paneMs, intervalMs, anchor: journal.before(from) };
      panes.addPane(facts, rule.link, times, values, from, to);
      runStart = to;
    }
    from = to;
  }
  addRunUpTo(end);
  journal.sealedMs = times[end - 1]!;
}

/** Event time before which a tail's panes are over, by the series' own readings: its last reading's pane is still open. */
export function openPaneStart(journal: SeriesJournal, paneMs: number): number {
  return Math.floor(journal.lastMs / paneMs) * paneMs;
}

/** How a metric is sealed where it is sent as readings, and where as panes. */
export function sealRulesOf(metric: Metric, entries: readonly SeriesEntry[]): readonly [SealRule, SealRule] {
  const { paneMs } = metric;
  const intervalMs = promiseMsOf(metric);
  const link = linkRuleOf(metric);
  const fits = (entry: number): boolean => isAsDeclared(entries[entry]!, metric);
  return [
    { sendsPanes: false, paneMs, intervalMs, link, fits },
    { sendsPanes: true, paneMs, intervalMs, link, fits },
  ];
}
