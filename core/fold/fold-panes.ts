import type { PaneColumns } from '../frames/panes.ts';
import { addLink } from '../stats/link.ts';
import { mergeInto } from '../stats/merge.ts';
import { StatsTable } from '../stats/stats-table.ts';
import type { AgentFold } from './agent-fold.ts';
import { foldLinks } from './fold-links.ts';
import { writePane } from './pane-slot.ts';
import type { ViewFold } from './view-fold.ts';

/**
 * Folds a panes frame. A pane lies in one slice, since slices are multiples of panes, so it merges into one slot; the
 * interval that leads to its first reading crosses the pane's edge and is folded as a link.
 */
export function foldPanes(panes: PaneColumns, agent: AgentFold, views: readonly ViewFold[], position: number): void {
  const staging = new StatsTable(1);
  const staged = staging.allocate();
  for (let i = 0; i < panes.count; i++) {
    const routes = agent.routesOf(panes.entry[i]!, views, position);
    if (routes.length === 0) continue;
    writePane(staging, staged, panes, i);
    const firstMs = panes.firstMs[i]!;
    for (const route of routes) {
      if (panes.readings[i]! > 0) route.noteReading(firstMs);
      mergeInto(route.table, route.slotOf(Math.floor(panes.startMs[i]! / route.sliceMs)), staging, staged);
      if (panes.anchored[i] !== 1) continue;
      addLink(
        route,
        route.rule,
        route.sliceMs,
        1,
        panes.anchorTimeMs[i]!,
        panes.anchorValue[i]!,
        firstMs,
        panes.firstValue[i]!,
      );
    }
  }
  foldLinks(panes.links, agent, views, position);
}
