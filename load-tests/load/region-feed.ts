import { setTimeout as sleep } from 'node:timers/promises';
import type { ToldCount } from './told-count.ts';

/** The day that is played, in quarters of an hour. */
export const DAY_MS = Date.UTC(2024, 0, 10);
export const STEPS = 96;
const STEP_MINUTES = 15;
const MINUTE_MS = 60_000;
export const STEP_MS = STEP_MINUTES * MINUTE_MS;
/** From six to nine each meter tells every minute. */
const PEAK = { from: 6 * 4, to: 9 * 4 } as const;

export interface RegionFeedOptions {
  readonly region: string;
  readonly meters: number;
  /** Where the agent of the region takes lines. */
  readonly port: number;
  /** How long a quarter of an hour lasts. */
  readonly stepMs: number;
  readonly told: ToldCount;
}

/**
 * The meters of one region: hands their readings to its agent, a quarter of an hour at a time, by the clock of the play, and
 * notes how long after each answer the region's window has told of it.
 */
export class RegionFeed {
  readonly #options: RegionFeedOptions;
  /** Readings that the agent has answered for. */
  accepted = 0;
  #isLive = true;
  #outages = 0;
  readonly lagsMs: number[] = [];
  readonly #lagging: Promise<void>[] = [];

  constructor(options: RegionFeedOptions) {
    this.#options = options;
  }

  /** The region is cut off: its window is expected to follow no longer, nor to tell of what is on its way. */
  goOffline(): void {
    this.#isLive = false;
    this.#outages++;
  }

  comeBack(): void {
    this.#isLive = true;
  }

  /** Plays the day from `startMs` on, as of `performance.now`; resolves when its last readings are told of. */
  async run(startMs: number): Promise<void> {
    const { stepMs } = this.#options;
    for (let step = 0; step < STEPS; step++) {
      await sleep(Math.max(0, startMs + step * stepMs - performance.now()));
      await this.#post(step);
    }
    await Promise.all(this.#lagging);
  }

  async #post(step: number): Promise<void> {
    const { region, meters, port } = this.#options;
    const minutes = readingsOf(step);
    let body = '';
    for (let minute = 0; minute < minutes; minute++) {
      const timeMs = DAY_MS + step * STEP_MS + minute * MINUTE_MS;
      for (let i = 0; i < meters; i++)
        body += `meter,host=${region}-${i},region=${region} load=${loadAt(i, step)} ${timeMs}\n`;
    }
    const response = await fetch(`http://127.0.0.1:${port}/api/v2/write?precision=ms`, { method: 'POST', body });
    if (response.status !== 204) throw new Error(`the agent answered ${response.status}: ${await response.text()}`);
    const answeredMs = performance.now();
    this.accepted += meters * minutes;
    if (this.#isLive) this.#lagging.push(this.#follow(answeredMs));
  }

  async #follow(answeredMs: number): Promise<void> {
    const outages = this.#outages;
    const atMs = await this.#options.told.reach(this.accepted);
    if (outages === this.#outages) this.lagsMs.push(Math.max(0, atMs - answeredMs));
  }
}

/** How many readings a meter tells of a quarter of an hour. */
export function readingsOf(step: number): number {
  return step >= PEAK.from && step < PEAK.to ? STEP_MINUTES : 1;
}

/** What each of them is. */
export function loadAt(meter: number, step: number): number {
  return 200 + ((meter * 7_919 + step * 104_729) % 4_000);
}
