import type { Member } from '#core/fold/member.ts';
import { slicesIn } from '#core/fold/open-span.ts';
import type { LiveAgent, PartitionFold } from '#core/fold/partition-fold.ts';
import type { ViewFold } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import type { RecordFault } from '#core/records/record-codec.ts';
import type { LogRecord } from '#core/records/record.ts';
import type { AgentRow, ChangeBatch, ChangedSpan, MemberRow, RefusedRow } from './changes.ts';
import { SpanWriter } from './row-span.ts';

/** Missing ranges that are told of one agent; a ledger with more says so by its counts. */
const MISSING_TOLD_MAX = 100;

/** Changes of a partition that are gathered until the next commit: whole states, the later of one row counts. */
export class PendingChanges {
  readonly #partition: number;
  readonly #writer = new SpanWriter();
  #spans: ChangedSpan[] = [];
  #rowCount = 0;
  #members: MemberRow[] = [];
  #refused: RefusedRow[] = [];
  #refusedBytes = 0;

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** Takes the changed slices and members of a view, as of the epoch. */
  gather(fold: ViewFold, epoch: number): void {
    const { slots } = fold;
    const { version } = fold.id;
    const view = fold.id.view.name;
    const partition = this.#partition;
    for (const span of slots.dirty) {
      const { opener, part } = span;
      this.#writer.begin(opener, part);
      for (const slice of slicesIn(span, span.open)) {
        const slot = span.origin + slice;
        const [revision, flags] = [slots.revisionAt(slot), slots.flagsAt(slot)];
        this.#writer.add(slice, slots.partAt(slot), revision, flags, slot);
      }
      const bytes = this.#writer.finish(slots.table);
      const group = span.group.key;
      const { flags } = this.#writer;
      this.#spans.push({ view, version, partition, group, opener, epoch, part, flags, bytes, changed: span.dirty });
      this.#rowCount += this.#writer.rows;
    }
    slots.settle();
    for (const { group, member } of fold.takeChangedMembers())
      this.#members.push(memberRow({ view, version, group, partition }, member));
  }

