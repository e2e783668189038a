import type { ReadingsReader } from '../frames/readings-reader.ts';
import { PIECE_MEASURES } from '../kernels/kernels.ts';
import {
  accountedFrom,
  accountsSteadily,
  addAccounted,
  addAccountedSpan,
  unaccountedMs,
  unaccountedSteps,
} from '../stats/accounted.ts';
import { addLink } from '../stats/link.ts';
import { measurePieces, pieceEnds } from '../stats/piece.ts';
import { addHeldRun, addRegularRun, addTimedRun } from '../stats/run.ts';
import type { AgentFold, Route } from './agent-fold.ts';
import { foldLinks } from './fold-corrections.ts';
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
  linkTo(route, before.known, before.timeMs, before.value, startMs, values[offset]!);
  // Where each value is held and accounts up to the next one, and no step leaps over a slice, a piece takes its ends along.
  const isHeld = rule.kind === 'gauge' && stepMs <= rule.holdMsMax && stepMs <= sliceMs;
  if (isHeld && accountsSteadily(route.pace, stepMs)) foldHeldPieces(reader, route, before);
  else foldLinkedPieces(reader, route, before);
}

/** Cuts a regular chunk of a gauge at slice edges; what spans an edge is added with the piece on either side. */
function foldHeldPieces(reader: ReadingsReader, route: Route, before: Neighbour): void {
  const { startMs, stepMs, values, offset, size } = reader;
  const { sliceMs, table, pace } = route;
  const { quantiles } = route.rule;
  const isUnchecked = reader.unchecked[reader.run] === 1;
  const end = offset + size;
  let slice = Math.floor(startMs / sliceMs);
  let edgeMs = (slice + 1) * sliceMs;
  let atMs = startMs;
  let headMs = 0;
  let headValue = 0;
  const accountedEndMs = startMs + (size - 1) * stepMs + pace.intervalMs;
  let accountedMs = accountedFrom(pace, timeOf(before), startMs);
  if (accountedMs < edgeMs - sliceMs) {
    addAccountedSpan(route, pace, 1, accountedMs, edgeMs - sliceMs);
    accountedMs = edgeMs - sliceMs;
  }
  const pieces = cutAtEdges(startMs, stepMs, size, sliceMs);
  measurePieces(values, offset, pieces, reader.room);
  const lastSlice = slice + pieces - 1;
  let origin = 0;
  let stretchEnd = slice;
  for (let from = offset, piece = 0; from < end; slice++, piece++) {
    if (slice >= stretchEnd) {
      stretchEnd = route.stretchEnd(slice, lastSlice);
      origin = route.origin;
    }
    const to = offset + pieceEnds[piece]!;
    const nextMs = atMs + (to - from) * stepMs;
    const tailMs = to === end ? 0 : edgeMs - nextMs + stepMs;
    const slot = origin + slice;
    const measured = piece * PIECE_MEASURES;
    addHeldRun(table, slot, values, from, to, atMs, stepMs, headValue, headMs, tailMs, quantiles, measured);
    const untilMs = accountedEndMs < edgeMs ? accountedEndMs : edgeMs;
    if (untilMs > accountedMs) {
      addAccounted(table, slot, untilMs - accountedMs, 0);
      accountedMs = untilMs;
    }
    if (isUnchecked) table.unchecked[slot]! += to - from;
    headValue = values[to - 1]!;
    headMs = nextMs - edgeMs;
    atMs = nextMs;
    edgeMs += sliceMs;
    from = to;
  }
  if (accountedMs < accountedEndMs) addAccountedSpan(route, pace, 1, accountedMs, accountedEndMs);
}

/** Cuts a regular chunk, of which no step leaps over a slice, at the edges of slices: sets `pieceEnds`, and gives how many. */
function cutAtEdges(startMs: number, stepMs: number, size: number, sliceMs: number): number {
  let toEdgeMs = sliceMs - (startMs - Math.floor(startMs / sliceMs) * sliceMs);
  if (size === 1) {
    pieceEnds[0] = 1;
    return 1;
  }
  let pieces = 0;
  for (let end = 0; end < size; toEdgeMs += sliceMs) {
    end = Math.min(size, Math.ceil(toEdgeMs / stepMs));
    pieceEnds[pieces++] = end;
  }
  return pieces;
}

/** Cuts any other regular chunk at slice edges, with a link from piece to piece. */
function foldLinkedPieces(reader: ReadingsReader, route: Route, before: Neighbour): void {
  const { startMs, stepMs, values, offset, size } = reader;
  const { sliceMs, rule, table, accounted } = route;
  const { intervalMs } = route.pace;
  const isUnchecked = reader.unchecked[reader.run] === 1;
  accounted.begin(timeOf(before));
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
  const { sliceMs, rule, table, accounted } = route;
  const { intervalMs } = route.pace;
  const isUnchecked = reader.unchecked[reader.run] === 1;
  const end = offset + size;
  accounted.begin(timeOf(before));
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
