import { DAY_MS } from '#core/time/civil.ts';
import { formatDuration } from '#core/time/duration.ts';
import { formatInstant } from '#core/time/instant.ts';
import type { Zone } from '#core/time/zone.ts';

/**
 * How the cells of a row go on from its time: as the wall clock does, so that a cell always has the same time of day, or
 * by elapsed time, so that a day's cells are 92, 96 or 100.
 */
export type CellsCounted = 'clock' | 'elapsed';

/**
 * When the readings of a row begin that holds several, one each `everyMs` from the row's time on. By the wall clock, a
 * time that comes twice is meant the first time it comes; by elapsed time, the cells of a day end where it does.
 */
export class CellTimes {
  readonly count: number;
  readonly #zone: Zone;
  readonly #everyMs: number;
  readonly #counted: CellsCounted;
  #localMs = Number.NaN;
  #startMs = Number.NaN;
  #endMs = Number.POSITIVE_INFINITY;
  /** Whether the time that `at` gave last comes twice, so that another might have been meant. */
  isAmbiguous = false;
  /** Why the last call of `at` gave NaN: a predicate that follows the name of the cell. */
  fault = '';

  constructor(zone: Zone, count: number, everyMs: number, counted: CellsCounted) {
    this.count = count;
    this.#zone = zone;
    this.#everyMs = everyMs;
    this.#counted = counted;
  }

  /** Begins a row at a wall clock, and at its instant where it has one (NaN otherwise). False where it can't begin there. */
  begin(localMs: number, atMs: number): boolean {
    const isDay = localMs % DAY_MS === 0;
    this.#localMs = localMs;
    this.#startMs = isDay ? this.#zone.dayStart(localMs / DAY_MS) : atMs;
    const isOfDay = isDay && this.count * this.#everyMs > DAY_MS - this.#everyMs;
    this.#endMs = isOfDay ? this.#zone.dayStart(localMs / DAY_MS + 1) : Number.POSITIVE_INFINITY;
    return !Number.isNaN(this.#startMs);
  }

  /** When cell `k` begins, from 0; NaN where its day has no such time, and `fault` says why. */
  at(k: number): number {
    this.isAmbiguous = false;
    if (this.#counted === 'elapsed') {
      const atMs = this.#startMs + k * this.#everyMs;
      if (atMs < this.#endMs) return atMs;
      const cells = Math.ceil((this.#endMs - this.#startMs) / this.#everyMs);
      const every = formatDuration({ kind: 'fixed', ms: this.#everyMs });
      this.fault = `is beyond ${dateOf(this.#localMs)}, which has ${cells} cells of ${every} in ${this.#zone.name}`;
      return Number.NaN;
    }
    const localMs = this.#localMs + k * this.#everyMs;
    const plainMs = this.#zone.plainLocalToUtc(localMs);
    if (!Number.isNaN(plainMs)) return plainMs;
    const meaning = this.#zone.localToUtc(localMs);
    if (meaning.kind === 'two') {
      this.isAmbiguous = true;
      return meaning.first;
    }
    this.fault = `stands for ${formatInstant(localMs).slice(11, 16)}, which ${dateOf(localMs)} does not have in ${this.#zone.name}`;
    return Number.NaN;
  }

  /** How many cells fewer the row's day has than 24 hours have. */
  get lacking(): number {
    const lackingMs = this.#startMs + DAY_MS - this.#endMs;
    return lackingMs > 0 && Number.isFinite(lackingMs) ? Math.round(lackingMs / this.#everyMs) : 0;
  }
}

function dateOf(localMs: number): string {
  return formatInstant(localMs).slice(0, 'yyyy-MM-dd'.length);
}
