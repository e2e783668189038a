/** Covered time: for how long values were held, as an exact sum of milliseconds (exact-ms.ts). */
import { addMs, setMs, totalMs } from './exact-ms.ts';
import type { StatsTable } from './stats-table.ts';

/** Adds ms + rest to the covered time. */
export function addCovered(table: StatsTable, slot: number, ms: number, rest: number): void {
  addMs(table.coveredMs, table.coveredRest, slot, ms, rest);
}

/** The whole covered time in ms. */
export function coveredTotal(table: StatsTable, slot: number): bigint {
  return totalMs(table.coveredMs, table.coveredRest, slot);
}

/** Sets the covered time; false, and nothing changed, where it is beyond what the two columns hold. */
export function setCovered(table: StatsTable, slot: number, total: bigint): boolean {
  return setMs(table.coveredMs, table.coveredRest, slot, total);
}
