import type { FrameFault } from '#core/frames/fault.ts';
import type { FrameHeader } from '#core/frames/header.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { ACCEPTED, type Verdict } from '#core/records/record.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { VERDICT_DETAIL_MAX } from '#core/wire/down-messages.ts';

/** What of a frame is decided without asking anybody. All decisions here are functions of their arguments. */

export type RefusedVerdict = Extract<Verdict, { readonly kind: 'refused' }>;

/** A refusal; a detail that is too long for the record is cut. */
export function refused(code: string, detail: string): RefusedVerdict {
  return { kind: 'refused', code, detail: detail.slice(0, VERDICT_DETAIL_MAX).toWellFormed() };
}

/** The broker's clock when it received the frame, and by how much agents' clocks may be ahead of it. */
export interface ReceiveTime {
  readonly atMs: number;
  readonly skewMsMax: number;
}

/**
 * The verdict on a header. A frame from the future is refused whole, by its latest event time and by its watermark:
 * either would make windows final that have not even begun.
 */
export function judgeHeader(header: FrameHeader | FrameFault, received: ReceiveTime): Verdict {
  if (header.kind === 'fault') return refused(header.code, header.message);
  const { latestMs, watermarkMs, kind } = header;
  // A birth counts no readings and has no event times; its zeros mean nothing.
  if (kind !== 'birth' && isFuture(latestMs, received))
    return refused('future', futureDetail('latest event time', latestMs, received));
  if (watermarkMs !== null && isFuture(watermarkMs, received)) {
    return refused('future', futureDetail('watermark', watermarkMs, received));
  }
  return ACCEPTED;
}

/** True where a time lies further ahead of the broker's clock than clocks may differ. */
export function isFuture(timeMs: number, received: ReceiveTime): boolean {
  return timeMs > received.atMs + received.skewMsMax;
}

export function futureDetail(subject: string, timeMs: number, received: ReceiveTime): string {
  const aheadMs = timeMs - received.atMs;
  return `${subject} ${timeMs} ms is ${aheadMs} ms ahead of the broker's clock, ${received.skewMsMax} ms are allowed: set the agent's clock`;
}

/**
 * The verdict on the series of a birth: unit, decimals and kind must be what the server declares for the metric, where
 * it declares it. A scaled integer with other decimals, or another unit, would be added up as if it were the same.
 */
export function judgeSeries(entries: readonly SeriesEntry[], metrics: ReadonlyMap<string, Metric> | null): Verdict {
  for (const entry of entries) {
    const metric = metrics?.get(entry.metric);
    if (metric === undefined) continue;
    if (entry.unit === metric.unit && entry.decimals === metric.decimals && entry.kind === metric.kind) continue;
    return refused(
      'metric-mismatch',
      `series ${entry.metric} of ${entry.device} is ${describe(entry)}, the server's metric is ${describe(metric)}`,
    );
  }
  return ACCEPTED;
}

function describe({ unit, decimals, kind }: Pick<Metric, 'unit' | 'decimals' | 'kind'>): string {
  return `a ${kind} in ${JSON.stringify(unit)} with ${decimals} decimals`;
}
