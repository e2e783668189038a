import { intKey, joinKeys, prefixRange, readUintKey, uintKey } from '../keys/order.ts';
import type { Table, TableOperation } from '../table/table.ts';
import type { AgentRow, ChangeBatch, ChangeFeed, MemberRow, RefusedRow, SliceRow } from './changes.ts';
import {
  agentPrefix,
  agentRowKey,
  encodeSliceRow,
  GroupPrefixes,
  groupOfRowKey,
  groupRowsPrefix,
  memberPrefix,
  memberRowKey,
  parseSliceRow,
  positionKey,
  positionPrefix,
  refusedPrefix,
  refusedRowKey,
  sliceRowKey,
  viewRowsPrefix,
} from './row-keys.ts';

/** Rows deleted in one write when an epoch or a version is dropped. */
const DROP_BATCH_ROWS = 10_000;

/**
 * The durable table of changes on a local `Table`: the speed layer's checkpoint and the serving layer's source in one.
 * A batch, its position and whatever the writer adds reach the disk in one atomic write.
 */
export class ChangeTable implements ChangeFeed {
  readonly #table: Table;
  readonly #positions: Map<number, number>;
  readonly #listeners = new Set<(batch: ChangeBatch) => void>();

  private constructor(table: Table, positions: Map<number, number>) {
    this.#table = table;
    this.#positions = positions;
  }

  /** Opens the table of changes; the `Table` stays the caller's. */
  static async open(table: Table): Promise<ChangeTable> {
    const positions = new Map<number, number>();
    for await (const [key, value] of scanPrefix(table, positionPrefix())) {
      positions.set(readUintKey(key, positionPrefix().length), readUintKey(value));
    }
    return new ChangeTable(table, positions);
  }

  /** Commits a batch, synced, together with the operations that the writer adds (its own state), then tells listeners. */
  async commit(batch: ChangeBatch, added: readonly TableOperation[]): Promise<void> {
    const operations: TableOperation[] = [...added];
    pushRows(operations, batch.rows);
    for (const row of batch.members) operations.push({ kind: 'put', key: memberRowKey(row), value: json(row) });
    for (const row of batch.agents) operations.push({ kind: 'put', key: agentRowKey(row), value: json(row) });
    for (const row of batch.refused) operations.push({ kind: 'put', key: refusedRowKey(row), value: json(row) });
    operations.push({ kind: 'put', key: positionKey(batch.partition), value: uintKey(batch.to) });
    await this.#table.write(operations, { sync: true });
    this.#positions.set(batch.partition, batch.to);
    for (const listener of this.#listeners) listener(batch);
  }

  /**
   * Writes rows and members of a version that is folded from the first record on, while the partition's position stays
   * where it is, and tells listeners.
   */
  async writeBuilt(partition: number, rows: readonly SliceRow[], members: readonly MemberRow[]): Promise<void> {
    const operations: TableOperation[] = [];
    pushRows(operations, rows);
    for (const row of members) operations.push({ kind: 'put', key: memberRowKey(row), value: json(row) });
    await this.#table.write(operations, { sync: true });
    const position = this.#positions.get(partition) ?? 0;
    const batch = { partition, from: position, to: position, rows, members, agents: [], refused: [] };
    for (const listener of this.#listeners) listener(batch);
  }

  async *rows(
    view: string,
    version: number,
    group: string,
    fromSlice: number,
    toSlice: number,
  ): AsyncIterable<SliceRow> {
    const prefix = groupRowsPrefix(view, version, group);
    const range = { gte: joinKeys(prefix, intKey(fromSlice)), lt: joinKeys(prefix, intKey(toSlice)) };
    for await (const [key, value] of this.#table.scan(range)) yield parseSliceRow(view, version, group, key, value);
  }

  /** Every row of a view's version, in the order of its keys. */
  async *allRows(view: string, version: number): AsyncIterable<SliceRow> {
    const prefix = viewRowsPrefix(view, version);
    for await (const [key, value] of scanPrefix(this.#table, prefix)) {
      yield parseSliceRow(view, version, groupOfRowKey(key, prefix.length), key, value);
    }
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
    await this.#drop(viewRowsPrefix(view, version), (key, value) => {
      const row = parseSliceRow(view, version, '', key, value);
      return row.epoch < epochOf(row.partition);
    });
  }

  /** Deletes everything that a view's version has in the partitions that `goes` names. */
  async dropVersion(view: string, version: number, goes: (partition: number) => boolean): Promise<void> {
    await this.#drop(viewRowsPrefix(view, version), (key, value) =>
      goes(parseSliceRow(view, version, '', key, value).partition),
    );
    await this.#drop(memberPrefix(view, version), (_, value) => goes(parseJson<MemberRow>(value).partition));
  }

  async #drop(prefix: Uint8Array, goes: (key: Uint8Array, value: Uint8Array) => boolean): Promise<void> {
    let operations: TableOperation[] = [];
    for await (const [key, value] of scanPrefix(this.#table, prefix)) {
      if (!goes(key, value)) continue;
      operations.push({ kind: 'delete', key });
      if (operations.length < DROP_BATCH_ROWS) continue;
      await this.#table.write(operations, { sync: false });
      operations = [];
    }
    if (operations.length > 0) await this.#table.write(operations, { sync: false });
  }
}

function pushRows(operations: TableOperation[], rows: readonly SliceRow[]): void {
  const prefixes = new GroupPrefixes();
  for (const row of rows)
    operations.push({ kind: 'put', key: sliceRowKey(row, prefixes.of(row)), value: encodeSliceRow(row) });
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
