import { CASE_BIT, LOWER_A, LOWER_Z } from '../ascii.ts';

/**
 * The names that times are written with, told by their letters in any case: of months and weekdays in English, and of the
 * offsets that zones have in winter and in summer.
 */

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/**
 * Offsets from UTC by what they are called, in minutes: the abbreviations that tzdata gives to zones, with those of German
 * speakers. Some names have several, in different parts of the world.
 */
const OFFSET_MINUTES: Readonly<Record<string, readonly number[]>> = {
  utc: [0],
  gmt: [0],
  wet: [0],
  west: [60],
  bst: [60],
  ist: [330, 60, 120],
  cet: [60],
  cest: [120],
  mez: [60],
  mesz: [120],
  eet: [120],
  eest: [180],
  msk: [180],
  idt: [180],
  sast: [120],
  pkt: [300],
  hkt: [480],
  jst: [540],
  kst: [540],
  nst: [-210],
  ndt: [-150],
  ast: [-240],
  adt: [-180],
  est: [-300],
  edt: [-240],
  cst: [-360, 480, -300],
  cdt: [-300, -240],
  mst: [-420],
  mdt: [-360],
  pst: [-480, 480],
  pdt: [-420],
  akst: [-540],
  akdt: [-480],
  hst: [-600],
  awst: [480],
  acst: [570],
  acdt: [630],
  aest: [600],
  aedt: [660],
  nzst: [720],
  nzdt: [780],
};

/** Every spelling of a name, with its number from 1 on: whole, and its first letters. */
function spellings(names: readonly string[], lettersMax: number): readonly (readonly [Uint8Array, number])[] {
  const encoder = new TextEncoder();
  return names.flatMap((name, i) =>
    Array.from({ length: lettersMax - 2 }, (_, more) => name.slice(0, 3 + more))
      .concat(name)
      .map((text) => [encoder.encode(text), i + 1] as const),
  );
}

/** `Sept` is written too, `Tues` and `Thurs` as well. */
const MONTH_SPELLINGS = spellings(MONTHS, 4);
const WEEKDAY_SPELLINGS = spellings(WEEKDAYS, 5);

/** Where the letters end that begin at `start`. */
export function lettersEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at]! | CASE_BIT) >= LOWER_A && (bytes[at]! | CASE_BIT) <= LOWER_Z) at++;
  return at;
}

/** The month that the letters `bytes[start, end)` name, 1 to 12, or 0. */
export function monthNamed(bytes: Uint8Array, start: number, end: number): number {
  return named(MONTH_SPELLINGS, bytes, start, end);
}

/** The weekday that the letters `bytes[start, end)` name, from 1 for Monday, or 0. */
export function weekdayNamed(bytes: Uint8Array, start: number, end: number): number {
  return named(WEEKDAY_SPELLINGS, bytes, start, end);
}

const OFFSET_NAMES = Object.keys(OFFSET_MINUTES).map((name, i) => [new TextEncoder().encode(name), i + 1] as const);
const OFFSETS_MS = Object.values(OFFSET_MINUTES).map((minutes) => minutes.map((one) => one * 60_000));

/** The offsets in ms that the letters `bytes[start, end)` may name; none where they name none. */
export function offsetsNamed(bytes: Uint8Array, start: number, end: number): readonly number[] {
  return OFFSETS_MS[named(OFFSET_NAMES, bytes, start, end) - 1] ?? [];
}

function named(
  known: readonly (readonly [Uint8Array, number])[],
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  for (const [text, number] of known) {
    if (text.length !== end - start) continue;
    let i = 0;
    while (i < text.length && (bytes[start + i]! | CASE_BIT) === text[i]) i++;
    if (i === text.length) return number;
  }
  return 0;
}
