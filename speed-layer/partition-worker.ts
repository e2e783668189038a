import { crc32 } from 'node:zlib';
import type { ChangeTable } from '#backbone/changes/change-table.ts';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { PendingChanges } from '#backbone/changes/pending-changes.ts';
import { rowsOfSpan } from '#backbone/changes/row-span.ts';
import type { StoringOptions } from '#backbone/disk/until-stored.ts';
import type { Log, LogEntry } from '#backbone/log/log.ts';
import type { Table } from '#backbone/table/table.ts';
import { WeirError } from '#core/errors.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold, type ViewVersion } from '#core/fold/view-fold.ts';
import { readRecord } from '#core/records/record-codec.ts';
import { joinFlags, PENDING } from '#core/slices/merge-rows.ts';
import { sliceKey, spanOf } from '#core/slices/slice-span.ts';
import { evictSlices } from './eviction.ts';
import { FoldStateWriter, type JoinedView, loadFold, type SavedFold } from './fold-state.ts';
import { READ_BYTES } from './history.ts';
import { repairSelection } from './selection-repair.ts';

/**
 * Changed rows that are in memory before the next record has to wait until they are written. Few bytes may make many
 * rows: a constant meter's two years take some kilobytes, and a row for each of their slices.
 */
const ROWS_GATHERED_MAX = 50_000;

/**
 * Their spans likewise: what a commit costs the event loop goes by them, some twenty microseconds each. The rows of a history
 * share them, those of a fleet that speaks once in a slice don't.
 */
const SPANS_GATHERED_MAX = 2_500;

/** Births likewise: each of their entries is written, and a birth has thousands. */
const BIRTHS_GATHERED_MAX = 2;

/** Refused records, in bytes, that are in memory before the next one has to wait likewise. */
const REFUSED_GATHERED_BYTES_MAX = 16 * 1024 * 1024;

/** The log that the checkpoint was made from is another one: its positions mean other records. */
export class LogChanged extends WeirError {
  readonly kind = 'log-changed';

  constructor(partition: number, expected: string, found: string) {
    super(
      `The checkpoint of partition ${partition} belongs to log ${expected}, but this log is ${found}. ` +
        'Give the data directory of that log, or start with an empty one to fold this log from its first record.',
      { fault: 'data' },
    );
  }
}

/** The log that the checkpoint was made from has lost records since: what was folded isn't what it holds. */
export class LogNotContinued extends WeirError {
  readonly kind = 'log-not-continued';
  constructor(partition: number, position: number, found: string) {
    super(
      `Partition ${partition} was folded up to record ${position}, but ${found}: the log is an older copy. ` +
        'Restore it, and the archive beside it, from the newest copy there is. Where there is no newer one, move the ' +
        'folder "speed" of the data directory away: it is made again from the log, and "weir ledger" names what is missing.',
      { fault: 'data' },
    );
  }
}

export interface PartitionWorkerOptions {
  readonly partition: number;
  readonly log: Log;
  /** Where the fold's state is found at the start. */
  readonly table: Table;
  readonly changes: ChangeTable;
  /** The versions to fold, as far as they had joined by the last commit. */
  readonly versions: readonly ViewVersion[];
  /** Ends the worker, and is told of commits that fail and are tried again. */
  readonly storing: StoringOptions;
  /** ROWS_GATHERED_MAX when left out. */
  readonly rowsMax?: number | undefined;
}

/**
 * Follows one partition of the log, folds it, and commits what changed: rows, members, ledgers and position in one
 * atomic write. While a commit is on its way to the disk the fold goes on, so commits grow with the load. A commit that
 * fails for now (a full disk) is tried until it succeeds; what comes meanwhile waits in the log.
 *
 * A restart begins with no slice in memory: what is read then opens new parts of the slices it touches, and their sum
 * is the same.
 */
