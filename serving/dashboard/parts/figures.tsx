import { GROUPS_DRAWN_MAX } from '../chart/colours.ts';
import { edgesText, measured, stateText, type Terms, unitOf, valueText } from '../chart/window-words.ts';
import type { Measure } from '../choice/measure.ts';
import { GROUPS_SHOWN_MAX } from '../choice/shown-groups.ts';
import { completenessLevel, formatCompleteness, formatLarge } from '../format/numbers.ts';
import { groupName, type GroupWindows, hasEnded, type ShownWindow } from '../stream/windows-state.ts';

interface FiguresProps extends Terms {
  readonly groups: readonly GroupWindows[];
  readonly colours: ReadonlyMap<string, number>;
  /** A group that has told nothing for longer by `untilMs`, when others have, is silent; null where that is not known. */
  readonly silentMs: number;
  readonly untilMs: number | null;
  readonly onToggle: (key: string) => void;
}

/** The current value of each group in large figures. They are the legend as well: pressing one hides its line. */
export function Figures({ groups, ...rest }: FiguresProps) {
  const drawn = rest.colours.size;
  return (
    <section aria-label="Current values">
      <ul class={groups.length > GROUPS_DRAWN_MAX ? 'figures figures-many' : 'figures'}>
        {groups.slice(0, GROUPS_SHOWN_MAX).map((group) => (
          <li key={group.key}>
            <Figure group={group} {...rest} />
          </li>
        ))}
      </ul>
      {/* Of fewer groups all are drawn unless they were hidden, which the viewer knows. */}
      {groups.length > GROUPS_DRAWN_MAX && groups.length > drawn ? (
        <p class="quiet note">
          {drawn} of {groups.length} groups are drawn. Press one to draw it, or to hide it and make room for the next.
        </p>
      ) : null}
    </section>
  );
}

type FigureProps = Omit<FiguresProps, 'groups'> & { readonly group: GroupWindows };

function Figure({ group, colours, silentMs, untilMs, onToggle, ...terms }: FigureProps) {
  const { measure, decimals, freshnessMs } = terms;
  const colour = colours.get(group.key);
  const latest = latestWindow(group.windows, measure, freshnessMs);
  const isSilent = latest !== undefined && untilMs !== null && latest.endMs + silentMs < untilMs;
  const exact = latest === undefined ? '' : `${valueText(latest, terms)} ${unitOf(terms)}`;
  return (
    <button
      type="button"
      class={isSilent ? 'figure figure-silent' : 'figure'}
      aria-pressed={colour !== undefined}
      onClick={() => onToggle(group.key)}
    >
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
          <span>{isSilent ? `${edgesText(latest, terms)}, nothing since` : captionText(latest, terms)}</span>
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

/** When the window is whose value is shown, and what there is to know of it beside that it is whole. */
function captionText(window: ShownWindow, terms: Terms): string {
  const edges = edgesText(window, terms);
  const isPlain = hasEnded(window, terms.freshnessMs) && window.expectedFromMs === undefined;
  return isPlain ? edges : `${edges}, ${stateText(window, terms)}`;
}

/** How complete something is: a bar beside its percentage, which says the same. */
export function CompletenessText({ completeness }: { readonly completeness: number }) {
  return (
    <span class="completeness">
      <progress
        class={`bar bar-${completenessLevel(completeness)}`}
        max={1}
        value={Math.min(1, completeness)}
        aria-hidden="true"
      />
      <span class="percent">{formatCompleteness(completeness)}</span>
    </span>
  );
}
