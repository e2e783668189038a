/**
 * Takes plain rows of text apart: AssemblyScript, as kernels.ts. What a row is like is said once for an instance. Each row
 * that is taken gives what `RowReader` (edge-agent/sources/rows/row-reader.ts) gives of it; at the first one that is in any
 * way unlike them it stops, so that what is refused, and why, is said in one place.
 */
import { readMs, timeEnd } from './times';

export { describeTimes } from './times';

const LF: u32 = 0x0a;
const CR: u32 = 0x0d;
const SPACE: u32 = 0x20;
const QUOTE: u32 = 0x22;
const PLUS: u32 = 0x2b;
const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
/** The first byte of a byte order mark. */
const MARK_START: u32 = 0xef;

/** What a column is for, unless it holds the value of that number: core/kernels/row-kernel.ts says the same. */
const TIME = -1;
const KEY = -2;

/** Why it stopped: for want of room or rows, at a row that isn't plain, or at one whose key isn't known. */
const ENDED = 0;
const UNUSUAL = 1;
const UNKNOWN_KEY = 2;

/** Digits that a double surely holds. */
const DIGITS_MAX: i32 = 15;
const FACT_BYTES: usize = 32;
const PIECE_BYTES: usize = 8;
const SLOT_BYTES: usize = 16;
/** Ends each field of a key: no UTF-8 text holds it. */
const FIELD_END: u64 = 0xff;
/** FNV-1a of 64 bits (G. Fowler, L. C. Noll, K.-P. Vo). */
const HASH_FIRST: u64 = 0xcbf29ce484222325;
const HASH_FACTOR: u64 = 0x100000001b3;
/** The highest bits of a hash are the best mixed. */
const HASH_SHIFT: u64 = 40;

let columnCount: i32 = 0;
let columns: usize = 0;
let delimiter: u32 = 0;
let comment: u32 = 0;
let rowBytesMax: usize = 0;
let valueCount: i32 = 0;
let facts: usize = 0;
let pieces: usize = 0;
let shiftMs: f64 = 0;
let earliestMs: f64 = 0;
let slots: usize = 0;
let slotMask: i32 = 0;
let entriesOfKeys: usize = 0;
let timesOut: usize = 0;
let valuesOut: usize = 0;
let entriesOut: usize = 0;

/** Where the first row begins that wasn't taken, why, and the latest time of those that were. */
export let stoppedAt: usize = 0;
export let stoppedBy: i32 = ENDED;
export let highestMs: f64 = 0;

let readValue: f64 = 0;
let keyHash: u64 = 0;
let keyPieces: i32 = 0;

/**
 * Says what rows are like. `uses` holds an i32 for each column; `factsAt` the decimals, the least and the largest of each
 * value, and whether it is rounded to its decimals, as f64; at `piecesAt` is room for two addresses for each field of a key. No row begins with the byte `commentByte`.
 */
export function describeRows(
  count: i32,
  uses: usize,
  delimiterByte: u32,
  commentByte: u32,
  bytesMax: usize,
  values: i32,
  factsAt: usize,
  piecesAt: usize,
): void {
  columnCount = count;
  columns = uses;
  delimiter = delimiterByte;
  comment = commentByte;
  rowBytesMax = bytesMax;
  valueCount = values;
  facts = factsAt;
  pieces = piecesAt;
}

/** Says what is added to each time, and the earliest that may come of it, in ms. */
export function describeBounds(shift: f64, earliest: f64): void {
  shiftMs = shift;
  earliestMs = earliest;
}

/** Where readings are written to: one row's side by side, in the order of the values. */
export function describeReadings(times: usize, values: usize, entries: usize): void {
  timesOut = times;
  valuesOut = values;
  entriesOut = entries;
}

/** Where the table of keys stands, empty, and the entries of each key: one for each value. */
export function describeKeys(slotsAt: usize, mask: i32, entries: usize): void {
  slots = slotsAt;
  slotMask = mask;
  entriesOfKeys = entries;
}

/** Puts a key with a number into the table: `length` bytes, FIELD_END behind each of its fields, which stay where they are. */
export function learnKey(bytes: usize, length: i32, key: i32): void {
  let hash = HASH_FIRST;
  for (let i = 0; i < length; i++) hash = (hash ^ <u64>load<u8>(bytes + <usize>i)) * HASH_FACTOR;
  let slot = <i32>(hash >> HASH_SHIFT) & slotMask;
  while (load<i32>(slots + <usize>slot * SLOT_BYTES, 8) != 0) slot = (slot + 1) & slotMask;
  const at = slots + <usize>slot * SLOT_BYTES;
  store<u32>(at, <u32>hash);
  store<u32>(at, <u32>bytes, 4);
  // A slot whose length is 0 is empty, and a key may be.
  store<i32>(at, length + 1, 8);
  store<i32>(at, key, 12);
}

/** Takes up to `rowsMax` rows from `text` on, each of which ends before `end`, where a line end must stand; gives how many. */
export function takeRows(text: usize, end: usize, rowsMax: i32, latestMs: f64): i32 {
  let rows = 0;
  let at = text;
  let reading: usize = 0;
  let latest = -Infinity;
  let reason = ENDED;
  while (rows < rowsMax && at < end) {
    const next = fieldsOf(at, valuesOut + (reading << 3));
    const atMs = <f64>readMs + shiftMs;
    if (next == 0 || next - at > rowBytesMax || atMs > latestMs || atMs < earliestMs) {
      reason = UNUSUAL;
      break;
    }
    const key = keyNumber();
    if (key < 0) {
      reason = UNKNOWN_KEY;
      break;
    }
    const entries = entriesOfKeys + ((<usize>(key * valueCount)) << 2);
    for (let i = 0; i < valueCount; i++) {
      store<f64>(timesOut + (reading << 3), atMs);
      store<i32>(entriesOut + (reading << 2), load<i32>(entries + ((<usize>i) << 2)));
      reading++;
    }
    latest = max(latest, atMs);
    at = next;
    rows++;
  }
  stoppedAt = at;
  stoppedBy = reason;
  highestMs = latest;
  return rows;
}

