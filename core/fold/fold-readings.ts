import type { ReadingsReader } from '../frames/readings-reader.ts';
import {
  AccountedRun,
  accountedFrom,
  accountsSteadily,
  addAccounted,
  addAccountedSpan,
  unaccountedMs,
  unaccountedSteps,
} from '../stats/accounted.ts';
import { HeldChunk } from '../stats/held-chunk.ts';
import { addLink } from '../stats/link.ts';
import { addRegularRun, addTimedRun } from '../stats/run.ts';
import type { AgentFold } from './agent-fold.ts';
import { foldLinks } from './fold-corrections.ts';
import type { Route } from './route.ts';
import type { ViewFold } from './view-fold.ts';

/** The reading before the one that is folded next, where there is one. Changed in place: nothing is allocated per chunk. */
interface Neighbour {
  known: boolean;
  timeMs: number;
  value: number;
}

/**
 * Folds a readings frame into every view that asks for its series.
 *
 * The frame is read in chunks of one run; a chunk is cut at slice edges into pieces, and each piece is added to one
 * slot at once. The interval between two pieces (and between a run's anchor and its first reading) is a link across
 * slots. Nothing is allocated per reading.
 */
export function foldReadings(
  reader: ReadingsReader,
  agent: AgentFold,
  views: readonly ViewFold[],
  position: number,
): void {
  const before: Neighbour = { known: false, timeMs: 0, value: 0 };
  while (reader.next()) {
    const { run } = reader;
    const routes = agent.routesOf(reader.entry[run]!, views, position);
    if (reader.first) {
      before.known = reader.anchored[run] === 1;
      before.timeMs = reader.anchorTimeMs[run]!;
      before.value = reader.anchorValue[run]!;
      const firstMs = timeAt(reader, 0);
      for (const route of routes) route.noteReading(firstMs);
    }
    agent.noteSpoken(reader.entry[run]!, timeAt(reader, reader.size - 1));
    for (const route of routes) {
      if (route.isEnded) route.fold.noteSpoken(route, timeAt(reader, 0), timeAt(reader, reader.size - 1));
      if (reader.regular) foldRegularChunk(reader, route, before);
      else foldTimedChunk(reader, route, before);
    }
    before.known = true;
    before.timeMs = timeAt(reader, reader.size - 1);
    before.value = reader.values[reader.offset + reader.size - 1]!;
  }
  foldLinks(reader.links, agent, views, position);
}

/** When the reading before was, -Infinity where none is known. */
function timeOf({ known, timeMs }: Neighbour): number {
  return known ? timeMs : Number.NEGATIVE_INFINITY;
}

function timeAt(reader: ReadingsReader, index: number): number {
  return reader.regular ? reader.startMs + index * reader.stepMs : reader.times[reader.offset + index]!;
}

function foldRegularChunk(reader: ReadingsReader, route: Route, before: Neighbour): void {
  const { startMs, stepMs, values, offset } = reader;
  const { rule, sliceMs } = route;
  // Where each value is held and accounts up to the next one, and no step leaps over a slice, a piece takes its ends along.
  const isHeld = rule.kind === 'gauge' && stepMs <= rule.holdMsMax && stepMs <= sliceMs;
  if (isHeld && accountsSteadily(route.pace, stepMs)) {
    foldHeldPieces(reader, route, before, rule.holdMsMax);
    return;
  }
  linkTo(route, before.known, before.timeMs, before.value, startMs, values[offset]!);
  foldLinkedPieces(reader, route, before);
}

/** Of one chunk at a time. */
const held = new HeldChunk();
const accounted = new AccountedRun();

