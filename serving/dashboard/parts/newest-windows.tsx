import { stateText } from '../chart/describe.ts';
import type { Measure } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import { formatCount, formatValue } from '../format/figures.ts';
import { groupName } from '../format/group-name.ts';
import { formatWindow } from '../format/times.ts';
import type { GroupWindows, ShownWindow } from '../stream/windows-state.ts';
import { CompletenessText } from './completeness-text.tsx';
import { newestRows } from './newest-rows.ts';

interface NewestWindowsProps {
  readonly groups: readonly GroupWindows[];
  readonly kind: string | null;
  readonly measure: Measure;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly length: Length;
  readonly nowMs: number;
}

/** Headings of the statistics, in the order of the columns. */
const HEADINGS: Readonly<Record<string, string>> = {
  mean: 'Mean',
  min: 'Min',
  max: 'Max',
  sum: 'Sum',
  increase: 'Increase',
};

/** The newest windows as a table: what the chart draws, in figures. */
export function NewestWindows({ groups, kind, measure, unit, decimals, length, nowMs }: NewestWindowsProps) {
  const stats = kind === 'counter' ? ['increase', 'min', 'max'] : ['mean', 'min', 'max', 'sum'];
  const chosen = measure.band === undefined ? [measure.stat] : [measure.band.low, measure.band.high];
  // On a narrow screen only what is chosen has room.
  const classOf = (stat: string): string => (chosen.includes(stat) ? 'number chosen' : 'number wide');
  return (
    <section class="panel" aria-labelledby="newest-heading">
      <h2 id="newest-heading">Newest windows</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="newest-heading">
        <table>
          <thead>
            <tr>
              <th scope="col">Window</th>
              <th scope="col">Group</th>
              {stats.map((stat) => (
                <th key={stat} scope="col" class={classOf(stat)}>
                  {HEADINGS[stat]}
                  {unit === null ? null : <span class="quiet"> {unit}</span>}
                </th>
              ))}
              <th scope="col" class={classOf('count')}>
                Readings
              </th>
              <th scope="col" class="number">
                Complete
              </th>
              <th scope="col" class="state">
                State
              </th>
            </tr>
          </thead>
          <tbody>
            {newestRows(groups).map(({ group, window }) => (
              <tr key={`${group.key} ${window.startMs} ${window.revisedAtMs}`} class={rowClass(window)}>
                <th scope="row">{formatWindow(window.startMs, window.endMs, nowMs, length)}</th>
                <td>{groupName(group.tags)}</td>
                {stats.map((stat) => (
                  <td key={stat} class={classOf(stat)}>
                    {formatValue(window.stats[stat], decimals)}
                  </td>
                ))}
                <td class={classOf('count')}>{formatCount(window.stats['count'] ?? 0)}</td>
                <td class="number">
                  <CompletenessText completeness={window.completeness} />
                </td>
                <td class="state" title={`revision ${window.revision}`}>
                  {stateText(window)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function rowClass({ final, revisedAtMs }: ShownWindow): string {
  return `${final ? 'row-final' : 'row-open'}${revisedAtMs === undefined ? '' : ' row-revised'}`;
}
