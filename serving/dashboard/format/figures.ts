import type { Exact } from '../stream/exact-json.ts';

/** Stands where there is nothing to tell. */
export const NOTHING = '–';

/** Decimals of a unit-less value whose metric declares none. */
const DECIMALS_DEFAULT = 3;

/**
 * A value with the digits of its metric, grouped as the viewer's language does. All digits of a long integer part are
 * kept (ECMA-402 formats a decimal text exactly); a mean is rounded to the metric's decimals, for reading.
 */
export function formatValue(value: Exact | null | undefined, decimals: number | null, locale?: string): string {
  if (value === null || value === undefined) return NOTHING;
  return formatterOf(decimals ?? DECIMALS_DEFAULT, decimals === null ? 0 : decimals, locale).format(
    value as Intl.StringNumericLiteral,
  );
}

/** As formatValue with at most three significant decimals, for figures that are read from afar. */
export function formatLarge(value: Exact | null | undefined, decimals: number | null, locale?: string): string {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(Number(value));
  const room = size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  const shown = Math.min(room, decimals ?? DECIMALS_DEFAULT);
  return formatterOf(shown, shown, locale).format(value as Intl.StringNumericLiteral);
}

/** A number of things. */
export function formatCount(value: Exact, locale?: string): string {
  return formatterOf(0, 0, locale).format(value as Intl.StringNumericLiteral);
}

const formatters = new Map<string, Intl.NumberFormat>();

/** Making a formatter costs more than a hundred uses of it. There are as many as decimals, so none is let go. */
function formatterOf(
  maximumFractionDigits: number,
  minimumFractionDigits: number,
  locale: string | undefined,
): Intl.NumberFormat {
  const key = `${maximumFractionDigits} ${minimumFractionDigits} ${locale ?? ''}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatters.set(key, (formatter = new Intl.NumberFormat(locale, { maximumFractionDigits, minimumFractionDigits })));
  }
  return formatter;
}
