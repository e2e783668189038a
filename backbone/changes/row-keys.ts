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
import type { TableOperation } from '../table/table.ts';
import type { AgentRow, MemberRow, RefusedRow, RowSpan } from './changes.ts';

/**
 * Keys and values of the change table. A first part tells the kinds of rows apart:
 *
 * ```
 * "agent"  partition agent                                        JSON of AgentRow
 * "member" view version group partition agent series              JSON of MemberRow
 * "span"   view version group opener partition epoch part         a span of rows (row-span.ts)
 * "flagged" as of a span                                          nothing: the span has rows that wait for a refold, or reset
 * "refused" partition position                                     JSON of RefusedRow
 * "at"     partition                                              position (uint)
 * ```
 */
const AGENT = stringKey('agent');
const MEMBER = stringKey('member');
const SPAN = stringKey('span');
const FLAGGED = stringKey('flagged');
const REFUSED = stringKey('refused');
const AT = stringKey('at');

/** Opener, partition, epoch and part stand at the end of a span's key. */
const SPAN_TAIL_BYTES = 4 * NUMBER_KEY_BYTES;

export function agentPrefix(): Uint8Array {
  return AGENT;
}

export function agentRowKey(row: AgentRow): Uint8Array {
  return joinKeys(AGENT, uintKey(row.partition), stringKey(row.agent));
}

export function refusedPrefix(): Uint8Array {
  return REFUSED;
}

export function refusedRowKey({ partition, position }: Pick<RefusedRow, 'partition' | 'position'>): Uint8Array {
  return joinKeys(REFUSED, uintKey(partition), uintKey(position));
}

/** Reads what {@link refusedRowKey} wrote. */
export function parseRefusedKey(key: Uint8Array): Pick<RefusedRow, 'partition' | 'position'> {
  const at = REFUSED.length;
  return { partition: readUintKey(key, at), position: readUintKey(key, at + NUMBER_KEY_BYTES) };
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

export function viewSpansPrefix(view: string, version: number): Uint8Array {
  return joinKeys(SPAN, stringKey(view), uintKey(version));
}

export function groupSpansPrefix(view: string, version: number, group: string): Uint8Array {
  return joinKeys(viewSpansPrefix(view, version), stringKey(group));
}

/** What names a span. */
export type SpanName = Omit<RowSpan, 'flags' | 'bytes'>;

/** The key of a span below its group's prefix. Made for every changed span, so it is written in one go. */
export function spanKey(
  span: SpanName,
  groupPrefix: Uint8Array = groupSpansPrefix(span.view, span.version, span.group),
): Uint8Array {
  const key = new Uint8Array(groupPrefix.length + SPAN_TAIL_BYTES);
  key.set(groupPrefix);
  const tail = groupPrefix.length;
  writeIntKey(key, tail, span.opener);
  writeUintKey(key, tail + NUMBER_KEY_BYTES, span.partition);
  writeUintKey(key, tail + 2 * NUMBER_KEY_BYTES, span.epoch);
  writeUintKey(key, tail + 3 * NUMBER_KEY_BYTES, span.part);
  return key;
}

/** The key that lists a span with flags, so that these are found without a look at all others. */
export function flaggedKey(key: Uint8Array): Uint8Array {
  return joinKeys(FLAGGED, key.subarray(SPAN.length));
}

export function viewFlaggedPrefix(view: string, version: number): Uint8Array {
  return flaggedKey(viewSpansPrefix(view, version));
}

/** The key of the span that a key of `flaggedKey` lists. */
export function keyOfFlagged(key: Uint8Array): Uint8Array {
  return joinKeys(SPAN, key.subarray(FLAGGED.length));
}

/** What writes a span under its key. A row never loses its last flag, so a span that is listed stays so. */
export function spanOperations({ flags, bytes }: RowSpan, key: Uint8Array): TableOperation[] {
  const put: TableOperation = { kind: 'put', key, value: bytes };
  return flags === 0 ? [put] : [put, { kind: 'put', key: flaggedKey(key), value: new Uint8Array(0) }];
}

/** Remembers the prefixes of groups while the spans of one batch are written. */
export class GroupPrefixes {
  readonly #prefixes = new Map<string, Uint8Array>();

  of({ view, version, group }: SpanName): Uint8Array {
    const name = `${version}/${view}/${group}`;
    let prefix = this.#prefixes.get(name);
    if (prefix === undefined) {
      prefix = groupSpansPrefix(view, version, group);
      this.#prefixes.set(name, prefix);
    }
    return prefix;
  }
}

/** Opener, partition, epoch and part as they stand at the end of a key. */
export function readSpanTail(key: Uint8Array): Pick<RowSpan, 'opener' | 'partition' | 'epoch' | 'part'> {
  const tail = key.length - SPAN_TAIL_BYTES;
  return {
    opener: readIntKey(key, tail),
    partition: readUintKey(key, tail + NUMBER_KEY_BYTES),
    epoch: readUintKey(key, tail + 2 * NUMBER_KEY_BYTES),
    part: readUintKey(key, tail + 3 * NUMBER_KEY_BYTES),
  };
}

/** The group that a key below a prefix of so many bytes names. */
export function groupOfSpanKey(key: Uint8Array, prefixBytes: number): string {
  const [group] = readKey(key.subarray(prefixBytes, key.length - SPAN_TAIL_BYTES), ['string']);
  assert(typeof group === 'string', 'the key of a span names its group');
  return group;
}

export function positionKey(partition: number): Uint8Array {
  return joinKeys(AT, uintKey(partition));
}

export function positionPrefix(): Uint8Array {
  return AT;
}
