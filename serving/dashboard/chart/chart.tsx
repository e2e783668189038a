import { useMemo } from 'preact/hooks';
import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { groupName } from '../format/group-name.ts';
import { useColours } from '../hooks/use-colours.ts';
import { type GroupWindows, newestEndMs } from '../stream/windows-state.ts';
import { chartData } from './chart-data.ts';
import { describeWindow, unitOf } from './describe.ts';
import { Key } from './key.tsx';
import { Strip } from './strip.tsx';
import { timeRange } from './time-range.ts';
import { Tooltip } from './tooltip.tsx';
import { usePlot } from './use-plot.ts';

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
  const page = useColours();
  const data = useMemo(() => chartData(groups, measure), [groups, measure]);
  const groupColours = groups.map(({ key }) => colours.get(key) ?? 0);
  const range = timeRange(newestEndMs(groups), nowMs, span.ms, length.ms);
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
  const how = { measure, unit, decimals, length, nowMs };
  return (
    <figure class="chart" aria-label={`${measure.words} in windows of ${length.words}, the last ${span.words}`}>
      <figcaption class="quiet chart-caption">
        {`${unitOf(measure, unit)} · ${measure.words.toLowerCase()} per ${length.words.replace(/^1 /, '')}`}
      </figcaption>
      <div class="plot" ref={plot.host} aria-hidden="true" />
      <Strip
        data={data}
        groupColours={groupColours}
        geometry={plot.geometry}
        colours={page}
        pointed={at}
        sentence={edges === undefined ? undefined : describeWindow(named, edges, how)}
        onPoint={plot.point}
      />
      {edges === undefined || plot.geometry === undefined ? null : (
        <Tooltip groups={named} edges={edges} geometry={plot.geometry} how={how} />
      )}
      <Key />
    </figure>
  );
}
