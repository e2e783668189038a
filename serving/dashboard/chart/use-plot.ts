import { type RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChartData } from './chart-data.ts';
import type { PlotStyle } from './plot-options.ts';
import { Plot, type PlotGeometry } from './plot.ts';

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
