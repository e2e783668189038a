import { useEffect, useRef } from 'preact/hooks';
import type { ChartData } from './chart-data.ts';
import type { Colours } from './colours.ts';
import { drawStrip, stripHeightPx } from './draw-strip.ts';
import type { PlotGeometry } from './plot.ts';

interface StripProps {
  readonly data: ChartData;
  readonly groupColours: readonly number[];
  readonly geometry: PlotGeometry | undefined;
  readonly colours: Colours;
  /** The window that is pointed at, and a sentence about it. */
  readonly pointed: number | undefined;
  readonly sentence: string | undefined;
  readonly onPoint: (index: number | undefined) => void;
}

/** How complete each window is, under the chart. With the keyboard one steps through the windows here. */
export function Strip({ data, groupColours, geometry, colours, pointed, sentence, onPoint }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = Math.max(0, data.startMs.length - 1);
  useEffect(() => {
    if (geometry !== undefined && canvas.current !== null)
      drawStrip(canvas.current, data, groupColours, geometry, colours);
  }, [data, geometry, colours]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = steppedTo(event.key, pointed, data.startMs.length);
    if (next === pointed) return;
    event.preventDefault();
    onPoint(next);
  };
  return (
    <div
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label="Windows by time, with how complete they are"
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={pointed ?? last}
      aria-valuetext={sentence ?? 'No window is chosen; step with the arrow keys'}
      onKeyDown={onKeyDown}
      onBlur={() => onPoint(undefined)}
    >
      <canvas ref={canvas} style={{ height: `${stripHeightPx(data.groups.length)}px` }} />
    </div>
  );
}

/** Windows that a page key steps over. */
const PAGE = 10;

/**
 * Where a key leads from the window pointed at, of so many; from none it steps in at the newest. The same for a key
 * that leads nowhere (WAI-ARIA Authoring Practices, slider).
 */
export function steppedTo(key: string, at: number | undefined, count: number): number | undefined {
  const last = count - 1;
  if (last < 0) return at;
  const by = (steps: number): number => (at === undefined ? last : Math.min(last, Math.max(0, at + steps)));
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return by(-1);
    case 'ArrowRight':
    case 'ArrowUp':
      return by(1);
    case 'PageDown':
      return by(-PAGE);
    case 'PageUp':
      return by(PAGE);
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
