import { strict as assert } from 'node:assert';
import type { PaneColumns } from '#core/frames/panes.ts';
import { sliceLinks } from './split-runs.ts';

/** Cuts panes in two halves that add up to the same, between two panes. */
export function splitPanes(panes: PaneColumns): readonly [PaneColumns, PaneColumns] {
  assert(panes.count > 1, 'one pane fits into a frame');
  const middle = panes.count >> 1;
  const links = panes.links.count >> 1;
  return [slicePanes(panes, 0, middle, 0, links), slicePanes(panes, middle, panes.count, links, panes.links.count)];
}

function slicePanes(panes: PaneColumns, from: number, to: number, linksFrom: number, linksTo: number): PaneColumns {
  return {
    count: to - from,
    entry: panes.entry.slice(from, to),
    startMs: panes.startMs.slice(from, to),
    spanMs: panes.spanMs.slice(from, to),
    readings: panes.readings.slice(from, to),
    sum: panes.sum.slice(from, to),
    squares: panes.squares.slice(from, to),
    min: panes.min.slice(from, to),
    max: panes.max.slice(from, to),
    firstMs: panes.firstMs.slice(from, to),
    firstValue: panes.firstValue.slice(from, to),
    lastMs: panes.lastMs.slice(from, to),
    lastValue: panes.lastValue.slice(from, to),
    increase: panes.increase.slice(from, to),
    integral: panes.integral.slice(from, to),
    coveredMs: panes.coveredMs.slice(from, to),
    unchecked: panes.unchecked.slice(from, to),
    anchored: panes.anchored.slice(from, to),
    anchorTimeMs: panes.anchorTimeMs.slice(from, to),
    anchorValue: panes.anchorValue.slice(from, to),
    histogram: panes.histogram.slice(from, to),
    accountedMs: panes.accountedMs === null ? null : panes.accountedMs.slice(from, to),
    links: sliceLinks(panes.links, linksFrom, linksTo),
  };
}
