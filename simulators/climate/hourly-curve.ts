import { HOUR_S, ORIGIN_S } from './civil-clock.ts';

/** One level of a curve is a sixtieth of a unit of its hourly values, so that a minute's level is an integer. */
export const LEVELS_PER_UNIT = 60;

/**
 * A curve given by an integer per hour, in straight lines between the hours, as a step function of whole minutes.
 *
 * Law: `sum(t + 1) − sum(t) = level(t)` for every second t, exactly: a level and its integral never drift apart.
 * Hours are computed when they are first asked for, and kept, with the integral up to each.
 */
export class HourlyCurve {
  readonly #unitsAt: (hour: number) => number;
  readonly #units: number[] = [];
  readonly #sumBefore: number[] = [0];

  /** `unitsAt` gives the integer of an hour counted from the origin, and is a pure function. */
  constructor(unitsAt: (hour: number) => number) {
    this.#unitsAt = unitsAt;
    this.#units.push(unitsAt(0));
  }

  /** The level in a second (since 1970). */
  level(atS: number): number {
    const minutes = Math.floor((atS - ORIGIN_S) / 60);
    const hour = Math.floor(minutes / 60);
    this.#reach(hour);
    return this.#minuteLevel(hour, minutes - hour * 60);
  }

  /** The levels of all seconds from the origin to before `atS`, added up. */
  sum(atS: number): number {
    const seconds = atS - ORIGIN_S;
    const hour = Math.floor(seconds / HOUR_S);
    this.#reach(hour);
    const minute = Math.floor((seconds - hour * HOUR_S) / 60);
    const rest = seconds - hour * HOUR_S - minute * 60;
    return this.#sumBefore[hour]! + this.#minutesSum(hour, minute) + rest * this.#minuteLevel(hour, minute);
  }

  #minuteLevel(hour: number, minute: number): number {
    const from = this.#units[hour]!;
    return LEVELS_PER_UNIT * from + (this.#units[hour + 1]! - from) * minute;
  }

  /** The levels of the seconds of the first `minutes` minutes of an hour: an arithmetic series. */
  #minutesSum(hour: number, minutes: number): number {
    const from = this.#units[hour]!;
    const rise = this.#units[hour + 1]! - from;
    return 60 * (LEVELS_PER_UNIT * from * minutes + (rise * minutes * (minutes - 1)) / 2);
  }

  #reach(hour: number): void {
    for (let next = this.#units.length; next <= hour + 1; next++) {
      this.#units.push(this.#unitsAt(next));
      this.#sumBefore.push(this.#sumBefore[next - 1]! + this.#minutesSum(next - 1, 60));
    }
  }
}
