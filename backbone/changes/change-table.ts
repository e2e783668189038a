import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { type StoringOptions, untilStored } from '../disk/until-stored.ts';
import { intKey, joinKeys, prefixRange, readUintKey, uintKey } from '../keys/order.ts';
import type { KeyRange, Table, TableOperation } from '../table/table.ts';
import type {
  AgentRow,
  ChangeBatch,
  ChangedSpan,
  ChangeFeed,
  MemberRow,
  RefusedRow,
  RowSpan,
  SliceRow,
} from './changes.ts';
import { RefusedRetention } from './pending-changes.ts';
import { bringRowsOver } from './row-format-one.ts';
import {
  agentPrefix,
  agentRowKey,
  flaggedKey,
  groupOfSpanKey,
  GroupPrefixes,
  groupSpansPrefix,
  keyOfFlagged,
  memberPrefix,
  memberRowKey,
  parseRefusedKey,
  positionKey,
  positionPrefix,
  readSpanTail,
  refusedPrefix,
  refusedRowKey,
  spanKey,
  spanOperations,
  viewFlaggedPrefix,
  viewSpansPrefix,
} from './row-keys.ts';
import { flagsOfSpan, rowsOfSpan } from './row-span.ts';

/** Spans deleted in one write when an epoch or a version is dropped. */
const DROP_BATCH_SPANS = 10_000;

/**
 * The durable table of changes on a local `Table`: the speed layer's checkpoint and the serving layer's source in one.
 * A batch, its position and whatever the writer adds reach the disk in one atomic write.
 */
export class ChangeTable implements ChangeFeed {
  readonly #table: Table;
  readonly #positions: Map<number, number>;
  /** By partition. */
  readonly #refused: Map<number, RefusedRetention>;
  readonly #listeners = new Set<(batch: ChangeBatch) => void>();

  private constructor(table: Table, positions: Map<number, number>, refused: Map<number, RefusedRetention>) {
    this.#table = table;
    this.#refused = refused;
    this.#positions = positions;
  }

  /** Opens the table of changes; the `Table` stays the caller's. Rows that an older program wrote are brought over once. */
  static async open(table: Table): Promise<ChangeTable> {
    await bringRowsOver(table);
    const positions = new Map<number, number>();
    for await (const [key, value] of scanPrefix(table, positionPrefix())) {
      positions.set(readUintKey(key, positionPrefix().length), readUintKey(value));
    }
    const refused = new Map<number, RefusedRetention>();
    for await (const [key, value] of scanPrefix(table, refusedPrefix())) {
      const { partition, position } = parseRefusedKey(key);
      retentionOf(refused, partition).add(position, value.length);
    }
    return new ChangeTable(table, positions, refused);
  }

