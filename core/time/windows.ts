import { strict as assert } from 'node:assert';
/**
 * Windows as a reader asks for them: tumbling (one after the other) and hopping (overlapping), fixed or by calendar.
 *
 * A window starts at every step of `every` (of `size`, when it tumbles) and reaches `size` forward from its start.
 * Fixed steps are multiples counted from the Unix epoch, in every zone; calendar steps follow the zone (calendar.ts).
 */
import { WeirError } from '../errors.ts';
import { addCalendar, stepAt, stepStart } from './calendar.ts';
import { DAY_MS } from './civil.ts';
import { type Duration, formatDuration, longestMs, nominalMs } from './duration.ts';
import type { Zone } from './zone.ts';

export type WindowSpec =
  | { readonly kind: 'tumbling'; readonly size: Duration; readonly zone: Zone }
  | { readonly kind: 'hopping'; readonly size: Duration; readonly every: Duration; readonly zone: Zone };

/** A half-open span [startMs, endMs) of UTC. */
export interface WindowSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** Windows that leave gaps between them. */
export class WindowError extends WeirError {
  readonly kind = 'window';

  constructor(size: Duration, every: Duration) {
    super(
      `windows every ${formatDuration(every)} are further apart than their size ${formatDuration(size)}; ` +
        `make \`every\` at most ${formatDuration(size)}`,
      { fault: 'asked' },
    );
  }
}

/** The windows of a size, hopping where `every` is given and differs. Throws WindowError where `every` exceeds `size`. */
export function windowSpec(size: Duration, every: Duration | undefined, zone: Zone): WindowSpec {
  if (every === undefined || formatDuration(every) === formatDuration(size)) return { kind: 'tumbling', size, zone };
  if (nominalMs(every) > nominalMs(size)) throw new WindowError(size, every);
  return { kind: 'hopping', size, every, zone };
}

/** Whole, and in the order of their starts, the windows that overlap [fromMs, toMs). An empty range overlaps none. */
export function* windowsOverlapping(spec: WindowSpec, fromMs: number, toMs: number): Generator<WindowSpan> {
  assertRange(fromMs, toMs);
  if (toMs <= fromMs) return;
  const { size, zone } = spec;
  const every = everyOf(spec);
  let n = stepNumber(every, zone, fromMs - longestMs(size));
  let startMs = startOfStep(every, zone, n);
  while (startMs < toMs) {
    const nextMs = startOfStep(every, zone, ++n);
    const endMs = spec.kind === 'tumbling' ? nextMs : endOfWindow(startMs, size, zone);
    // A date that a zone left out is a step without length; it has no window.
    if (endMs > fromMs && nextMs > startMs) yield { startMs, endMs };
    startMs = nextMs;
  }
}

/**
 * How many windows overlap [fromMs, toMs), by arithmetic where all is fixed, else by counting. Counting ends at `limit`,
 * so a caller with a limit of its own asks with one more.
 */
export function countWindows(
  spec: WindowSpec,
  fromMs: number,
  toMs: number,
  limit: number = Number.POSITIVE_INFINITY,
): number {
  assertRange(fromMs, toMs);
  if (toMs <= fromMs) return 0;
  const every = everyOf(spec);
  if (every.kind === 'fixed' && spec.size.kind === 'fixed') {
    const first = Math.floor((fromMs - spec.size.ms) / every.ms) + 1;
    const last = Math.ceil(toMs / every.ms) - 1;
    return Math.min(Math.max(last - first + 1, 0), limit);
  }
  let count = 0;
  for (const _ of windowsOverlapping(spec, fromMs, toMs)) if (++count >= limit) break;
  return count;
}

/** Whether the windows can be combined from slices, and if not, the widest slice from which they could. */
export type SliceFit = { readonly fits: true } | { readonly fits: false; readonly widestSliceMs: number };

/** Slices that people declare, widest first; each divides the day. */
const COMMON_SLICES_MS: readonly number[] = [
  ...[24, 12, 8, 6, 4, 3, 2, 1].map((hours) => hours * 3_600_000),
  ...[30, 20, 15, 10, 5, 2, 1].map((minutes) => minutes * 60_000),
  ...[30, 20, 15, 10, 5, 2, 1].map((seconds) => seconds * 1_000),
  500,
  250,
  100,
  50,
  20,
  10,
  5,
  2,
  1,
];

/**
 * Whether every edge of every window that overlaps [fromMs, toMs) is an edge of slices of `sliceMs`, which are aligned
 * to the Unix epoch. A day in Kathmandu (UTC+05:45) does not fit slices of 1 h; the widest that fits is 15 min.
 */
export function windowEdgesFitSlice(spec: WindowSpec, sliceMs: number, fromMs: number, toMs: number): SliceFit {
  const divisor = commonDivisorOfEdges(spec, fromMs, toMs);
  if (divisor % sliceMs === 0) return { fits: true };
  const widestSliceMs = COMMON_SLICES_MS.find((commonMs) => divisor % commonMs === 0);
  assert(widestSliceMs !== undefined, 'every edge is a whole millisecond');
  return { fits: false, widestSliceMs };
}

function commonDivisorOfEdges(spec: WindowSpec, fromMs: number, toMs: number): number {
  const every = everyOf(spec);
  // Fixed windows are judged by their rule and not by the few edges that a short range happens to hold.
  if (every.kind === 'fixed' && spec.size.kind === 'fixed') return greatestCommonDivisor(spec.size.ms, every.ms);
  let divisor = 0;
  for (const { startMs, endMs } of windowsOverlapping(spec, fromMs, toMs)) {
    divisor = greatestCommonDivisor(greatestCommonDivisor(divisor, startMs), endMs);
    if (divisor === 1) break;
  }
  return divisor;
}

function greatestCommonDivisor(a: number, b: number): number {
  let larger = Math.abs(a);
  let smaller = Math.abs(b);
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

function everyOf(spec: WindowSpec): Duration {
  return spec.kind === 'tumbling' ? spec.size : spec.every;
}

function stepNumber(step: Duration, zone: Zone, utcMs: number): number {
  return step.kind === 'fixed' ? Math.floor(utcMs / step.ms) : stepAt(step, zone, utcMs);
}

function startOfStep(step: Duration, zone: Zone, n: number): number {
  return step.kind === 'fixed' ? n * step.ms : stepStart(step, zone, n);
}

function endOfWindow(startMs: number, size: Duration, zone: Zone): number {
  return size.kind === 'fixed' ? startMs + size.ms : addCalendar(zone, startMs, size);
}

/** Ranges lie within the years that instants can be written in, with room for the longest window. */
const RANGE_MS_MAX = 200_000 * 366 * DAY_MS;

function assertRange(fromMs: number, toMs: number): void {
  assert(Number.isInteger(fromMs) && Number.isInteger(toMs), 'a range is in whole ms');
  assert(Math.abs(fromMs) <= RANGE_MS_MAX && Math.abs(toMs) <= RANGE_MS_MAX, 'a range lies within the calendar');
}
