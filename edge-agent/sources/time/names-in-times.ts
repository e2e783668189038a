/** The names of months and weekdays that times are written with, in English, told by their letters in any case. */

const LOWER_A = 0x61;
const LOWER_Z = 0x7a;
const CASE_BIT = 0x20;

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
