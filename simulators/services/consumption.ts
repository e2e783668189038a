import { PURPOSE, RandomStream } from '../random/stream.ts';

const HOUR_MS = 3_600_000;

/** An hour is published so long after its end, at the soonest and at the latest. */
export const PUBLISHED_MS_MIN = HOUR_MS;
export const PUBLISHED_MS_MAX = 4 * HOUR_MS;

/** So long after its end an hour is not corrected any more. */
export const SETTLED_MS = 36 * HOUR_MS;

const CORRECTIONS_MAX = 3;

/** What an area used in an hour, as it is known at some time. */
export interface ConsumedHour {
  readonly hourMs: number;
  readonly area: string;
  /** Thousandths of a kWh. */
  readonly wattHours: number;
}

/**
 * The consumption of areas hour by hour, as an operator publishes it: some hours late, preliminary at first, and corrected up
 * to three times until it is settled. A pure function of seed, area, hour and the time at which it is asked.
 */
export class Consumption {
  readonly areas: readonly string[];
  readonly #amounts: readonly RandomStream[];
  readonly #publishings: readonly RandomStream[];
  readonly #corrections: readonly RandomStream[];

  constructor(seed: number, areas: readonly string[]) {
    this.areas = areas;
    const streams = (purpose: (typeof PURPOSE)[keyof typeof PURPOSE]): readonly RandomStream[] =>
      areas.map((_, member) => new RandomStream(seed, member, purpose));
    this.#amounts = streams(PURPOSE.consumption);
    this.#publishings = streams(PURPOSE.publishing);
    this.#corrections = streams(PURPOSE.correction);
  }

  /** What is known at `nowMs` of the hours that begin in [fromMs, toMs), the newest first, as services give it. */
  published(fromMs: number, toMs: number, nowMs: number): readonly ConsumedHour[] {
    return this.#hours(fromMs, toMs)
      .filter(({ hourMs, area }) => this.#publishedMs(hourMs, area) <= nowMs)
      .map((one) => ({
        ...one,
        wattHours: this.#wattHours(one.hourMs, one.area, nowMs),
      }));
  }

  /** What these hours came to in the end. */
  settled(fromMs: number, toMs: number): readonly ConsumedHour[] {
    return this.#hours(fromMs, toMs).map((one) => ({
      ...one,
      wattHours: this.#wattHours(one.hourMs, one.area, Number.POSITIVE_INFINITY),
    }));
  }

  #hours(fromMs: number, toMs: number): readonly Pick<ConsumedHour, 'hourMs' | 'area'>[] {
    const first = Math.ceil(fromMs / HOUR_MS);
    const count = Math.max(0, Math.ceil(toMs / HOUR_MS) - first);
    return Array.from({ length: count }, (_, i) => (first + count - 1 - i) * HOUR_MS).flatMap((hourMs) =>
      this.areas.map((area) => ({ hourMs, area })),
    );
  }

  #publishedMs(hourMs: number, area: string): number {
    const minutes = (PUBLISHED_MS_MAX - PUBLISHED_MS_MIN) / 60_000;
    const late = this.#publishings[this.areas.indexOf(area)]!.between(0, minutes, hourMs / HOUR_MS);
    return hourMs + HOUR_MS + PUBLISHED_MS_MIN + late * 60_000;
  }

  #wattHours(hourMs: number, area: string, nowMs: number): number {
    const member = this.areas.indexOf(area);
    const hour = hourMs / HOUR_MS;
    const corrections = this.#corrections[member]!;
    let wattHours = 500_000_000 + this.#amounts[member]!.below(1_000_000, hour) * 1_000;
    const count = corrections.between(0, CORRECTIONS_MAX, hour);
    for (let i = 1; i <= count; i++) {
      const minutes = (SETTLED_MS - PUBLISHED_MS_MAX) / 60_000;
      const atMs = hourMs + HOUR_MS + PUBLISHED_MS_MAX + corrections.between(0, minutes, hour, 2 * i) * 60_000;
      if (atMs <= nowMs) wattHours += corrections.between(-1_000_000, 1_000_000, hour, 2 * i + 1);
    }
    return wattHours;
  }
}
