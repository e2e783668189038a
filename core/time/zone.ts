/**
 * IANA time zones, from the tzdata that the JavaScript engine carries (ECMA-402), without a table of our own.
 *
 * A zone is known by its transitions: instants at which its offset from UTC changes. They are found by asking
 * Intl.DateTimeFormat and bisecting, once per stretch of time, and kept; a look-up then is two comparisons.
 */
import { strict as assert } from 'node:assert';
import { WeirError } from '../errors.ts';
import { DAY_MS } from './civil.ts';
import { readOffsetMs, wallClockFormat } from './intl-offset.ts';
import { nearestNames } from './nearest-name.ts';

/** What a local wall clock means in UTC. In a gap, `after` is the first instant whose wall clock lies beyond it. */
export type LocalMeaning =
  | { readonly kind: 'one'; readonly at: number }
  | { readonly kind: 'two'; readonly first: number; readonly second: number }
  | { readonly kind: 'none'; readonly after: number };

/** The instant that is meant where one must be: of two the first, in a gap the first after it. */
export function earliestOf(meaning: LocalMeaning): number {
  switch (meaning.kind) {
    case 'one':
      return meaning.at;
    case 'two':
      return meaning.first;
    case 'none':
      return meaning.after;
  }
}

/** A span [fromMs, toMs) of UTC with one offset. */
export interface OffsetSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

export interface Zone {
  /** The name as it was asked for. */
  readonly name: string;

  /** Local time minus UTC at an instant, in ms; to the second also where history had such offsets. */
  offsetAtMs(utcMs: number): number;

  /** The spans of one offset each that make up [fromMs, toMs), in order; neighbours differ, and lie days apart. */
  offsetSpans(fromMs: number, toMs: number): readonly OffsetSpan[];

  /** The instants at which the wall clock shows `localMs`, a wall clock written as if it were UTC. */
  localToUtc(localMs: number): LocalMeaning;

  /** The same without allocation: the instant, or NaN where the wall clock is not plainly one (ask `localToUtc` then). */
  plainLocalToUtc(localMs: number): number;

  /**
   * The first instant of a date, given as days from 1970-01-01. Where midnight is in a gap, that is the first instant
   * after the gap; where midnight occurs twice, the first. For a date that was left out it is the next one's.
   */
  dayStart(localDay: number): number;

  /** The start of the day that an instant lies in: the latest `dayStart` that is not after it. */
  startOfDay(utcMs: number): number;

  /** The local day, counted from 1970-01-01, that an instant lies in, in the sense of `startOfDay`. */
  localDay(utcMs: number): number;
}

/** A name that tzdata does not know. */
export class UnknownZoneError extends WeirError {
  readonly kind = 'unknown-zone';
  readonly zone: string;
  readonly nearest: readonly string[];

  constructor(zone: string, nearest: readonly string[]) {
    const fixed = fixedZoneFor(zone);
    const remedy =
      fixed !== undefined
        ? `an offset that holds all the year is the zone ${fixed}`
        : nearest.length > 0
          ? `did you mean ${nearest.join(' or ')}?`
          : 'write an IANA name such as Europe/Paris or UTC';
    super(`time zone ${JSON.stringify(zone.slice(0, 64))} is not known; ${remedy}`, { fault: 'asked' });
    this.zone = zone;
    this.nearest = nearest;
  }
}

const OFFSET = /^(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d{2}))?$/i;

/** Zones of today's offsets that are no whole hours, in minutes, where clocks aren't changed. */
const PART_HOUR_ZONES: ReadonlyMap<number, string> = new Map([
  [210, 'Asia/Tehran'],
  [270, 'Asia/Kabul'],
  [330, 'Asia/Kolkata'],
  [345, 'Asia/Kathmandu'],
  [390, 'Asia/Yangon'],
  [570, 'Australia/Darwin'],
]);

/** The zone of an offset that is written in place of one; tzdata counts the hours of `Etc/GMT-1` westward. */
function fixedZoneFor(text: string): string | undefined {
  const [, sign, hours, minutes] = OFFSET.exec(text.trim()) ?? [];
  if (hours === undefined) return undefined;
  const offset = Number(hours) * 60 + Number(minutes ?? 0);
  if (offset === 0) return 'UTC';
  if (offset % 60 !== 0) return sign === '+' ? PART_HOUR_ZONES.get(offset) : undefined;
  const isKnown = sign === '+' ? offset <= 14 * 60 : offset <= 12 * 60;
  return isKnown ? `Etc/GMT${sign === '+' ? '-' : '+'}${offset / 60}` : undefined;
}

