import type { Figure } from '../measure.ts';

const DIGITS = 3;

/** A figure for people: three digits, or what a number of less than a thousand has; millions as M. */
export function figureText({ value, unit }: Pick<Figure, 'value' | 'unit'>): string {
  return `${numberText(value)} ${unit === 'bytes/reading' ? 'bytes a reading' : unit}`;
}

export function numberText(value: number): string {
  if (value >= 1e6) return `${rounded(value / 1e6)} M`;
  return value >= 1_000 ? rounded(value).toLocaleString('en') : String(rounded(value));
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
