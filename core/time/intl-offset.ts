/**
 * The offset of a zone at one instant, read off the wall clock that Intl.DateTimeFormat shows (ECMA-402 §11).
 *
 * This is the slow, sure way, some microseconds; zone.ts asks it only to find transitions.
 */
import { strict as assert } from 'node:assert';
import { DAY_MS, daysFromCivil } from './civil.ts';

/** A format whose parts are a wall clock to the second. Throws RangeError for a zone that the engine does not know. */
export function wallClockFormat(zoneName: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zoneName,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/** Local time minus UTC, in ms, at an instant within the range of ECMAScript time values. */
export function readOffsetMs(format: Intl.DateTimeFormat, utcMs: number): number {
  const secondMs = Math.floor(utcMs / 1_000) * 1_000;
  let year = 0;
  let month = 0;
  let day = 0;
  let timeMs = 0;
  let beforeChrist = false;
  for (const part of format.formatToParts(secondMs)) {
    switch (part.type) {
      case 'year':
        year = Number(part.value);
        break;
      case 'month':
        month = Number(part.value);
        break;
      case 'day':
        day = Number(part.value);
        break;
      case 'hour':
        timeMs += Number(part.value) * 3_600_000;
        break;
      case 'minute':
        timeMs += Number(part.value) * 60_000;
        break;
      case 'second':
        timeMs += Number(part.value) * 1_000;
        break;
      case 'era':
        beforeChrist = part.value.startsWith('B');
        break;
      default:
      // Literals between the parts.
    }
  }
  assert(month > 0 && day > 0, 'a wall clock shows a date');
  return daysFromCivil(beforeChrist ? 1 - year : year, month, day) * DAY_MS + timeMs - secondMs;
}
