import type { TextWriter } from '#core/packing/text-writer.ts';
import { type QuickText, quickTextOf } from '#core/stats/quick-text.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import { formatInstant } from '#core/time/instant.ts';
import type { ViewQuery } from './query.ts';
import { SlotStats } from './slot-stats.ts';

/** The tags of groups as they are written, encoded. */
export type TagTexts = Map<readonly string[], Uint8Array>;

/** The text of a window's edges, kept for the next one: those that follow one another mostly share them. */
export class EdgeText {
  readonly #textOf: (start: string, end: string) => string;
  #startMs = Number.NaN;
  #endMs = Number.NaN;
  #text = '';

  /** `textOf` writes the edges, which it is given as instants, in ASCII. */
  constructor(textOf: (start: string, end: string) => string) {
    this.#textOf = textOf;
  }

  of(startMs: number, endMs: number): string {
    if (startMs !== this.#startMs || endMs !== this.#endMs) {
      this.#text = this.#textOf(formatInstant(startMs), formatInstant(endMs));
      this.#startMs = startMs;
      this.#endMs = endMs;
    }
    return this.#text;
  }
}

/** Writes the statistics of a query, of one slot of a table after the other. */
export class StatsWriter {
  readonly stats: SlotStats;
  readonly #table: StatsTable;
  readonly #query: Pick<ViewQuery, 'stats' | 'metric'>;
  readonly #quick: readonly (QuickText | undefined)[];

  constructor(table: StatsTable, query: Pick<ViewQuery, 'stats' | 'metric'>) {
    this.stats = new SlotStats(table);
    this.#table = table;
    this.#query = query;
    this.#quick = query.stats.map(quickTextOf);
  }

  /** Writes the i-th statistic of a slot; where it has no value, `none`. */
  write(out: TextWriter, i: number, slot: number, none: string): void {
    const { stats, metric } = this.#query;
    const quick = this.#quick[i];
    if (quick !== undefined && quick(out, this.#table, slot, metric)) return;
    out.ascii(stats[i]!.compute(this.stats.at(slot), metric) ?? none);
  }
}

/** Writes a share from 0 to 1, mostly one of both. */
export function writeShare(out: TextWriter, share: number): void {
  if (share === 1 || share === 0) out.integer(share);
  else out.ascii(String(share));
}