/** Zones kept open. There are some 600 names; a reader uses a few. When full, the one opened first is forgotten. */
const ZONES_OPEN_MAX = 64;

const openZones = new Map<string, Zone>();

/** The zone of an IANA name, in any case. Throws UnknownZoneError, which names the nearest known ones. */
export function openZone(name: string): Zone {
  const opened = openZones.get(name);
  if (opened !== undefined) return opened;
  const zone = new TransitionZone(name, formatOf(name));
  if (openZones.size >= ZONES_OPEN_MAX) {
    for (const oldest of openZones.keys()) {
      openZones.delete(oldest);
      break;
    }
  }
  openZones.set(name, zone);
  return zone;
}

/** The version of tzdata behind all zones, from Node's `process.versions` ('unknown' where an engine does not say). */
export function tzdataVersion(versions: Readonly<Record<string, string | undefined>>): string {
  return versions['tz'] ?? 'unknown';
}

/** Undefined of UTC, which needs none: what Node has of zones and languages takes 6 MB once it is touched. */
function formatOf(name: string): Intl.DateTimeFormat | undefined {
  if (name === 'UTC') return undefined;
  // ECMA-402 also takes bare offsets such as +05:45; a zone here has a name, and with it a history.
  if (!/^[A-Za-z][\w+\-/]*$/.test(name)) throw unknownZone(name);
  try {
    return wallClockFormat(name);
  } catch (error) {
    if (error instanceof RangeError) throw unknownZone(name);
    throw error;
  }
}

function unknownZone(name: string): UnknownZoneError {
  return new UnknownZoneError(name, nearestNames(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]));
}

/**
 * How far apart the clock is read when transitions are looked for. In all of tzdata two changes of offset are never
 * closer than 3.9 days (Freetown, 1939), so between two readings lies one transition at most.
 */
const PROBE_MS = 2 * DAY_MS;

/** Stretches are found and kept whole: their 128 days cost 64 readings of the clock, some 0.2 ms. */
const STRETCH_MS = 64 * PROBE_MS;

/** Stretches kept per zone: 1,024 cover 359 years in some 100 kB. When full, all are forgotten and found again. */
const STRETCHES_MAX = 1_024;

/** No two offsets of one zone differ by more: Manila and Juneau changed by a day when they crossed the date line. */
export const OFFSET_SPREAD_MS = 30 * 3_600_000;