/** Cuts a regular chunk of a gauge at slice edges; what spans an edge is added with the piece on either side. */
function foldHeldPieces(reader: ReadingsReader, route: Route, before: Neighbour, holdMsMax: number): void {
  const { startMs, stepMs, size } = reader;
  const { sliceMs, table, pace } = route;
  const isUnchecked = reader.unchecked[reader.run] === 1;
  held.cut(reader, sliceMs, route.rule.quantiles);
  const { pieces } = held;
  const first = Math.floor(startMs / sliceMs);
  const gapMs = startMs - before.timeMs;
  // What was held up to here within the slice comes along with the first piece; any other link is added by itself.
  if (before.known && gapMs <= holdMsMax && before.timeMs >= first * sliceMs) held.setBefore(before.value, gapMs);
  else linkTo(route, before.known, before.timeMs, before.value, startMs, reader.values[reader.offset]!);
  const accountedEndMs = startMs + (size - 1) * stepMs + pace.intervalMs;
  let accountedMs = accountedFrom(pace, timeOf(before), startMs);
  if (accountedMs < first * sliceMs) {
    addAccountedSpan(route, pace, 1, accountedMs, first * sliceMs);
    accountedMs = first * sliceMs;
  }
  const reach = Math.floor((accountedEndMs - 1) / pace.cellMs) * pace.cellSlices;
  for (let piece = 0; piece < pieces;) {
    const end = route.openStretch(first + piece, first + pieces, reach) - first;
    const slotBase = route.origin + first;
    const fresh = route.freshFrom - first;
    const added = fresh < end && held.putPieces(table, slotBase + fresh, fresh, end) ? fresh : end;
    held.addPieces(table, slotBase + piece, piece, added);
    for (; piece < end; piece++) {
      const slot = slotBase + piece;
      const edgeMs = (first + piece + 1) * sliceMs;
      const untilMs = accountedEndMs < edgeMs ? accountedEndMs : edgeMs;
      if (untilMs > accountedMs) {
        addAccounted(table, slot, untilMs - accountedMs, 0);
        accountedMs = untilMs;
      }
      if (isUnchecked) table.unchecked[slot]! += held.sizeOf(piece);
    }
  }
  if (accountedMs < accountedEndMs) addAccountedSpan(route, pace, 1, accountedMs, accountedEndMs);
}

/** Cuts any other regular chunk at slice edges, with a link from piece to piece. */
function foldLinkedPieces(reader: ReadingsReader, route: Route, before: Neighbour): void {
  const { startMs, stepMs, values, offset, size } = reader;
  const { sliceMs, rule, table, pace } = route;
  const { intervalMs } = pace;
  const isUnchecked = reader.unchecked[reader.run] === 1;
  accounted.begin(route, pace, timeOf(before));
  for (let i = 0; i < size;) {
    const atMs = startMs + i * stepMs;
    const slice = Math.floor(atMs / sliceMs);
    const count = size - i === 1 ? 1 : Math.min(size - i, Math.ceil(((slice + 1) * sliceMs - atMs) / stepMs));
    const from = offset + i;
    if (i > 0) linkTo(route, true, atMs - stepMs, values[from - 1]!, atMs, values[from]!);
    const lastMs = atMs + (count - 1) * stepMs;
    const accountedMs = accounted.piece(slice, atMs, lastMs, unaccountedSteps(count, stepMs, intervalMs));
    const slot = route.slotOf(slice);
    addRegularRun(table, slot, values, from, from + count, atMs, stepMs, rule);
    addAccounted(table, slot, accountedMs, 0);
    if (isUnchecked) table.unchecked[slot]! += count;
    i += count;
  }
  accounted.end();
}

function foldTimedChunk(reader: ReadingsReader, route: Route, before: Neighbour): void {
  const { times, values, offset, size } = reader;
  const { sliceMs, rule, table, pace } = route;
  const { intervalMs } = pace;
  const isUnchecked = reader.unchecked[reader.run] === 1;
  const end = offset + size;
  accounted.begin(route, pace, timeOf(before));
  for (let from = offset; from < end;) {
    const atMs = times[from]!;
    const slice = Math.floor(atMs / sliceMs);
    const edgeMs = (slice + 1) * sliceMs;
    let to = from + 1;
    while (to < end && times[to]! < edgeMs) to++;
    if (from > offset) linkTo(route, true, times[from - 1]!, values[from - 1]!, atMs, values[from]!);
    else linkTo(route, before.known, before.timeMs, before.value, atMs, values[from]!);
    const accountedMs = accounted.piece(slice, atMs, times[to - 1]!, unaccountedMs(times, from, to, intervalMs));
    const slot = route.slotOf(slice);
    addTimedRun(table, slot, values, times, from, to, rule);
    addAccounted(table, slot, accountedMs, 0);
    if (isUnchecked) table.unchecked[slot]! += to - from;
    from = to;
  }
  accounted.end();
}

function linkTo(route: Route, known: boolean, fromMs: number, fromValue: number, toMs: number, toValue: number): void {
  if (known) addLink(route, route.rule, route.sliceMs, 1, fromMs, fromValue, toMs, toValue);
}
