import { GROUPS_DRAWN_MAX } from '../chart/colours.ts';
import { edgesText, measured, stateText, type Terms, unitOf, valueText } from '../chart/window-words.ts';
import type { Measure } from '../choice/measure.ts';
import { formatLarge } from '../format/numbers.ts';
import { groupName, type GroupWindows, hasEnded, type ShownWindow } from '../stream/windows-state.ts';
import { CompletenessText } from './completeness-text.tsx';

/** Figures beyond these would fill the page; the chart draws fewer anyway. */
const FIGURES_MAX = 24;

interface FiguresProps extends Terms {
  readonly groups: readonly GroupWindows[];
  readonly colours: ReadonlyMap<string, number>;
  readonly onToggle: (key: string) => void;
}

/** The current value of each group in large figures. They are the legend as well: pressing one hides its line. */
export function Figures({ groups, ...rest }: FiguresProps) {
  const drawn = rest.colours.size;
  return (
    <section aria-label="Current values">
      <ul class="figures">
        {groups.slice(0, FIGURES_MAX).map((group) => (
          <li key={group.key}>
            <Figure group={group} {...rest} />
          </li>
        ))}
      </ul>
      {/* Of fewer groups all are drawn unless they were hidden, which the viewer knows. */}
      {groups.length > GROUPS_DRAWN_MAX && groups.length > drawn ? (
        <p class="quiet note">
          {drawn} of {groups.length} groups are drawn. Press one that is drawn to make room for the next.
        </p>
      ) : null}
    </section>
  );
}

type FigureProps = Omit<FiguresProps, 'groups'> & { readonly group: GroupWindows };

function Figure({ group, colours, onToggle, ...terms }: FigureProps) {
  const { measure, decimals, freshnessMs } = terms;
  const colour = colours.get(group.key);
  const latest = latestWindow(group.windows, measure, freshnessMs);
  const exact = latest === undefined ? '' : `${valueText(latest, terms)} ${unitOf(terms)}`;
  return (
    <button type="button" class="figure" aria-pressed={colour !== undefined} onClick={() => onToggle(group.key)}>
      <span class="figure-name">
        <span class={`swatch swatch-${colour ?? 'none'}`} aria-hidden="true" />
        {groupName(group.tags)}
      </span>
      <span class="figure-value" title={exact}>
        {formatLarge(latest && measured(latest, measure), measure.hasUnit ? decimals : 0)}
        <span class="figure-unit">{unitOf(terms)}</span>
      </span>
      {latest === undefined ? null : (
        <span class="figure-caption">
          <CompletenessText completeness={latest.completeness} />
          <span>
            {edgesText(latest, terms)}
            {hasEnded(latest, freshnessMs) && latest.expectedFromMs === undefined
              ? ''
              : `, ${stateText(latest, terms)}`}
          </span>
        </span>
      )}
    </button>
  );
}

/**
 * The window whose value stands for `now`: the newest one, but of a measure that adds up the newest that has ended as
 * far as its agents know, because a sum that is still growing says too little. Undefined where there is no window.
 */
export function latestWindow(
  windows: readonly ShownWindow[],
  measure: Measure,
  freshnessMs: number | null,
): ShownWindow | undefined {
  const newest = windows.at(-1);
  if (!measure.adds) return newest;
  return windows.findLast((window) => hasEnded(window, freshnessMs)) ?? newest;
}
