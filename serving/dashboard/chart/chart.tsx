import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { groupName } from '../format/group-name.ts';
import { useColours } from '../hooks/use-colours.ts';
import { type GroupWindows, newestEndMs } from '../stream/windows-state.ts';
import { chartData } from './chart-data.ts';
import { describeWindow, unitOf } from './describe.ts';
import { Plot, type PlotGeometry } from './plot.ts';
import { drawStrip, stripHeightPx } from './strip.ts';
import { timeRange } from './time-range.ts';
import { Tooltip } from './tooltip.tsx';

interface ChartProps {
  /** The groups that are drawn. */
  readonly groups: readonly GroupWindows[];
  readonly colours: ReadonlyMap<string, number>;
  readonly measure: Measure;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly length: Length;
  readonly span: Length;
  readonly nowMs: number;
}

/** The windows as lines, under them how complete each is, and at the pointer what they say in figures. */
export function Chart({ groups, colours, measure, unit, decimals, length, span, nowMs }: ChartProps) {
  const plotHost = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const [geometry, setGeometry] = useState<PlotGeometry>();
  const [pointed, setPointed] = useState<number>();
  const page = useColours();
  const numbers = groups.map(({ key }) => colours.get(key) ?? 0);
  const data = useMemo(() => chartData(groups, measure), [groups, measure]);
  const newest = newestEndMs(new Map(groups.map((group) => [group.key, group])));
  const [fromMs, toMs] = timeRange(newest, nowMs, span.ms, length.ms);
  const style = `${measure.name} ${numbers.join()} ${groups.map(({ key }) => key).join()}`;

  useEffect(() => {
    const opened = new Plot(plotHost.current!, { measure, colours: page, groupColours: numbers }, { drawn: setGeometry, pointed: setPointed });
    plot.current = opened;
    return () => opened.close();
  }, [style, page]);
  useEffect(() => plot.current?.show(data, [fromMs, toMs]), [data, fromMs, toMs, style, page]);
  useEffect(() => {
    if (geometry !== undefined && canvas.current !== null) drawStrip(canvas.current, data, numbers, geometry, page);
  }, [data, geometry, page, style]);

  const at = pointed !== undefined && pointed < data.startMs.length ? pointed : undefined;
  const named = groups.map((group, g) => ({ name: groupName(group.tags), colour: numbers[g]!, window: at === undefined ? undefined : data.windows[g]?.[at] }));
  const edges = at === undefined ? undefined : { startMs: data.startMs[at]!, endMs: data.endMs[at]! };
  const how = { measure, unit, decimals, length, nowMs };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = steppedTo(event.key, at, data.startMs.length);
    if (next === at) return;
    event.preventDefault();
    plot.current?.point(next);
  };
  return (
    <figure class="chart" aria-label={`${measure.words} in windows of ${length.words}, the last ${span.words}`}>
      <figcaption class="quiet chart-caption">
        {`${unitOf(measure, unit)} · ${measure.words.toLowerCase()} per ${length.words.replace(/^1 /, '')}`}
      </figcaption>
      <div class="plot" ref={plotHost} aria-hidden="true" />
      <div
        class="strip"
        role="slider"
        tabIndex={0}
        aria-label="Windows by time, with how complete they are"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, data.startMs.length - 1)}
        aria-valuenow={at ?? Math.max(0, data.startMs.length - 1)}
        aria-valuetext={edges === undefined ? 'No window is chosen; step with the arrow keys' : describeWindow(named, edges, how)}
        onKeyDown={onKeyDown}
        onBlur={() => plot.current?.point(undefined)}
      >
        <canvas ref={canvas} style={{ height: `${stripHeightPx(groups.length)}px` }} />
      </div>
      {edges === undefined || geometry === undefined ? null : <Tooltip groups={named} edges={edges} geometry={geometry} how={how} />}
      <p class="quiet key">
        <span class="key-item"><span class="key-line" aria-hidden="true" />final</span>
        <span class="key-item"><span class="key-line key-dashed" aria-hidden="true" />provisional</span>
        <span class="key-item"><span class="key-bar key-full" aria-hidden="true" />complete</span>
        <span class="key-item"><span class="key-bar key-partial" aria-hidden="true" />partial</span>
      </p>
    </figure>
  );
}

/** Where a key leads from a window, of so many; the same for a key that leads nowhere. */
function steppedTo(key: string, at: number | undefined, count: number): number | undefined {
  const last = count - 1;
  if (last < 0) return at;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, (at ?? count) - 1);
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(last, (at ?? last - 1) + 1);
    case 'PageUp':
    case 'PageDown':
      return Math.min(last, Math.max(0, (at ?? last) + (key === 'PageUp' ? 10 : -10)));
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'Escape':
      return undefined;
    default:
      return at;
  }
}
