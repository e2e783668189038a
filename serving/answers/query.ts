import { WeirError } from '#core/errors.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { parseStatistics, type Statistic, whyUnanswerable } from '#core/stats/statistics.ts';
import { UnknownStatistic } from '#core/stats/stats-errors.ts';
import { type Duration, DurationError, nominalMs, parseDuration } from '#core/time/duration.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS, InstantError, parseInstant, parseRelative } from '#core/time/instant.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { WindowError, windowSpec, type WindowSpec } from '#core/time/windows.ts';
import { openZone, UnknownZoneError, type Zone } from '#core/time/zone.ts';
import type { View } from '#core/views/view.ts';

/** What an answer tells where no statistics are named. */
export const STATS_DEFAULT = 'count,sum,mean,min,max';

/** Windows, or sessions, of one answer as JSON; CSV and NDJSON have no limit. */
export const JSON_WINDOWS_MAX = 100_000;

/** Statistics of one question: each is computed for every window, a quantile from all of its buckets. */
export const STATS_MAX = 64;

/** Values by which one tag is filtered. */
const FILTER_VALUES_MAX = 1_000;

/** The values that a tag may have, by tag; a tag that isn't named admits all. */
export type TagFilter = ReadonlyMap<string, readonly string[]>;

/** What every query about a view has. */
export interface ViewQuery {
  readonly view: View;
  readonly metric: Metric;
  readonly stats: readonly Statistic[];
  readonly where: TagFilter;
}

export interface WindowsQuery extends ViewQuery {
  readonly spec: WindowSpec;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SessionsQuery extends ViewQuery {
  readonly gap: Duration;
  readonly fromMs: number;
  readonly toMs: number;
}

/** More windows or sessions than a JSON answer holds. */
export function tooMany(what: 'windows' | 'sessions', max: number): QueryError {
  const remedy =
    what === 'sessions'
      ? 'ask for a wider gap or a shorter range'
      : 'ask for wider windows or a shorter range, or for format=csv or format=ndjson, which have no limit';
  return new QueryError(what, `more than ${max}`, `is beyond the limit of ${max} ${what} in one JSON answer`, remedy);
}

/** What HTTP says of it. */
export type QueryStatus = 400 | 404 | 406 | 409 | 503;

/** Something in a query that can't be answered as asked: what, its value, and what to ask instead. */
export class QueryError extends WeirError {
  readonly kind = 'query-unanswerable';
  readonly status: QueryStatus;
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;

  constructor(subject: string, value: string, what: string, remedy: string, status: QueryStatus = 400) {
    super(`${subject} ${JSON.stringify(value)} ${what}; ${remedy}`, { fault: 'asked', retryable: status === 503 });
    this.status = status;
    this.subject = subject;
    this.value = value;
    this.remedy = remedy;
  }
}

/** The texts of a query, as they come from a URL or a message. */
export interface WindowTexts {
  readonly window: string;
  readonly every?: string | undefined;
  readonly offset?: string | undefined;
  readonly zone?: string | undefined;
}

/** A range of time, half-open. Throws QueryError. */
export function parseRange(
  from: string,
  to: string,
  zone: Zone,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = parseTime('from', from, zone, nowMs);
  const toMs = parseTime('to', to, zone, nowMs);
  if (fromMs > toMs) throw new QueryError('from', from, `is later than to ${JSON.stringify(to)}`, 'swap them');
  return { fromMs, toMs };
}

/** A time, also before `nowMs`; one without an offset is one of the zone. Throws QueryError. */
export function parseTime(subject: string, text: string, zone: Zone, nowMs: number): number {
  try {
    const atMs = parseRelative(text, zone, nowMs) ?? parseInstant(text, zone);
    if (atMs >= INSTANT_MIN_MS && atMs <= INSTANT_MAX_MS) return atMs;
    throw new QueryError(subject, text, 'lies beyond the years 0000 to 9999 of UTC', 'name a time within them');
  } catch (error) {
    if (error instanceof InstantError) throw restated(subject, text, error);
    throw error;
  }
}

export function parseZone(text: string | undefined): Zone {
  try {
    return openZone(text ?? 'UTC');
  } catch (error) {
    if (error instanceof UnknownZoneError) throw restated('zone', text ?? '', error);
    throw error;
  }
}

export function parseSpan(subject: string, text: string): Duration {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof DurationError) throw restated(subject, text, error);
    throw error;
  }
}

