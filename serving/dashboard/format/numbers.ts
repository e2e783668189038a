import type { Exact } from '../stream/message.ts';

/** The zone and the language of whoever looks; the browser's where not given. */
export interface Viewer {
  readonly zone?: string;
  readonly locale?: string;
}

/** Stands where there is nothing to tell. */
export const NOTHING = '–';

/** Decimals of a unit-less value whose metric declares none. */
const DECIMALS_DEFAULT = 3;

/**
 * A value with the digits of its metric, grouped as the viewer's language does. All digits of a long integer part are
 * kept (ECMA-402 formats a decimal text exactly); a mean is rounded to the metric's decimals, for reading.
 */
export function formatValue(value: Exact | null | undefined, decimals: number | null, viewer: Viewer = {}): string {
  if (value === null || value === undefined) return NOTHING;
  const formatter = formatterOf(decimals ?? DECIMALS_DEFAULT, decimals ?? 0, viewer);
  return isolated(formatter.format(value as Intl.StringNumericLiteral));
}

/** As formatValue with at most three significant decimals, for figures that are read from afar. */
export function formatLarge(value: Exact | null | undefined, decimals: number | null, viewer: Viewer = {}): string {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(Number(value));
  const room = size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return formatValue(value, Math.min(room, decimals ?? DECIMALS_DEFAULT), viewer);
}

/** A number of things. */
export function formatCount(value: Exact, viewer: Viewer = {}): string {
  return formatValue(value, 0, viewer);
}

/** How complete a window is, as a word: it decides the colour, and is said where no colour is seen. */
export type CompletenessLevel = 'full' | 'nearly' | 'partial' | 'none';

/** From here a window lacks little. */
const NEARLY = 0.95;

/** `full` only for all of it: a single reading that is missing shows. */
export function completenessLevel(completeness: number): CompletenessLevel {
  if (completeness >= 1) return 'full';
  if (completeness >= NEARLY) return 'nearly';
  return completeness > 0 ? 'partial' : 'none';
}

/** In percent with up to one decimal, rounded down: 99.99 % is never told as 100 %; what is there is never told as 0 %. */
export function formatCompleteness(completeness: number, viewer: Viewer = {}): string {
  if (!Number.isFinite(completeness)) return `${NOTHING} %`;
  const perMille = Math.floor(Math.min(1, Math.max(0, completeness)) * 1_000 + 1e-9);
  const percent = (value: number): string => `${isolated(formatterOf(1, 0, viewer).format(value))} %`;
  if (perMille === 0 && completeness > 0) return `< ${percent(0.1)}`;
  return percent(perMille === 1_000 && completeness < 1 ? 99.9 : perMille / 10);
}

/** Letters and digits of scripts that run from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff]/;

/**
 * A number or time in a sentence of this page, which runs from left to right: where it is written from right to left it
 * is isolated (Unicode Bidirectional Algorithm, 2.4), or the two edges of a window would change places.
 */
export function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

const formatters = new Map<string, Intl.NumberFormat>();

/** Making a formatter costs more than a hundred uses of it. There are as many as decimals, so none is let go. */
function formatterOf(maximumFractionDigits: number, minimumFractionDigits: number, { locale }: Viewer) {
  const key = `${maximumFractionDigits} ${minimumFractionDigits} ${locale ?? ''}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatters.set(key, (formatter = new Intl.NumberFormat(locale, { maximumFractionDigits, minimumFractionDigits })));
  }
  return formatter;
}
