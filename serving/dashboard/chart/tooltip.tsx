import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { formatCompleteness } from '../format/completeness.ts';
import { formatWindow } from '../format/times.ts';
import type { ShownWindow } from '../stream/windows-state.ts';
import { stateText, unitOf, valueText } from './describe.ts';
import type { PlotGeometry } from './plot.ts';

interface TooltipProps {
  readonly groups: readonly {
    readonly name: string;
    readonly colour: number;
    readonly window: ShownWindow | undefined;
  }[];
  readonly edges: { readonly startMs: number; readonly endMs: number };
  readonly geometry: PlotGeometry;
  readonly how: {
    readonly measure: Measure;
    readonly unit: string | null;
    readonly decimals: number | null;
    readonly length: Length;
    readonly nowMs: number;
  };
}

const DISTANCE_PX = 14;

/** What the windows at the pointer say. It stands on the side where there is more room. */
export function Tooltip({ groups, edges, geometry, how }: TooltipProps) {
  const { leftPx, widthPx, fromMs, toMs } = geometry;
  const atPx = leftPx + (((edges.startMs + edges.endMs) / 2 - fromMs) / (toMs - fromMs)) * widthPx;
  const isLeft = atPx > leftPx + widthPx / 2;
  const there = groups.filter(({ window }) => window !== undefined);
  return (
    <div
      class={isLeft ? 'tooltip tooltip-left' : 'tooltip'}
      style={{ left: `${isLeft ? atPx - DISTANCE_PX : atPx + DISTANCE_PX}px` }}
      aria-hidden="true"
    >
      <p class="tooltip-time">{formatWindow(edges.startMs, edges.endMs, how.nowMs, how.length)}</p>
      {there.length === 0 ? <p class="quiet">no readings</p> : null}
      <table>
        <tbody>
          {there.map(({ name, colour, window }) => (
            <tr key={name}>
              <th scope="row">
                <span class={`swatch swatch-${colour}`} />
                {name}
              </th>
              <td class="number">
                {valueText(window!, how.measure, how.decimals)}{' '}
                <span class="quiet">{unitOf(how.measure, how.unit)}</span>
              </td>
              <td class="number">{formatCompleteness(window!.completeness)}</td>
              <td class="quiet">{stateText(window!)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
