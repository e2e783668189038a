/** The newest window may end this many windows before now and still be shown as the present. */
const BEHIND_WINDOWS_MAX = 3;

/**
 * The range of time that the chart shows, in ms: up to now where readings arrive, with the gap to now where they have
 * stopped within the span, and up to the newest window where all of it lies in the past or ahead.
 */
export function timeRange(
  newestEndMs: number | undefined,
  nowMs: number,
  spanMs: number,
  windowMs: number,
): [fromMs: number, toMs: number] {
  if (newestEndMs === undefined) return [nowMs - spanMs, nowMs];
  const isPast = newestEndMs < nowMs - spanMs / 2 - BEHIND_WINDOWS_MAX * windowMs;
  const toMs = isPast || newestEndMs > nowMs ? newestEndMs : Math.ceil(nowMs / windowMs) * windowMs;
  return [toMs - spanMs, toMs];
}
