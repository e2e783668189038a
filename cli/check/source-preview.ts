import type { Metric } from '#core/metrics/metric.ts';
import { formatScaled } from '#core/numbers/scaled.ts';
import { formatInstant } from '#core/time/instant.ts';
import {
  addTallies,
  NO_TALLIES,
  type ReadingBatch,
  type Refusal,
  type SeriesDescription,
  SeriesList,
  type Source,
  type SourceTallies,
} from '#edge-agent/sources/source.ts';
import { formatTable } from '../terminal/output.ts';

/** Rows of a file that are looked at: all of most files, and a second or so of a large one. */
const ROWS_LOOKED_AT = 200_000;

/** Readings, and refused rows, that are shown. */
const SHOWN_MAX = 5;

/** A reading as it would be sent, in words. */
type ShownReading = Readonly<Record<'time' | 'metric' | 'tags' | 'value', string>>;

/** The series of readings that were looked at, and their span; `fromMs` is after `toMs` where there were none. */
export interface Seen {
  readonly series: readonly SeriesDescription[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the beginning of a file gives. */
export interface SourcePreview extends Seen {
  readonly tallies: SourceTallies;
  /** Whether that was the whole file. */
  readonly isWhole: boolean;
  readonly readings: readonly ShownReading[];
  readonly refusals: readonly Refusal[];
  /** What else the source has to say. */
  readonly remarks: readonly string[];
}

/** Nothing that was looked at. */
export const NOTHING_SEEN: Seen = { series: [], fromMs: Number.POSITIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY };

/** What two files hold together. */
export function seenTogether(a: Seen, b: Seen): Seen {
  return { series: [...a.series, ...b.series], fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) };
}

/**
 * Reads the beginning of a source, until the signal where it doesn't end. Whoever waits for an acknowledgement is told that
 * nothing was stored. Throws SourceError where it can't be read.
 */
export async function previewSource(
  open: (registry: SeriesList) => Source,
  metrics: ReadonlyMap<string, Metric>,
  signal: AbortSignal = new AbortController().signal,
): Promise<SourcePreview> {
  const registry = new SeriesList();
  const source = open(registry);
  const readings: ShownReading[] = [];
  const refusals: Refusal[] = [];
  let tallies = NO_TALLIES;
  let { fromMs, toMs } = NOTHING_SEEN;
  let isWhole = true;
  const waiting: ((failure: Error) => void)[] = [];
  const refuse = (): void =>
    waiting.forEach((acknowledged) => acknowledged(new Error('the readings were only looked at')));
  // After the source has been told, so that it knows why.
  signal.addEventListener('abort', () => setImmediate(refuse), { once: true });
  for await (const batch of source.batches(null, signal)) {
    if (batch.acknowledged !== undefined) waiting.push(batch.acknowledged);
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
  const remarks = source.remarks?.() ?? [];
  return { tallies, isWhole, readings, refusals, remarks, series: registry.descriptions, fromMs, toMs };
}

function shown(
  batch: ReadingBatch,
  row: number,
  { descriptions }: SeriesList,
  metrics: ReadonlyMap<string, Metric>,
): ShownReading {
  const { metric: name, tags } = descriptions[batch.entry[row]!]!;
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

/** What a file gives, as lines: counts, span, the first readings, what would be refused. */
export function describePreview(preview: SourcePreview): readonly string[] {
  const { tallies, isWhole, series, readings, refusals, remarks, fromMs, toMs } = preview;
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
  for (const remark of remarks) lines.push(`  ${remark}`);
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