export class PartitionWorker {
  readonly partition: number;
  readonly fold: PartitionFold;
  /** Changed rows in memory before the next record waits. */
  readonly rowsMax: number;
  readonly #log: Log;
  readonly #changes: ChangeTable;
  readonly #storing: StoringOptions;
  readonly #pending: PendingChanges;
  readonly #joined: JoinedView[] = [];
  #state!: FoldStateWriter;
  #committedTo = 0;
  /** The last record that was folded in this run. */
  #lastRecord: Uint8Array | undefined;
  /** CRC-32 of the last one that was folded before. */
  #checksum: number | undefined;
  /** Aborted with its reason when a commit fails for good: what is folded can't be kept, so the worker has to stop. */
  readonly #failed = new AbortController();
  #commit: Promise<void> = Promise.resolve();
  #isCommitting = false;
  /** Births since the last commit. */
  #births = 0;
  /** Something has to be written although no record came: a refold, or a view that joined. */
  #isOwed = false;

  private constructor(options: PartitionWorkerOptions, fold: PartitionFold) {
    const { partition, log, changes, storing, rowsMax = ROWS_GATHERED_MAX } = options;
    this.partition = partition;
    this.rowsMax = rowsMax;
    this.fold = fold;
    this.#log = log;
    this.#changes = changes;
    this.#storing = storing;
    this.#pending = new PendingChanges(partition);
  }

  /** A worker that stands where its last commit left it, with the views that had joined by then. */
  static async open(options: PartitionWorkerOptions): Promise<PartitionWorker> {
    const { partition, log, table, changes, versions } = options;
    const loaded = await loadFold(table, partition);
    const saved = loaded?.saved;
    if (saved !== undefined && saved.generation !== log.generation)
      throw new LogChanged(partition, saved.generation, log.generation);
    if (saved !== undefined) await checkContinued(partition, log, saved);
    const worker = new PartitionWorker(options, new PartitionFold(loaded?.snapshot));
    worker.#committedTo = worker.fold.position;
    worker.#checksum = saved?.checksum;
    worker.#state = new FoldStateWriter(partition, worker.fold);
    for (const version of versions) {
      const isSaved =
        saved?.joined.some((one) => one.view === version.view.name && one.version === version.version) ?? true;
      if (!isSaved) continue;
      const view = new ViewFold(version);
      await worker.#findPending(view, changes);
      for await (const member of changes.members(version.view.name, version.version)) {
        if (member.partition === partition) view.restoreMember(member.group, member);
      }
      worker.#carry(view);
    }
    return worker;
  }

  hasJoined(version: ViewVersion): boolean {
    return this.#joined.some((one) => one.view === version.view.name && one.version === version.version);
  }

  /** Takes in a view that was folded up to this worker's position, and writes down that it did. */
  join(view: ViewFold): void {
    this.#carry(view);
    this.#isOwed = true;
    this.#startCommit();
  }

