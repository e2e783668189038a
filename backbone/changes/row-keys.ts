import { strict as assert } from 'node:assert';
import { BytePool } from '#core/packing/byte-pool.ts';
import {
  intKey,
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
import { bandOf } from '../results/results.ts';
import type { TableOperation } from '../table/table.ts';
import type { AgentRow, MemberRow, RefusedRow, RowSpan } from './changes.ts';

/**
 * Keys and values of the change table. A first part tells the kinds of rows apart:
 *
 * ```
 * "agent"  partition agent                                        JSON of AgentRow
 * "member" view version group partition agent series              JSON of MemberRow
 * "band"   view version band group opener partition epoch part    a span of rows (row-span.ts)
 * "flagged band" as of a span                                     nothing: the span has rows that wait for a refold, or reset
 * "extent" view version partition epoch                           first slice and end of the spans there are (two ints)
 * "refused" partition position                                     JSON of RefusedRow
 * "at"     partition                                              position (uint)
 * ```
 *
 * A band is a stretch of time, the same as that of batch results: so what all groups have in it lies together, one group's
 * year is a read for each of its bands, and what comes in the order of time is written in order.
 */
const AGENT = stringKey('agent');
const MEMBER = stringKey('member');
const SPAN = stringKey('band');
const FLAGGED = stringKey('flagged band');
const EXTENT = stringKey('extent');
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

/** The keys of all spans in the band that holds a slice begin so. */
export function bandPrefix(view: string, version: number, slice: number): Uint8Array {
  return joinKeys(viewSpansPrefix(view, version), intKey(bandOf(slice)));
}

/** The band of a key, where that is of a span of the view's version. */
export function bandOfKey(view: string, version: number, key: Uint8Array): number | undefined {
  const prefix = viewSpansPrefix(view, version);
  return isSame(key.subarray(0, prefix.length), prefix) ? readIntKey(key, prefix.length) : undefined;
}

/** The keys of a group's spans in the band that holds a slice begin so. */
export function groupSpansPrefix(view: string, version: number, group: string, slice: number): Uint8Array {
  return joinKeys(bandPrefix(view, version, slice), stringKey(group));
}

export function extentPrefix(view?: string, version = 0): Uint8Array {
  return view === undefined ? EXTENT : joinKeys(EXTENT, stringKey(view), uintKey(version));
}

export function extentKey({ view, version, partition, epoch }: ExtentName): Uint8Array {
  return joinKeys(extentPrefix(view, version), uintKey(partition), uintKey(epoch));
}

/** Reads what {@link extentKey} wrote. */
export function parseExtentKey(key: Uint8Array): ExtentName {
  const [view, version, partition, epoch] = readKey(key.subarray(EXTENT.length), ['string', 'uint', 'uint', 'uint']);
  return { view: String(view), version: Number(version), partition: Number(partition), epoch: Number(epoch) };
}

/** What an extent is of. */
export type ExtentName = Pick<RowSpan, 'view' | 'version' | 'partition' | 'epoch'>;

/** What names a span. */
export type SpanName = Omit<RowSpan, 'flags' | 'bytes'>;

/** The key of a span below its group's prefix. Made for every changed span, so it is written in one go. */
export function spanKey(
  span: SpanName,
  groupPrefix: Uint8Array = groupSpansPrefix(span.view, span.version, span.group, span.opener),
  pool?: BytePool,
): Uint8Array {
  const length = groupPrefix.length + SPAN_TAIL_BYTES;
  const key = pool === undefined ? new Uint8Array(length) : pool.take(length);
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

/**
 * The prefixes of groups while the spans of one batch are written, and room for their keys. What comes one after the other is
 * mostly of one band, and of a history of one group.
 */
export class GroupPrefixes {
  readonly pool = new BytePool();
  #view = '';
  #version = Number.NaN;
  #band = Number.NaN;
  #bandPrefix: Uint8Array = new Uint8Array(0);
  #group: string | undefined;
  #prefix: Uint8Array = new Uint8Array(0);

  of({ view, version, group, opener }: SpanName): Uint8Array {
    const band = bandOf(opener);
    if (band !== this.#band || version !== this.#version || view !== this.#view) {
      [this.#view, this.#version, this.#band] = [view, version, band];
      this.#bandPrefix = bandPrefix(view, version, opener);
      this.#group = undefined;
    }
    if (group !== this.#group) {
      this.#group = group;
      this.#prefix = joinKeys(this.#bandPrefix, stringKey(group));
    }
    return this.#prefix;
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

/** Reads the groups of keys that begin with a prefix of a view; neighbours mostly are of one group. */
export class GroupKeys {
  readonly #prefixBytes: number;
  #key: Uint8Array = new Uint8Array(0);
  #group = '';

  constructor(viewPrefix: Uint8Array) {
    this.#prefixBytes = viewPrefix.length + NUMBER_KEY_BYTES;
  }

  of(key: Uint8Array): string {
    if (this.#isOfSameGroup(key)) return this.#group;
    const [group] = readKey(key.subarray(this.#prefixBytes, key.length - SPAN_TAIL_BYTES), ['string']);
    assert(typeof group === 'string', 'the key of a span names its group');
    this.#key = key;
    this.#group = group;
    return group;
  }

  #isOfSameGroup(key: Uint8Array): boolean {
    const before = this.#key;
    if (key.length !== before.length) return false;
    // Groups differ at their ends rather than where they begin.
    for (let i = key.length - SPAN_TAIL_BYTES - 1; i >= this.#prefixBytes; i--) if (key[i] !== before[i]) return false;
    return true;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function positionKey(partition: number): Uint8Array {
  return joinKeys(AT, uintKey(partition));
}

export function positionPrefix(): Uint8Array {
  return AT;
}
