import type { LogReport } from '#backbone/log/log.ts';
import type { BrokerCounters } from '#broker/counters.ts';
import type { PartitionStatus } from '#speed-layer/speed-layer.ts';
import type { StoreStatus } from '#view-stores/store-status.ts';

/** What `GET /api/v1/status` says of a server. */
export interface ServerStatus {
  readonly log: LogReport;
  readonly version: string;
  readonly startedAt: string;
  /** Per partition, the position of the last record that the broker has acknowledged. */
  readonly acknowledged: readonly number[];
  readonly partitions: readonly PartitionStatus[];
  readonly broker: BrokerCounters;
  /** Who else keeps the windows of the views. */
  readonly stores: readonly StoreStatus[];
}
