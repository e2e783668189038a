import type { GroupWindows, ShownWindow } from '../stream/windows-state.ts';

/** Rows of the table: what one looks at, not what one searches. */
export const ROWS_MAX = 12;

export interface WindowRow {
  readonly group: GroupWindows;
  readonly window: ShownWindow;
}

/** The newest windows of all groups, the newest first, groups in their order. */
export function newestRows(groups: readonly GroupWindows[]): readonly WindowRow[] {
  const rows = groups.flatMap((group) => group.windows.slice(-ROWS_MAX).map((window) => ({ group, window })));
  return rows.sort((a, b) => b.window.startMs - a.window.startMs).slice(0, ROWS_MAX);
}
