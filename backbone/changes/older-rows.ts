import { strict as assert } from 'node:assert';
import { spanOf } from '#core/slices/slice-span.ts';
import { joinKeys, NUMBER_KEY_BYTES, prefixRange, readIntKey, readKey, readUintKey, stringKey } from '../keys/order.ts';
import type { Table, TableOperation } from '../table/table.ts';
import type { RowSpan, SliceRow } from './changes.ts';
import type { Extents } from './extents.ts';
import { readSpanTail, spanKey, spanOperations } from './row-keys.ts';
import { flagsOfSpan, spansOfRows } from './row-span.ts';

/**
 * Rows as version 0.1.0 wrote them, each under a key of its own, and spans as they stood after it, by group instead of by band:
 *
 * ```
 * "row"  view version group slice partition epoch part     flags (1 byte) revision (6 bytes, LE) stats
 * "span" view version group opener partition epoch part    a span of rows (row-span.ts)
 * "flagged" as of a span                                   nothing
 * ```
 */
const ROW = stringKey('row');
const SPAN_BY_GROUP = stringKey('span');
const FLAGGED_BY_GROUP = stringKey('flagged');

const REVISION_BYTES = 6;
const ROW_HEAD_BYTES = 1 + REVISION_BYTES;
const TAIL_BYTES = 4 * NUMBER_KEY_BYTES;

/** Entries that are brought over in one write, about: spans stay whole. */
const BROUGHT_ENTRIES = 10_000;

/**
 * Brings what older programs wrote over into spans by band. Each write holds what it makes and what it takes away, so one
 * that is interrupted goes on where it stopped when the table is opened again.
 */
export async function bringRowsOver(table: Table, extents: Extents): Promise<void> {
  await bringSingleRows(table, extents);
  await bringSpansByGroup(table, extents);
}

async function bringSingleRows(table: Table, extents: Extents): Promise<void> {
  let rows: SliceRow[] = [];
  let keys: Uint8Array[] = [];
  const write = async (): Promise<void> => {
    await writeBrought(table, extents, keys, spansOfRows(rows));
    rows = [];
    keys = [];
  };
  for await (const [key, value] of table.scan(prefixRange(ROW))) {
    const row = parseRow(key, value);
    const before = rows.at(-1);
    if (rows.length >= BROUGHT_ENTRIES && spanOf(before!.slice) !== spanOf(row.slice)) await write();
    rows.push(row);
    keys.push(key);
  }
  if (rows.length > 0) await write();
}

async function bringSpansByGroup(table: Table, extents: Extents): Promise<void> {
  let spans: RowSpan[] = [];
  let keys: Uint8Array[] = [];
  const write = async (): Promise<void> => {
    await writeBrought(table, extents, keys, spans);
    spans = [];
    keys = [];
  };
  for await (const [key, bytes] of table.scan(prefixRange(SPAN_BY_GROUP))) {
    const span = parseSpanByGroup(key, bytes);
    spans.push(span);
    keys.push(key);
    if (span.flags !== 0) keys.push(joinKeys(FLAGGED_BY_GROUP, key.subarray(SPAN_BY_GROUP.length)));
    if (spans.length >= BROUGHT_ENTRIES) await write();
  }
  if (spans.length > 0) await write();
}

async function writeBrought(
  table: Table,
  extents: Extents,
  keys: readonly Uint8Array[],
  spans: readonly RowSpan[],
): Promise<void> {
  const operations: TableOperation[] = keys.map((key) => ({ kind: 'delete', key }));
  for (const span of spans) operations.push(...spanOperations(span, spanKey(span)));
  operations.push(...extents.widen(spans));
  await table.write(operations, { sync: true });
  extents.settle(spans);
}

function parseSpanByGroup(key: Uint8Array, bytes: Uint8Array): RowSpan {
  const names = key.subarray(SPAN_BY_GROUP.length, key.length - TAIL_BYTES);
  return { ...parseNames(names), ...readSpanTail(key), flags: flagsOfSpan(bytes), bytes };
}

function parseNames(key: Uint8Array): Pick<SliceRow, 'view' | 'version' | 'group'> {
  const [view, version, group] = readKey(key, ['string', 'uint', 'string']);
  assert(
    typeof view === 'string' && typeof version === 'number' && typeof group === 'string',
    'the key of a row names view, version and group',
  );
  return { view, version, group };
}

function parseRow(key: Uint8Array, bytes: Uint8Array): SliceRow {
  const tail = key.length - TAIL_BYTES;
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    ...parseNames(key.subarray(ROW.length, tail)),
    slice: readIntKey(key, tail),
    partition: readUintKey(key, tail + NUMBER_KEY_BYTES),
    epoch: readUintKey(key, tail + 2 * NUMBER_KEY_BYTES),
    part: readUintKey(key, tail + 3 * NUMBER_KEY_BYTES),
    flags: value[0]!,
    revision: value.readUIntLE(1, REVISION_BYTES),
    stats: value.subarray(ROW_HEAD_BYTES),
  };
}
