import { strict as assert } from 'node:assert';
import { WeirError } from '../errors.ts';
import { addCalendar } from './calendar.ts';
import { DAY_MS } from './civil.ts';
import { type Duration, formatDuration, longestMs, nominalMs } from './duration.ts';
import { followsClock, openSteps } from './window-steps.ts';
import { OFFSET_SPREAD_MS, type Zone } from './zone.ts';

/**
 * Windows as a reader asks for them: tumbling (one after the other) and hopping (overlapping), fixed or by calendar.
 *
 * A window starts at every step of `every` (of `size`, when it tumbles; window-steps.ts) and reaches `size` forward from its
 * start, or up to the next one, when it tumbles. An `offset` moves all starts.
 */

interface WindowPlace {
  readonly zone: Zone;
  readonly offset?: Duration | undefined;
}

export type WindowSpec =
  | (WindowPlace & { readonly kind: 'tumbling'; readonly size: Duration })
  | (WindowPlace & { readonly kind: 'hopping'; readonly size: Duration; readonly every: Duration });

/** A half-open span [startMs, endMs) of UTC. */
export interface WindowSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** Windows that leave gaps between them, or an offset that is no part of a step. */
export class WindowError extends WeirError {
  readonly kind = 'window';
  readonly subject: 'every' | 'offset';

  constructor(subject: 'every' | 'offset', message: string) {
    super(message, { fault: 'asked' });
    this.subject = subject;
  }
}

/**
 * The windows of a size, hopping where `every` is given and differs, whose starts an offset moves. Throws WindowError where
 * `every` exceeds `size`, or `offset` isn't shorter than a step.
 */
export function windowSpec(size: Duration, every: Duration | undefined, zone: Zone, offset?: Duration): WindowSpec {
  const step = every ?? size;
  if (nominalMs(step) > nominalMs(size)) {
    const message =
      `windows every ${formatDuration(step)} are further apart than their size ${formatDuration(size)}; ` +
      `make \`every\` at most ${formatDuration(size)}`;
    throw new WindowError('every', message);
  }
  if (offset !== undefined && nominalMs(offset) >= nominalMs(step)) {
    const days = step.kind === 'calendar' ? `, which has ${nominalMs(step) / DAY_MS} days at least` : '';
    const message =
      `offset ${formatDuration(offset)} is not shorter than the ${formatDuration(step)} from one window to the next${days}; ` +
      'windows begin at every step, so name what is left over of it';
    throw new WindowError('offset', message);
  }
  const place = offset === undefined ? { zone } : { zone, offset };
  if (formatDuration(step) === formatDuration(size)) return { kind: 'tumbling', size, ...place };
  return { kind: 'hopping', size, every: step, ...place };
}

/** Whole, and in the order of their starts, the windows that overlap [fromMs, toMs). An empty range overlaps none. */
export function* windowsOverlapping(spec: WindowSpec, fromMs: number, toMs: number): Generator<WindowSpan> {
  assertRange(fromMs, toMs);
  if (toMs <= fromMs) return;
  const { size, zone } = spec;
  const steps = openSteps(everyOf(spec), spec.offset, zone);
  let startMs = steps.startAt(fromMs - longestMs(size));
  while (startMs < toMs) {
    const nextMs = steps.next(startMs);
    const endMs = spec.kind === 'tumbling' ? nextMs : endOfWindow(startMs, size, zone);
    if (endMs > fromMs) yield { startMs, endMs };
    startMs = nextMs;
  }
}

/** From the start of the first window that overlaps [fromMs, toMs) to the end of the last; the range itself where it is empty. */
export function hullOfWindows(spec: WindowSpec, fromMs: number, toMs: number): WindowSpan {
  const first = windowsOverlapping(spec, fromMs, toMs).next();
  if (first.done === true) return { startMs: fromMs, endMs: toMs };
  const steps = openSteps(everyOf(spec), spec.offset, spec.zone);
  const lastMs = steps.startAt(toMs - 1);
  const { startMs } = first.value;
  if (spec.kind === 'tumbling') return { startMs, endMs: steps.next(lastMs) };
  const late = [lastMs, ...turnsBefore(lastMs, spec.zone).map((turnMs) => steps.startAt(turnMs - 1))];
  return { startMs, endMs: Math.max(...late.map((lateMs) => endOfWindow(lateMs, spec.size, spec.zone))) };
}

/** A month from any of its last days may lead to one day: from the 31st to the 28th, three days later than it must be. */
const DAYS_CLAMPED_MAX = 3;

/**
 * The instants behind which windows by the calendar may end before one that began ahead of them: where the clock was set
 * back, and midnights at the end of a month, when the last of several days has got no further than the first.
 */
function turnsBefore(ms: number, zone: Zone): readonly number[] {
  const changes = zone.offsetSpans(ms - OFFSET_SPREAD_MS, ms).slice(1);
  const midnights = Array.from({ length: DAYS_CLAMPED_MAX + 1 }, (_, i) => zone.dayStart(zone.localDay(ms) - i));
  return [...changes.map(({ fromMs }) => fromMs), ...midnights];
}

/** The longest that a window of the spec can last, in ms: for bounds, never for edges. */
export function longestWindowMs(spec: WindowSpec): number {
  return longestMs(spec.size) + (followsClock(spec.size) ? DAY_MS : 0);
}

/** How many windows overlap [fromMs, toMs). Counting ends at `limit`, so a caller with a limit of its own asks with one more. */
export function countWindows(
  spec: WindowSpec,
  fromMs: number,
  toMs: number,
  limit: number = Number.POSITIVE_INFINITY,
): number {
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
  if (every.kind === 'fixed' && spec.size.kind === 'fixed') {
    return greatestCommonDivisor(spec.size.ms, commonDivisorOfStarts(spec, every.ms, fromMs, toMs));
  }
  let divisor = 0;
  for (const { startMs, endMs } of windowsOverlapping(spec, fromMs, toMs)) {
    divisor = greatestCommonDivisor(greatestCommonDivisor(divisor, startMs), endMs);
    if (divisor === 1) break;
  }
  return divisor;
}

/** The common divisor of a fixed step and all its starts, under each offset from UTC that the zone has meanwhile. */
function commonDivisorOfStarts(spec: WindowSpec, everyMs: number, fromMs: number, toMs: number): number {
  const steps = openSteps({ kind: 'fixed', ms: everyMs }, spec.offset, spec.zone);
  const firstMs = fromMs - longestMs(spec.size);
  const spans = spec.zone.offsetSpans(firstMs, Math.max(toMs, firstMs + 1));
  // A start in each span stands for all; one may also lie where a span begins.
  return spans
    .flatMap((span) => [
      steps.startAt(span.toMs - 1),
      steps.next(steps.startAt(span.toMs - 1)),
      steps.startAt(span.fromMs),
    ])
    .reduce(greatestCommonDivisor, everyMs);
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

function endOfWindow(startMs: number, size: Duration, zone: Zone): number {
  return size.kind === 'fixed' ? startMs + size.ms : addCalendar(zone, startMs, size);
}

/** Ranges lie within the years that instants can be written in, with room for the longest window. */
const RANGE_MS_MAX = 200_000 * 366 * DAY_MS;

function assertRange(fromMs: number, toMs: number): void {
  assert(Number.isInteger(fromMs) && Number.isInteger(toMs), 'a range is in whole ms');
  assert(Math.abs(fromMs) <= RANGE_MS_MAX && Math.abs(toMs) <= RANGE_MS_MAX, 'a range lies within the calendar');
}