/** Windows of which an instant may be in: each of them takes time, also where it holds nothing. */
const OVERLAPPING_WINDOWS_MAX = 100_000;

export function parseWindowSpec(texts: WindowTexts, zone: Zone): WindowSpec {
  const size = parseSpan('window', texts.window);
  const every = texts.every === undefined ? undefined : parseSpan('every', texts.every);
  const offset = texts.offset === undefined ? undefined : parseSpan('offset', texts.offset);
  if (every !== undefined && nominalMs(size) / nominalMs(every) > OVERLAPPING_WINDOWS_MAX) {
    const what = `lets more than ${OVERLAPPING_WINDOWS_MAX} windows of ${texts.window} overlap`;
    throw new QueryError('every', texts.every!, what, 'make it longer, or the windows shorter');
  }
  try {
    return windowSpec(size, every, zone, offset);
  } catch (error) {
    if (error instanceof WindowError) throw restated(error.subject, texts[error.subject] ?? '', error);
    throw error;
  }
}

/** The statistics of a list, all of which the metric can answer. */
export function parseStats(text: string | undefined, metric: Metric): readonly Statistic[] {
  const stats = readStatistics(text ?? STATS_DEFAULT);
  if (stats.length > STATS_MAX)
    throw new QueryError('stats', String(stats.length), 'are too many for one question', `name at most ${STATS_MAX}`);
  for (const one of stats) {
    const why = whyUnanswerable(one, metric);
    if (why !== null) throw new QueryError('stats', one.name, `can't be answered: ${why}`, `ask for ${STATS_DEFAULT}`);
  }
  return stats;
}

/** The filter of tags that are named; every one is one of the view's `by` tags. */
export function parseFilter(
  given: Iterable<readonly [string, readonly string[]]>,
  view: View,
  known: readonly string[],
): TagFilter {
  const filter = new Map<string, readonly string[]>();
  for (const [tag, values] of given) {
    if (!view.by.includes(tag)) throw unknownParameter(tag, view, known);
    if (values.length > FILTER_VALUES_MAX) {
      throw new QueryError(
        tag,
        String(values.length),
        'values are too many for a filter',
        `name at most ${FILTER_VALUES_MAX}`,
      );
    }
    filter.set(tag, values);
  }
  return filter;
}

function unknownParameter(name: string, view: View, known: readonly string[]): QueryError {
  const nearest = nearestNames(name, [...known, ...view.by]);
  const tags = view.by.length === 0 ? 'it has no tags to filter by' : `its tags are ${view.by.join(', ')}`;
  const meant = nearest.length === 0 ? '' : `did you mean ${nearest.join(' or ')}? `;
  return new QueryError(
    'parameter',
    name,
    `is neither known nor a tag of view ${view.name}`,
    `${meant}known are ${known.join(', ')}; ${tags}`,
  );
}

function readStatistics(text: string): readonly Statistic[] {
  try {
    return parseStatistics(text);
  } catch (error) {
    if (error instanceof UnknownStatistic) throw restated('stats', error.asked, error);
    throw error;
  }
}

/** A fault of a text, told by the part of `core` that reads it: its sentence ends with the remedy. */
function restated(subject: string, value: string, error: Error): QueryError {
  const at = error.message.search(/[;?] /);
  const what = at < 0 ? error.message : error.message.slice(0, at);
  const remedy = at < 0 ? 'see /openapi.json' : error.message.slice(at + 2);
  return new QueryError(subject, value, `can't be read: ${what}`, remedy);
}
