import { twoDigits } from './time-text.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const CASE_BIT = 0x20;
const LOWER_Z = 0x7a;

/** What stands for no offset: as Ruby, Go and browsers print it. */
const ZERO_NAMES: readonly Uint8Array[] = ['utc', 'gmt'].map((name) => new TextEncoder().encode(name));

/**
 * Where an offset from UTC ends that begins at `start`: `Z`, `UTC`, `GMT`, or `+hh`, `+hhmm`, `+hh:mm` with either sign,
 * also behind `UTC` or `GMT`. -1 where there is none.
 */
export function offsetEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  if ((bytes[start]! | CASE_BIT) === LOWER_Z) return start + 1;
  if (bytes[start] !== PLUS && bytes[start] !== MINUS) {
    if (!ZERO_NAMES.some((name) => isName(name, bytes, start, end))) return -1;
    const named = start + 3;
    return bytes[named] === PLUS || bytes[named] === MINUS ? Math.max(offsetEnd(bytes, named, end), named) : named;
  }
  const hoursEnd = start + 3;
  if (hoursEnd > end || twoDigits(bytes, start + 1) < 0) return -1;
  const minutesAt = hoursEnd < end && bytes[hoursEnd] === COLON ? hoursEnd + 1 : hoursEnd;
  return minutesAt + 2 <= end && twoDigits(bytes, minutesAt) >= 0 ? minutesAt + 2 : hoursEnd;
}

/** The offset in `bytes[start, end)`, whose end `offsetEnd` found, in ms; NaN where it is beyond 23:59. */
export function offsetMs(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== PLUS && bytes[at] !== MINUS) at++;
  if (at === end) return 0;
  const hour = twoDigits(bytes, at + 1);
  const minute = end - at > 3 ? twoDigits(bytes, end - 2) : 0;
  if (hour > 23 || minute > 59) return Number.NaN;
  const ms = (hour * 60 + minute) * 60_000;
  return bytes[at] === MINUS ? 0 - ms : ms;
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  return start + name.length <= end && name.every((letter, i) => (bytes[start + i]! | CASE_BIT) === letter);
}
