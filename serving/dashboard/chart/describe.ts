import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { formatCompleteness } from '../format/completeness.ts';
import { formatCount, formatValue } from '../format/figures.ts';
import { formatWindow } from '../format/times.ts';
import type { ShownWindow } from '../stream/windows-state.ts';

/** What stands behind a value of this measure. */
export function unitOf(measure: Measure, unit: string | null): string {
  return measure.hasUnit ? (unit ?? '') : 'readings';
}

/** The value of a window by this measure, in words: with its band where it has one, without the unit. */
export function valueText(window: ShownWindow, measure: Measure, decimals: number | null, locale?: string): string {
  const { stats } = window;
  if (!measure.hasUnit) return formatCount(stats[measure.stat] ?? 0, locale);
  const { band } = measure;
  if (band === undefined) return formatValue(stats[measure.stat], decimals, locale);
  return `${formatValue(stats[band.low], decimals, locale)} – ${formatValue(stats[band.high], decimals, locale)}`;
}

/** What state a window is in, in a word or two. */
export function stateText({ final, revisedAtMs, pending }: ShownWindow): string {
  const state = final ? 'final' : 'provisional';
  if (pending.length > 0) return `${state}, ${pending.join(', ')} being corrected`;
  return revisedAtMs === undefined ? state : `${state}, revised`;
}

/** A window of the chart as a sentence, for those who do not see it. */
export function describeWindow(
  groups: readonly { readonly name: string; readonly window: ShownWindow | undefined }[],
  edges: { readonly startMs: number; readonly endMs: number },
  how: {
    readonly measure: Measure;
    readonly unit: string | null;
    readonly decimals: number | null;
    readonly length: Length;
    readonly nowMs: number;
  },
): string {
  const parts = groups.map(({ name, window }) => {
    if (window === undefined) return `${name}: no readings`;
    const value = `${valueText(window, how.measure, how.decimals)} ${unitOf(how.measure, how.unit)}`.trim();
    return `${name}: ${value}, ${formatCompleteness(window.completeness)} complete, ${stateText(window)}`;
  });
  return `${formatWindow(edges.startMs, edges.endMs, how.nowMs, how.length)}. ${parts.join('. ')}`;
}
