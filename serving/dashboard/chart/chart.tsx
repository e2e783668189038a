import { useMemo } from 'preact/hooks';
import type { FittingChoice } from '../choice/choice.ts';
import { formatCompleteness } from '../format/numbers.ts';
import { formatPeriod } from '../format/times.ts';
import { groupName, type GroupWindows, newestEndMs, type ShownWindow } from '../stream/windows-state.ts';
import { chartData, timeRange } from './chart-data.ts';
import { useColours } from './colours.ts';
import { type PlotGeometry, usePlot } from './plot.ts';
import { Strip } from './strip.tsx';
import { describeWindow, edgesText, stateText, type Terms, unitOf, valueText, windowsText } from './window-words.ts';

interface ChartProps extends Terms {
  /** The groups that are drawn. */
  readonly groups: readonly GroupWindows[];
  readonly colours: ReadonlyMap<string, number>;
  readonly choice: Pick<FittingChoice, 'span' | 'period'>;
}

/** The windows as lines, under them how complete each is, and at the pointer what they say in figures. */
export function Chart({ groups, colours, choice: { span, period }, ...terms }: ChartProps) {
  const { measure, length, nowMs, freshnessMs } = terms;
  const page = useColours();
  // Only of what adds up it matters: anything else need not be drawn again when it moves.
  const toldMs = measure.adds ? freshnessMs : null;
  const data = useMemo(() => chartData(groups, measure, toldMs), [groups, measure, toldMs]);
  const groupColours = groups.map(({ key }) => colours.get(key) ?? 0);
  const range: [number, number] =
    period === undefined ? timeRange(newestEndMs(groups), nowMs, span.ms, length.ms) : [period.fromMs, period.toMs];
  const stretchText = period === undefined ? `the last ${span.words}` : formatPeriod(period, nowMs);
  const styleKey = `${measure.name} ${groupColours.join()} ${groups.map(({ key }) => key).join()}`;
  const plot = usePlot(data, range, { measure, colours: page, groupColours }, styleKey);

  const at = plot.pointed;
  const edges = at === undefined ? undefined : { startMs: data.startMs[at]!, endMs: data.endMs[at]! };
  const named = groups.map(({ tags }, g) => {
    return {
      name: groupName(tags),
      colour: groupColours[g]!,
      window: at === undefined ? undefined : data.windows[g]?.[at],
    };
  });
  return (
    <figure class="chart" aria-label={`${measure.words} in windows of ${length.words}, ${stretchText}`}>
      <figcaption class="quiet chart-caption">
        {`${unitOf(terms)} · ${measure.caption ?? measure.words.toLowerCase()} per ${windowsText(terms)}`}
      </figcaption>
      <div class="plot" ref={plot.host} aria-hidden="true" />
      <Strip
        data={data}
        groupColours={groupColours}
        geometry={plot.geometry}
        colours={page}
        pointed={at}
        sentence={edges === undefined ? undefined : describeWindow(named, edges, terms)}
        onPoint={plot.point}
      />
      {edges === undefined || plot.geometry === undefined ? null : (
        <Tooltip groups={named} edges={edges} geometry={plot.geometry} terms={terms} />
      )}
      <Key adds={measure.adds} />
    </figure>
  );
}

/** What the strokes and bars of the chart mean. */
function Key({ adds }: { readonly adds: boolean }) {
  return (
    <p class="quiet key">
      <KeyItem sign="key-line" text="final" />
      <KeyItem sign="key-line key-dashed" text="provisional" />
      {adds ? <KeyItem sign="key-dot" text="not whole" /> : null}
      <KeyItem sign="key-bar key-full" text="complete" />
      <KeyItem sign="key-bar key-partial" text="partial" />
    </p>
  );
}

function KeyItem({ sign, text }: { readonly sign: string; readonly text: string }) {
  return (
    <span class="key-item">
      <span class={sign} aria-hidden="true" />
      {text}
    </span>
  );
}

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
function Tooltip({ groups, edges, geometry, terms }: TooltipProps) {
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
