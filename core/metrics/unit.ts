/** What so many of a unit come to over time: in another unit, of which one comes in `perMs` of one of the first. */
export interface AmountUnit {
  readonly unit: string;
  readonly perMs: number;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** A quotient by time, such as m³/h, l/min or kWh/d: over time it comes to what stands above the line. */
const QUOTIENT = /^(.*\S)\s*\/\s*(s|sec|min|h|hr|d|day)$/u;

const TIMES_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  sec: SECOND_MS,
  min: 60_000,
  h: HOUR_MS,
  hr: HOUR_MS,
  d: 24 * HOUR_MS,
  day: 24 * HOUR_MS,
};

/** Powers and currents with the prefixes that are in use. They are metered by the hour: kW in kWh, A in Ah. */
const BY_THE_HOUR = /^[mkMGT]?(?:W|VA|var|VAr|A)$/u;

/** The unit in which people tell what a rate comes to over time; undefined where the unit is that of no rate known here. */
export function amountUnit(unit: string): AmountUnit | undefined {
  const [, above, time] = QUOTIENT.exec(unit) ?? [];
  if (above !== undefined && time !== undefined) return { unit: above, perMs: TIMES_MS[time]! };
  return BY_THE_HOUR.test(unit) ? { unit: `${unit}h`, perMs: HOUR_MS } : undefined;
}

/** The unit of a value times seconds. */
export function secondsOf(unit: string): string {
  return `${factor(unit)}·s`;
}

/** The unit of a value times itself. */
export function squareOf(unit: string): string {
  return `${factor(unit)}²`;
}

/** A unit that can stand in a product: what isn't one word of letters is put in brackets. */
function factor(unit: string): string {
  return /^[\p{L}%°Ω]+$/u.test(unit) ? unit : `(${unit})`;
}
