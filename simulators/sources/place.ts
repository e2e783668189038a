import { SimulationPlaceError } from '../scenarios/scenario-errors.ts';

import type { SimulationPlace } from './simulated-source.ts';

/** Reads a place that one of our batches carried. Throws SimulationPlaceError for anything else. */
export function parsePlace(place: Readonly<Record<string, unknown>>): SimulationPlace {
  const { sinceMs, nextMs } = place;
  if (isSecond(sinceMs) && isSecond(nextMs) && sinceMs <= nextMs) return { sinceMs, nextMs };
  throw new SimulationPlaceError(place);
}

function isSecond(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) % 1_000 === 0;
}
