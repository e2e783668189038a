import type { PaneColumns } from '../frames/panes.ts';
import { writeWide } from '../numbers/wide.ts';
import { histogramOf } from '../stats/additive.ts';
import type { StatsTable } from '../stats/stats-table.ts';

/** Makes the slot the stats of the i-th pane of a frame. */
export function writePane(table: StatsTable, slot: number, panes: PaneColumns, i: number): void {
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
