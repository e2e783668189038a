import type { TextWriter } from '#core/packing/text-writer.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { AnsweredWindow } from './answered-window.ts';
import type { ViewQuery } from './query.ts';
import { EdgeText, JudgementText, StatsWriter, TagTexts } from './write-stats.ts';

const COMMA = 0x2c;

/** The first line: `start,end,<tags>,<stats>,completeness,final,revision`. Lines end by CRLF (RFC 4180). */
export function csvHeading({ view, stats }: ViewQuery): string {
  const names = ['start', 'end', ...view.by, ...stats.map(({ name }) => name), 'completeness', 'final', 'revision'];
  return `${names.map(csvField).join(',')}\r\n`;
}

/** Writes windows as lines; a statistic that has no value is an empty field. */
export class CsvWriter {
  readonly #query: ViewQuery;
  readonly #stats: StatsWriter;
  readonly #tagTexts: TagTexts;
  readonly #edges = new EdgeText((start, end) => `${start},${end},`);
  readonly #judgements = new JudgementText((w) => `${w.completeness},${w.final},${w.revision}\r\n`);

  /** Writers of one answer share the texts of its tags. */
  constructor(table: StatsTable, query: ViewQuery, tagTexts: TagTexts = csvTagTexts()) {
    this.#tagTexts = tagTexts;
    this.#query = query;
    this.#stats = new StatsWriter(table, query);
  }

  /** One window as a line. */
  write(out: TextWriter, window: AnsweredWindow): void {
    const { startMs, endMs, tags, slot } = window;
    this.#edges.write(out, startMs, endMs);
    out.append(this.#tagTexts.of(tags));
    for (let i = 0; i < this.#query.stats.length; i++) {
      this.#stats.write(out, i, slot, '');
      out.byte(COMMA);
    }
    out.append(this.#judgements.of(window));
  }
}

/** The fields of tags, each with a comma behind it. */
export function csvTagTexts(): TagTexts {
  return new TagTexts((tags) => tags.map((tag) => `${csvField(tag)},`).join(''));
}

/** A field, in quotes where it holds a comma, a quote, a line break or an outer space. */
export function csvField(text: string): string {
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