class TransitionZone implements Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #stretches = new Map<number, readonly OffsetSpan[]>();
  #fromMs = 0;
  #toMs = 0;
  #offsetMs = 0;

  constructor(name: string, format: Intl.DateTimeFormat | undefined) {
    this.name = name;
    this.#format = format;
    if (format === undefined || format.resolvedOptions().timeZone === 'UTC') {
      this.#fromMs = Number.NEGATIVE_INFINITY;
      this.#toMs = Number.POSITIVE_INFINITY;
    }
  }

  offsetAtMs(utcMs: number): number {
    if (utcMs >= this.#fromMs && utcMs < this.#toMs) return this.#offsetMs;
    return this.#spanAt(utcMs).offsetMs;
  }

  offsetSpans(fromMs: number, toMs: number): readonly OffsetSpan[] {
    const spans: OffsetSpan[] = [];
    for (let at = fromMs; at < toMs;) {
      const { toMs: endMs, offsetMs } = this.#spanAt(at);
      const end = Math.min(endMs, toMs);
      const last = spans.at(-1);
      if (last?.offsetMs === offsetMs) spans[spans.length - 1] = { ...last, toMs: end };
      else spans.push({ fromMs: at, toMs: end, offsetMs });
      at = end;
    }
    return spans;
  }

  plainLocalToUtc(localMs: number): number {
    // Any other instant with this wall clock would lie within the spread of offsets, hence in this span with this
    // offset: it would be the same instant.
    const at = localMs - this.#offsetMs;
    if (at - OFFSET_SPREAD_MS >= this.#fromMs && at + OFFSET_SPREAD_MS < this.#toMs) return at;
    const meaning = this.localToUtc(localMs);
    return meaning.kind === 'one' ? meaning.at : Number.NaN;
  }

  localToUtc(localMs: number): LocalMeaning {
    const near = localMs - this.#offsetMs;
    if (near - OFFSET_SPREAD_MS >= this.#fromMs && near + OFFSET_SPREAD_MS < this.#toMs) {
      return { kind: 'one', at: near };
    }
    let first = Number.NaN;
    let after = Number.NaN;
    const lastMs = localMs + OFFSET_SPREAD_MS;
    for (let span = this.#spanAt(localMs - OFFSET_SPREAD_MS); ; span = this.#spanAt(span.toMs)) {
      const at = localMs - span.offsetMs;
      if (at >= span.fromMs && at < span.toMs) {
        if (!Number.isNaN(first)) return { kind: 'two', first, second: at };
        first = at;
      } else if (at < span.fromMs && Number.isNaN(after)) {
        after = span.fromMs;
      }
      if (span.toMs > lastMs) break;
    }
    return Number.isNaN(first) ? { kind: 'none', after } : { kind: 'one', at: first };
  }

  dayStart(localDay: number): number {
    const localMs = localDay * DAY_MS;
    const near = localMs - this.#offsetMs;
    if (near - OFFSET_SPREAD_MS >= this.#fromMs && near + OFFSET_SPREAD_MS < this.#toMs) return near;
    return earliestOf(this.localToUtc(localMs));
  }

  startOfDay(utcMs: number): number {
    return this.dayStart(this.localDay(utcMs));
  }

  localDay(utcMs: number): number {
    const day = Math.floor((utcMs + this.offsetAtMs(utcMs)) / DAY_MS);
    // Where a clock is set back across midnight, the old date shows again after the new one has begun.
    return this.dayStart(day + 1) <= utcMs ? day + 1 : day;
  }

  #spanAt(utcMs: number): OffsetSpan {
    if (utcMs >= this.#fromMs && utcMs < this.#toMs) {
      return { fromMs: this.#fromMs, toMs: this.#toMs, offsetMs: this.#offsetMs };
    }
    const stretch = this.#stretch(Math.floor(utcMs / STRETCH_MS));
    let found = stretch[0]!;
    for (const span of stretch) if (span.fromMs <= utcMs) found = span;
    this.#fromMs = found.fromMs;
    this.#toMs = found.toMs;
    this.#offsetMs = found.offsetMs;
    return found;
  }

  #stretch(number: number): readonly OffsetSpan[] {
    const known = this.#stretches.get(number);
    if (known !== undefined) return known;
    if (this.#stretches.size >= STRETCHES_MAX) this.#stretches.clear();
    assert(this.#format !== undefined, 'UTC is one span');
    const found = findSpans(this.#format, number * STRETCH_MS, (number + 1) * STRETCH_MS);
    this.#stretches.set(number, found);
    return found;
  }
}

/** The spans of equal offset that make up [fromMs, toMs). */
function findSpans(format: Intl.DateTimeFormat, fromMs: number, toMs: number): readonly OffsetSpan[] {
  const spans: OffsetSpan[] = [];
  let spanFromMs = fromMs;
  let offsetMs = readOffsetMs(format, fromMs);
  for (let probedMs = fromMs; probedMs < toMs;) {
    const nextMs = Math.min(probedMs + PROBE_MS, toMs);
    const nextOffsetMs = readOffsetMs(format, nextMs);
    if (nextOffsetMs !== offsetMs) {
      const changeMs = bisectChange(format, probedMs, nextMs, offsetMs);
      // A change exactly at the end belongs to the next stretch.
      if (changeMs < toMs) {
        spans.push({ fromMs: spanFromMs, toMs: changeMs, offsetMs });
        spanFromMs = changeMs;
        offsetMs = nextOffsetMs;
      }
    }
    probedMs = nextMs;
  }
  spans.push({ fromMs: spanFromMs, toMs, offsetMs });
  return spans;
}

/** The first instant in (beforeMs, afterMs] whose offset is no longer `offsetMs`. Transitions fall on whole seconds. */
function bisectChange(format: Intl.DateTimeFormat, beforeMs: number, afterMs: number, offsetMs: number): number {
  let low = Math.floor(beforeMs / 1_000);
  let high = Math.ceil(afterMs / 1_000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (readOffsetMs(format, middle * 1_000) === offsetMs) low = middle;
    else high = middle;
  }
  return high * 1_000;
}
