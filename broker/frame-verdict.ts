import { type HeldForm, tooManySlices } from '#core/fold/held-slices.ts';
import type { FrameFault } from '#core/frames/fault.ts';
import { entriesIn, type OpenedFrame } from '#core/frames/frame.ts';
import type { FrameHeader } from '#core/frames/header.ts';
import type { PaneColumns } from '#core/frames/panes.ts';
import { holdMsOf, type Metric } from '#core/metrics/metric.ts';
import { ACCEPTED, type Verdict } from '#core/records/record.ts';
import {
  countsAs,
  type DeclaredFacts,
  entryFacts,
  meansAs,
  type SeriesEntry,
  storedFacts,
} from '#core/series/series.ts';
import { VERDICT_DETAIL_MAX, VERDICT_ENTRIES_MAX } from '#core/wire/down-messages.ts';

/** What of a frame is decided without asking anybody. All decisions here are functions of their arguments. */

export type RefusedVerdict = Extract<Verdict, { readonly kind: 'refused' }>;

/** What the broker knows of an entry of an agent's dictionary: how its panes are and for how long its values hold, or why its series was refused. */
export type KnownEntry =
  | { readonly kind: 'taken'; readonly paneMs: number; readonly quantiles: boolean; readonly held?: HeldForm }
  | RefusedVerdict;

/** The verdict on a frame, and the entries it was refused for: none where it was refused as a whole. */
export interface FrameVerdict {
  readonly verdict: Verdict;
  readonly entries: readonly number[];
}

/** Characters that one refused series takes in the detail of a frame's verdict, so that what follows has room. */
const DETAIL_CHARS_MAX = VERDICT_DETAIL_MAX - 64;

/** A refusal; a detail that is too long for the record is cut. */
export function refused(code: string, detail: string): RefusedVerdict {
  return { kind: 'refused', code, detail: detail.slice(0, VERDICT_DETAIL_MAX).toWellFormed() };
}

/** The broker's clock when it received the frame, and by how much agents' clocks may be ahead of it. */
export interface ReceiveTime {
  readonly atMs: number;
  readonly skewMsMax: number;
}

/**
 * The verdict on a header. A frame from the future is refused whole, by its latest event time and by its watermark:
 * either would make windows final that have not even begun.
 */
export function judgeHeader(header: FrameHeader | FrameFault, received: ReceiveTime): Verdict {
  if (header.kind === 'fault') return refused(header.code, header.message);
  const { latestMs, watermarkMs, kind } = header;
  // A birth counts no readings and has no event times; its zeros mean nothing.
  if (kind !== 'birth' && isFuture(latestMs, received))
    return refused('future', futureDetail('latest event time', latestMs, received));
  if (watermarkMs !== null && isFuture(watermarkMs, received)) {
    return refused('future', futureDetail('watermark', watermarkMs, received));
  }
  return ACCEPTED;
}

/** True where a time lies further ahead of the broker's clock than clocks may differ. */
export function isFuture(timeMs: number, received: ReceiveTime): boolean {
  return timeMs > received.atMs + received.skewMsMax;
}

export function futureDetail(subject: string, timeMs: number, received: ReceiveTime): string {
  const aheadMs = timeMs - received.atMs;
  return `${subject} ${timeMs} ms is ${aheadMs} ms ahead of the broker's clock, ${received.skewMsMax} ms are allowed: set the agent's clock`;
}

/** Why a series is refused that the server declares otherwise. */
const MISMATCH = 'metric-mismatch';

/**
 * The verdict on a series of a birth: what decides its numbers must be what the server declares for the metric, where it
 * declares it. A scaled integer with other decimals, or another unit, would be added up as if it were the same; a pane that
 * is no part of the server's own would lie in several slices; without a histogram the server can tell no quantiles.
 */
export function judgeSeries(entry: SeriesEntry, metrics: ReadonlyMap<string, Metric> | null): Verdict {
  const metric = metrics?.get(entry.metric);
  if (metric === undefined) return ACCEPTED;
  const differs =
    !countsAs(storedFacts(entry), metric) ||
    (metric.quantiles && !entry.quantiles) ||
    metric.paneMs % entry.paneMs !== 0;
  if (!differs) return ACCEPTED;
  const declared = describe(entryFacts(metric));
  return refused(
    MISMATCH,
    `series ${entry.metric} of ${entry.device} is ${describe(entry)}, the server's metric is ${declared}: declare one of them as the other`,
  );
}

