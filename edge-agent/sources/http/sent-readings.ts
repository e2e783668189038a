import { implausible, type Metric } from '#core/metrics/metric.ts';
import { describeScaledFault, lastScaledFault, parseScaled, scaledFromNumber } from '#core/numbers/scaled.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS, InstantError, readInstantText } from '#core/time/instant.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { BATCH_READINGS_MAX, BATCH_REFUSALS_MAX } from '../batch-columns.ts';
import type { LiveBatch } from '../live/live-batch.ts';
import { type EntryRegistry, type Refusal, REFUSED_TEXT_CHARS_MAX } from '../source.ts';
import { FUTURE_MS_MAX } from '../time/time-section.ts';
import type { SentReading } from './readings-body.ts';

export interface ReadRequest {
  readonly batches: readonly LiveBatch[];
  readonly accepted: number;
  readonly missing: number;
  readonly quarantined: readonly { readonly index: number; readonly reason: string }[];
}

type Verdict =
  | {
      readonly kind: 'reading';
      readonly entry: number;
      readonly timeMs: number;
      readonly value: number;
      readonly cut: boolean;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Judges each reading of a request, and gathers them into batches of at most BATCH_READINGS_MAX. */
export function readSentReadings(
  sent: readonly SentReading[],
  metrics: ReadonlyMap<string, Metric>,
  registry: EntryRegistry,
  nowMs: number,
): ReadRequest {
  const batches: LiveBatch[] = [];
  const quarantined: { index: number; reason: string }[] = [];
  for (let from = 0; from < sent.length; from += BATCH_READINGS_MAX) {
    const piece = sent.slice(from, from + BATCH_READINGS_MAX);
    const verdicts = piece.map((reading) => judge(reading, metrics, registry, nowMs));
    batches.push(gather(piece, verdicts, from));
    verdicts.forEach((verdict, i) => {
      if (verdict.kind === 'refused') quarantined.push({ index: from + i, reason: verdict.reason });
    });
  }
  const sum = (of: 'readings' | 'missing'): number => batches.reduce((total, { tallies }) => total + tallies[of], 0);
  return { batches, accepted: sum('readings'), missing: sum('missing'), quarantined };
}

function gather(piece: readonly SentReading[], verdicts: readonly Verdict[], from: number): LiveBatch {
  const readings = verdicts.filter((verdict) => verdict.kind === 'reading');
  const refusals: Refusal[] = [];
  let quarantined = 0;
  verdicts.forEach((verdict, i) => {
    if (verdict.kind !== 'refused') return;
    quarantined++;
    if (refusals.length >= BATCH_REFUSALS_MAX) return;
    const text = JSON.stringify(piece[i]).slice(0, REFUSED_TEXT_CHARS_MAX);
    refusals.push({ line: from + i + 1, readings: 1, reason: verdict.reason, text });
  });
  return {
    count: readings.length,
    entry: Int32Array.from(readings, ({ entry }) => entry),
    timeMs: Float64Array.from(readings, ({ timeMs }) => timeMs),
    value: Float64Array.from(readings, ({ value }) => value),
    refusals,
    tallies: {
      rows: piece.length,
      readings: readings.length,
      missing: piece.length - readings.length - quarantined,
      quarantined,
      ambiguousTimes: 0,
      truncatedTimes: readings.filter(({ cut }) => cut).length,
    },
    highestMs: readings.reduce((highest, { timeMs }) => Math.max(highest, timeMs), Number.NEGATIVE_INFINITY),
  };
}

function judge(
  { time, metric: metricName, device, value: sent, tags }: SentReading,
  metrics: ReadonlyMap<string, Metric>,
  registry: EntryRegistry,
  nowMs: number,
): Verdict {
  const metric = metrics.get(metricName);
  if (metric === undefined) return refused(unknownMetric(metricName, [...metrics.keys()]));
  const read = readTime(time);
  if (typeof read === 'string') return refused(read);
  const { timeMs, cut } = read;
  if (timeMs < INSTANT_MIN_MS || timeMs > INSTANT_MAX_MS) {
    return refused(`time ${String(time)} lies outside the years 0 to 9999; numbers are milliseconds since 1970`);
  }
  if (timeMs > nowMs + FUTURE_MS_MAX) {
    return refused(`time ${String(time)} is more than ${FUTURE_MS_MAX / 60_000} minutes ahead of this agent's clock`);
  }
  if (sent === null) return { kind: 'missing' };
  const { decimals, excess } = metric;
  const value =
    typeof sent === 'number' ? scaledFromNumber(sent, decimals, excess) : parseScaled(sent, decimals, excess);
  if (Number.isNaN(value)) return refused(describeScaledFault(lastScaledFault(), String(sent), decimals));
  const why = implausible(metric, timeMs, value);
  if (why !== undefined) return refused(why);
  if (device === '') return refused('device is empty');
  if (tags !== undefined && Object.values(tags).includes('')) return refused('a tag is empty; leave it out');
  if (tags?.['device'] !== undefined && tags['device'] !== device) {
    return refused('tag "device" differs from `device`, which gives it');
  }
  const entry = registry.intern({ metric: metricName, device, tags: { ...tags, device } });
  return typeof entry === 'number' ? { kind: 'reading', entry, timeMs, value, cut } : refused(entry.message);
}

function readTime(time: string | number): { timeMs: number; cut: boolean } | string {
  if (typeof time === 'number') return { timeMs: Math.floor(time), cut: !Number.isInteger(time) };
  try {
    const { localMs, offsetMs, cut } = readInstantText(time);
    if (offsetMs === undefined)
      return `time ${JSON.stringify(time)} has no offset; end it with Z or an offset such as +01:00`;
    return { timeMs: localMs - offsetMs, cut };
  } catch (error) {
    if (error instanceof InstantError) return error.message;
    throw error;
  }
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}

function unknownMetric(name: string, known: readonly string[]): string {
  const nearest = nearestNames(name, known);
  const remedy = nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : 'declare it under `metrics`';
  return `metric ${JSON.stringify(name)} is not declared; ${remedy}`;
}
