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

/** One window as a line; a statistic that has no value is an empty field. */
export function csvLine(table: StatsTable, query: ViewQuery, window: AnsweredWindow): string {
  const read = new SlotStats(table).at(window.slot);
  const fields = [formatInstant(window.startMs), formatInstant(window.endMs), ...window.tags.map(csvField)];
  for (const statistic of query.stats) fields.push(statistic.compute(read, query.metric) ?? '');
  fields.push(String(window.completeness), String(window.final), String(window.revision));
  return `${fields.join(',')}\r\n`;
}

/** A field, in quotes where it holds a comma, a quote, a line break or an outer space. */
export function csvField(text: string): string {
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
