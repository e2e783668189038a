import type { Measure } from '../choice/measure.ts';
import { DAY_MS, type Length } from '../choice/spans.ts';
import { formatCompleteness, formatCount, formatValue, type Viewer } from '../format/numbers.ts';
import { formatMoment, formatWindow } from '../format/times.ts';
import type { Exact } from '../stream/message.ts';
import { hasEnded, type ShownWindow } from '../stream/windows-state.ts';

/** In which terms windows are told: what of them, how exactly, and to whom. */
export interface Terms {
  readonly measure: Measure;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly length: Length;
  /** The zone whose clock and days windows follow; the viewer's where not given. */
  readonly zone?: string | undefined;
  /** How much later than midnight days and longer windows begin. */
  readonly offset?: string | undefined;
  readonly nowMs: number;
  /** Up to when agents have told; null where that is not known. */
  readonly freshnessMs: number | null;
  readonly viewer?: Viewer;
}

/** What stands behind a value of this measure. */
export function unitOf({ measure, unit }: Pick<Terms, 'measure' | 'unit'>): string {
  return measure.hasUnit ? (unit ?? '') : 'readings';
}

/** What a measure says of a window; null or undefined where it says nothing. */
export function measured({ stats, startMs, endMs }: ShownWindow, measure: Measure): Exact | null | undefined {
  const value = stats[measure.stat];
  if (measure.isPerSecond !== true || value === undefined || value === null) return value;
  return Number(value) / ((endMs - startMs) / 1_000);
}

/** The value of a window, in words: with its band where the measure has one, without the unit. */
export function valueText(window: ShownWindow, { measure, decimals, viewer }: Terms): string {
  const { stats } = window;
  if (!measure.hasUnit) return formatCount(stats[measure.stat] ?? 0, viewer);
  const { band } = measure;
  if (band === undefined) return formatValue(measured(window, measure), decimals, viewer);
  return `${formatValue(stats[band.low], decimals, viewer)} – ${formatValue(stats[band.high], decimals, viewer)}`;
}

/** What state a window is in, in a few words: `so far` as long as more of it is to come. */
export function stateText(window: ShownWindow, { freshnessMs, nowMs, viewer }: Terms): string {
  const { final, revisedAtMs, pending, expectedFromMs } = window;
  const state = final ? 'final' : hasEnded(window, freshnessMs) ? 'provisional' : 'so far';
  const words = [state];
  if (expectedFromMs !== undefined) words.push(`since ${formatMoment(expectedFromMs, nowMs, viewer)}`);
  if (pending.length > 0) words.push(`${pending.join(', ')} being corrected`);
  else if (revisedAtMs !== undefined) words.push('revised');
  return words.join(', ');
}

/**
 * Of what windows are, with the zone whose clock or days they follow: `hour · times in Europe/Paris`, `day from 06:00 in
 * Europe/Paris`.
 */
export function windowsText({ length, zone, offset, viewer = {} }: Terms): string {
  const words = length.words.replace(/^1 /, '');
  const own = viewer.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const of = zone ?? own;
  if (of === own && length.ms < DAY_MS) return `${words} · times in ${own}`;
  const from = offset === undefined ? '' : ` from ${formatClockOf(offset)}`;
  return `${words}${from} in ${of}${of === own ? '' : ` · times in ${own}`}`;
}

/** The time of day that an offset of whole hours leads to. */
function formatClockOf(offset: string): string {
  return `${offset.replace('h', '').padStart(2, '0')}:00`;
}

/** When a window is: its edges, with the day where that is not today. */
export function edgesText(window: { readonly startMs: number; readonly endMs: number }, terms: Terms): string {
  return formatWindow(window.startMs, window.endMs, terms.nowMs, terms.length, terms.viewer);
}

/** A window of the chart as a sentence, for those who do not see it. */
export function describeWindow(
  groups: readonly { readonly name: string; readonly window: ShownWindow | undefined }[],
  edges: { readonly startMs: number; readonly endMs: number },
  terms: Terms,
): string {
  const told = groups.map(({ name, window }) => {
    if (window === undefined) return `${name}: no readings`;
    const value = `${valueText(window, terms)} ${unitOf(terms)}`.trim();
    return `${name}: ${value}, ${formatCompleteness(window.completeness, terms.viewer)} complete, ${stateText(window, terms)}`;
  });
  return `${edgesText(edges, terms)}. ${told.join('. ')}`;
}
