import { strict as assert } from 'node:assert';
import {
  joinKeys,
  NUMBER_KEY_BYTES,
  readIntKey,
  readKey,
  readUintKey,
  stringKey,
  uintKey,
  writeIntKey,
  writeUintKey,
} from '../keys/order.ts';
import type { AgentRow, MemberRow, RefusedRow, SliceRow, SliceRowKey } from './changes.ts';

/**
 * Keys and values of the change table. A first part tells the kinds of rows apart:
 *
 * ```
 * "agent"  partition agent                                        JSON of AgentRow
 * "member" view version group partition agent series              JSON of MemberRow
 * "row"    view version group slice partition epoch part          flags (1 byte) revision (6 bytes, LE) stats
 * "refused" partition position                                     JSON of RefusedRow
 * "at"     partition                                              position (uint)
 * ```
 */
const AGENT = stringKey('agent');
const MEMBER = stringKey('member');
const ROW = stringKey('row');
const REFUSED = stringKey('refused');
const AT = stringKey('at');

const REVISION_BYTES = 6;
const ROW_HEAD_BYTES = 1 + REVISION_BYTES;
/** Slice, partition, epoch and part stand at the end of a row's key. */
const ROW_TAIL_BYTES = 4 * NUMBER_KEY_BYTES;

export function agentPrefix(): Uint8Array {
  return AGENT;
}

export function agentRowKey(row: AgentRow): Uint8Array {
  return joinKeys(AGENT, uintKey(row.partition), stringKey(row.agent));
}

export function refusedPrefix(): Uint8Array {
  return REFUSED;
}

export function refusedRowKey(row: RefusedRow): Uint8Array {
  return joinKeys(REFUSED, uintKey(row.partition), uintKey(row.position));
}

export function memberPrefix(view: string, version: number): Uint8Array {
  return joinKeys(MEMBER, stringKey(view), uintKey(version));
}

export function memberRowKey(row: MemberRow): Uint8Array {
  const { view, version, group, partition, agent, series } = row;
  return joinKeys(
    memberPrefix(view, version),
    stringKey(group),
    uintKey(partition),
    stringKey(agent),
    stringKey(series),
  );
}

export function viewRowsPrefix(view: string, version: number): Uint8Array {
  return joinKeys(ROW, stringKey(view), uintKey(version));
}

export function groupRowsPrefix(view: string, version: number, group: string): Uint8Array {
  return joinKeys(viewRowsPrefix(view, version), stringKey(group));
}

/** The key of a row below its group's prefix. Made for every changed row, so it is written in one go. */
export function sliceRowKey(
  row: SliceRowKey,
  groupPrefix: Uint8Array = groupRowsPrefix(row.view, row.version, row.group),
): Uint8Array {
  const key = new Uint8Array(groupPrefix.length + ROW_TAIL_BYTES);
  key.set(groupPrefix);
  const tail = groupPrefix.length;
  writeIntKey(key, tail, row.slice);
  writeUintKey(key, tail + NUMBER_KEY_BYTES, row.partition);
  writeUintKey(key, tail + 2 * NUMBER_KEY_BYTES, row.epoch);
  writeUintKey(key, tail + 3 * NUMBER_KEY_BYTES, row.part);
  return key;
}

/** Remembers the prefixes of groups while the rows of one batch are written. */
export class GroupPrefixes {
  readonly #prefixes = new Map<string, Uint8Array>();

  of({ view, version, group }: SliceRowKey): Uint8Array {
    const name = `${version}/${view}/${group}`;
    let prefix = this.#prefixes.get(name);
    if (prefix === undefined) {
      prefix = groupRowsPrefix(view, version, group);
      this.#prefixes.set(name, prefix);
    }
    return prefix;
  }
}

export function positionKey(partition: number): Uint8Array {
  return joinKeys(AT, uintKey(partition));
}

export function positionPrefix(): Uint8Array {
  return AT;
}

export function encodeSliceRow(row: SliceRow): Uint8Array {
  const value = Buffer.allocUnsafe(ROW_HEAD_BYTES + row.stats.length);
  value[0] = row.flags;
  value.writeUIntLE(row.revision, 1, REVISION_BYTES);
  value.set(row.stats, ROW_HEAD_BYTES);
  return value;
}

/** The row behind a key of the group; only the key's tail is read, since a scan knows the rest. */
export function parseSliceRow(
  view: string,
  version: number,
  group: string,
  key: Uint8Array,
  bytes: Uint8Array,
): SliceRow {
  const tail = key.length - ROW_TAIL_BYTES;
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

/** The group that a key below `viewRowsPrefix` names. */
export function groupOfRowKey(key: Uint8Array, prefixBytes: number): string {
  const [group] = readKey(key.subarray(prefixBytes, key.length - ROW_TAIL_BYTES), ['string']);
  assert(typeof group === 'string', 'the key of a slice row names its group');
  return group;
}
