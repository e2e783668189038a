import { strict as assert } from 'node:assert';
import {
  NAME_LENGTH_MAX,
  parseSeries,
  SERIES_TAGS_MAX,
  seriesFormat,
  type SeriesFormat,
  type SeriesEntry,
  TAG_VALUE_LENGTH_MAX,
  UNIT_LENGTH_MAX,
} from '../series/series.ts';
import { type FrameFault, frameFault, FrameTooLarge } from './fault.ts';
import { type FrameHeader, type FrameMeta, isWithin, sealFrame } from './header.ts';
import { DICTIONARY_ENTRIES_MAX, FRAME_BYTES_MAX, FRAME_ENTRIES_MAX, HEADER_BYTES } from './limits.ts';

/**
 * Bytes of the longest entry, in JSON: three for each UTF-16 unit at most in UTF-8, and two for a quote or a backslash;
 * control characters there are none. The names of the fields and the numbers take less than 512.
 */
const ENTRY_BYTES_MAX =
  3 * (2 * NAME_LENGTH_MAX + UNIT_LENGTH_MAX + SERIES_TAGS_MAX * (NAME_LENGTH_MAX + TAG_VALUE_LENGTH_MAX + 6)) + 512;

assert(HEADER_BYTES + ENTRY_BYTES_MAX + 512 <= FRAME_BYTES_MAX, 'a birth of one entry fits into a frame');

/** A piece of an agent's dictionary, and where its incarnation comes from. */
export interface Birth {
  /** Dictionary index of the first entry. The dictionary version of the frame counts the entries too. */
  readonly firstIndex: number;
  readonly entries: readonly SeriesEntry[];
  /** The incarnation before this one: its last number, and whether it was ended in order. Null for the first start. */
  readonly previous: PreviousIncarnation | null;
}

export interface PreviousIncarnation {
  readonly incarnation: number;
  /** 0 if it sent nothing. */
  readonly lastSequence: number;
  /** False: its tail is unknown. */
  readonly closed: boolean;
}

export interface BirthFrame {
  readonly kind: 'birth';
  readonly header: FrameHeader;
  readonly birth: Birth;
}

/**
 * A `birth` frame; its body is the {@link Birth} as JSON (RFC 8259) in UTF-8 with exactly the fields of the type. It has
 * format 2 where an entry says what format 1 has no word for, so that older readers of such a birth ask for a newer one.
 * Asserts that it is valid; throws {@link FrameTooLarge} above FRAME_ENTRIES_MAX entries or FRAME_BYTES_MAX.
 */
export function encodeBirth(meta: FrameMeta, birth: Birth): Uint8Array {
  if (birth.entries.length > FRAME_ENTRIES_MAX) {
    throw new FrameTooLarge('entries', birth.entries.length, FRAME_ENTRIES_MAX);
  }
  const format = birth.entries.some((entry) => seriesFormat(entry) === 2) ? 2 : 1;
  const parsed = parseBirth(birth, meta, format);
  assert(!('code' in parsed), `birth is not valid: ${'code' in parsed ? parsed.message : ''}`);
  const body = new TextEncoder().encode(JSON.stringify(parsed));
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  frame.set(body, HEADER_BYTES);
  return sealFrame(frame, meta, { kind: 'birth', format, count: birth.entries.length, earliestMs: 0, latestMs: 0 });
}

/** The birth in a frame whose header was read. */
export function decodeBirth(bytes: Uint8Array, header: FrameHeader): BirthFrame | FrameFault {
  if (header.count > FRAME_ENTRIES_MAX) {
    return frameFault('count', `birth counts ${header.count} entries, the limit is ${FRAME_ENTRIES_MAX}`);
  }
  if (header.earliestMs !== 0 || header.latestMs !== 0) return frameFault('range', 'birth has event times');
  const document = parseJson(bytes.subarray(bytes.length - header.bodyBytes));
  if (document === undefined) return frameFault('birth', 'birth is no JSON in UTF-8');
  const birth = parseBirth(document, header, header.format);
  if ('code' in birth) return birth;
  if (birth.entries.length !== header.count) {
    return frameFault('count', `birth holds ${birth.entries.length} entries, the header says ${header.count}`);
  }
  return { kind: 'birth', header, birth };
}

/** JSON has no `undefined`, so that says that the bytes are none. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

function parseBirth(document: unknown, meta: FrameMeta, format: SeriesFormat): Birth | FrameFault {
  if (!hasExactly(document, ['entries', 'firstIndex', 'previous'])) {
    return frameFault('birth', 'birth must have entries, firstIndex and previous');
  }
  const { firstIndex, entries } = document;
  if (!Array.isArray(entries) || entries.length > FRAME_ENTRIES_MAX) {
    return frameFault('birth', `birth must have a list of at most ${FRAME_ENTRIES_MAX} entries`);
  }
  if (!isIndex(firstIndex, 0, DICTIONARY_ENTRIES_MAX - entries.length)) {
    return frameFault('range', 'birth has a firstIndex beyond what a dictionary may hold');
  }
  if (firstIndex + entries.length > meta.dictionaryVersion) {
    const end = firstIndex + entries.length;
    return frameFault('range', `birth ends at entry ${end}, its dictionary version is ${meta.dictionaryVersion}`);
  }
  const previous = parsePrevious(document['previous'], meta.incarnation);
  if (previous !== null && 'code' in previous) return previous;
  const parsed: SeriesEntry[] = [];
  for (const [i, entry] of entries.entries()) {
    const series = parseSeries(entry, format);
    if (series.kind === 'series-fault') return frameFault('birth', `birth entry ${firstIndex + i}: ${series.message}`);
    parsed.push(series);
  }
  return { firstIndex, entries: parsed, previous };
}

function parsePrevious(value: unknown, incarnation: number): PreviousIncarnation | FrameFault | null {
  if (value === null) return null;
  if (!hasExactly(value, ['closed', 'incarnation', 'lastSequence'])) {
    return frameFault('birth', 'birth previous must have closed, incarnation and lastSequence');
  }
  const { closed, lastSequence } = value;
  const before = value['incarnation'];
  if (!isIndex(before, 0, 0xffff_ffff) || before === incarnation) {
    return frameFault('range', 'birth previous must name another incarnation');
  }
  if (!isIndex(lastSequence, 0, Number.MAX_SAFE_INTEGER) || typeof closed !== 'boolean') {
    return frameFault('range', 'birth previous must have a lastSequence from 0 on, and closed');
  }
  return { incarnation: before, lastSequence, closed };
}

function isIndex(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && isWithin(value, min, max);
}

/** True for an object with these own fields, in whatever order, and no others. `names` are sorted. */
function hasExactly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return JSON.stringify(Object.keys(value).toSorted()) === JSON.stringify(names);
}
