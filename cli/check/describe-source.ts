import { formatInstant } from '#core/time/instant.ts';
import type { SourceConfig } from '#edge-agent/sources/source-config.ts';
import { formatAddress } from '../address.ts';
import { formatTable } from '../terminal/table.ts';
import { ROWS_LOOKED_AT, type ShownReading, type SourcePreview } from './preview-source.ts';

/** What a live source would do, in a phrase. */
export function describeLive(config: SourceConfig): string {
  switch (config.kind) {
    case 'http':
      return `takes POST http://${formatAddress(config.listen)}/readings`;
    case 'simulate':
      return `simulates ${config.scenario}`;
    case 'csv':
    case 'ndjson':
      return `${config.file === '-' ? 'standard input' : config.file}, followed as it grows`;
  }
}

/** What a file gives, as lines: counts, span, the first readings, what would be refused. */
export function describePreview(preview: SourcePreview): readonly string[] {
  const { tallies, isWhole, series, readings, refusals, fromMs, toMs } = preview;
  const { rows, missing, quarantined, ambiguousTimes, truncatedTimes } = tallies;
  const facts = [
    `${tallies.readings} readings of ${series.length} series`,
    `${missing} missing`,
    `${quarantined} to quarantine`,
  ];
  if (ambiguousTimes > 0) facts.push(`${ambiguousTimes} at a local time that is there twice`);
  if (truncatedTimes > 0) facts.push(`${truncatedTimes} with digits finer than a millisecond, cut`);
  const lines = [`  ${rows} rows${isWhole ? '' : ` (the first ${ROWS_LOOKED_AT} or so)`}: ${facts.join(', ')}`];
  if (tallies.readings > 0)
    lines.push(`  from ${formatInstant(fromMs)} to ${formatInstant(toMs)}; the first:`, ...readingLines(readings));
  for (const { line, reason, text } of refusals)
    lines.push(`  quarantine: line ${line}: ${reason}: ${JSON.stringify(text)}`);
  return lines;
}

function readingLines(readings: readonly ShownReading[]): readonly string[] {
  const table = formatTable(
    readings,
    [
      { heading: 'time', cell: ({ time }) => time },
      { heading: 'metric', cell: ({ metric }) => metric },
      { heading: 'series', cell: ({ tags }) => tags },
      { heading: 'value', align: 'right', cell: ({ value }) => value },
    ],
    '',
  );
  return table
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`);
}
