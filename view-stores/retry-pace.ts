/** The first and the longest pause after a failure: a server that restarts is back soon, one that is away is not hammered. */
export const PAUSE_FIRST_MS = 500;
export const PAUSE_MAX_MS = 30_000;
/** The longest that a server may ask to be left alone. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

/**
 * How long to wait after so many failures in a row, at least one: twice as long each time, a part of it at random (from 0 to
 * 1), so that many who lost one server don't come back all at once; and no shorter than the server has asked for.
 */
export function pauseMs(failures: number, random: number, retryAfterMs = 0): number {
  const longest = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Math.max(longest * (0.5 + random / 2), Math.min(retryAfterMs, RETRY_AFTER_MAX_MS));
}
