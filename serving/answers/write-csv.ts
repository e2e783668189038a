import type { TextWriter } from '#core/packing/text-writer.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { AnsweredWindow } from './answered-window.ts';
import type { ViewQuery } from './query.ts';
import { EdgeText, StatsWriter, type TagTexts, writeShare } from './write-stats.ts';

const COMMA = 0x2c;
const utf8 = new TextEncoder();

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

  /** Writers of one answer share the texts of its tags. */
  constructor(table: StatsTable, query: ViewQuery, tagTexts: TagTexts = new Map()) {
    this.#tagTexts = tagTexts;
    this.#query = query;
    this.#stats = new StatsWriter(table, query);
  }

  /** One window as a line. */
  write(out: TextWriter, { startMs, endMs, tags, slot, completeness, final, revision }: AnsweredWindow): void {
    out.ascii(this.#edges.of(startMs, endMs));
    out.append(this.#tags(tags));
    for (let i = 0; i < this.#query.stats.length; i++) {
      this.#stats.write(out, i, slot, '');
      out.byte(COMMA);
    }
    writeShare(out, completeness);
    out.ascii(final ? ',true,' : ',false,');
    out.integer(revision);
    out.ascii('\r\n');
  }

  /** The fields of the tags, each with a comma behind it. */
  #tags(tags: readonly string[]): Uint8Array {
    let text = this.#tagTexts.get(tags);
    if (text === undefined) {
      text = utf8.encode(tags.map((tag) => `${csvField(tag)},`).join(''));
      this.#tagTexts.set(tags, text);
    }
    return text;
  }
}

/** A field, in quotes where it holds a comma, a quote, a line break or an outer space. */
export function csvField(text: string): string {
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
