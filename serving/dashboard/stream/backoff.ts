/** The first wait before another try. */
const WAIT_FIRST_MS = 500;
/** No wait is longer: someone who looks at the page should not have to reload it. */
export const WAIT_MS_MAX = 15_000;

/**
 * How long to wait before try number `attempt` (from 0), in ms: twice as long each time, half of it by chance, so that
 * the readers of a server that comes back do not all arrive at once. `random` is from [0, 1).
 */
export function waitBeforeMs(attempt: number, random: number): number {
  const ceiling = Math.min(WAIT_MS_MAX, WAIT_FIRST_MS * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
