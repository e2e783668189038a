import { DAY_S } from '../climate/civil-clock.ts';
import { PURPOSE, RandomStream } from '../random/stream.ts';
import { DaySpans, DURATION_S_MAX } from './day-spans.ts';

const LANE = { happens: 0, second: 1 };

/** The days on which a meter is exchanged, and the second of each: at most one on a UTC day, none before `sinceS`. */
class ResetDays {
  readonly #stream: RandomStream;
  readonly #rate: number;
  readonly #sinceS: number;
  #day = Number.NaN;
  #today: number | null = null;
  #before: number | null = null;

  constructor(stream: RandomStream, rate: number, sinceS: number) {
    this.#stream = stream;
    this.#rate = rate;
    this.#sinceS = sinceS;
  }

  /** The latest reset that is not after `atS`, or null. */
  latestS(atS: number): number | null {
    if (this.#rate === 0) return null;
    const day = Math.floor(atS / DAY_S);
    if (day !== this.#day) this.#reach(day);
    return this.#today !== null && this.#today <= atS ? this.#today : this.#before;
  }

  #reach(day: number): void {
    this.#before = day === this.#day + 1 ? (this.#today ?? this.#before) : this.#latestBefore(day);
    this.#today = this.#resetOn(day);
    this.#day = day;
  }

  #latestBefore(day: number): number | null {
    const firstDay = Math.floor(this.#sinceS / DAY_S);
    for (let earlier = day - 1; earlier >= firstDay; earlier--) {
      const reset = this.#resetOn(earlier);
      if (reset !== null) return reset;
    }
    return null;
  }

  #resetOn(day: number): number | null {
    if (!this.#stream.chance(this.#rate, day, LANE.happens)) return null;
    const atS = day * DAY_S + this.#stream.below(DAY_S, day, LANE.second);
    return atS >= this.#sinceS ? atS : null;
  }
}

/**
 * How often what goes wrong. Rates are shares from 0 to 1: the first four of all readings, the next four of all days of
 * a meter, the last of all meters.
 */
export interface FaultRates {
  /** Delivered up to some hours later. */
  readonly late: number;
  /** Delivered after readings that were made a little later. */
  readonly outOfOrder: number;
  /** Delivered once more, now or hours later. */
  readonly repeated: number;
  /** Delivered once more with another value, which then counts. */
  readonly conflicting: number;
  /** Out of reach for hours: everything is delivered at the end. */
  readonly offline: number;
  /** Without power for hours: there are no readings. */
  readonly silent: number;
  /** Hours of readings dated wrongly: by days or weeks too late, or by hours too early. */
  readonly wrongClock: number;
  /** The meter is exchanged: its register starts again at 0. */
  readonly counterReset: number;
  /** The register reaches its highest value soon after the start. */
  readonly rollover: number;
}

export const NO_FAULTS: FaultRates = {
  late: 0,
  outOfOrder: 0,
  repeated: 0,
  conflicting: 0,
  offline: 0,
  silent: 0,
  wrongClock: 0,
  counterReset: 0,
  rollover: 0,
};

/** A bad month: every fault is seen within a day of fifty meters. */
export const TROUBLE: FaultRates = {
  late: 0.005,
  outOfOrder: 0.01,
  repeated: 0.005,
  conflicting: 0.002,
  offline: 0.15,
  silent: 0.1,
  wrongClock: 0.08,
  counterReset: 0.05,
  rollover: 0.05,
};

const LATE_S_MAX = 6 * 3_600;
const OUT_OF_ORDER_S_MAX = 90;
const REPEAT_S_MAX = 2 * 3_600;
const CONFLICT_SCALED_MAX = 400;

/** No reading is delivered longer after it was made. */
export const DELAY_S_MAX = DURATION_S_MAX + LATE_S_MAX + OUT_OF_ORDER_S_MAX + REPEAT_S_MAX;

/** A clock that is ahead is so by more than any skew that a server forgives, and by less than four weeks. */
const CLOCK_AHEAD_S_MIN = 36 * 3_600;
const CLOCK_AHEAD_S_MAX = 24 * DAY_S;
/** A clock that is behind gives times that other readings already have. */
const CLOCK_BEHIND_S_MAX = 3 * DAY_S;

/** What becomes of one reading, in the order of delivery. Filled by `MeterFaults.decide`. */
export interface Fate {
  isRead: boolean;
  /** How much the meter's clock is ahead. */
  clockErrorS: number;
  deliveredS: number;
  /** When it is delivered again, and by how much its value differs then; NaN where it isn't. */
  repeatedS: number;
  repeatDelta: number;
}

/** What goes wrong with one meter: pure functions of (seed, meter, second). */
export class MeterFaults {
  readonly #rates: FaultRates;
  readonly #offline: DaySpans;
  readonly #silent: DaySpans;
  readonly #wrongClock: DaySpans;
  readonly #late: RandomStream;
  readonly #outOfOrder: RandomStream;
  readonly #repeated: RandomStream;
  readonly #conflicting: RandomStream;
  readonly #resets: ResetDays;

