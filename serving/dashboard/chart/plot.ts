import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartData } from './chart-data.ts';
import { plotColumns, plotOptions, type PlotSize, type PlotStyle } from './plot-options.ts';

/** Where the plotting area lies in its host, in CSS pixels, and which time it shows, in ms. */
export interface PlotGeometry {
  readonly leftPx: number;
  readonly widthPx: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlotListener {
  drawn(geometry: PlotGeometry): void;
  /** The viewer points at a window by its index in the data, or at none. */
  pointed(index: number | undefined): void;
}

/** A plot of windows in a host element. It shows what it was last given and follows the width of its host. */
export class Plot {
  readonly #plot: uPlot;
  readonly #host: HTMLElement;
  readonly #hasBand: boolean;
  readonly #observer: ResizeObserver;
  #data: ChartData | undefined;
  #haloedMs: number;

  constructor(host: HTMLElement, style: PlotStyle, listener: PlotListener) {
    this.#host = host;
    this.#hasBand = style.measure.band !== undefined;
    this.#haloedMs = Date.now();
    const hooks: uPlot.Hooks.Arrays = {
      draw: [(plot) => listener.drawn(geometryOf(plot))],
      setCursor: [(plot) => listener.pointed(this.#pointedIndex(plot))],
    };
    this.#plot = new uPlot(plotOptions(style, sizeOf(host), hooks), undefined, host);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(host);
  }

  /** Shows other numbers over [fromMs, toMs]. */
  show(data: ChartData, [fromMs, toMs]: readonly [number, number]): void {
    this.#data = data;
    const columns = data.groups.flatMap((group) => plotColumns(group, this.#hasBand));
    this.#plot.batch(() => {
      this.#plot.setData([data.centresS, ...columns], false);
      this.#plot.setScale('x', { min: fromMs / 1_000, max: toMs / 1_000 });
    });
    this.#markRevised(data);
  }

  /** Points at a window as a mouse would; undefined points at none. */
  point(index: number | undefined): void {
    const centreS = index === undefined ? undefined : this.#data?.centresS[index];
    const left = centreS === undefined ? -10 : this.#plot.valToPos(centreS, 'x');
    this.#plot.setCursor({ left, top: centreS === undefined ? -10 : 0 });
  }

  close(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }

  #pointedIndex(plot: uPlot): number | undefined {
    const { left, idx } = plot.cursor;
    if (left === undefined || left < 0 || idx === undefined || idx === null) return undefined;
    const data = this.#data;
    return data !== undefined && idx < data.centresS.length ? idx : undefined;
  }

  /** Lets a ring fade at windows that were revised since the last time; the style sheet says how, or not at all. */
  #markRevised(data: ChartData): void {
    let newestMs = this.#haloedMs;
    for (const [g, windows] of data.windows.entries()) {
      for (const [i, window] of windows.entries()) {
        const revisedAtMs = window?.revisedAtMs;
        if (revisedAtMs === undefined || revisedAtMs <= this.#haloedMs) continue;
        newestMs = Math.max(newestMs, revisedAtMs);
        const { final, provisional, partial } = data.groups[g]!;
        this.#ring(data.centresS[i]!, final[i] ?? provisional[i] ?? partial[i] ?? null);
      }
    }
    this.#haloedMs = newestMs;
  }

  #ring(atS: number, value: number | null): void {
    if (value === null || this.#plot.over.childElementCount > RINGS_MAX) return;
    const ring = document.createElement('span');
    ring.className = 'ring';
    ring.style.left = `${this.#plot.valToPos(atS, 'x')}px`;
    ring.style.top = `${this.#plot.valToPos(value, 'y')}px`;
    ring.addEventListener('animationend', () => ring.remove());
    this.#plot.over.append(ring);
  }

  #resize(): void {
    const size = sizeOf(this.#host);
    if (size.width !== this.#plot.width || size.height !== this.#plot.height) this.#plot.setSize(size);
  }
}

/** A correction of a whole day touches many windows; that many rings say as much as more would. */
const RINGS_MAX = 100;

function sizeOf(host: HTMLElement): PlotSize {
  return { width: Math.max(1, host.clientWidth), height: Math.max(1, host.clientHeight) };
}

function geometryOf(plot: uPlot): PlotGeometry {
  const { min, max } = plot.scales['x']!;
  const leftPx = plot.bbox.left / uPlot.pxRatio;
  return { leftPx, widthPx: plot.bbox.width / uPlot.pxRatio, fromMs: (min ?? 0) * 1_000, toMs: (max ?? 1) * 1_000 };
}

/** A plot in a host element, with what it tells of itself. */
export interface UsedPlot {
  readonly host: RefObject<HTMLDivElement | null>;
  /** Undefined until it is drawn. */
  readonly geometry: PlotGeometry | undefined;
  /** The window that is pointed at, by its index in the data. */
  readonly pointed: number | undefined;
  readonly point: (index: number | undefined) => void;
}

/** Keeps a plot that shows the data over [fromMs, toMs]. `styleKey` says all of `style` but its colours of the page. */
export function usePlot(
  data: ChartData,
  [fromMs, toMs]: readonly [number, number],
  style: PlotStyle,
  styleKey: string,
): UsedPlot {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const [geometry, setGeometry] = useState<PlotGeometry>();
  const [pointed, setPointed] = useState<number>();
  useEffect(() => {
    if (host.current === null) return undefined;
    const opened = new Plot(host.current, style, { drawn: setGeometry, pointed: setPointed });
    plot.current = opened;
    return () => opened.close();
  }, [styleKey, style.colours]);
  useEffect(() => plot.current?.show(data, [fromMs, toMs]), [data, fromMs, toMs, styleKey, style.colours]);
  const isThere = pointed !== undefined && pointed < data.startMs.length;
  return { host, geometry, pointed: isThere ? pointed : undefined, point: (index) => plot.current?.point(index) };
}
