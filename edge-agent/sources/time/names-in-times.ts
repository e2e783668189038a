import { CASE_BIT, LOWER_A, LOWER_Z } from '../ascii.ts';

/**
 * The names that times are written with, told by their letters in any case: of months and weekdays in English and in the languages
 * of its neighbours, and of the offsets that zones have in winter and in summer.
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

/**
 * What months are called in Danish, Dutch, French, German, Italian, Norwegian, Portuguese, Spanish and Swedish, whole and as
 * CLDR 46 shortens them, where that isn't as in English. No name is of two months.
 */
const FURTHER_MONTHS: readonly (readonly string[])[] = [
  ['januar', 'jänner', 'jän', 'janvier', 'janv', 'enero', 'ene', 'gennaio', 'gen', 'januari', 'janeiro'],
  ['februar', 'feber', 'février', 'févr', 'febrero', 'febbraio', 'februari', 'fevereiro', 'fev'],
  ['märz', 'mär', 'mrz', 'mars', 'marzo', 'maart', 'mrt', 'março', 'marts'],
  ['avril', 'avr', 'abril', 'abr', 'aprile'],
  ['mai', 'mayo', 'maggio', 'mag', 'mei', 'maio', 'maj'],
  ['juni', 'juin', 'junio', 'giugno', 'giu', 'junho'],
  ['juli', 'juillet', 'juil', 'julio', 'luglio', 'lug', 'julho'],
  ['août', 'agosto', 'ago', 'augustus', 'augusti'],
  ['septembre', 'septiembre', 'settembre', 'set', 'setembro'],
  ['oktober', 'okt', 'octobre', 'octubre', 'ottobre', 'ott', 'outubro', 'out'],
  ['novembre', 'noviembre', 'novembro'],
  ['dezember', 'dez', 'décembre', 'déc', 'diciembre', 'dic', 'dicembre', 'desember', 'des', 'dezembro'],
];

/** What weekdays are called in the same languages where dates have them shortened, from Monday on. */
const FURTHER_WEEKDAYS: readonly (readonly string[])[] = [
  ['mo', 'lun', 'ma', 'seg', 'man', 'mån'],
  ['di', 'mar', 'ter', 'tir', 'tis'],
  ['mi', 'mer', 'mié', 'wo', 'qua', 'ons'],
  ['do', 'jeu', 'jue', 'gio', 'qui', 'tor', 'tors'],
  ['fr', 'ven', 'vie', 'vr', 'sex', 'fre'],
  ['sa', 'sam', 'sáb', 'sab', 'za', 'lør', 'lör'],
  ['so', 'dim', 'dom', 'zo', 'søn', 'sön'],
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

/** Names that are spelled in one way each, with their numbers from 1 on. */
function spelledSo(all: readonly (readonly string[])[]): readonly (readonly [Uint8Array, number])[] {
  const encoder = new TextEncoder();
  return all.flatMap((names, i) => names.map((name) => [encoder.encode(name), i + 1] as const));
}

/** `Sept` is written too, `Tues` and `Thurs` as well. */
const MONTH_SPELLINGS = [...spellings(MONTHS, 4), ...spelledSo(FURTHER_MONTHS)];
const WEEKDAY_SPELLINGS = [...spellings(WEEKDAYS, 5), ...spelledSo(FURTHER_WEEKDAYS)];

/** What letters of the Latin-1 supplement begin with in UTF-8; their second byte has the case where ASCII has it. */
const LATIN_1_LETTER = 0xc3;

/** Where the letters end that begin at `start`, of ASCII and of the Latin-1 supplement. */
export function lettersEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const letter = bytes[at]! | CASE_BIT;
    if (letter >= LOWER_A && letter <= LOWER_Z) continue;
    if (bytes[at] !== LATIN_1_LETTER || at + 1 === end) break;
    at++;
  }
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
    while (i < text.length && (bytes[start + i]! | CASE_BIT) === (text[i]! | CASE_BIT)) i++;
    if (i === text.length) return number;
  }
  return 0;
}
