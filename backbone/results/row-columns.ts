/** Columns of a block's rows that are not stats: their slices, and what their tails are (core/stats/tails.ts). See result-format.ts. */
import type { PackReader } from '#core/packing/pack-reader.ts';
import type { PackWriter } from '#core/packing/pack-writer.ts';
import { slotsOf, type Tails } from '#core/stats/tails.ts';
import type { ResultBlock } from './results.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
/** Room for the columns that are made while one is written, kept from one block to the next. */
let made = new Float64Array(1024);

function roomFor(count: number): Float64Array {
  if (made.length < count) made = new Float64Array(count);
  return made;
}

/** The slice behind that of a row and its tail. */
export function sliceBehind(slices: Float64Array, tails: Tails | undefined, row: number): number {
  return slices[row]! + (tails === undefined ? 0 : tails.slices[row]!) + 1;
}

/**
 * Writes the slices of rows as their distances from what is foretold: the slice behind that of the row before and its tail, and for
 * the first row of a stretch the slice that the stretch before began with.
 */
export function writeSlices(
  pack: PackWriter,
  slices: Float64Array,
  ends: ArrayLike<number>,
  stretches: number,
  tails: Tails | undefined,
): void {
  const distances = roomFor(slices.length);
  let count = 0;
  let start = 0;
  let areSafe = true;
  for (let stretch = 0; stretch < stretches; stretch++) {
    distances[count] = slices[count]! - start;
    start = slices[count]!;
    while (++count < ends[stretch]!) distances[count] = slices[count]! - sliceBehind(slices, tails, count - 1);
  }
  for (let i = 0; i < count; i++) areSafe &&= Number.isSafeInteger(distances[i]);
  pack.bytes.byte(areSafe ? 1 : 0);
  pack.column(areSafe ? distances : slices, count);
}

/** Reads what {@link writeSlices} wrote for stretches of rows with these ends, `count` rows in all; false where it is none. */
export function readSlices(
  pack: PackReader,
  slices: Float64Array,
  ends: Float64Array,
  stretches: number,
  count: number,
  tails: Tails | undefined,
): boolean {
  const form = pack.bytes.byte();
  if (!pack.column(slices, count, -SAFE, SAFE)) return false;
  if (form !== 1) return form === 0;
  let at = 0;
  let start = 0;
  for (let stretch = 0; stretch < stretches; stretch++) {
    slices[at] = start += slices[at]!;
    while (++at < ends[stretch]!) slices[at]! += sliceBehind(slices, tails, at - 1);
  }
  // A sum beyond the safe integers may be rounded, and stays beyond them.
  let areSafe = true;
  for (let i = 0; i < count; i++) areSafe &&= Number.isSafeInteger(slices[i]);
  return areSafe;
}

/** Writes how many slices the tails of rows have, and which of them is marked. */
export function writeTailShapes(pack: PackWriter, { slices, markedAt }: Tails, count: number): void {
  const marked = roomFor(count);
  for (let i = 0; i < count; i++) marked[i] = slices[i] === 0 ? 0 : markedAt[i]!;
  pack.column(slices, count);
  pack.column(marked, count);
}

/** Reads what {@link writeTailShapes} wrote; false where it is none, or rows and tails have more slices than `slicesMax`. */
export function readTailShapes(pack: PackReader, tails: Tails, count: number, slicesMax: number): boolean {
  const { slices, markedAt } = tails;
  if (!pack.column(slices, count, 0, slicesMax) || !pack.column(markedAt, count, 0, slicesMax)) return false;
  let areWithin = slotsOf(tails, count) <= slicesMax;
  for (let i = 0; i < count; i++) areWithin &&= markedAt[i]! <= slices[i]!;
  return areWithin;
}

/** Writes the revisions of tails, less those of the rows, and of their marked slices, less those of the tails. */
export function writeTailRevisions(pack: PackWriter, tails: Tails, own: Float64Array, count: number): void {
  const { slices, revision, markedAt, markedRevision } = tails;
  const less = roomFor(count);
  // What isn't there repeats what is before it.
  for (let i = 0; i < count; i++) less[i] = slices[i] === 0 ? (less[i - 1] ?? 0) : revision[i]! - own[i]!;
  pack.column(less, count);
  for (let i = 0; i < count; i++)
    less[i] = slices[i] === 0 || markedAt[i] === 0 ? (less[i - 1] ?? 0) : markedRevision[i]! - revision[i]!;
  pack.column(less, count);
}

/** Reads what {@link writeTailRevisions} wrote; false where it is none. */
export function readTailRevisions(pack: PackReader, tails: Tails, own: Float64Array, count: number): boolean {
  const { slices, revision, markedAt, markedRevision } = tails;
  if (!pack.column(revision, count, -SAFE, SAFE) || !pack.column(markedRevision, count, -SAFE, SAFE)) return false;
  let areSound = true;
  for (let i = 0; i < count; i++) {
    if (slices[i] === 0) continue;
    revision[i]! += own[i]!;
    markedRevision[i]! += revision[i]!;
    areSound &&= isRevision(revision[i]!) && (markedAt[i] === 0 || isRevision(markedRevision[i]!));
  }
  return areSound;
}

function isRevision(value: number): boolean {
  return value >= 0 && value <= SAFE;
}

/** Rows among which those of tails are. */
export interface SpreadRows extends Pick<ResultBlock, 'slice' | 'revision' | 'flags'> {
  readonly count: number;
}

/** Room for so many slices. */
export function spreadRoom(slicesMax: number): SpreadRows {
  const column = (): Float64Array => new Float64Array(slicesMax);
  return { count: 0, slice: column(), revision: column(), flags: new Uint8Array(slicesMax) };
}

/** Rows [from, end) and their tails, in the columns of `into`. */
export function spreadRows(
  { slice, revision, flags }: Pick<ResultBlock, 'slice' | 'revision' | 'flags'>,
  tails: Tails,
  from: number,
  end: number,
  into: SpreadRows,
): SpreadRows {
  let count = 0;
  for (let row = from; row < end; row++) {
    const slices = tails.slices[row]!;
    const first = slice[row]!;
    into.revision[count] = revision[row]!;
    into.flags[count] = flags[row]!;
    into.revision.fill(tails.revision[row]!, count + 1, count + 1 + slices);
    into.flags.fill(0, count + 1, count + 1 + slices);
    const marked = tails.markedAt[row]!;
    if (slices > 0 && marked > 0) into.revision[count + marked] = tails.markedRevision[row]!;
    for (let i = 0; i <= slices; i++) into.slice[count++] = first + i;
  }
  return { ...into, count };
}

/** Where stretches of rows end that end at `ends` without the slices of tails. */
export function spreadEnds(ends: ArrayLike<number>, stretches: number, { slices }: Tails): Float64Array {
  const spread = new Float64Array(stretches);
  for (let stretch = 0, row = 0, slot = 0; stretch < stretches; stretch++) {
    for (; row < ends[stretch]!; row++) slot += 1 + slices[row]!;
    spread[stretch] = slot;
  }
  return spread;
}