  /**
   * Commits a batch, synced, together with the operations that the writer adds (its own state), then tells listeners.
   * With `storing`, a write that fails and may succeed later is done again; without, and after any other failure, throws.
   */
  async commit(batch: ChangeBatch, added: readonly TableOperation[], storing?: StoringOptions): Promise<void> {
    const operations: TableOperation[] = [...added];
    pushSpans(operations, batch.spans);
    for (const row of batch.members) operations.push({ kind: 'put', key: memberRowKey(row), value: json(row) });
    for (const row of batch.agents) operations.push({ kind: 'put', key: agentRowKey(row), value: json(row) });
    this.#pushRefused(operations, batch);
    operations.push({ kind: 'put', key: positionKey(batch.partition), value: uintKey(batch.to) });
    await this.#write(operations, storing);
    this.#positions.set(batch.partition, batch.to);
    for (const listener of this.#listeners) listener(batch);
  }

  /** What was refused is kept for people to look at, the newest of it. */
  #pushRefused(operations: TableOperation[], { partition, refused }: ChangeBatch): void {
    if (refused.length === 0) return;
    const retention = retentionOf(this.#refused, partition);
    for (const row of refused) {
      const value = json(row);
      operations.push({ kind: 'put', key: refusedRowKey(row), value });
      retention.add(row.position, value.length);
    }
    for (const position of retention.takeExcess())
      operations.push({ kind: 'delete', key: refusedRowKey({ partition, position }) });
  }

  /**
   * Writes rows and members of a version that is folded from the first record on, while the partition's position stays
   * where it is, and tells listeners. Failed writes are done again as `commit` does.
   */
  async writeBuilt(
    partition: number,
    spans: readonly ChangedSpan[],
    members: readonly MemberRow[],
    storing?: StoringOptions,
  ): Promise<void> {
    const operations: TableOperation[] = [];
    pushSpans(operations, spans);
    for (const row of members) operations.push({ kind: 'put', key: memberRowKey(row), value: json(row) });
    await this.#write(operations, storing);
    const position = this.#positions.get(partition) ?? 0;
    const batch = { partition, from: position, to: position, spans, members, agents: [], refused: [] };
    for (const listener of this.#listeners) listener(batch);
  }

  async #write(operations: readonly TableOperation[], storing: StoringOptions | undefined): Promise<void> {
    const write = (): Promise<void> => this.#table.write(operations, { sync: true });
    await (storing === undefined ? write() : untilStored(write, storing));
  }

  async *spans(
    view: string,
    version: number,
    group: string,
    fromSlice: number,
    toSlice: number,
  ): AsyncIterable<RowSpan> {
    if (toSlice <= fromSlice) return;
    const range = spansRange(view, version, group, fromSlice, toSlice);
    for await (const [key, bytes] of this.#table.scan(range)) {
      yield { view, version, group, ...readSpanTail(key), flags: flagsOfSpan(bytes), bytes };
    }
  }

  async *spansOfGroups(
    view: string,
    version: number,
    groups: Iterable<string>,
    fromSlice: number,
    toSlice: number,
  ): AsyncIterable<RowSpan> {
    if (toSlice <= fromSlice) return;
    let group = '';
    function* ranges(): Iterable<KeyRange> {
      for (group of groups) yield spansRange(view, version, group, fromSlice, toSlice);
    }
    const spansEach = spanOf(toSlice - 1) - spanOf(fromSlice) + 1;
    for await (const [key, bytes] of this.#table.scanRanges(ranges(), spansEach))
      yield { view, version, group, ...readSpanTail(key), flags: flagsOfSpan(bytes), bytes };
  }

  async *rows(
    view: string,
    version: number,
    group: string,
    fromSlice: number,
    toSlice: number,
  ): AsyncIterable<SliceRow> {
    for await (const row of rowsInOrder(this.spans(view, version, group, fromSlice, toSlice)))
      if (row.slice >= fromSlice && row.slice < toSlice) yield row;
  }

  /** Every span of a view's version, in the order of groups and spans. */
  async *allSpans(view: string, version: number): AsyncIterable<RowSpan> {
    const prefix = viewSpansPrefix(view, version);
    for await (const [key, bytes] of scanPrefix(this.#table, prefix)) {
      const group = groupOfSpanKey(key, prefix.length);
      yield { view, version, group, ...readSpanTail(key), flags: flagsOfSpan(bytes), bytes };
    }
  }

  /** The spans of a partition that have any flags, in the order of groups and spans. */
  async *flaggedSpans(view: string, version: number, partition: number): AsyncIterable<RowSpan> {
    const prefix = viewFlaggedPrefix(view, version);
    for await (const [flagged] of scanPrefix(this.#table, prefix)) {
      const place = readSpanTail(flagged);
      if (place.partition !== partition) continue;
      const bytes = await this.#table.get(keyOfFlagged(flagged));
      if (bytes === undefined) continue;
      const group = groupOfSpanKey(flagged, prefix.length);
      yield { view, version, group, ...place, flags: flagsOfSpan(bytes), bytes };
    }
  }

  /** Every row of a view's version, by group, slice, partition, epoch and part. */
  allRows(view: string, version: number): AsyncIterable<SliceRow> {
    return rowsInOrder(this.allSpans(view, version));
  }

  async *members(view: string, version: number): AsyncIterable<MemberRow> {
    for await (const [, value] of scanPrefix(this.#table, memberPrefix(view, version)))
      yield parseJson<MemberRow>(value);
  }

  async *agents(): AsyncIterable<AgentRow> {
    for await (const [, value] of scanPrefix(this.#table, agentPrefix())) yield parseJson<AgentRow>(value);
  }

  async *refused(): AsyncIterable<RefusedRow> {
    for await (const [, value] of scanPrefix(this.#table, refusedPrefix())) yield parseJson<RefusedRow>(value);
  }

  positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  onCommit(listener: (batch: ChangeBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Deletes the rows of a view's version whose epoch lies before `epochOf(partition)`: a batch result covers them. */
  async dropEpochs(view: string, version: number, epochOf: (partition: number) => number): Promise<void> {
    await this.#drop(viewSpansPrefix(view, version), true, (key) => {
      const { epoch, partition } = readSpanTail(key);
      return epoch < epochOf(partition);
    });
  }

  /** Deletes everything that a view's version has in the partitions that `goes` names. */
  async dropVersion(view: string, version: number, goes: (partition: number) => boolean): Promise<void> {
    await this.#drop(viewSpansPrefix(view, version), true, (key) => goes(readSpanTail(key).partition));
    await this.#drop(memberPrefix(view, version), false, (_, value) => goes(parseJson<MemberRow>(value).partition));
  }

  async #drop(
    prefix: Uint8Array,
    isSpan: boolean,
    goes: (key: Uint8Array, value: Uint8Array) => boolean,
  ): Promise<void> {
    let operations: TableOperation[] = [];
    for await (const [key, value] of scanPrefix(this.#table, prefix)) {
      if (!goes(key, value)) continue;
      operations.push({ kind: 'delete', key });
      if (isSpan && flagsOfSpan(value) !== 0) operations.push({ kind: 'delete', key: flaggedKey(key) });
      if (operations.length < DROP_BATCH_SPANS) continue;
      await this.#table.write(operations, { sync: false });
      operations = [];
    }
    if (operations.length > 0) await this.#table.write(operations, { sync: false });
  }
}

/** The keys of a group's spans that hold a slice of [fromSlice, toSlice): a span's opener lies within it. */
function spansRange(view: string, version: number, group: string, fromSlice: number, toSlice: number): KeyRange {
  const prefix = groupSpansPrefix(view, version, group);
  const end = Math.min((spanOf(toSlice - 1) + 1) * SPAN_SLICES, Number.MAX_SAFE_INTEGER);
  const begin = Math.max(spanOf(fromSlice) * SPAN_SLICES, -Number.MAX_SAFE_INTEGER);
  return { gte: joinKeys(prefix, intKey(begin)), lt: joinKeys(prefix, intKey(end)) };
}

function pushSpans(operations: TableOperation[], spans: readonly ChangedSpan[]): void {
  const prefixes = new GroupPrefixes();
  for (const span of spans) operations.push(...spanOperations(span, spanKey(span, prefixes.of(span))));
}

/** The rows of spans that come in the order of their keys: by group, slice, partition, epoch and part. */
async function* rowsInOrder(spans: AsyncIterable<RowSpan>): AsyncIterable<SliceRow> {
  let rows: SliceRow[] = [];
  for await (const span of spans) {
    const before = rows[0];
    if (before !== undefined && (before.group !== span.group || spanOf(before.slice) !== spanOf(span.opener))) {
      yield* rows.sort(byPlace);
      rows = [];
    }
    rows.push(...rowsOfSpan(span));
  }
  yield* rows.sort(byPlace);
}

function byPlace(a: SliceRow, b: SliceRow): number {
  return a.slice - b.slice || a.partition - b.partition || a.epoch - b.epoch || a.part - b.part;
}

function scanPrefix(table: Table, prefix: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
  return table.scan(prefixRange(prefix));
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function parseJson<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T;
}

function retentionOf(refused: Map<number, RefusedRetention>, partition: number): RefusedRetention {
  let retention = refused.get(partition);
  if (retention === undefined) refused.set(partition, (retention = new RefusedRetention()));
  return retention;
}
