import { PackWriter } from '../packing/pack-writer.ts';
import { type FrameMeta, sealFrame } from './header.ts';
import { HEADER_BYTES } from './limits.ts';
import { writeLinks } from './links.ts';
import type { ReadingsRuns } from './readings.ts';
import { RunColumns } from './run-columns.ts';

/**
 * A `readings` frame of the first `runCount` runs. Asserts that every number is in its range and that times ascend;
 * throws {@link FrameTooLarge} if there is more than one frame holds.
 *
 * The body of a `readings` frame is a pack:
 *
 * ```
 *   varint   runs
 *   column   entry           dictionary index, per run
 *   column   length − 1
 *   column   flags           bit 0 anchored, 1 unchecked, 2 irregular, 3 absolute
 *   column   head time       of the run's first reading, ms
 *   column   head value
 *   column   period          the typical distance of the run's times, ms
 *   relative anchor time     to head time − period (not below −TIME_MS_MAX); without anchor that base itself
 *   relative anchor value    to head value; without anchor that itself
 *   column   divisor         of all differences of the run's values, ≥ 1
 *   column   times           of irregular runs: distance to the reading before, less the period; heads left out
 *   plain    values          of all runs: difference to the reading before, through the divisor; heads left out.
 *                            Absolute runs: the value itself, where differences would leave the safe integers
 *            links           see links.ts
 * ```
 *
 * So a regular run spends nothing on times, and blocks of values run on across runs.
 */
export function encodeReadings(meta: FrameMeta, runs: ReadingsRuns): Uint8Array {
  const columns = new RunColumns(runs, meta.dictionaryVersion);
  const { runCount } = runs;
  const pack = new PackWriter();
  pack.bytes.varint(runCount);
  pack.column(runs.entry, runCount);
  pack.column(columns.lengthLessOne, runCount);
  pack.column(columns.flags, runCount);
  pack.column(columns.headMs, runCount);
  pack.column(columns.headValue, runCount);
  pack.column(columns.periodMs, runCount);
  pack.relativeColumn(columns.anchorMs, columns.anchorBaseMs, runCount);
  pack.relativeColumn(columns.anchorValue, columns.headValue, runCount);
  pack.column(columns.divisor, runCount);
  pack.column(columns.times, columns.timeCount);
  pack.plainColumn(columns.values, columns.valueCount);
  writeLinks(pack, runs.links, meta.dictionaryVersion);
  const { count, earliestMs, latestMs } = columns;
  return sealFrame(pack.finish(HEADER_BYTES), meta, { kind: 'readings', count, earliestMs, latestMs });
}
