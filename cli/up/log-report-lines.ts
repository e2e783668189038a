import type { LogReport } from '#backbone/log/log.ts';

/** What a log really does, and which promises don't hold on it, in words. */
export function logReportLines(report: LogReport): readonly string[] {
  const { engine, place, partitions, durability, replicas, limits, discard, shortfalls } = report;
  const size = limits.storeBytesMax === undefined ? 'as large as the disk' : `at most ${limits.storeBytesMax} bytes`;
  const full =
    discard === 'new' ? 'new records wait when it is full' : 'the oldest records are forgotten when it is full';
  return [
    `log        ${engine}, ${partitions} partition${partitions === 1 ? '' : 's'}, at ${place}`,
    `           survives ${durability.survives} (${durability.how}), ${replicas} cop${replicas === 1 ? 'y' : 'ies'}, ${size}; ${full}`,
    ...shortfalls.map(({ promise, why }) => `           does not hold: ${promise}: ${why}`),
  ];
}
