/** A clock that differs by less is taken to be right: the Date header has whole seconds, and travels. */
const DIFFERENCE_MS_MIN = 3_000;

let behindMs = 0;

/** Learns from the Date header of an answer how far the viewer's clock is off, lest the ages shown are nonsense. */
export function learnServerTime(dateHeader: string | null, nowMs: number): void {
  const serverMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(serverMs)) return;
  const differenceMs = serverMs - nowMs;
  behindMs = Math.abs(differenceMs) < DIFFERENCE_MS_MIN ? 0 : differenceMs;
}

/** The server's wall clock, as far as it is known, in ms. */
export function serverNowMs(): number {
  return Date.now() + behindMs;
}
