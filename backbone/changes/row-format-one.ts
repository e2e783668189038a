import { strict as assert } from 'node:assert';
import { spanOf } from '#core/slices/slice-span.ts';
import { NUMBER_KEY_BYTES, prefixRange, readIntKey, readKey, readUintKey, stringKey } from '../keys/order.ts';
import type { Table, TableOperation } from '../table/table.ts';
import type { SliceRow } from './changes.ts';
import { spanKey, spanOperations } from './row-keys.ts';
import { spansOfRows } from './row-span.ts';

/**
 * Rows as version 0.1.0 wrote them, each under a key of its own:
 *
 * ```
 * "row" view version group slice partition epoch part     flags (1 byte) revision (6 bytes, LE) stats
 * ```
 */
const ROW = stringKey('row');

const REVISION_BYTES = 6;
const ROW_HEAD_BYTES = 1 + REVISION_BYTES;
const ROW_TAIL_BYTES = 4 * NUMBER_KEY_BYTES;

/** Rows that are brought over in one write, about: spans stay whole. */
const BROUGHT_ROWS = 10_000;

/**
 * Brings rows of version 0.1.0 over into spans. Each write holds what it makes and what it takes away, so one that is
 * interrupted goes on where it stopped when the table is opened again.
 */
export async function bringRowsOver(table: Table): Promise<void> {
  let rows: SliceRow[] = [];
  let keys: Uint8Array[] = [];
  const write = async (): Promise<void> => {
    const operations: TableOperation[] = keys.map((key) => ({ kind: 'delete', key }));
    for (const span of spansOfRows(rows)) operations.push(...spanOperations(span, spanKey(span)));
    await table.write(operations, { sync: true });
    rows = [];
    keys = [];
  };
  for await (const [key, value] of table.scan(prefixRange(ROW))) {
    const row = parseRow(key, value);
    const before = rows.at(-1);
    if (rows.length >= BROUGHT_ROWS && spanOf(before!.slice) !== spanOf(row.slice)) await write();
    rows.push(row);
    keys.push(key);
  }
  if (rows.length > 0) await write();
}

function parseRow(key: Uint8Array, bytes: Uint8Array): SliceRow {
  const tail = key.length - ROW_TAIL_BYTES;
  const [view, version, group] = readKey(key.subarray(ROW.length, tail), ['string', 'uint', 'string']);
  assert(
    typeof view === 'string' && typeof version === 'number' && typeof group === 'string',
    'the key of a row names view, version and group',
  );
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    view,
    version,
    group,
    slice: readIntKey(key, tail),
    partition: readUintKey(key, tail + NUMBER_KEY_BYTES),
    epoch: readUintKey(key, tail + 2 * NUMBER_KEY_BYTES),
    part: readUintKey(key, tail + 3 * NUMBER_KEY_BYTES),
    flags: value[0]!,
    revision: value.readUIntLE(1, REVISION_BYTES),
    stats: value.subarray(ROW_HEAD_BYTES),
  };
}
