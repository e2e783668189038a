import type { PlannedReading, Setting } from '../plan/plan.ts';

/**
 * Which readings were sent in time: dated no earlier than what their agent had got before, less what its sources wait
 * for. No window that such a reading belongs to can have been final before it was taken.
 */
export class Punctuality {
  readonly #setting: Setting;
  /** The highest time that was sent, by agent. */
  readonly #highestMs = new Map<string, number>();
  readonly #sent = new Set<string>();
  readonly #punctual = new Set<string>();
  readonly #taken = new Map<string, PlannedReading>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  sends(agent: string, readings: readonly PlannedReading[]): void {
    const highestMs = this.#highestMs.get(agent) ?? Number.NEGATIVE_INFINITY;
    for (const reading of readings) {
      const key = keyOf(reading);
      if (!this.#sent.has(key) && reading.timeMs >= highestMs - this.#setting.latenessMs) this.#punctual.add(key);
      this.#sent.add(key);
    }
    const newest = readings.reduce((newestMs, { timeMs }) => Math.max(newestMs, timeMs), highestMs);
    this.#highestMs.set(agent, newest);
  }

  takes(readings: readonly PlannedReading[]): void {
    for (const reading of readings) if (this.#punctual.has(keyOf(reading))) this.#taken.set(keyOf(reading), reading);
  }

  /** The readings that were sent in time and taken so far, each once. */
  get taken(): readonly PlannedReading[] {
    return [...this.#taken.values()];
  }
}

function keyOf({ series, timeMs }: PlannedReading): string {
  return `${series}/${timeMs}`;
}
