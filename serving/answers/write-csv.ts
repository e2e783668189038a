import type { StatsTable } from '#core/stats/stats-table.ts';
import { formatInstant } from '#core/time/instant.ts';
import type { AnsweredWindow } from './answered-window.ts';
import type { ViewQuery } from './query.ts';
import { SlotStats } from './slot-stats.ts';

/** The first line: `start,end,<tags>,<stats>,completeness,final,revision`. Lines end by CRLF (RFC 4180). */
export function csvHeading({ view, stats }: ViewQuery): string {
  const names = ['start', 'end', ...view.by, ...stats.map(({ name }) => name), 'completeness', 'final', 'revision'];
  return `${names.map(csvField).join(',')}\r\n`;
}

/** Writes windows as lines; a statistic that has no value is an empty field. */
export class CsvWriter {
  readonly #query: ViewQuery;
  readonly #stats: SlotStats;
  readonly #tagTexts = new Map<readonly string[], string>();
  /** Of the window before: those that follow one another mostly share their edges. */
  #startMs = Number.NaN;
  #endMs = Number.NaN;
  #edges = '';

  constructor(table: StatsTable, query: ViewQuery) {
    this.#query = query;
    this.#stats = new SlotStats(table);
  }

  /** One window as a line. */
  line({ startMs, endMs, tags, slot, completeness, final, revision }: AnsweredWindow): string {
    if (startMs !== this.#startMs || endMs !== this.#endMs) {
      this.#edges = `${formatInstant(startMs)},${formatInstant(endMs)},`;
      this.#startMs = startMs;
      this.#endMs = endMs;
    }
    const { stats, metric } = this.#query;
    const read = this.#stats.at(slot);
    let text = this.#edges + this.#tags(tags);
    for (const statistic of stats) text += `${statistic.compute(read, metric) ?? ''},`;
    return `${text}${completeness},${final},${revision}\r\n`;
  }

  /** The fields of the tags, each with a comma behind it. */
  #tags(tags: readonly string[]): string {
    let text = this.#tagTexts.get(tags);
    if (text === undefined) {
      text = tags.map((tag) => `${csvField(tag)},`).join('');
      this.#tagTexts.set(tags, text);
    }
    return text;
  }
}

/** A field, in quotes where it holds a comma, a quote, a line break or an outer space. */
export function csvField(text: string): string {
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
