import type uPlot from 'uplot';
import type { Measure } from '../choice/measure.ts';
import { DAY_S, MINUTE_S, MONTH_S, timeLabel, valueLabels, valueRange } from './axis.ts';
import { type Column, type GroupColumns, lonePoints } from './chart-data.ts';
import { type Colours, withAlpha } from './colours.ts';

/** What the drawing depends on, beside the numbers: when it changes, the plot is made anew. */
export interface PlotStyle {
  readonly measure: Measure;
  readonly colours: Colours;
  /** The colour number of each group, in the order of the data. */
  readonly groupColours: readonly number[];
}

/** In CSS pixels. */
export interface PlotSize {
  readonly width: number;
  readonly height: number;
}

const FONT = '12px system-ui, sans-serif';
const DASH = [2, 4];
/** The axis of values is at least so wide, so that the plot seldom moves when its labels become longer. */
const AXIS_WIDTH_PX_MIN = 56;
const AXIS_GAP_PX = 8;
/** At the right there is at least so much room. */
const RIGHT_PX_MIN = 12;

/** Columns of a group on the plot: the edges of its band where there is one, its line, the provisional part of it, lone values. */
export function plotColumns({ low, high, final, provisional, partial }: GroupColumns, hasBand: boolean): Column[] {
  return hasBand ? [low, high, final, provisional, partial] : [final, provisional, partial];
}

/** The options of a plot for this style, without a legend: the figures above it are one. */
export function plotOptions(style: PlotStyle, size: PlotSize, hooks: uPlot.Hooks.Arrays): uPlot.Options {
  const { measure, colours, groupColours } = style;
  const hasBand = measure.band !== undefined;
  const perGroup = hasBand ? 5 : 3;
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const number of groupColours) {
    const stroke = colours.groups[number]!;
    if (hasBand) {
      bands.push({ series: [series.length + 1, series.length], fill: withAlpha(stroke, 0.1) });
      series.push(edge(stroke), edge(stroke));
    }
    series.push(line(stroke), { ...line(stroke), dash: DASH, width: 1.75 }, ring(stroke, colours.paper));
  }
  const isLine = (index: number): boolean => !hasBand || (index - 1) % perGroup >= 2;
  return {
    ...size,
    padding: [10, rightPx, 0, 0],
    series,
    bands,
    hooks,
    legend: { show: false },
    scales: {
      x: { time: true, auto: false },
      y: { range: (plot, min, max) => valueRange(...extentOf(plot, min, max), measure.adds) },
    },
    axes: [timeAxis(colours), valueAxis(colours)],
    cursor: {
      y: false,
      move: (plot, left, top) => [snapped(plot, left), top],
      drag: { x: false, y: false, setScale: false },
      points: {
        size: (_plot, index) => (isLine(index) ? 7 : 0),
        width: 0,
        fill: (plot, index) => String(strokeOf(plot, index)),
      },
    },
  };
}

function line(stroke: string): uPlot.Series {
  return {
    stroke,
    width: 2,
    spanGaps: false,
    points: {
      show: true,
      size: 5,
      width: 0,
      fill: stroke,
      filter: (plot, index) => lonePoints(Array.from(plot.data[index]!)),
    },
  };
}

/**
 * The extent of all values where there are any in sight: a line comes from the window before what is in sight, and would else
 * leave the plot at its top.
 */
function extentOf({ data }: uPlot, min: number | null, max: number | null): [number | null, number | null] {
  if (min === null || max === null) return [min, max];
  let [low, high] = [min, max];
  for (let column = 1; column < data.length; column++) {
    for (const value of data[column]!) {
      if (typeof value !== 'number') continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

/** Hollow, and joined to nothing: a value that is not to be compared with those beside it. */
function ring(stroke: string, fill: string): uPlot.Series {
  return { stroke, paths: () => null, points: { show: true, size: 8, width: 2, stroke, fill } };
}

function edge(stroke: string): uPlot.Series {
  return { stroke: withAlpha(stroke, 0.5), width: 1, spanGaps: false, points: { show: false } };
}

/** The pointer stands on the middle of the nearest window. */
function snapped(plot: uPlot, left: number): number {
  const centreS = left < 0 ? undefined : plot.data[0][plot.posToIdx(left)];
  return centreS === undefined ? left : plot.valToPos(centreS, 'x');
}

function strokeOf(plot: uPlot, index: number): unknown {
  const { stroke } = plot.series[index]!;
  return typeof stroke === 'function' ? stroke(plot, index) : stroke;
}

/** How wide the axis of values is: wide enough for the widest of its labels, which would else be cut at its front. */
export function axisWidthPx(labelsPx: readonly number[]): number {
  return Math.max(AXIS_WIDTH_PX_MIN, Math.ceil(Math.max(0, ...labelsPx) + AXIS_GAP_PX));
}

/** Room for the half of a label that stands at the very end of the axis of time, whether it is a time or a day. */
function rightPx(plot: uPlot): number {
  const atMs = (plot.scales['x']?.max ?? 0) * 1_000;
  const labels = [MINUTE_S, DAY_S, MONTH_S].map((stepS) => timeLabel(atMs, stepS));
  return Math.max(RIGHT_PX_MIN, Math.ceil(Math.max(...labels.map((label) => textWidthPx(label))) / 2));
}

/** A canvas of its own: the plot remembers which font it has set on its own one. */
let measuring: CanvasRenderingContext2D | null | undefined;

/** The width of a label, in CSS pixels. */
function textWidthPx(text: string): number {
  measuring ??= document.createElement('canvas').getContext('2d');
  if (measuring === null) return 0;
  measuring.font = FONT;
  return measuring.measureText(text).width;
}

function timeAxis(colours: Colours): uPlot.Axis {
  return {
    stroke: colours.text,
    font: FONT,
    grid: { show: false },
    ticks: { stroke: colours.rule, width: 1, size: 5 },
    space: 72,
    size: 30,
    gap: 4,
    values: (_plot, splits, _axis, _space, stepS) => splits.map((atS) => timeLabel(atS * 1_000, stepS)),
  };
}

function valueAxis(colours: Colours): uPlot.Axis {
  return {
    stroke: colours.text,
    font: FONT,
    grid: { stroke: colours.rule, width: 1 },
    ticks: { show: false },
    size: (_plot, labels) => axisWidthPx((labels ?? []).map(textWidthPx)),
    gap: AXIS_GAP_PX,
    space: 44,
    values: (_plot, splits, _axis, _space, step) => valueLabels(splits, step),
  };
}
