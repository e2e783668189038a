import type { Metric } from '#core/metrics/metric.ts';
import { formatScaled } from '#core/numbers/scaled.ts';
import { formatInstant } from '#core/time/instant.ts';
import type { SourceOptions } from '#edge-agent/sources/open-source.ts';
import type { SourceConfig } from '#edge-agent/sources/source-config.ts';
import type {
  EntryRegistry,
  ReadingBatch,
  Refusal,
  SeriesDescription,
  Source,
  SourceTallies,
} from '#edge-agent/sources/source.ts';
import { formatAddress } from '../address.ts';
import { formatTable } from '../terminal/output.ts';

/** Rows of a file that are looked at: all of most files, and a second or so of a large one. */
const ROWS_LOOKED_AT = 200_000;

/** Readings, and refused rows, that are shown. */
const SHOWN_MAX = 5;

/** A reading as it would be sent. */
interface ShownReading {
  readonly time: string;
  readonly metric: string;
  readonly tags: string;
  readonly value: string;
}

/** What the beginning of a file gives. */
export interface SourcePreview {
  readonly tallies: SourceTallies;
  /** Whether that was the whole file. */
  readonly isWhole: boolean;
  readonly readings: readonly ShownReading[];
  readonly refusals: readonly Refusal[];
  readonly series: readonly SeriesDescription[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Numbers the series of a preview, and remembers them. */
class PreviewRegistry implements EntryRegistry {
  readonly series: SeriesDescription[] = [];
  readonly #numbers = new Map<string, number>();

  intern(description: SeriesDescription): number {
    const key = JSON.stringify([description.metric, description.device, description.tags]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.series.length);
    return this.series.push(description) - 1;
  }
}

/** Reads the beginning of a source that ends. Throws SourceError where it can't be read. */
export async function previewSource(
  open: (around: SourceOptions) => Source,
  { metrics, folder, stdin, nowMs }: Pick<SourceOptions, 'metrics' | 'folder' | 'stdin' | 'nowMs'>,
): Promise<SourcePreview> {
  const registry = new PreviewRegistry();
  const source = open({ metrics, folder, stdin, nowMs, registry });
  const readings: ShownReading[] = [];
  const refusals: Refusal[] = [];
  let tallies: SourceTallies = {
    rows: 0,
    readings: 0,
    missing: 0,
    quarantined: 0,
    ambiguousTimes: 0,
    truncatedTimes: 0,
  };
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  let isWhole = true;
  for await (const batch of source.batches(null, new AbortController().signal)) {
    tallies = addTallies(tallies, batch.tallies);
    for (let row = 0; row < batch.count; row++) {
      fromMs = Math.min(fromMs, batch.timeMs[row]!);
      toMs = Math.max(toMs, batch.timeMs[row]!);
      if (readings.length < SHOWN_MAX) readings.push(shown(batch, row, registry, metrics));
    }
    refusals.push(...batch.refusals.slice(0, SHOWN_MAX - refusals.length));
    if (tallies.rows < ROWS_LOOKED_AT) continue;
    isWhole = false;
    break;
  }
  return { tallies, isWhole, readings, refusals, series: registry.series, fromMs, toMs };
}

function addTallies(a: SourceTallies, b: SourceTallies): SourceTallies {
  return {
    rows: a.rows + b.rows,
    readings: a.readings + b.readings,
    missing: a.missing + b.missing,
    quarantined: a.quarantined + b.quarantined,
    ambiguousTimes: a.ambiguousTimes + b.ambiguousTimes,
    truncatedTimes: a.truncatedTimes + b.truncatedTimes,
  };
}

function shown(
  batch: ReadingBatch,
  row: number,
  { series }: PreviewRegistry,
  metrics: ReadonlyMap<string, Metric>,
): ShownReading {
  const { metric: name, tags } = series[batch.entry[row]!]!;
  const metric = metrics.get(name)!;
  return {
    time: formatInstant(batch.timeMs[row]!),
    metric: name,
    tags: Object.entries(tags)
      .map(([tag, value]) => `${tag}=${value}`)
      .join(' '),
    value: `${formatScaled(batch.value[row]!, metric.decimals)} ${metric.unit}`,
  };
}

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