/**
 * Whether the entry, though refused, may be what its series said of itself before it was declared otherwise: its integers
 * mean the same, and its panes are parts of the server's. It is taken where the same agent says the series as it is declared,
 * too: what was measured under it stays what it was, and what comes late, or is amended, is told under it.
 */
export function mayBeFormer(
  verdict: KnownEntry,
  entry: SeriesEntry,
  metrics: ReadonlyMap<string, Metric> | null,
): boolean {
  const metric = metrics?.get(entry.metric);
  if (metric === undefined || verdict.kind === 'taken' || verdict.code !== MISMATCH) return false;
  return meansAs(entry, metric) && metric.paneMs % entry.paneMs === 0;
}

function describe(facts: DeclaredFacts): string {
  const { unit, decimals, kind, intervalMs, rollover, rolloverStep, holdMs, quantiles, paneMs } = facts;
  const steps = rolloverStep === undefined ? '' : ` by steps of ${rolloverStep}`;
  const rolling = rollover === null ? '' : `, rollover at ${rollover}${steps}`;
  const held = holdMs === undefined ? '' : `, held for ${holdMsOf(facts)} ms`;
  const histograms = quantiles ? ', with quantiles' : '';
  return `a ${kind} in ${JSON.stringify(unit)} with ${decimals} decimals every ${intervalMs} ms${held}${rolling}${histograms}, in panes of ${paneMs} ms`;
}

/**
 * The verdict on what a frame says of its series, by the agent's dictionary as far as the broker knows it: a frame that
 * speaks of a refused series is refused, with the indexes of all such entries, so that its agent sends the rest again.
 * An entry that the broker doesn't know is left to the fold, which parks the frame until its birth is there.
 */
export function judgeBody(
  frame: OpenedFrame,
  header: FrameHeader,
  entryAt: (index: number) => KnownEntry | undefined,
): FrameVerdict {
  const refusedEntries = new Map<number, RefusedVerdict>();
  for (const list of entriesIn(frame)) {
    let last = -1;
    for (const index of list) {
      if (index === last) continue;
      last = index;
      const known = entryAt(index);
      if (known?.kind === 'refused' && !refusedEntries.has(index)) refusedEntries.set(index, known);
    }
  }
  const [first] = refusedEntries.values();
  if (first !== undefined) {
    const entries = [...refusedEntries.keys()].slice(0, VERDICT_ENTRIES_MAX);
    const more = refusedEntries.size === 1 ? '' : ` (and ${refusedEntries.size - 1} more series of this frame)`;
    return { verdict: refused(first.code, `${first.detail.slice(0, DETAIL_CHARS_MAX)}${more}`), entries };
  }
  const wrong = frame.kind === 'panes' ? wrongWithPanes(frame.panes, entryAt) : null;
  if (wrong !== null) return { verdict: refused('pane', wrong), entries: [] };
  const many = tooManySlices(frame, header, (index) => {
    const known = entryAt(index);
    return known?.kind === 'taken' ? known.held : undefined;
  });
  return { verdict: many === null ? ACCEPTED : refused('slices', many), entries: [] };
}

/** What of a frame's panes is not as their series' birth said. */
function wrongWithPanes(panes: PaneColumns, entryAt: (index: number) => KnownEntry | undefined): string | null {
  for (let i = 0; i < panes.count; i++) {
    const known = entryAt(panes.entry[i]!);
    if (known?.kind !== 'taken') continue;
    const startMs = panes.startMs[i]!;
    const spanMs = panes.spanMs[i]!;
    if (spanMs !== known.paneMs || startMs % spanMs !== 0) {
      return `pane ${i} spans ${spanMs} ms from ${startMs} on, its series was born with panes of ${known.paneMs} ms`;
    }
    if (panes.readings[i]! > 0 && (panes.histogram[i] !== null) !== known.quantiles) {
      return `pane ${i} has ${known.quantiles ? 'no' : 'a'} histogram, its series was born ${known.quantiles ? 'with' : 'without'} quantiles`;
    }
  }
  return null;
}
