import type { LogReport } from '#backbone/log/log.ts';
import type { BrokerCounters } from '#broker/counters.ts';
import type { PartitionStatus } from '#speed-layer/speed-layer.ts';
import type { StoreStatus } from '#view-stores/store-status.ts';

/** What a server holds of one kind, and until when. */
export interface HeldStore {
  readonly store: 'log' | 'archive' | 'results' | 'changes' | 'quarantine';
  /** On the disk; of the quarantine, which is among the changes, as it was written. Null where it isn't known: on disks of NATS. */
  readonly bytes: number | null;
  /** Until when it is held, for people. */
  readonly until: string;
}

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
  /** What it holds, and until when. */
  readonly holds: readonly HeldStore[];
}