  #carry(view: ViewFold): void {
    this.fold.addView(view);
    this.#joined.push({ view: view.id.view.name, version: view.id.version });
  }

  get committedTo(): number {
    return this.#committedTo;
  }

  /** Follows the log until the signal, then commits what is folded. Throws when the log fails, or a commit for good. */
  async run(): Promise<void> {
    const ends = AbortSignal.any([this.#storing.signal, this.#failed.signal]);
    for await (const entries of this.#log.follow(this.partition, this.fold.position + 1, {
      signal: ends,
      bytesMax: READ_BYTES,
    })) {
      for (const entry of entries) {
        this.#apply(entry);
        if (!this.#isFull()) continue;
        // The commit in flight takes its time, and the next one takes all that there is by then.
        await this.#commit;
        this.#failed.signal.throwIfAborted();
        this.#startCommit();
      }
      this.#startCommit();
    }
    await this.commit();
  }

  /** Refolds what amends have touched, once the fold stands at the log's end, and commits it. */
  async repair(signal: AbortSignal): Promise<void> {
    const { views } = this.fold;
    if (views.every((view) => view.slots.pending.size === 0)) return;
    const { last } = await this.#log.bounds(this.partition);
    if (this.fold.position < last) return;
    for (const view of views) await repairSelection(view, this.fold, this.#log, this.partition, signal);
    this.#isOwed = true;
    this.#startCommit();
  }

  /** Commits everything folded so far. */
  async commit(): Promise<void> {
    await this.#commit;
    this.#startCommit();
    await this.#commit;
    this.#failed.signal.throwIfAborted();
  }

  /** Takes up which slices were waiting for a refold when the last run ended. */
  async #findPending({ id, slots }: ViewFold, changes: ChangeTable): Promise<void> {
    const take = (rows: SliceRow[]): void => {
      for (const row of rows.sort((a, b) => a.epoch - b.epoch || a.part - b.part)) {
        const flags = joinFlags(slots.pending.has(row) ? PENDING : 0, row.flags);
        if ((flags & PENDING) === 0) slots.pending.delete(row);
        else slots.pending.add(row);
      }
    };
    // Few spans say anything of it, and only the rows of one slice say it together.
    const rows: SliceRow[] = [];
    let last = '';
    for await (const span of changes.flaggedSpans(id.view.name, id.version, this.partition)) {
      const name = sliceKey(span.group, spanOf(span.opener));
      if (name !== last) take(rows.splice(0));
      last = name;
      rows.push(...rowsOfSpan(span));
    }
    take(rows);
  }

  #apply({ position, bytes }: LogEntry): void {
    this.#lastRecord = bytes;
    const record = readRecord(this.partition, { position, bytes });
    const outcome = this.fold.apply(position, record);
    if (outcome.kind === 'cut') this.#closeEpoch(outcome.ends);
    if (outcome.kind === 'learned') this.#births++;
    this.#pending.note(position, record, bytes.length);
  }

  /** The slices of the epoch that ends are gathered under its name and leave memory; what follows opens new rows. */
  #closeEpoch(epoch: number): void {
    for (const view of this.fold.views) {
      this.#pending.gather(view, epoch);
      view.slots.evictWritten();
    }
  }

  #isFull(): boolean {
    const { refusedBytes } = this.#pending;
    if (refusedBytes > REFUSED_GATHERED_BYTES_MAX || this.#births >= BIRTHS_GATHERED_MAX) return true;
    return isFull(this.#pending, this.fold.views, this.rowsMax);
  }

  #startCommit(): void {
    if (this.#isCommitting || (this.fold.position === this.#committedTo && !this.#isOwed)) return;
    this.#isOwed = false;
    this.#births = 0;
    const watermarkMs = this.fold.watermarkMs();
    for (const view of this.fold.views) {
      this.#pending.gather(view, this.fold.epoch);
      evictSlices(view, watermarkMs);
    }
    const agents = this.fold.takeChangedAgents();
    const batch = this.#pending.take(this.fold, this.#committedTo, agents);
    const { position, epoch, admission, counters } = this.fold;
    const checksum = this.#lastRecord === undefined ? this.#checksum : crc32(this.#lastRecord);
    const saved = {
      generation: this.#log.generation,
      position,
      epoch,
      cutIds: admission.cuts.map(({ id }) => id),
      counters: { ...counters },
      joined: [...this.#joined],
      ...(checksum === undefined ? {} : { checksum }),
    };
    this.#isCommitting = true;
    this.#commit = this.#changes.commit(batch, this.#state.operations(saved, agents), this.#storing).then(
      () => {
        this.#committedTo = position;
        this.#isCommitting = false;
        this.#startCommit();
      },
      (failure: unknown) => this.#failed.abort(failure),
    );
  }
}

/** Whether there are as many changes that are not written as may be: those that are gathered, and those that views still hold. */
export function isFull(pending: PendingChanges, views: readonly ViewFold[], rowsMax: number): boolean {
  let rows = pending.rowCount;
  let spans = pending.spanCount;
  for (const { slots } of views) {
    rows += slots.unwritten;
    spans += slots.dirty.length;
  }
  return rows > rowsMax || spans > SPANS_GATHERED_MAX;
}

/** Checks that the log still holds the record that was folded last. Throws LogNotContinued. */
async function checkContinued(partition: number, log: Log, { position, checksum }: SavedFold): Promise<void> {
  const { first, last } = await log.bounds(partition);
  if (last < position) throw new LogNotContinued(partition, position, `the log ends at ${last}`);
  if (checksum === undefined || position < first) return;
  const [entry] = await log.read(partition, position, { bytes: 1 });
  if (entry === undefined || crc32(entry.bytes) !== checksum)
    throw new LogNotContinued(partition, position, 'the log holds another record there');
}
