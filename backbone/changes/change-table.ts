import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { type StoringOptions, untilStored } from '../disk/until-stored.ts';
import { intKey, joinKeys, prefixRange, readUintKey, uintKey } from '../keys/order.ts';
import { BAND_SLICES, bandOf } from '../results/results.ts';
import type { KeyRange, Table, TableEntry, TableOperation } from '../table/table.ts';
import type {
  AgentRow,
  ChangeBatch,
  ChangedSpan,
  ChangeFeed,
  MemberRow,
  RefusedRow,
  RowSpan,
  SliceRow,
  SpanExtent,
} from './changes.ts';
import { Extents } from './extents.ts';
import { LatestAgents } from './latest-agents.ts';
import { bringRowsOver } from './older-rows.ts';
import { RefusedRetention } from './pending-changes.ts';
import {
  agentPrefix,
  agentRowKey,
  bandOfKey,
  bandPrefix,
  flaggedKey,
  GroupKeys,
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
const DROP_BATCH_SPANS = 2_000;

/** Spans that have to be dropped before the disk is asked to give back what they took: some hundred kilobytes. */
const RECLAIM_SPANS_MIN = 1_000;

/**
 * The durable table of changes on a local `Table`: the speed layer's checkpoint and the serving layer's source in one.
 * A batch, its position and whatever the writer adds reach the disk in one atomic write.
 */
export class ChangeTable implements ChangeFeed {
  readonly #table: Table;
  readonly #positions: Map<number, number>;
  /** By partition. */
  readonly #refused: Map<number, RefusedRetention>;
  readonly #extents: Extents;
  readonly #agents: LatestAgents;
  readonly #listeners = new Set<(batch: ChangeBatch) => void>();

  private constructor(
    table: Table,
    positions: Map<number, number>,
    refused: Map<number, RefusedRetention>,
    extents: Extents,
    agents: LatestAgents,
  ) {
    this.#agents = agents;
    this.#table = table;
    this.#extents = extents;
    this.#refused = refused;
    this.#positions = positions;
  }

  /** Opens the table of changes; the `Table` stays the caller's. Rows that an older program wrote are brought over once. */
  static async open(table: Table): Promise<ChangeTable> {
    const extents = await Extents.read(table);
    await bringRowsOver(table, extents);
    const positions = new Map<number, number>();
    for await (const [key, value] of scanPrefix(table, positionPrefix())) {
      positions.set(readUintKey(key, positionPrefix().length), readUintKey(value));
    }
    const refused = new Map<number, RefusedRetention>();
    for await (const [key, value] of scanPrefix(table, refusedPrefix())) {
      const { partition, position } = parseRefusedKey(key);
      RefusedRetention.of(refused, partition).add({ position, atMs: parseJson<RefusedRow>(value).atMs }, value.length);
    }
    return new ChangeTable(table, positions, refused, extents, await LatestAgents.read(agentRows(table)));
  }

  /**
   * Commits a batch, synced, together with the operations that the writer adds (its own state), then tells listeners.
   * With `storing`, a write that fails and may succeed later is done again; without, and after any other failure, throws.
   */
  async commit(changes: ChangeBatch, added: readonly TableOperation[], storing?: StoringOptions): Promise<void> {
    const batch = this.#agents.turned(changes);
    const operations: TableOperation[] = [...added];
    this.#pushSpans(operations, batch.spans);
    for (const row of batch.members) operations.push({ kind: 'put', key: memberRowKey(row), value: json(row) });
    for (const row of batch.agents) operations.push({ kind: 'put', key: agentRowKey(row), value: json(row) });
    this.#pushRefused(operations, batch);
    operations.push({ kind: 'put', key: positionKey(batch.partition), value: uintKey(batch.to) });
    await this.#write(operations, storing);
    this.#extents.settle(batch.spans);
    this.#positions.set(batch.partition, batch.to);
    this.#agents.settle(batch.agents);
    for (const listener of this.#listeners) listener(batch);
  }

  /** What was refused is kept for people to look at, the newest of it. */
  #pushRefused(operations: TableOperation[], { partition, refused }: ChangeBatch): void {
    if (refused.length === 0) return;
    const retention = RefusedRetention.of(this.#refused, partition);
    for (const row of refused) {
      const value = json(row);
      operations.push({ kind: 'put', key: refusedRowKey(row), value });
      retention.add(row, value.length);
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
    this.#pushSpans(operations, spans);
    for (const row of members) operations.push({ kind: 'put', key: memberRowKey(row), value: json(row) });
    await this.#write(operations, storing);
    this.#extents.settle(spans);
    const position = this.#positions.get(partition) ?? 0;
    const batch = { partition, from: position, to: position, spans, members, agents: [], refused: [] };
    for (const listener of this.#listeners) listener(batch);
  }

  #pushSpans(operations: TableOperation[], spans: readonly ChangedSpan[]): void {
    const prefixes = new GroupPrefixes();
    for (const span of spans) operations.push(...spanOperations(span, spanKey(span, prefixes.of(span), prefixes.pool)));
    operations.push(...this.#extents.widen(spans));
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
    for await (const spans of this.spansOfGroups(view, version, [group], fromSlice, toSlice)) yield* spans;
  }

  async *spansOfGroups(
    view: string,
    version: number,
    groups: readonly string[] | 'all',
    fromSlice: number,
    toSlice: number,
  ): AsyncIterable<readonly RowSpan[]> {
    const [from, to] = this.#clip(view, version, fromSlice, toSlice);
    if (from >= to) return;
    if (groups === 'all') {
      const { gte } = prefixRange(bandPrefix(view, version, from));
      const { lt } = prefixRange(bandPrefix(view, version, to - 1));
      yield* this.#readSpans(view, version, this.#table.scanBatches({ gte, lt }));
      return;
    }
    function* ranges(): Generator<KeyRange, void, Uint8Array | undefined> {
      for (let band: number | undefined = bandOf(from); band !== undefined && band <= bandOf(to - 1);) {
        let behind: Uint8Array | undefined;
        for (const group of groups) behind = yield spansRange(view, version, group, band, from, to);
        // What lies between two bands that hold anything may be decades.
        const held: number | undefined = behind === undefined ? undefined : bandOfKey(view, version, behind);
        band = held === band ? band + 1 : held;
      }
    }
    const spansEach = Math.min(BAND_SLICES / SPAN_SLICES, spanOf(to - 1) - spanOf(from) + 1);
    yield* this.#readSpans(view, version, inBatches(this.#table.scanRanges(ranges(), spansEach)));
  }

  async heldFrom(view: string, version: number, slice: number): Promise<number | undefined> {
    const [from, to] = this.#clip(view, version, slice, Number.MAX_SAFE_INTEGER);
    if (from >= to) return undefined;
    const { gte } = prefixRange(bandPrefix(view, version, from));
    const { lt } = prefixRange(viewSpansPrefix(view, version));
    for await (const [key] of this.#table.scan({ gte, lt, limit: 1 }))
      return Math.max(from, bandOfKey(view, version, key)! * BAND_SLICES);
    return undefined;
  }

  extents(view: string, version: number): Iterable<SpanExtent> {
    return this.#extents.of(view, version);
  }

  /** Every span of a view's version, band by band, in the order of groups and spans. */
  async *allSpans(view: string, version: number): AsyncIterable<RowSpan> {
    const scan = this.#table.scanBatches(prefixRange(viewSpansPrefix(view, version)));
    for await (const spans of this.#readSpans(view, version, scan)) yield* spans;
  }

  async *#readSpans(
    view: string,
    version: number,
    batches: AsyncIterable<readonly TableEntry[]>,
  ): AsyncIterable<readonly RowSpan[]> {
    const groups = new GroupKeys(viewSpansPrefix(view, version));
    for await (const entries of batches) {
      yield entries.map(([key, bytes]): RowSpan => {
        const { opener, partition, epoch, part } = readSpanTail(key);
        return {
          view,
          version,
          group: groups.of(key),
          opener,
          partition,
          epoch,
          part,
          flags: flagsOfSpan(bytes),
          bytes,
        };
      });
    }
  }

  /** The slices of [fromSlice, toSlice) outside of which there are no spans. */
  #clip(view: string, version: number, fromSlice: number, toSlice: number): readonly [number, number] {
    let [first, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const extent of this.#extents.of(view, version)) {
      first = Math.min(first, extent.fromSlice);
      end = Math.max(end, extent.toSlice);
    }
    return [Math.max(first, fromSlice), Math.min(end, toSlice)];
  }

  /** The spans of a partition that have any flags, band by band, in the order of groups and spans. */
  async *flaggedSpans(view: string, version: number, partition: number): AsyncIterable<RowSpan> {
    const prefix = viewFlaggedPrefix(view, version);
    const groups = new GroupKeys(prefix);
    for await (const [flagged] of scanPrefix(this.#table, prefix)) {
      const place = readSpanTail(flagged);
      if (place.partition !== partition) continue;
      const bytes = await this.#table.get(keyOfFlagged(flagged));
      if (bytes === undefined) continue;
      yield { view, version, group: groups.of(flagged), ...place, flags: flagsOfSpan(bytes), bytes };
    }
  }

  /** Every row of a view's version, by band, group, slice, partition, epoch and part. */
  allRows(view: string, version: number): AsyncIterable<SliceRow> {
    return rowsInOrder(this.allSpans(view, version));
  }

  async *members(view: string, version: number): AsyncIterable<MemberRow> {
    for await (const [, value] of scanPrefix(this.#table, memberPrefix(view, version)))
      yield parseJson<MemberRow>(value);
  }

  agents(): AsyncIterable<AgentRow> {
    return agentRows(this.#table);
  }

  async *refused(): AsyncIterable<RefusedRow> {
    for await (const [, value] of scanPrefix(this.#table, refusedPrefix())) yield parseJson<RefusedRow>(value);
  }

  /** Bytes of what was refused and is kept. */
  get refusedBytes(): number {
    return [...this.#refused.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Forgets what was refused before `untilMs`. */
  async forgetRefused(untilMs: number): Promise<void> {
    for (const [partition, retention] of this.#refused) {
      const keys = retention.takeOlder(untilMs).map((position) => refusedRowKey({ partition, position }));
      const gone = keys.map((key): TableOperation => ({ kind: 'delete', key }));
      if (gone.length > 0) await this.#table.write(gone, { sync: false });
    }
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
    await this.#forget(view, version, ({ epoch, partition }) => epoch < epochOf(partition));
  }

  /** Deletes everything that a view's version has in the partitions that `goes` names. */
  async dropVersion(view: string, version: number, goes: (partition: number) => boolean): Promise<void> {
    await this.#drop(viewSpansPrefix(view, version), true, (key) => goes(readSpanTail(key).partition));
    await this.#forget(view, version, ({ partition }) => goes(partition));
    await this.#drop(memberPrefix(view, version), false, (_, value) => goes(parseJson<MemberRow>(value).partition));
  }

  async #forget(view: string, version: number, goes: (extent: SpanExtent) => boolean): Promise<void> {
    const operations = this.#extents.forget(view, version, goes);
    if (operations.length > 0) await this.#table.write(operations, { sync: false });
  }

  async #drop(
    prefix: Uint8Array,
    isSpan: boolean,
    goes: (key: Uint8Array, value: Uint8Array) => boolean,
  ): Promise<void> {
    let operations: TableOperation[] = [];
    let dropped = 0;
    for await (const entries of this.#table.scanBatches(prefixRange(prefix))) {
      for (const [key, value] of entries) {
        if (!goes(key, value)) continue;
        dropped++;
        operations.push({ kind: 'delete', key });
        if (isSpan && flagsOfSpan(value) !== 0) operations.push({ kind: 'delete', key: flaggedKey(key) });
      }
      if (operations.length < DROP_BATCH_SPANS) continue;
      await this.#table.write(operations, { sync: false });
      operations = [];
    }
    if (operations.length > 0) await this.#table.write(operations, { sync: false });
    const { gte, lt } = prefixRange(prefix);
    if (dropped >= RECLAIM_SPANS_MIN && lt !== undefined) await this.#table.reclaim({ gte, lt });
  }
}

/** The keys of a group's spans in a band that hold a slice of [fromSlice, toSlice): a span's opener lies within it. */
function spansRange(
  view: string,
  version: number,
  group: string,
  band: number,
  fromSlice: number,
  toSlice: number,
): KeyRange {
  const first = Math.max(spanOf(fromSlice) * SPAN_SLICES, band * BAND_SLICES);
  const end = Math.min((spanOf(toSlice - 1) + 1) * SPAN_SLICES, (band + 1) * BAND_SLICES);
  const prefix = groupSpansPrefix(view, version, group, first);
  return { gte: joinKeys(prefix, intKey(first)), lt: joinKeys(prefix, intKey(end)) };
}

async function* agentRows(table: Table): AsyncIterable<AgentRow> {
  for await (const [, value] of scanPrefix(table, agentPrefix())) yield parseJson<AgentRow>(value);
}

async function* inBatches(entries: AsyncIterable<TableEntry>): AsyncIterable<readonly TableEntry[]> {
  for await (const entry of entries) yield [entry];
}

/** The rows of spans that come in the order of their keys: by band, group, slice, partition, epoch and part. */
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
