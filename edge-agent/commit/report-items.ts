import { encodeRefusalReport, splitRefusalReport } from '#core/wire/refusal-report.ts';
import type { Refusal } from '../sources/source.ts';
import type { SpoolItem } from '../spool/entry.ts';

/** Reports of the rows that a source refused, for the spool; none where it refused none. `reports` are their numbers before. */
export function reportItems(
  source: string,
  refusals: readonly Refusal[],
  incarnation: number,
  reports: number,
): readonly SpoolItem[] {
  if (refusals.length === 0) return [];
  return splitRefusalReport({ incarnation, sequence: reports + 1, source, items: refusals }).map((report) => ({
    channel: 'refused',
    incarnation,
    sequence: report.sequence,
    bytes: encodeRefusalReport(report),
  }));
}
