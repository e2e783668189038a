import { strict as assert } from 'node:assert';
import { InFlightLimit } from '../flow/in-flight-limit.ts';

/** One record of a partition. `bytes` are the reader's own. */
export interface LogEntry {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/**
 * Ordered, durable records in a fixed number of partitions: the one history that all layers read.
 *
 * Positions are safe integers, per partition, ascending by one from 1 in the order of storing; they are never used
 * twice, not even after `trim`. A record's place is (generation, partition, position), and its bytes never change.
 *
 * Laws:
 * - *Durable.* When `append` resolves the record is stored, as durably as `report()` says, and every reader sees it.
 * - *Order.* For one partition and one opening of the log the order of calls of `append` is the order of the positions
 *   they resolve with, however many are in flight. Between openings (several brokers) there is no order.
 * - *At least once.* A record may be stored more than once when its acknowledgement was lost on the way; the order of
 *   the first copies is the order of the calls, and `append` resolves with the position of one copy. A record whose
 *   `append` rejected may be stored or not. Who folds the log knows records by their own number (the ledger).
 * - *Prefix.* Two readers who have read a partition up to p have read the same records. Nothing appears at a position
 *   below one that has been read.
 * - *No gap, no repeat.* `follow` gives the positions from, from + 1, … each once, through reconnections too, or throws.
 * - *Back-pressure.* Each call holds bounded memory: `append` waits in order of calls while APPENDS_IN_FLIGHT_BYTES_MAX
 *   or APPENDS_IN_FLIGHT_MAX are in flight; a reader pulls.
 *
 * `partition` is an integer from 0 below `partitions` (anything else is a mistake of the caller's and an assertion).
 * After disposal everything throws StoreClosed; appends in flight then are settled before disposal resolves.
 */
export interface Log extends AsyncDisposable {
  /** Fixed when the log is made, checked at each opening. */
  readonly partitions: number;
  /** A random id made with the log: a position means something only together with it. */
  readonly generation: string;

  /**
   * Stores a record of 1 to RECORD_BYTES_MAX bytes and resolves with its position once it is durable. The log may keep
   * `bytes` until then; the caller leaves them unchanged. Throws TooLarge, LogFull, StoreClosed, and
   * StoreUnavailable where the adapter can't go on by itself (retryable: append it again).
   */
  append(partition: number, bytes: Uint8Array): Promise<number>;

  /**
   * The entries at positions ≥ `from` (≥ 1), as many as fit into `limit.bytes` but at least one if there is one; [] at
   * the end. Throws LogPositionGone where `from` is below the first kept, LogPositionAhead where it is more than one
   * above the last: then the log has lost its tail, or is another one, and reading on would leave a gap.
   */
  read(partition: number, from: number, limit: { readonly bytes: number }): Promise<LogEntry[]>;

  /**
   * History from `from`, then live, in non-empty groups of about `bytesMax` bytes at most. Ends, without an error, when
   * the signal aborts; throws as `read` does, also later when the log is trimmed or cut off under the reader.
   */
  follow(partition: number, from: number, options: FollowOptions): AsyncIterable<readonly LogEntry[]>;

  /** The first kept and the last position. Last is 0 when nothing was ever stored; first is last + 1 when nothing is kept. */
  bounds(partition: number): Promise<LogBounds>;

  /**
   * Lets go of all entries below `before`, once whoever needs them (the archive) has them. `before` is at most last + 1.
   * Harmless when they are gone already. Positions of what remains don't change.
   */
  trim(partition: number, before: number): Promise<void>;

  /** What the storage really does, asked now. */
  report(): Promise<LogReport>;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Bytes of entries held for the reader, and the size of a group; one larger entry still comes, alone. */
  readonly bytesMax: number;
}

export interface LogBounds {
  readonly first: number;
  readonly last: number;
}

/** What a log's storage does and which of the log's promises it doesn't keep. */
export interface LogReport {
  readonly adapter: 'embedded' | 'nats';
  /** The storage engine and its version, for people. */
  readonly engine: string;
  /** A directory, or the server that answers. */
  readonly place: string;
  readonly generation: string;
  readonly partitions: number;
  /** What an acknowledged record survives, and by what means. */
  readonly durability: { readonly survives: 'process crash' | 'power loss' | 'memory only'; readonly how: string };
  /** Copies of each record on different machines. */
  readonly replicas: number;
  readonly limits: {
    /** The largest record, in bytes. */
    readonly recordBytesMax: number;
    /** What the whole log may hold, in bytes; undefined means: until the disk is full. */
    readonly storeBytesMax: number | undefined;
  };
  /** What happens at that limit: `new` refuses appends (LogFull), `old` forgets history. */
  readonly discard: 'new' | 'old';
  /** The promises that don't hold here; empty is well. */
  readonly shortfalls: readonly LogShortfall[];
}

export interface LogShortfall {
  readonly promise: string;
  readonly holds: false;
  /** Why not, and what would mend it. */
  readonly why: string;
}

/**
 * The largest record. A frame is at most 640 KiB with its verdict; a nats-server takes 1 MiB by default (`max_payload`),
 * of which some is left for headers.
 */
export const RECORD_BYTES_MAX = 960 * 1024;

/** The most partitions of one log: each costs a stream, a checkpoint and a worker's attention. */
export const PARTITIONS_MAX = 256;

/** Whether a log can be made with so many partitions. */
export function isPartitionCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= PARTITIONS_MAX;
}

/** Checks the number of partitions that a log is asked to have, where one is asked for. */
export function assertPartitionCount(asked: number | undefined): void {
  assert(asked === undefined || isPartitionCount(asked), `a log has 1 to ${PARTITIONS_MAX} partitions, not ${asked}`);
}

/** Appends in flight per opened log. Measured with JetStream: 256 to 512 keep a server busy, more add only delay. */
const APPENDS_IN_FLIGHT_MAX = 512;

/** Bytes of appends in flight per opened log: 512 records of a usual 16 kB fit, and a few dozen of the largest. */
const APPENDS_IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024;

/** What holds back the appends of an opened log. */
export function newAppendLimit(): InFlightLimit {
  return new InFlightLimit({ countMax: APPENDS_IN_FLIGHT_MAX, bytesMax: APPENDS_IN_FLIGHT_BYTES_MAX });
}
