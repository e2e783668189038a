import type { PaneColumns } from '../frames/panes.ts';
import { writeWide } from '../numbers/wide.ts';
import { addAccounted, addAccountedLink, addAccountedSpan } from '../stats/accounted.ts';
import { histogramOf } from '../stats/additive.ts';
import { addLink } from '../stats/link.ts';
import { mergeInto } from '../stats/merge.ts';
import { StatsTable } from '../stats/stats-table.ts';
import type { AgentFold } from './agent-fold.ts';
import { foldLinks } from './fold-corrections.ts';
import type { Route } from './route.ts';
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
    if (panes.readings[i]! > 0) agent.noteSpoken(panes.entry[i]!, panes.lastMs[i]!);
    if (routes.length === 0) continue;
    writePane(staging, staged, panes, i);
    const firstMs = panes.firstMs[i]!;
    for (const route of routes) {
      if (panes.readings[i]! > 0) {
        route.noteReading(firstMs);
        if (route.isEnded) route.fold.noteSpoken(route, firstMs, panes.lastMs[i]!);
        foldAccounted(panes, i, route);
      }
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

/** Adds what the readings of the i-th pane account for: time within the pane, and an interval from its last one on. */
function foldAccounted(panes: PaneColumns, i: number, route: Route): void {
  const { pace } = route;
  const { intervalMs, cellMs, cellSlices } = pace;
  const firstMs = panes.firstMs[i]!;
  const lastMs = panes.lastMs[i]!;
  const withinMs = panes.accountedMs?.[i] ?? Math.min(lastMs - firstMs, (panes.readings[i]! - 1) * intervalMs);
  if (withinMs > 0) {
    const slot = route.slotOf(Math.floor(firstMs / cellMs) * cellSlices);
    addAccounted(route.table, slot, withinMs, 0);
  }
  addAccountedSpan(route, pace, 1, lastMs, lastMs + intervalMs);
  if (panes.anchored[i] === 1) addAccountedLink(route, pace, 1, panes.anchorTimeMs[i]!, firstMs);
}

/** Makes the slot the stats of the i-th pane of a frame, but for what its readings account for. */
function writePane(table: StatsTable, slot: number, panes: PaneColumns, i: number): void {
  table.reset(slot);
  table.count[slot] = panes.readings[i]!;
  writeWide(table.sum, slot, panes.sum[i]!);
  writeWide(table.squares, slot, panes.squares[i]!);
  writeWide(table.increase, slot, panes.increase[i]!);
  writeWide(table.integral, slot, panes.integral[i]!);
  table.coveredMs[slot] = panes.coveredMs[i]!;
  table.unchecked[slot] = panes.unchecked[i]!;
  if (panes.readings[i] === 0) return;
  table.min[slot] = panes.min[i]!;
  table.max[slot] = panes.max[i]!;
  table.firstMs[slot] = panes.firstMs[i]!;
  table.firstValue[slot] = panes.firstValue[i]!;
  table.lastMs[slot] = panes.lastMs[i]!;
  table.lastValue[slot] = panes.lastValue[i]!;
  const histogram = panes.histogram[i];
  if (histogram === null || histogram === undefined) return;
  const counts = histogramOf(table, slot);
  for (let b = 0; b < histogram.buckets.length; b++) counts.append(histogram.buckets[b]!, histogram.counts[b]!);
}
