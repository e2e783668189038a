import type { ViewInfo } from '../api/inventory.ts';
import { edgesText, measured, stateText, type Terms } from '../chart/window-words.ts';
import { columnsOf } from '../choice/measure.ts';
import { formatCount, formatValue } from '../format/numbers.ts';
import { groupName, type GroupWindows, type ShownWindow } from '../stream/windows-state.ts';
import { CompletenessText } from './figures.tsx';
import { TablePanel } from './table.tsx';

/** Rows of the table: what one looks at, not what one searches. */
export const ROWS_MAX = 12;

/** Headings of the statistics. */
const HEADINGS: Readonly<Record<string, string>> = {
  mean: 'Mean',
  min: 'Min',
  max: 'Max',
  sum: 'Sum',
  increase: 'Increase',
  amount: 'Amount',
  integral: 'Total',
};

interface NewestWindowsProps extends Terms {
  readonly groups: readonly GroupWindows[];
  readonly view: ViewInfo;
}

/** The newest windows as a table: what the chart draws, in figures. */
export function NewestWindows({ groups, view, ...terms }: NewestWindowsProps) {
  const { measure, decimals } = terms;
  const stats = columnsOf(view, measure);
  const chosen = measure.band === undefined ? [measure.stat] : [measure.band.low, measure.band.high];
  // On a narrow screen only what is chosen has room.
  const classOf = (stat: string): string => (chosen.includes(stat) ? 'number chosen' : 'number wide');
  const columns = [
    { name: 'Window' },
    { name: 'Group' },
    ...stats.map((stat) => ({
      name: HEADINGS[stat]!,
      note: stat === 'amount' ? view.amountUnit : view.unit,
      class: classOf(stat),
    })),
    { name: 'Readings', class: classOf('count') },
    { name: 'Complete', class: 'number' },
    { name: 'State', class: 'state' },
  ];
  return (
    <TablePanel id="newest" title="Newest windows" columns={columns}>
      {newestRows(groups).map(({ group, window }) => (
        <tr key={`${group.key} ${window.startMs} ${window.revisedAtMs}`} class={rowClass(window)}>
          <th scope="row">{edgesText(window, terms)}</th>
          <td>{groupName(group.tags)}</td>
          {stats.map((stat) => (
            <td key={stat} class={classOf(stat)}>
              {formatValue(stat === measure.stat ? measured(window, measure) : window.stats[stat], decimals)}
            </td>
          ))}
          <td class={classOf('count')}>{formatCount(window.stats['count'] ?? 0)}</td>
          <td class="number">
            <CompletenessText completeness={window.completeness} />
          </td>
          <td class="state" title={`revision ${window.revision}`}>
            {stateText(window, terms)}
          </td>
        </tr>
      ))}
    </TablePanel>
  );
}

function rowClass({ final, revisedAtMs }: ShownWindow): string {
  return `${final ? 'row-final' : 'row-open'}${revisedAtMs === undefined ? '' : ' row-revised'}`;
}

interface WindowRow {
  readonly group: GroupWindows;
  readonly window: ShownWindow;
}

/** The newest windows of all groups, the newest first, groups in their order. */
export function newestRows(groups: readonly GroupWindows[]): readonly WindowRow[] {
  const rows = groups.flatMap((group) => group.windows.slice(-ROWS_MAX).map((window) => ({ group, window })));
  return rows.sort((a, b) => b.window.startMs - a.window.startMs).slice(0, ROWS_MAX);
}
