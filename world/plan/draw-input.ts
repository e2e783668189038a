import type { Draws } from '../platform/draws.ts';
import { spanMs } from '../truth/span.ts';
import { BROKEN_ITEMS } from './broken-items.ts';
import type { PlannedReading, Setting, Step } from './plan.ts';

/** Shares of readings that come in other ways than once, in order and in time; a world has some of these ways. */
interface Habits {
  readonly late: number;
  readonly repeated: number;
  readonly amended: number;
  readonly ancient: number;
  readonly broken: number;
}

/** The largest and smallest values that scaled integers hold exactly. */
const EXTREMES = [2 ** 53 - 1, -(2 ** 53 - 1), 0, 1, -1];

/** Draws what the sensors send: some late, some twice, some with another value than before. */
export function drawInput(draws: Draws, setting: Setting, startsAtMs: number, endMs: number): Step[] {
  const some = (share: number): number => (draws.chance(0.5) ? share : 0);
  const habits: Habits = {
    late: some(0.2),
    repeated: some(0.15),
    amended: some(0.08),
    ancient: some(0.03),
    broken: some(0.1),
  };
  return setting.agents.flatMap((agent) => new SensorInput(draws, setting, agent, habits, startsAtMs).draw(endMs));
}

/** So many of the readings that were sent last are as likely to be sent again, or amended, as all others. */
const RECENT = 6;

/** Between two requests of a sensor; and of one that gathers what it measures, so much that panes of it are sent as their stats. */
const REQUEST_MS_MIN = 500;
const REQUEST_MS_MAX = 6_000;
const GATHERED_MS_MAX = 30_000;

class SensorInput {
  readonly #draws: Draws;
  readonly #setting: Setting;
  readonly #agent: string;
  readonly #habits: Habits;
  readonly #startsAtMs: number;
  readonly #requestMsMax: number;
  readonly #values = new Map<number, number>();
  /** Measured, and not sent before something newer is. */
  #late: PlannedReading[] = [];
  readonly #sent: PlannedReading[] = [];

  constructor(draws: Draws, setting: Setting, agent: string, habits: Habits, startsAtMs: number) {
    this.#draws = draws;
    this.#setting = setting;
    this.#agent = agent;
    this.#habits = habits;
    this.#startsAtMs = startsAtMs;
    this.#requestMsMax = draws.chance(0.6) ? GATHERED_MS_MAX : REQUEST_MS_MAX;
  }

  draw(endMs: number): Step[] {
    const steps: Step[] = [];
    const agent = this.#agent;
    let measuredToMs = 0;
    for (let atMs = this.#draws.between(0, this.#requestMsMax); atMs < endMs;) {
      const readings = this.#request(measuredToMs, atMs);
      measuredToMs = atMs;
      if (readings.length > 0) steps.push({ kind: 'send', atMs, agent, readings });
      if (this.#draws.chance(this.#habits.broken)) {
        const { what, item } = this.#draws.pick(BROKEN_ITEMS);
        steps.push({ kind: 'send-broken', atMs, agent, what, item });
      }
      atMs += this.#draws.between(REQUEST_MS_MIN, this.#requestMsMax);
    }
    return steps;
  }

  #request(fromMs: number, toMs: number): PlannedReading[] {
    const draws = this.#draws;
    const readings: PlannedReading[] = this.#late;
    this.#late = [];
    for (const [series, { agent, metric }] of this.#setting.series.entries()) {
      if (agent !== this.#agent) continue;
      const intervalMs = spanMs(this.#setting.metrics[metric]!.interval);
      for (let atMs = Math.ceil(fromMs / intervalMs) * intervalMs; atMs < toMs; atMs += intervalMs) {
        const timeMs = this.#startsAtMs + atMs + (draws.chance(0.1) ? draws.below(intervalMs) : 0);
        const reading = { series, timeMs, value: this.#value(series) };
        if (draws.chance(this.#habits.late)) this.#late.push(reading);
        else readings.push(reading);
      }
    }
    if (draws.chance(this.#habits.ancient)) readings.push(...this.#ancient());
    for (const reading of readings.slice()) {
      if (draws.chance(this.#habits.repeated)) readings.push(draws.chance(0.5) ? reading : this.#earlier(reading));
      if (draws.chance(this.#habits.amended)) {
        const earlier = this.#earlier(reading);
        readings.push({ ...earlier, value: this.#value(earlier.series) });
      }
    }
    this.#sent.push(...readings);
    return readings;
  }

  #earlier(otherwise: PlannedReading): PlannedReading {
    if (this.#sent.length === 0) return otherwise;
    // What was sent last may still be on its way.
    return this.#draws.pick(this.#draws.chance(0.5) ? this.#sent.slice(-RECENT) : this.#sent);
  }

  /** Readings of days ago, which a device finds in its memory. */
  #ancient(): PlannedReading[] {
    const mine = this.#setting.series.flatMap(({ agent }, index) => (agent === this.#agent ? [index] : []));
    const series = this.#draws.pick(mine);
    const timeMs = this.#startsAtMs - this.#draws.below(3 * 86_400_000);
    return Array.from({ length: this.#draws.between(1, 4) }, (_, i) => ({
      series,
      timeMs: timeMs + i * 1000,
      value: this.#value(series),
    }));
  }

  /** A counter now and then shows a little less than before, which is no reset. */
  #growth(before: number): number {
    return this.#draws.chance(0.05) ? -Math.floor(before / 20) : this.#draws.below(40);
  }

  #value(series: number): number {
    const draws = this.#draws;
    const { metric } = this.#setting.series[series]!;
    const { kind, rollover, decimals } = this.#setting.metrics[metric]!;
    const before = this.#values.get(series) ?? draws.below(100);
    const next = kind === 'counter' ? before + this.#growth(before) : before + draws.between(-50, 50);
    const highest = rollover === undefined ? 1e9 : Number(rollover) * 10 ** decimals;
    const wrapped = kind === 'counter' && (next > highest || draws.chance(0.01)) ? next % 7 : next;
    this.#values.set(series, wrapped);
    return kind !== 'counter' && draws.chance(0.005) ? draws.pick(EXTREMES) : wrapped;
  }
}
