import { formatInstant } from '#core/time/instant.ts';

/**
 * How far ahead of the agent's clock a reading may be. The broker refuses a whole frame that holds a reading more than
 * five minutes ahead of its own clock, so a single wrong time has to be caught here, and a little earlier.
 */
export const FUTURE_MS_MAX = 240_000;

export function describeFuture(atMs: number): string {
  return `time ${formatInstant(atMs)} is more than ${FUTURE_MS_MAX / 60_000} minutes ahead of this agent's clock`;
}