/** Reads the fields of a row, its values into `out`; gives where the next row begins, or 0 where it isn't plain. */
function fieldsOf(row: usize, out: usize): usize {
  const first: u32 = load<u8>(row);
  if (first == comment || first == MARK_START) return 0;
  keyHash = HASH_FIRST;
  keyPieces = 0;
  let at = row;
  for (let column = 0; column < columnCount; column++) {
    const use = load<i32>(columns + ((<usize>column) << 2));
    if (use >= 0) {
      at = valueEnd(at, facts + <usize>use * FACT_BYTES);
      store<f64>(out + ((<usize>use) << 3), readValue);
    } else if (use == TIME) at = timeEnd(at);
    else at = use == KEY ? keyEnd(at) : fieldEnd(at);
    if (at == 0) return 0;
    let byte: u32 = load<u8>(at);
    if (column < columnCount - 1) {
      if (byte != delimiter) return 0;
    } else {
      if (byte == CR) byte = load<u8>(++at);
      if (byte != LF) return 0;
    }
    at++;
  }
  return at;
}

/** The end of a field that nobody reads; 0 of one that may be quoted. */
function fieldEnd(from: usize): usize {
  let at = from;
  let byte: u32 = load<u8>(at);
  if (byte == SPACE || byte == QUOTE) return 0;
  while (byte != delimiter && byte != LF) byte = load<u8>(++at);
  // That of a line end, which belongs to the line.
  return byte == LF && at > from && load<u8>(at - 1) == CR ? at - 1 : at;
}

/** The end of a part of the key, as it stands there: one that is to be trimmed is no key that was learnt. */
function keyEnd(from: usize): usize {
  let at = from;
  let hash = keyHash;
  let byte: u32 = load<u8>(at);
  if (byte == SPACE || byte == QUOTE) return 0;
  while (byte != delimiter && byte != LF && byte != CR) {
    hash = (hash ^ <u64>byte) * HASH_FACTOR;
    byte = load<u8>(++at);
  }
  keyHash = (hash ^ FIELD_END) * HASH_FACTOR;
  const piece = pieces + <usize>keyPieces * PIECE_BYTES;
  keyPieces++;
  store<u32>(piece, <u32>from);
  store<u32>(piece, <u32>at, 4);
  return at;
}

/** The number of the row's key, -1 where it isn't known. */
function keyNumber(): i32 {
  let slot = <i32>(keyHash >> HASH_SHIFT) & slotMask;
  while (true) {
    const at = slots + <usize>slot * SLOT_BYTES;
    const length = load<i32>(at, 8);
    if (length == 0) return -1;
    if (load<u32>(at) == <u32>keyHash && isKey(load<u32>(at, 4), length - 1)) return load<i32>(at, 12);
    slot = (slot + 1) & slotMask;
  }
}

function isKey(known: usize, length: i32): bool {
  const end = known + <usize>length;
  for (let piece = pieces, last = pieces + <usize>keyPieces * PIECE_BYTES; piece < last; piece += PIECE_BYTES) {
    for (let at: usize = load<u32>(piece), to: usize = load<u32>(piece, 4); at < to; at++) {
      if (known == end || load<u8>(known++) != load<u8>(at)) return false;
    }
    if (known == end || <u64>load<u8>(known++) != FIELD_END) return false;
  }
  return known == end;
}

/** Reads a decimal number as a scaled integer, rounded half to even where its metric allows it, within its bounds. */
function valueEnd(from: usize, fact: usize): usize {
  const decimals = <i32>load<f64>(fact);
  let at = from;
  let digit: u32 = load<u8>(at);
  const isNegative = digit == MINUS;
  if (isNegative || digit == PLUS) digit = load<u8>(++at);
  let magnitude: i64 = 0;
  const wholeAt = at;
  while (digit - ZERO <= 9) {
    magnitude = magnitude * 10 + <i64>(digit - ZERO);
    digit = load<u8>(++at);
  }
  const whole = <i32>(at - wholeAt);
  let fraction = 0;
  let firstExcess: u32 = 0;
  let laterExcess: u32 = 0;
  if (digit == POINT) {
    digit = load<u8>(++at);
    for (; digit - ZERO <= 9; digit = load<u8>(++at), fraction++) {
      if (fraction < decimals) magnitude = magnitude * 10 + <i64>(digit - ZERO);
      else if (fraction == decimals) firstExcess = digit - ZERO;
      else laterExcess |= digit - ZERO;
    }
  }
  if (whole + fraction == 0 || whole + decimals > DIGITS_MAX) return 0;
  for (; fraction < decimals; fraction++) magnitude *= 10;
  if ((firstExcess | laterExcess) != 0) {
    if (load<f64>(fact, 24) == 0) return 0;
    if (firstExcess > 5 || (firstExcess == 5 && (laterExcess != 0 || (magnitude & 1) == 1))) magnitude++;
  }
  readValue = <f64>(isNegative ? -magnitude : magnitude);
  return readValue < load<f64>(fact, 8) || readValue > load<f64>(fact, 16) ? 0 : at;
}
