import { strict as assert } from 'node:assert';
import { WeirError } from '../errors.ts';
import { addCalendar } from './calendar.ts';
import { civilFromDays, DAY_MS, daysFromCivil, daysInMonth } from './civil.ts';
import { DurationError, parseDuration } from './duration.ts';
import { earliestOf, type Zone } from './zone.ts';

/**
 * Instants as text: ISO 8601 and RFC 3339 in, RFC 3339 in UTC out. Inside, an instant is integer milliseconds of UTC.
 */

/** The instants that RFC 3339 can write: years 0000 to 9999. */
export const INSTANT_MIN_MS = daysFromCivil(0, 1, 1) * DAY_MS;
export const INSTANT_MAX_MS = daysFromCivil(10_000, 1, 1) * DAY_MS - 1;

/** A text that is no instant, or a local time that does not exist. */
export class InstantError extends WeirError {
  readonly kind = 'instant';
  readonly text: string;

  constructor(text: string, reason: string) {
    super(`time ${JSON.stringify(text.slice(0, 40))} ${reason}`, { fault: 'asked' });
    this.text = text;
  }
}

/** What a text says, before any zone is consulted. */
export interface InstantText {
  /** The wall clock, as if it were UTC. */
  readonly localMs: number;
  /** The offset written beside it, 0 for `Z`; undefined where none is. */
  readonly offsetMs: number | undefined;
  /** Whether only a date is written. */
  readonly dateOnly: boolean;
  /** Whether digits finer than a millisecond, not all zero, were cut. */
  readonly cut: boolean;
}

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?: ?(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])(\d{2})(?::?(\d{2}))?))?)?$/i;

/** Takes a text apart. Throws InstantError for a text of another form and for a date or time that no calendar has. */
export function readInstantText(text: string): InstantText {
  const match = PATTERN.exec(text.trim());
  if (match === null) {
    throw new InstantError(
      text,
      'is not ISO 8601; write it like 2006-12-16, 2006-12-16T17:24:00Z or 2006-12-16T18:24:00+01:00',
    );
  }
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12) throw new InstantError(text, `has month ${month}; months are 01 to 12`);
  if (day < 1 || day > daysInMonth(year, month)) {
    throw new InstantError(text, `has day ${day}; that month has ${daysInMonth(year, month)} days`);
  }
  const hour = Number(match[4] ?? 0);
  const minute = Number(match[5] ?? 0);
  const second = Number(match[6] ?? 0);
  const isDayEnd = hour === 24 && minute === 0 && second === 0 && !/[1-9]/.test(match[7] ?? '');
  if ((hour > 23 || minute > 59) && !isDayEnd) {
    throw new InstantError(text, 'is no time of day; hours are 00 to 23 or 24:00, minutes 00 to 59');
  }
  if (second > 59) throw new InstantError(text, 'has a second beyond 59; event time has no leap seconds, write 59');
  const fraction = match[7] ?? '';
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return {
    localMs: daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + ms,
    offsetMs: readOffset(text, match[8], match[9], match[10], match[11]),
    dateOnly: match[4] === undefined,
    cut: /[1-9]/.test(fraction.slice(3)),
  };
}

function readOffset(
  text: string,
  zulu: string | undefined,
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | undefined {
  if (zulu !== undefined) return 0;
  if (sign === undefined) return undefined;
  const hour = Number(hours);
  const minute = Number(minutes ?? 0);
  if (hour > 23 || minute > 59) throw new InstantError(text, 'has an offset beyond 23:59; write it like +01:00');
  const magnitudeMs = (hour * 60 + minute) * 60_000;
  return sign === '-' && magnitudeMs !== 0 ? -magnitudeMs : magnitudeMs;
}

/**
 * The instant that a text names, in ms of UTC; fraction digits beyond ms are cut (toward the past).
 *
 * A date alone is the start of that day in `zone`, or in UTC where no zone is given. A local time without an offset
 * needs a `zone`; where it occurs twice the first is meant. Throws InstantError.
 */
export function parseInstant(text: string, zone?: Zone): number {
  const read = readInstantText(text);
  if (read.offsetMs !== undefined) return read.localMs - read.offsetMs;
  if (zone === undefined) {
    if (read.dateOnly) return read.localMs;
    throw new InstantError(text, 'has no offset and no zone is given; end it with Z or an offset such as +01:00');
  }
  if (read.dateOnly) return zone.dayStart(read.localMs / DAY_MS);
  const meaning = zone.localToUtc(read.localMs);
  if (meaning.kind !== 'none') return earliestOf(meaning);
  throw new InstantError(
    text,
    `does not exist in ${zone.name}: its clocks were set forward over it; the next instant is ${formatInstant(meaning.after)}`,
  );
}

const BEFORE_NOW = /^(?:now)?-(.*)$/s;

/**
 * The instant that `now`, or a span before it (`-7d`, `now-7d`), names, to the millisecond; a span of days or more goes by
 * the calendar of the zone. Undefined for any other text. Throws InstantError for what begins so and is no span.
 */
export function parseRelative(text: string, zone: Zone, nowMs: number): number | undefined {
  if (!isRelative(text)) return undefined;
  const span = BEFORE_NOW.exec(text.trim())?.[1];
  if (span === undefined) return nowMs;
  try {
    const duration = parseDuration(span);
    if (duration.kind === 'fixed') return nowMs - duration.ms;
    return addCalendar(zone, nowMs, { ...duration, count: -duration.count });
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new InstantError(text, 'is no span before now; write it like -90m, -7d or -1mo');
  }
}

/** Whether a text names an instant by when it is read. */
export function isRelative(text: string): boolean {
  const trimmed = text.trim();
  return trimmed === 'now' || BEFORE_NOW.test(trimmed);
}

/** RFC 3339 in UTC: `2006-12-16T17:24:00Z`, with three fraction digits only where the milliseconds are not zero. */
export function formatInstant(atMs: number): string {
  assert(
    Number.isInteger(atMs) && atMs >= INSTANT_MIN_MS && atMs <= INSTANT_MAX_MS,
    'an instant is within years 0 to 9999',
  );
  const days = Math.floor(atMs / DAY_MS);
  const { year, month, day } = civilFromDays(days);
  const msOfDay = atMs - days * DAY_MS;
  const seconds = Math.floor(msOfDay / 1_000);
  const ms = msOfDay - seconds * 1_000;
  const time = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}${fraction}Z`;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}
