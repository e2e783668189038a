import type { PaneColumns, PaneHistogram } from '#core/frames/panes.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import { readWide } from '#core/numbers/wide.ts';
import { addAccounted, unaccountedMs } from '#core/stats/accounted.ts';
import type { LinkRule } from '#core/stats/link.ts';
import { addTimedRun } from '#core/stats/run.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { RememberedReading } from '../journal/link-correction.ts';

/** Panes after which a frame is closed. */
const FRAME_PANES_TARGET = 4096;

interface PaneFacts {
  readonly entry: number;
  readonly startMs: number;
  readonly spanMs: number;
  /** How often the series promises a reading. */
  readonly intervalMs: number;
  readonly anchor: RememberedReading | null;
}

/** Gathers panes for a panes frame: the readings of one series in one pane are folded into stats as they come. */
export class PanesBuilder {
  readonly #table = new StatsTable();
  #panes: PaneFacts[] = [];

  get count(): number {
    return this.#panes.length;
  }

  get isFull(): boolean {
    return this.#panes.length >= FRAME_PANES_TARGET;
  }

  /** Adds the pane whose readings are [from, to) of the arrays; `anchor` is the reading before them. */
  addPane(facts: PaneFacts, rule: LinkRule, times: Float64Array, values: Float64Array, from: number, to: number): void {
    const slot = this.#table.allocate();
    this.#panes.push(facts);
    addTimedRun(this.#table, slot, values, times, from, to, rule);
    const lostMs = unaccountedMs(times, from, to, facts.intervalMs);
    addAccounted(this.#table, slot, times[to - 1]! - times[from]! - lostMs, 0);
  }

  take(): PaneColumns {
    const table = this.#table;
    const panes = this.#panes;
    const count = panes.length;
    const numbers = Array.from({ length: count }, (_, i) => i);
    const columns: PaneColumns = {
      count,
      entry: Int32Array.from(panes, (pane) => pane.entry),
      startMs: Float64Array.from(panes, (pane) => pane.startMs),
      spanMs: Float64Array.from(panes, (pane) => pane.spanMs),
      readings: table.count.slice(0, count),
      sum: numbers.map((i) => readWide(table.sum, i)),
      squares: numbers.map((i) => readWide(table.squares, i)),
      min: table.min.slice(0, count),
      max: table.max.slice(0, count),
      firstMs: table.firstMs.slice(0, count),
      firstValue: table.firstValue.slice(0, count),
      lastMs: table.lastMs.slice(0, count),
      lastValue: table.lastValue.slice(0, count),
      increase: numbers.map((i) => readWide(table.increase, i)),
      integral: numbers.map((i) => readWide(table.integral, i)),
      coveredMs: table.coveredMs.slice(0, count),
      unchecked: new Float64Array(count),
      anchored: Uint8Array.from(panes, (pane) => (pane.anchor === null ? 0 : 1)),
      anchorTimeMs: Float64Array.from(panes, (pane) => pane.anchor?.timeMs ?? 0),
      anchorValue: Float64Array.from(panes, (pane) => pane.anchor?.value ?? 0),
      histogram: numbers.map((i) => histogramAt(table, i)),
      accountedMs: table.accountedMs.slice(0, count),
      links: NO_LINKS,
    };
    table.truncate(0);
    this.#panes = [];
    return columns;
  }
}

function histogramAt(table: StatsTable, slot: number): PaneHistogram | null {
  const histogram = table.histograms[slot];
  if (histogram === undefined) return null;
  const entries = histogram.entries();
  return {
    buckets: Int32Array.from(entries, ([bucket]) => bucket),
    counts: Float64Array.from(entries, ([, count]) => count),
  };
}
