import { addToDay, stepAt, stepDay } from './calendar.ts';
import { DAY_MS } from './civil.ts';
import { type CalendarDuration, type Duration, nominalMs } from './duration.ts';
import { earliestOf, OFFSET_SPREAD_MS, type Zone } from './zone.ts';

/**
 * The starts of windows, one every step, from an origin that an offset may move.
 *
 * - Calendar steps begin where days, weeks, months and years do in the zone (calendar.ts), an offset later by the wall
 *   clock: a day that begins at 06:00 has 23 or 25 hours where the clocks change within it.
 * - Steps that divide a day begin where the wall clock of the zone shows a multiple of them, counted from midnight. A change
 *   of the clock by whole steps leaves them as they are: an hour that comes twice is two of them. Another change makes
 *   the step that holds it shorter or longer, as it does a day: of steps of six hours, one of five or of seven.
 * - All other fixed steps are multiples counted from the Unix epoch, in every zone.
 */

export interface WindowSteps {
  /** The latest start that is not after an instant. */
  startAt(utcMs: number): number;
  /** The start that follows a start. */
  next(startMs: number): number;
}

/** Whether steps follow the wall clock below the day: they are shorter than it and divide it. */
export function followsClock(step: Duration): boolean {
  return step.kind === 'fixed' && step.ms < DAY_MS && DAY_MS % step.ms === 0;
}

export function openSteps(step: Duration, offset: Duration | undefined, zone: Zone): WindowSteps {
  if (step.kind === 'calendar') return new CalendarSteps(step, offset, zone);
  const originMs = offset === undefined ? 0 : nominalMs(offset);
  return followsClock(step) ? new ClockSteps(step.ms, originMs, zone) : new FixedSteps(step.ms, originMs);
}

class FixedSteps implements WindowSteps {
  readonly #stepMs: number;
  readonly #originMs: number;

  constructor(stepMs: number, originMs: number) {
    this.#stepMs = stepMs;
    this.#originMs = originMs;
  }

  startAt(utcMs: number): number {
    return floorTo(utcMs, this.#stepMs, this.#originMs);
  }

  next(startMs: number): number {
    return startMs + this.#stepMs;
  }
}

class ClockSteps implements WindowSteps {
  readonly #stepMs: number;
  readonly #originMs: number;
  readonly #zone: Zone;

  constructor(stepMs: number, originMs: number, zone: Zone) {
    this.#stepMs = stepMs;
    this.#originMs = originMs;
    this.#zone = zone;
  }

  startAt(utcMs: number): number {
    const offsetMs = this.#zone.offsetAtMs(utcMs);
    const localMs = floorTo(utcMs + offsetMs, this.#stepMs, this.#originMs);
    const atMs = localMs - offsetMs;
    // Changes lie days apart, so there is one at most between here and where the same wall clock may have been before.
    const probeMs = atMs - OFFSET_SPREAD_MS;
    const beforeMs = this.#zone.offsetAtMs(probeMs);
    if ((offsetMs - beforeMs) % this.#stepMs === 0) return atMs;
    const changeMs = this.#zone.offsetSpans(probeMs, utcMs + 1).at(-1)!.fromMs;
    // What a clock has shown before it was changed, it doesn't begin again; what it left out begins with the change.
    if (localMs - beforeMs >= changeMs) return Math.max(atMs, changeMs);
    return floorTo(changeMs - 1 + beforeMs, this.#stepMs, this.#originMs) - beforeMs;
  }

  next(startMs: number): number {
    const fullMs = startMs + this.#stepMs;
    let nextMs = this.startAt(fullMs);
    if (nextMs <= startMs) {
      const localMs = floorTo(startMs + this.#zone.offsetAtMs(startMs), this.#stepMs, this.#originMs);
      return localMs + this.#stepMs - this.#zone.offsetAtMs(fullMs);
    }
    for (;;) {
      const beforeMs = this.startAt(nextMs - 1);
      if (beforeMs <= startMs) return nextMs;
      nextMs = beforeMs;
    }
  }
}

class CalendarSteps implements WindowSteps {
  readonly #step: CalendarDuration;
  readonly #offset: Duration | undefined;
  readonly #zone: Zone;
  /** The number of the start that was given last. */
  #number = 0;
  #startMs = Number.NaN;

  constructor(step: CalendarDuration, offset: Duration | undefined, zone: Zone) {
    this.#step = step;
    this.#offset = offset;
    this.#zone = zone;
  }

  startAt(utcMs: number): number {
    let number = stepAt(this.#step, this.#zone, utcMs);
    while (this.#start(number) > utcMs) number--;
    // A date that a zone left out begins with the next one: of steps without length the last counts.
    while (this.#start(number + 1) <= utcMs) number++;
    this.#number = number;
    this.#startMs = this.#start(number);
    return this.#startMs;
  }

  next(startMs: number): number {
    if (startMs !== this.#startMs) this.startAt(startMs);
    do this.#startMs = this.#start(++this.#number);
    while (this.#startMs <= startMs);
    return this.#startMs;
  }

  #start(number: number): number {
    const day = stepDay(this.#step, number * this.#step.count);
    const offset = this.#offset;
    if (offset === undefined) return this.#zone.dayStart(day);
    if (offset.kind === 'calendar') return this.#zone.dayStart(addToDay(day, offset));
    return earliestOf(this.#zone.localToUtc(day * DAY_MS + offset.ms));
  }
}

function floorTo(ms: number, stepMs: number, originMs: number): number {
  return Math.floor((ms - originMs) / stepMs) * stepMs + originMs;
}
