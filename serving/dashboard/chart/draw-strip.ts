import { completenessLevel } from '../format/numbers.ts';
import type { ChartData } from './chart-data.ts';
import { type Colours, withAlpha } from './colours.ts';
import type { PlotGeometry } from './plot.ts';

/** One row of the strip belongs to a group: its bars fill from below as far as the window is complete. */
export const ROW_PX = 10;
const ROW_GAP_PX = 4;
/** Bars stand apart where there is room for it. */
const BAR_GAP_PX = 1;
/** Even the smallest part is seen. */
const BAR_PX_MIN = 1.5;
const OPEN_ALPHA = 0.5;

/** The height of a strip for that many groups, in CSS pixels. */
export function stripHeightPx(groupCount: number): number {
  return Math.max(1, groupCount) * (ROW_PX + ROW_GAP_PX);
}

/** A bar of the strip, in CSS pixels from its left and its row's top. */
export interface Bar {
  readonly leftPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** The bar of a window; undefined where it lies outside of what is shown. */
export function barOf(
  startMs: number,
  endMs: number,
  completeness: number,
  { leftPx, widthPx, fromMs, toMs }: PlotGeometry,
): Bar | undefined {
  const perMs = widthPx / (toMs - fromMs);
  const from = leftPx + Math.max(0, (startMs - fromMs) * perMs);
  const to = leftPx + Math.min(widthPx, (endMs - fromMs) * perMs);
  if (to <= from) return undefined;
  const gap = to - from > 4 * BAR_GAP_PX ? BAR_GAP_PX : 0;
  const share = Math.min(1, Math.max(0, completeness));
  return { leftPx: from, widthPx: to - from - gap, heightPx: share === 0 ? 0 : Math.max(BAR_PX_MIN, ROW_PX * share) };
}

/** Draws how complete the windows are, under the plot and aligned with it. Windows that are not final are paler. */
export function drawStrip(
  canvas: HTMLCanvasElement,
  data: ChartData,
  groupColours: readonly number[],
  geometry: PlotGeometry,
  colours: Colours,
): void {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(stripHeightPx(data.groups.length) * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  for (const [g, windows] of data.windows.entries()) {
    const topPx = g * (ROW_PX + ROW_GAP_PX);
    context.fillStyle = colours.groups[groupColours[g]!]!;
    context.fillRect(geometry.leftPx - 22, topPx + ROW_PX / 2 - 1, 14, 2);
    for (const [i, shown] of windows.entries()) {
      const bar = shown && barOf(data.startMs[i]!, data.endMs[i]!, shown.completeness, geometry);
      if (shown === undefined || bar === undefined) continue;
      context.fillStyle = colours.track;
      context.fillRect(bar.leftPx, topPx, bar.widthPx, ROW_PX);
      const colour = colours[completenessLevel(shown.completeness)];
      context.fillStyle = shown.final ? colour : withAlpha(colour, OPEN_ALPHA);
      context.fillRect(bar.leftPx, topPx + ROW_PX - bar.heightPx, bar.widthPx, bar.heightPx);
    }
  }
}
