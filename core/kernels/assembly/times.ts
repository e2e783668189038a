/** Reads the times of plain rows, for rows.ts: as UnixTime and IsoTime (edge-agent/sources/time) do, where they are plain. */

const SPACE: u32 = 0x20;
const PLUS: u32 = 0x2b;
const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const COLON: u32 = 0x3a;
const UPPER_T: u32 = 0x54;
const UPPER_Z: u32 = 0x5a;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

let isUnix: bool = false;
let timeDigitsMax: i32 = 0;
let timeFactor: i64 = 1;
let timeDivisor: i64 = 1;

/** The date that was read last: rows of a day follow each other. */
let dateStart: u64 = 0;
let dateEnd: u32 = 0;
let dateMs: i64 = 0;

/** The time that was read last, in ms. */
export let readMs: i64 = 0;

/**
 * Says how times are written: as numbers of so many digits that become milliseconds by a factor or a divisor, else as
 * ISO 8601.
 */
export function describeTimes(areNumbers: i32, digitsMax: i32, factor: f64, divisor: f64): void {
  isUnix = areNumbers != 0;
  timeDigitsMax = digitsMax;
  timeFactor = <i64>factor;
  timeDivisor = <i64>divisor;
}

/** Reads the time that begins at `from` and gives where it ends, or 0 where it isn't plain. */
export function timeEnd(from: usize): usize {
  return isUnix ? unixEnd(from) : isoEnd(from);
}

function unixEnd(from: usize): usize {
  let at = from;
  let units: i64 = 0;
  let digit: u32 = load<u8>(at);
  while (digit - ZERO <= 9) {
    units = units * 10 + <i64>(digit - ZERO);
    digit = load<u8>(++at);
  }
  const digits = <i32>(at - from);
  if (digits == 0 || digits > timeDigitsMax) return 0;
  if (timeDivisor == 1) readMs = units * timeFactor;
  else {
    readMs = units / timeDivisor;
    // Finer than a millisecond.
    if (readMs * timeDivisor != units) return 0;
  }
  return at;
}

/** Reads `yyyy-MM-dd`, perhaps with `THH:mm`, `:ss`, up to three decimals, and `Z` or `+hh:mm`; without these it is UTC. */
function isoEnd(from: usize): usize {
  if (!readDate(from)) return 0;
  let at = from + 10;
  let ms = dateMs;
  let byte: u32 = load<u8>(at);
  if (byte == UPPER_T || byte == SPACE) {
    const minutes = timeOfDay(at + 1);
    if (minutes < 0) return 0;
    ms += <i64>minutes * MINUTE_MS;
    at += 6;
    byte = load<u8>(at);
    if (byte == COLON) {
      const second = twoDigits(at + 1);
      if (second < 0 || second > 59) return 0;
      ms += <i64>second * 1_000;
      at += 3;
      byte = load<u8>(at);
      if (byte == POINT) {
        let unit: i64 = 100;
        byte = load<u8>(++at);
        if (byte - ZERO > 9) return 0;
        for (; byte - ZERO <= 9; byte = load<u8>(++at), unit /= 10) {
          if (unit == 0) return 0;
          ms += <i64>(byte - ZERO) * unit;
        }
      }
    }
    if (byte == UPPER_Z) at++;
    else if (byte == PLUS || byte == MINUS) {
      const minutes = timeOfDay(at + 1);
      if (minutes < 0) return 0;
      ms += byte == MINUS ? <i64>minutes * MINUTE_MS : -(<i64>minutes) * MINUTE_MS;
      at += 6;
    }
  }
  readMs = ms;
  return at;
}

/** Whether a date of the calendar stands there; `dateMs` is then its midnight. */
function readDate(at: usize): bool {
  const start = load<u64>(at);
  const end: u32 = load<u16>(at, 8);
  if (start == dateStart && end == dateEnd) return true;
  const century = twoDigits(at);
  const years = twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  if (century < 0 || years < 0 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  if (<u32>load<u8>(at, 4) != MINUS || <u32>load<u8>(at, 7) != MINUS) return false;
  const year = century * 100 + years;
  const days = daysFromCivil(year, month, day);
  // A day that its month doesn't have is one of the next.
  if (month < 12 ? days >= daysFromCivil(year, month + 1, 1) : days >= daysFromCivil(year + 1, 1, 1)) return false;
  dateStart = start;
  dateEnd = end;
  dateMs = <i64>days * DAY_MS;
  return true;
}

/** Days since 1970-01-01 in the Gregorian calendar, after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  // Four hundred years more have the same calendar, and none before them is below 0.
  const shifted = year + 400 - (month <= 2 ? 1 : 0);
  const era = shifted / 400;
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return (era - 1) * 146_097 + dayOfEra - 719_468;
}

/** Minutes since midnight of `HH:mm`, below 24 hours; -1 where it is none. */
function timeOfDay(at: usize): i32 {
  const hour = twoDigits(at);
  const minute = twoDigits(at + 3);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || <u32>load<u8>(at, 2) != COLON) return -1;
  return hour * 60 + minute;
}

function twoDigits(at: usize): i32 {
  const tens = <u32>load<u8>(at) - ZERO;
  const ones = <u32>load<u8>(at, 1) - ZERO;
  return tens > 9 || ones > 9 ? -1 : <i32>(tens * 10 + ones);
}