  /** Nothing happens to the register before `sinceS`. */
  constructor(seed: number, meter: number, rates: FaultRates, sinceS: number) {
    const stream = (purpose: ConstructorParameters<typeof RandomStream>[2]): RandomStream =>
      new RandomStream(seed, meter, purpose);
    this.#rates = rates;
    this.#offline = new DaySpans(stream(PURPOSE.offline), rates.offline);
    this.#silent = new DaySpans(stream(PURPOSE.silence), rates.silent);
    this.#wrongClock = new DaySpans(stream(PURPOSE.wrongClock), rates.wrongClock);
    this.#late = stream(PURPOSE.late);
    this.#outOfOrder = stream(PURPOSE.outOfOrder);
    this.#repeated = stream(PURPOSE.repeated);
    this.#conflicting = stream(PURPOSE.conflicting);
    this.#resets = new ResetDays(stream(PURPOSE.reset), rates.counterReset, sinceS);
  }

  /** The fate of the reading that the meter makes at a second; `metric` is its number among the meter's metrics. */
  decide(atS: number, metric: number, fate: Fate): void {
    fate.isRead = this.#silent.endS(atS) === atS;
    if (!fate.isRead) return;
    fate.clockErrorS = this.#wrongClock.endS(atS) > atS ? this.#clockErrorS(atS) : 0;
    const lane = metric * LANES_PER_METRIC;
    let delivered = this.#offline.endS(atS);
    if (this.#late.chance(this.#rates.late, atS, lane)) {
      delivered += this.#late.between(60, LATE_S_MAX, atS, lane + 1);
    }
    if (this.#outOfOrder.chance(this.#rates.outOfOrder, atS, lane)) {
      delivered += this.#outOfOrder.between(1, OUT_OF_ORDER_S_MAX, atS, lane + 1);
    }
    fate.deliveredS = delivered;
    fate.repeatedS = Number.NaN;
    fate.repeatDelta = 0;
    if (this.#conflicting.chance(this.#rates.conflicting, atS, lane)) {
      fate.repeatedS = delivered + this.#conflicting.between(1, REPEAT_S_MAX, atS, lane + 1);
      fate.repeatDelta = this.#conflicting.between(1, CONFLICT_SCALED_MAX, atS, lane + 2);
    } else if (this.#repeated.chance(this.#rates.repeated, atS, lane)) {
      fate.repeatedS = delivered + this.#repeated.between(0, REPEAT_S_MAX, atS, lane + 1);
    }
  }

  /** The second of the latest reset of the register that is not after `atS`, or null. */
  latestResetS(atS: number): number | null {
    return this.#resets.latestS(atS);
  }

  #clockErrorS(atS: number): number {
    return this.#wrongClock.character(atS, 2) === 0
      ? CLOCK_AHEAD_S_MIN + this.#wrongClock.size(atS, CLOCK_AHEAD_S_MAX - CLOCK_AHEAD_S_MIN)
      : -1 - this.#wrongClock.size(atS, CLOCK_BEHIND_S_MAX);
  }
}

const LANES_PER_METRIC = 4;
