import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from './limits.ts';

/**
 * Milliseconds to wait before dialling again after `failures` (≥ 1) failures in a row: half of a doubling step and a
 * random part of its other half, so that agents that lost their broker together don't return together. `random` gives
 * numbers from 0 up to but not including 1.
 */
export function backoffMs(failures: number, random: () => number): number {
  const stepMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 30));
  return stepMs / 2 + (random() * stepMs) / 2;
}
