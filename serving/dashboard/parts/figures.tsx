import { unitOf, valueText } from '../chart/describe.ts';
import { latestWindow } from '../chart/latest.ts';
import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { formatLarge } from '../format/figures.ts';
import { groupName } from '../format/group-name.ts';
import { formatWindow } from '../format/times.ts';
import type { GroupWindows } from '../stream/windows-state.ts';
import { CompletenessText } from './completeness-text.tsx';

/** Figures beyond these would fill the page; the chart draws fewer anyway. */
const FIGURES_MAX = 24;

interface FiguresProps {
  readonly groups: readonly GroupWindows[];
  readonly colours: ReadonlyMap<string, number>;
  readonly measure: Measure;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly length: Length;
  readonly freshnessMs: number | null;
  readonly nowMs: number;
  readonly onToggle: (key: string) => void;
}

/** The current value of each group in large figures. They are the legend as well: pressing one hides its line. */
export function Figures({ groups, onToggle, ...how }: FiguresProps) {
  return (
    <section aria-label="Current values">
      <ul class="figures">
        {groups.slice(0, FIGURES_MAX).map((group) => (
          <li key={group.key}>
            <Figure group={group} onToggle={onToggle} {...how} />
          </li>
        ))}
      </ul>
      {groups.length > how.colours.size && groups.length > FIGURES_DRAWN_HINT ? (
        <p class="quiet note">
          {how.colours.size} of {groups.length} groups are drawn. Press one that is drawn to make room for the next.
        </p>
      ) : null}
    </section>
  );
}

/** With up to this many groups all are drawn unless they were hidden, which the viewer knows. */
const FIGURES_DRAWN_HINT = 8;

type FigureProps = Omit<FiguresProps, 'groups'> & { readonly group: GroupWindows };

function Figure({ group, colours, measure, unit, decimals, length, freshnessMs, nowMs, onToggle }: FigureProps) {
  const colour = colours.get(group.key);
  const latest = latestWindow(group.windows, measure, freshnessMs);
  const value = latest?.stats[measure.stat];
  const exact = latest === undefined ? '' : `${valueText(latest, measure, decimals)} ${unitOf(measure, unit)}`;
  return (
    <button type="button" class="figure" aria-pressed={colour !== undefined} onClick={() => onToggle(group.key)}>
      <span class="figure-name">
        <span class={`swatch swatch-${colour ?? 'none'}`} aria-hidden="true" />
        {groupName(group.tags)}
      </span>
      <span class="figure-value" title={exact}>
        {measure.hasUnit ? formatLarge(value, decimals) : formatLarge(value, 0)}
        <span class="figure-unit">{unitOf(measure, unit)}</span>
      </span>
      {latest === undefined ? null : (
        <span class="figure-caption">
          <CompletenessText completeness={latest.completeness} />
          <span>
            {formatWindow(latest.startMs, latest.endMs, nowMs, length)}
            {latest.final ? '' : ', so far'}
          </span>
        </span>
      )}
    </button>
  );
}
