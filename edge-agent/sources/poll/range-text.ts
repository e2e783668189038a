import { civilFromDays } from '#core/time/civil.ts';
import { formatInstant } from '#core/time/instant.ts';
import { openZone, type Zone } from '#core/time/zone.ts';

/** How the times of a range are written in a URL. */
export const RANGE_FORMATS = ['iso-minutes', 'iso-seconds', 'iso', 'date', 'unix', 'unix-ms'] as const;

export type RangeFormat = (typeof RANGE_FORMATS)[number];

const MINUTE_MS = 60_000;

/**
 * Both ends of a range as a service reads them. A format that is coarser than the range, or a wall clock that comes twice,
 * makes it wider, never narrower: what is asked for twice is known, what is not asked for is lost.
 */
export class RangeText {
  readonly #format: RangeFormat;
  readonly #zone: Zone;

  constructor(format: RangeFormat, zone: string) {
    this.#format = format;
    this.#zone = openZone(zone);
  }

  /** The start, at or before `atMs`. */
  from(atMs: number): string {
    return this.#write(atMs, 'before');
  }

  /** The end, at or after `atMs`. */
  to(atMs: number): string {
    return this.#write(atMs, 'after');
  }

  #write(atMs: number, side: 'before' | 'after'): string {
    switch (this.#format) {
      case 'iso':
        return formatInstant(toUnit(atMs, 1_000, side));
      case 'unix':
        return String(toUnit(atMs, 1_000, side) / 1_000);
      case 'unix-ms':
        return String(atMs);
      case 'iso-minutes':
        return this.#wallClock(atMs, MINUTE_MS, side).slice(0, 'yyyy-MM-ddTHH:mm'.length);
      case 'iso-seconds':
        return this.#wallClock(atMs, 1_000, side).slice(0, 'yyyy-MM-ddTHH:mm:ss'.length);
      case 'date':
        return this.#date(atMs, side);
    }
  }

  #wallClock(atMs: number, unitMs: number, side: 'before' | 'after'): string {
    const zone = this.#zone;
    const atUnit = (ms: number): number => toUnit(ms + zone.offsetAtMs(ms), unitMs, side);
    let localMs = atUnit(atMs);
    const meaning = zone.localToUtc(localMs);
    if (meaning.kind === 'two') {
      // Just before the first pass begins, or when the second has ended, the clock shows what it shows once.
      const passMs = meaning.second - meaning.first;
      const changeMs = zone.offsetSpans(meaning.first, meaning.second + 1).at(-1)!.fromMs;
      localMs = side === 'before' ? atUnit(changeMs - passMs - unitMs) : atUnit(changeMs + passMs);
    }
    return formatInstant(localMs);
  }

  #date(atMs: number, side: 'before' | 'after'): string {
    const zone = this.#zone;
    const today = zone.localDay(atMs);
    const day = side === 'after' && zone.dayStart(today) < atMs ? today + 1 : today;
    const { year, month, day: dayOfMonth } = civilFromDays(day);
    return [String(year).padStart(4, '0'), two(month), two(dayOfMonth)].join('-');
  }
}

function toUnit(ms: number, unitMs: number, side: 'before' | 'after'): number {
  return (side === 'before' ? Math.floor(ms / unitMs) : Math.ceil(ms / unitMs)) * unitMs;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
