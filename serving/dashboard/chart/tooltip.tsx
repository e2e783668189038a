import { formatCompleteness } from '../format/numbers.ts';
import type { ShownWindow } from '../stream/windows-state.ts';
import type { PlotGeometry } from './plot.ts';
import { edgesText, stateText, type Terms, unitOf, valueText } from './window-words.ts';

interface TooltipProps {
  readonly groups: readonly {
    readonly name: string;
    readonly colour: number;
    readonly window: ShownWindow | undefined;
  }[];
  readonly edges: { readonly startMs: number; readonly endMs: number };
  readonly geometry: PlotGeometry;
  readonly terms: Terms;
}

const DISTANCE_PX = 14;

/** What the windows at the pointer say. It stands on the side where there is more room. */
export function Tooltip({ groups, edges, geometry, terms }: TooltipProps) {
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
      <p class="tooltip-time">{edgesText(edges, terms)}</p>
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
                {valueText(window!, terms)} <span class="quiet">{unitOf(terms)}</span>
              </td>
              <td class="number">{formatCompleteness(window!.completeness)}</td>
              <td class="quiet">{stateText(window!, terms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
