import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { formatCompleteness, formatCount, formatValue, type Viewer } from '../format/numbers.ts';
import { formatWindow } from '../format/times.ts';
import type { ShownWindow } from '../stream/windows-state.ts';

/** In which terms windows are told: what of them, how exactly, and to whom. */
export interface Terms {
  readonly measure: Measure;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly length: Length;
  readonly nowMs: number;
  readonly viewer?: Viewer;
}

/** What stands behind a value of this measure. */
export function unitOf({ measure, unit }: Pick<Terms, 'measure' | 'unit'>): string {
  return measure.hasUnit ? (unit ?? '') : 'readings';
}

/** The value of a window, in words: with its band where the measure has one, without the unit. */
export function valueText({ stats }: ShownWindow, { measure, decimals, viewer }: Terms): string {
  if (!measure.hasUnit) return formatCount(stats[measure.stat] ?? 0, viewer);
  const { band } = measure;
  if (band === undefined) return formatValue(stats[measure.stat], decimals, viewer);
  return `${formatValue(stats[band.low], decimals, viewer)} – ${formatValue(stats[band.high], decimals, viewer)}`;
}

/** What state a window is in, in a word or two. */
export function stateText({ final, revisedAtMs, pending }: ShownWindow): string {
  const state = final ? 'final' : 'provisional';
  if (pending.length > 0) return `${state}, ${pending.join(', ')} being corrected`;
  return revisedAtMs === undefined ? state : `${state}, revised`;
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
    return `${name}: ${value}, ${formatCompleteness(window.completeness, terms.viewer)} complete, ${stateText(window)}`;
  });
  return `${edgesText(edges, terms)}. ${told.join('. ')}`;
}