  /** Takes what the record, of so many bytes, says was refused, if it says so. */
  note(position: number, record: LogRecord | RecordFault, bytes: number): void {
    const row = refusedRow(this.#partition, position, record);
    if (row === undefined) return;
    this.#refused.push(row);
    this.#refusedBytes += bytes;
  }

  /** Bytes of the records that were refused, since the last `take`. */
  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  /** Spans gathered since the last `take`, and their rows. */
  get spanCount(): number {
    return this.#spans.length;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** The spans and members gathered since the last call. */
  takeRows(): { readonly spans: readonly ChangedSpan[]; readonly members: readonly MemberRow[] } {
    const taken = { spans: this.#spans, members: this.#members };
    this.#spans = [];
    this.#members = [];
    this.#rowCount = 0;
    return taken;
  }

  /** Everything gathered since the last call, as one batch. */
  take(fold: PartitionFold, from: number, agents: Iterable<LiveAgent>): ChangeBatch {
    const refused = this.#refused;
    this.#refused = [];
    this.#refusedBytes = 0;
    return {
      partition: this.#partition,
      refused,
      from,
      to: fold.position,
      ...this.takeRows(),
      agents: [...agents].map((agent) => agentRow(this.#partition, agent)),
    };
  }
}

type MemberPlace = Pick<MemberRow, 'view' | 'version' | 'group' | 'partition'>;

/** A row that is kept for each series of a fleet: written out it takes half the memory. */
function memberRow({ view, version, group, partition }: MemberPlace, member: Member): MemberRow {
  const { agent, series, intervalMs, firstMs, sinceMs, silences } = member;
  const plain = { view, version, group, partition, agent, series, intervalMs, firstMs };
  if (sinceMs === undefined && silences === undefined) return plain;
  return { ...plain, ...(sinceMs === undefined ? {} : { sinceMs }), ...(silences === undefined ? {} : { silences }) };
}

function agentRow(partition: number, { fold, ledger, parked }: LiveAgent): AgentRow {
  const { arrived, quarantined } = ledger.counts();
  return {
    partition,
    agent: fold.name,
    ...ledger.progress(),
    arrived,
    quarantined,
    missing: ledger.missing(MISSING_TOLD_MAX),
    forks: ledger.forks,
    parked: parked.length,
    head: ledger.head(),
    series: fold.entries.length,
    standing: ledger.standing,
    lost: ledger.lost.ranges.slice(-MISSING_TOLD_MAX),
    lostCount: ledger.lost.count,
    ...(ledger.doubted.length === 0 ? {} : { doubted: ledger.doubted }),
  };
}

/** What the record says was refused: a frame with its verdict, or a report of rows. Undefined for all other records. */
function refusedRow(partition: number, position: number, record: LogRecord | RecordFault): RefusedRow | undefined {
  if (record.kind === 'refusals') {
    const { agent, atMs, report } = record;
    const { incarnation, sequence, source, items } = report;
    return {
      partition,
      position,
      agent,
      atMs,
      kind: 'rows',
      code: 'rows',
      detail: '',
      incarnation,
      sequence,
      source,
      items,
    };
  }
  if (record.kind !== 'frame' || record.verdict.kind === 'accepted') return undefined;
  const { agent, atMs, frame, verdict } = record;
  const header = readHeader(frame);
  const isRead = header.kind !== 'fault';
  return {
    partition,
    position,
    agent,
    atMs,
    kind: 'frame',
    code: verdict.code,
    detail: verdict.detail,
    incarnation: isRead ? header.incarnation : null,
    sequence: isRead ? header.sequence : null,
    source: '',
    items: [],
  };
}

/** Refused frames and reports that are kept of a partition, for people to look at; the log and the archive have all. */
export const REFUSED_ROWS_MAX = 10_000;
/** What they may take together: a report has half a megabyte at the most. */
export const REFUSED_BYTES_MAX = 64 * 1024 * 1024;
/** Rows that are dropped with one commit, so that none becomes long where there are many more than are kept. */
export const REFUSED_DROPS_MAX = 1_000;

/** Which of the refused rows of one partition are kept: the newest, as many as the limits allow, and one at least. */
export class RefusedRetention {
  /** Oldest first. */
  #rows: { readonly position: number; readonly atMs: number; readonly bytes: number }[] = [];
  #bytes = 0;

  /** That of a partition. */
  static of(all: Map<number, RefusedRetention>, partition: number): RefusedRetention {
    let retention = all.get(partition);
    if (retention === undefined) all.set(partition, (retention = new RefusedRetention()));
    return retention;
  }

  /** Of the rows that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes up a row that is kept, in the order of the positions. */
  add({ position, atMs }: Pick<RefusedRow, 'position' | 'atMs'>, bytes: number): void {
    this.#rows.push({ position, atMs, bytes });
    this.#bytes += bytes;
  }

  /** The positions of rows that came before `untilMs`; they count as gone. */
  takeOlder(untilMs: number): number[] {
    const found = this.#rows.findIndex(({ atMs }) => atMs >= untilMs);
    return this.#take(found === -1 ? this.#rows.length : found);
  }

  /** The positions of rows that are to be dropped now; they count as gone. */
  takeExcess(): number[] {
    let count = 0;
    let bytes = this.#bytes;
    for (; count < REFUSED_DROPS_MAX; bytes -= this.#rows[count++]!.bytes) {
      const left = this.#rows.length - count;
      if (left <= 1 || (left <= REFUSED_ROWS_MAX && bytes <= REFUSED_BYTES_MAX)) break;
    }
    return this.#take(count);
  }

  #take(count: number): number[] {
    return this.#rows.splice(0, count).map(({ position, bytes }) => {
      this.#bytes -= bytes;
      return position;
    });
  }
}
