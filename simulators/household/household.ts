import { weekOf } from '../climate/civil-clock.ts';
import type { Region } from '../climate/region.ts';
import { PURPOSE, RandomStream } from '../random/stream.ts';
import { REGISTER_WH, type Dwelling, type DutyCycle } from './dwelling.ts';
import { weeklyWattSeconds } from './errand.ts';
import { LevelNoise } from './level-noise.ts';
import { planWeek, type WeekPlan } from './week-plan.ts';

const FAST_NOISE_S = 5;
const SLOW_NOISE_S = 240;
const MILLIWATT_SECONDS_PER_WH = 3_600_000;

/**
 * What a household draws, and what it has drawn, at any second since 1970 within the simulated world.
 *
 * Laws: both are pure functions of (seed, meter, second), at the same cost for every second; `energy(t + 1) − energy(t)
 * = load(t)` exactly; load is positive. All arithmetic is on integers below 2^53, so every machine gives the same.
 */
export class Household {
  readonly dwelling: Dwelling;
  readonly #region: Region;
  readonly #days: RandomStream;
  readonly #times: RandomStream;
  readonly #fast: LevelNoise;
  readonly #slow: LevelNoise;
  readonly #weekly: number;
  #plan: WeekPlan;
  #week: number;
  #step = 0;

  constructor(seed: number, meter: number, dwelling: Dwelling, region: Region) {
    this.dwelling = dwelling;
    this.#region = region;
    this.#days = new RandomStream(seed, meter, PURPOSE.errands);
    this.#times = new RandomStream(seed, meter, PURPOSE.errandTimes);
    this.#fast = new LevelNoise(new RandomStream(seed, meter, PURPOSE.fastNoise), FAST_NOISE_S, dwelling.fastNoise);
    this.#slow = new LevelNoise(new RandomStream(seed, meter, PURPOSE.slowNoise), SLOW_NOISE_S, dwelling.slowNoise);
    this.#weekly = dwelling.errands.reduce((sum, errand) => sum + weeklyWattSeconds(errand) * 1_000, 0);
    this.#week = 0;
    this.#plan = planWeek(dwelling.errands, this.#days, this.#times, 0);
  }

  /** Milliwatts in a second. */
  load(atS: number): number {
    const { standby, heating, lighting, activity, shiftS, cycles } = this.dwelling;
    const shiftedS = atS - shiftS;
    let load = standby + this.#fast.level(atS) + this.#slow.level(atS);
    if (heating > 0) load += heating * this.#region.heating.level(shiftedS);
    load += lighting * this.#region.lighting.level(shiftedS);
    load += activity * this.#region.activity.level(shiftedS);
    for (const cycle of cycles) if (phaseOf(cycle, atS) < cycle.onS) load += cycle.milliwatts;
    // The step comes first: finding it may replace the plan.
    const step = this.#seek(atS);
    return load + this.#plan.milliwatts[step]!;
  }

  /** Milliwatt-seconds before a second, counted from a beginning that is the same for all seconds. */
  energy(atS: number): number {
    const { standby, heating, lighting, activity, shiftS, cycles } = this.dwelling;
    const shiftedS = atS - shiftS;
    const step = this.#seek(atS);
    const plan = this.#plan;
    const sinceStart = plan.sumBefore[step]! + plan.milliwatts[step]! * (atS - plan.fromS[step]!);
    let energy = this.#weekly * this.#week - plan.carriedIn + sinceStart;
    energy += standby * (atS - EPOCH_S) + this.#fast.sum(atS) + this.#slow.sum(atS);
    if (heating > 0) energy += heating * this.#region.heating.sum(shiftedS);
    energy += lighting * this.#region.lighting.sum(shiftedS);
    energy += activity * this.#region.activity.sum(shiftedS);
    for (const cycle of cycles) energy += cycle.milliwatts * cycleSum(cycle, atS);
    return energy;
  }

  /** Watts, rounded: `usage` with its three decimals of kilowatts. */
  usage(atS: number): number {
    return Math.round(this.load(atS) / 1_000);
  }

  /** Watt-hours since the world began: whole ones, without limit. */
  wattHours(atS: number): number {
    const energy = this.energy(atS);
    return (energy - (energy % MILLIWATT_SECONDS_PER_WH)) / MILLIWATT_SECONDS_PER_WH;
  }

  /** What the register shows: `energy` with its three decimals of kilowatt-hours. */
  register(atS: number): number {
    return (this.dwelling.registerWh + this.wattHours(atS)) % REGISTER_WH;
  }

  /** The plan's step that a second lies in; the plan of its week is made when it is not at hand. */
  #seek(atS: number): number {
    if (atS < this.#plan.startS || atS >= this.#plan.endS) {
      this.#week = weekOf(atS);
      this.#plan = planWeek(this.dwelling.errands, this.#days, this.#times, this.#week);
      this.#step = 0;
    }
    const { fromS } = this.#plan;
    if (atS < fromS[this.#step]!) this.#step = 0;
    let low = this.#step;
    let high = fromS.length;
    // Time mostly goes on by little, so the next step is tried before the rest is halved.
    if (low + 1 < high && atS < fromS[low + 1]!) return low;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (fromS[middle]! <= atS) low = middle;
      else high = middle;
    }
    this.#step = low;
    return low;
  }
}

/** Where standby begins to count: an early second keeps energies positive. */
const EPOCH_S = 1_500_000_000;

function phaseOf(cycle: DutyCycle, atS: number): number {
  return (atS + cycle.shiftS) % cycle.periodS;
}

function cycleSum(cycle: DutyCycle, atS: number): number {
  const phase = phaseOf(cycle, atS);
  return ((atS + cycle.shiftS - phase) / cycle.periodS) * cycle.onS + Math.min(phase, cycle.onS);
}
