import { readNear, type WideColumns } from '../numbers/wide.ts';
import { TEXT_DECIMALS_MAX, type TextWriter } from '../packing/text-writer.ts';
import type { MeasuredMetric, Statistic } from './statistics.ts';
import type { StatsTable } from './stats-table.ts';

/**
 * Writes a statistic of a slot, the same text that its `compute` gives, from its columns alone: without a BigInt and without a
 * string. False where it can't, since numbers are too large or there is no value; then nothing is written.
 */
export type QuickText = (out: TextWriter, table: StatsTable, slot: number, metric: MeasuredMetric) => boolean;

/** The quick way to write a statistic, where there is one. */
export function quickTextOf({ name }: Statistic): QuickText | undefined {
  return QUICK_TEXTS.get(name);
}

const QUICK_TEXTS: ReadonlyMap<string, QuickText> = new Map<string, QuickText>([
  ['count', (out, { count }, slot) => writeScaled(out, count[slot]!, 0)],
  ['sum', (out, { count, sum }, slot, { decimals }) => count[slot] !== 0 && writeWide(out, sum, slot, decimals)],
  ['mean', (out, { count, sum }, slot, { decimals }) => writeMean(out, count[slot]!, readNear(sum, slot), decimals)],
  ['min', (out, { min }, slot, { decimals }) => writeScaled(out, min[slot]!, decimals)],
  ['max', (out, { max }, slot, { decimals }) => writeScaled(out, max[slot]!, decimals)],
  [
    'increase',
    (out, { count, sum, increase }, slot, { kind, decimals }) =>
      count[slot] !== 0 && writeWide(out, kind === 'delta' ? sum : increase, slot, decimals),
  ],
]);

function writeWide(out: TextWriter, columns: WideColumns, slot: number, decimals: number): boolean {
  return writeScaled(out, readNear(columns, slot), decimals);
}

/** Infinite values are those of no reading. */
function writeScaled(out: TextWriter, value: number, decimals: number): boolean {
  if (!Number.isSafeInteger(value)) return false;
  out.scaled(value, decimals);
  return true;
}

/** Decimals of at most fifteen digits are never the same double, so the shortest text of a double near one is that decimal. */
const FIFTEEN_DIGITS = 1e15;
/** A double below 10^-6 is written with an exponent (ECMA-262, Number::toString): one of more decimals may be. */
const PLAIN_PLACES = 6;
/** Counts below this are looked up. */
const COUNTS_KNOWN = 4096;
/** Of those, each that divides a power of ten divides one below this: the largest power of two among them is 2^11. */
const PLACES_END = 12;

const NONE_ENDS = -1;
const UNKNOWN = -2;
/** What `placesOf` gave. */
const placesKnown = new Int8Array(COUNTS_KNOWN).fill(UNKNOWN);
/** 10^places / count, where the places are known and end. */
const factorsKnown = new Float64Array(COUNTS_KNOWN);

/** The mean of `count` values that add up to `sum`, both safe. */
function writeMean(out: TextWriter, count: number, sum: number, decimals: number): boolean {
  if (count <= 0 || !Number.isSafeInteger(sum)) return false;
  const places = placesOf(count);
  if (places === NONE_ENDS || places + decimals > TEXT_DECIMALS_MAX) return writeQuotient(out, count, sum, decimals);
  const scaled = sum * factorsKnown[count]!;
  const magnitude = Math.abs(scaled);
  if (magnitude >= FIFTEEN_DIGITS || (places + decimals > PLAIN_PLACES && isTiny(scaled, places + decimals)))
    return writeQuotient(out, count, sum, decimals);
  out.scaled(scaled, places + decimals);
  return true;
}

/** Whether an integer divided by 10^places is written with an exponent. */
function isTiny(scaled: number, places: number): boolean {
  return scaled !== 0 && Math.abs(scaled) < 10 ** (places - PLAIN_PLACES);
}

/** Both are exact doubles, and IEEE division rounds their quotient once. */
function writeQuotient(out: TextWriter, count: number, sum: number, decimals: number): boolean {
  const denominator = count * 10 ** decimals;
  if (!Number.isSafeInteger(denominator)) return false;
  out.ascii(String(sum / denominator));
  return true;
}

/** The decimals at which every quotient by `count` ends; NONE_ENDS where some never do, or it is too large to tell quickly. */
function placesOf(count: number): number {
  if (count >= COUNTS_KNOWN) return NONE_ENDS;
  const known = placesKnown[count]!;
  if (known !== UNKNOWN) return known;
  let places = 0;
  while (places < PLACES_END && 10 ** places % count !== 0) places++;
  if (places === PLACES_END) return (placesKnown[count] = NONE_ENDS);
  factorsKnown[count] = 10 ** places / count;
  return (placesKnown[count] = places);
}
