import { strict as assert } from 'node:assert';
import type { PaneColumns } from '#core/frames/panes.ts';
import type { ReadingsRuns, SignedLinks } from '#core/frames/readings.ts';

/** Cuts runs in two halves that add up to the same: between two runs, or, of a single run, between two readings. */
export function splitRuns(runs: ReadingsRuns): readonly [ReadingsRuns, ReadingsRuns] {
  const links = Math.floor(runs.links.count / 2);
  if (runs.runCount !== 1) {
    const middle = Math.floor(runs.runCount / 2);
    return [
      sliceRuns(runs, 0, middle, sliceLinks(runs.links, 0, links)),
      sliceRuns(runs, middle, runs.runCount, sliceLinks(runs.links, links, runs.links.count)),
    ];
  }
  const middle = Math.floor(runs.timeMs.length / 2);
  assert(middle > 0, 'one reading fits into a frame');
  const later: ReadingsRuns = {
    ...runs,
    length: Int32Array.of(runs.timeMs.length - middle),
    anchored: Uint8Array.of(1),
    anchorTimeMs: runs.timeMs.slice(middle - 1, middle),
    anchorValue: runs.value.slice(middle - 1, middle),
    timeMs: runs.timeMs.slice(middle),
    value: runs.value.slice(middle),
    links: sliceLinks(runs.links, links, runs.links.count),
  };
  const earlier: ReadingsRuns = {
    ...runs,
    length: Int32Array.of(middle),
    timeMs: runs.timeMs.slice(0, middle),
    value: runs.value.slice(0, middle),
    links: sliceLinks(runs.links, 0, links),
  };
  return [earlier, later];
}

function sliceRuns(runs: ReadingsRuns, from: number, to: number, links: SignedLinks): ReadingsRuns {
  let first = 0;
  for (let run = 0; run < from; run++) first += runs.length[run]!;
  let end = first;
  for (let run = from; run < to; run++) end += runs.length[run]!;
  return {
    runCount: to - from,
    entry: runs.entry.slice(from, to),
    length: runs.length.slice(from, to),
    anchored: runs.anchored.slice(from, to),
    anchorTimeMs: runs.anchorTimeMs.slice(from, to),
    anchorValue: runs.anchorValue.slice(from, to),
    unchecked: runs.unchecked.slice(from, to),
    timeMs: runs.timeMs.slice(first, end),
    value: runs.value.slice(first, end),
    links,
  };
}

/** The links [from, to). */
export function sliceLinks(links: SignedLinks, from: number, to: number): SignedLinks {
  return {
    count: to - from,
    entry: links.entry.slice(from, to),
    sign: links.sign.slice(from, to),
    fromMs: links.fromMs.slice(from, to),
    fromValue: links.fromValue.slice(from, to),
    toMs: links.toMs.slice(from, to),
    toValue: links.toValue.slice(from, to),
  };
}

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
