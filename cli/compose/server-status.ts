import type { LogReport } from '#backbone/log/log.ts';
import type { BrokerCounters } from '#broker/counters.ts';
import type { PartitionStatus } from '#speed-layer/speed-layer.ts';

/** What `GET /api/v1/status` says. */
export interface ServerStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly log: LogReport;
  /** Per partition, the position of the last record that the broker has acknowledged. */
  readonly acknowledged: readonly number[];
  readonly partitions: readonly PartitionStatus[];
  readonly broker: BrokerCounters;
}
