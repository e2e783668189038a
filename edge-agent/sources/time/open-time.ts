import { formatInstant } from '#core/time/instant.ts';
import { openZone, type Zone } from '#core/time/zone.ts';
import { IsoTime } from './iso-time.ts';
import { LocalOrder, type Stamp } from './local-order.ts';
import { PatternTime } from './pattern-time.ts';
import type { AfterTime, TimeText } from './time-text.ts';
import { UnixTime } from './unix-time.ts';

/** Columns that together may make up a time: no file spreads it wider than year, month, day, hour, minute, second, zone. */
export const TIME_COLUMNS_MAX = 8;

/** Formats that have a name; any other is a pattern. */
export const FORMATS_BY_NAME: readonly string[] = ['iso', 'unix', 'unix-ms', 'unix-us', 'unix-ns'];

/** The reader of a format's name, or of a pattern, whose names of offsets are those of the zone. Throws TimePatternError. */
export function openTimeText(format: string, after: AfterTime, zone: Zone): TimeText {
  switch (format) {
    case 'iso':
      return new IsoTime(after);
    case 'unix':
      return new UnixTime('s', after);
    case 'unix-ms':
      return new UnixTime('ms', after);
    case 'unix-us':
      return new UnixTime('us', after);
    case 'unix-ns':
      return new UnixTime('ns', after);
    default:
      return new PatternTime(format, after, zone);
  }
}

/** The order that resolves local times of a zone, or null where wall clock and UTC are the same. */
export function openLocalOrder(zone: string, stamp: Stamp): LocalOrder | null {
  return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone === 'UTC'
    ? null
    : new LocalOrder(openZone(zone), stamp);
}

/**
 * How far ahead of the agent's clock a reading may be. The broker refuses a whole frame that holds a reading more than
 * five minutes ahead of its own clock, so a single wrong time has to be caught here, and a little earlier.
 */
export const FUTURE_MS_MAX = 240_000;

export function describeFuture(atMs: number): string {
  return `time ${formatInstant(atMs)} is more than ${FUTURE_MS_MAX / 60_000} minutes ahead of this agent's clock`;
}
