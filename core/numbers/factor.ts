import { finishScaled, refuseScaled, SCALED_MAX, type ExcessRule } from './scaled.ts';

/** What values are multiplied by, exactly: a fraction with a denominator above 0. */
export interface Factor {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The longest text of a factor or of a number that is multiplied by one. */
export const FACTORED_CHARS_MAX = 128;

/** Exponents beyond this are nobody's unit; the bound keeps powers of ten small. */
const EXPONENT_MAX = 400;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;

/** The decimal that a text is (the grammar of `parseScaledBytes`), as a fraction; null for a text that is none. */
function parseDecimal(text: string): Factor | null {
  const read = text.length <= FACTORED_CHARS_MAX ? DECIMAL.exec(text) : null;
  if (read === null) return null;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = read;
  const exponent = Number(exponentText) - fraction.length;
  if (whole === '' && fraction === '') return null;
  if (exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX) return null;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  return exponent < 0
    ? { numerator: digits, denominator: 10n ** BigInt(-exponent) }
    : { numerator: digits * 10n ** BigInt(exponent), denominator: 1n };
}

/** The factor that a text is: a decimal (`0.001`, `1e3`), or two of them with a stroke between (`1/1000`); else null. */
export function parseFactor(text: string): Factor | null {
  const [over = '', under = '1', ...more] = text.split('/');
  const [a, b] = [parseDecimal(over), parseDecimal(under)];
  if (a === null || b === null || b.numerator === 0n || more.length > 0) return null;
  return lowest(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** Both factors in one. */
export function timesFactor(a: Factor, b: Factor): Factor {
  return lowest(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** The factor in lowest terms. */
function lowest(numerator: bigint, denominator: bigint): Factor {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  const sign = denominator < 0n ? -a : a;
  return { numerator: numerator / sign, denominator: denominator / sign };
}

/** Digits of a number up to which its product is taken in doubles, where these are exact. */
const DIGITS_MAX = 15;

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

const decoder = new TextDecoder('latin1');

/**
 * Multiplies decimal text by a factor, exactly, and gives the product as a scaled integer: what lies behind its last
 * decimal is rounded half to even, or refused, as it is by `parseScaledBytes`.
 */
export class ScaledProduct {
  readonly #factor: Factor;
  readonly #decimals: number;
  readonly #isNegative: boolean;
  /** By the fraction digits of the text: what its digits are multiplied and divided by, 0 where doubles don't hold it. */
  readonly #times = new Float64Array(DIGITS_MAX + 1);
  readonly #over = new Float64Array(DIGITS_MAX + 1);

  constructor(factor: Factor, decimals: number) {
    this.#factor = factor;
    this.#decimals = decimals;
    this.#isNegative = factor.numerator < 0n;
    const scaled = (this.#isNegative ? -factor.numerator : factor.numerator) * 10n ** BigInt(decimals);
    for (let digits = 0; digits <= DIGITS_MAX; digits++) {
      const { numerator, denominator } = lowest(scaled, factor.denominator * 10n ** BigInt(digits));
      if (numerator > SCALED_MAX || denominator > SCALED_MAX) continue;
      this.#times[digits] = Number(numerator);
      this.#over[digits] = Number(denominator);
    }
  }

  /** The product of the number in `bytes[start, end)`, or NaN: then `lastScaledFault` says why. */
  parse(bytes: Uint8Array, start: number, end: number, excess: ExcessRule): number {
    let at = start;
    const sign = at < end ? bytes[at] : 0;
    if (sign === MINUS || sign === PLUS) at++;
    let magnitude = 0;
    let digits = 0;
    let fractionAt = -1;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit >= 0 && digit <= 9) {
        magnitude = magnitude * 10 + digit;
        digits++;
      } else if (bytes[at] === POINT && fractionAt < 0) fractionAt = at + 1;
      else break;
    }
    const fractionDigits = fractionAt < 0 ? 0 : at - fractionAt;
    const isShort = at === end && digits > 0 && digits <= DIGITS_MAX;
    const over = isShort ? this.#over[fractionDigits]! : 0;
    const product = isShort ? magnitude * this.#times[fractionDigits]! : 0;
    if (over === 0 || product > SCALED_MAX) return this.#parseLong(bytes, start, end, excess);
    const rest = product % over;
    const isNegative = this.#isNegative !== (sign === MINUS);
    return finishScaled((product - rest) / over, firstDigit(rest, over - rest), 0, isNegative, excess);
  }

  #parseLong(bytes: Uint8Array, start: number, end: number, excess: ExcessRule): number {
    const number = end - start > FACTORED_CHARS_MAX ? null : parseDecimal(decoder.decode(bytes.subarray(start, end)));
    if (number === null) return refuseScaled('not-a-number');
    const signed = number.numerator * this.#factor.numerator * 10n ** BigInt(this.#decimals);
    const over = number.denominator * this.#factor.denominator;
    const product = signed < 0n ? -signed : signed;
    const rest = product % over;
    if (product / over > SCALED_MAX) return refuseScaled('out-of-range');
    return finishScaled(Number(product / over), firstDigit(rest, over - rest), 0, signed < 0n, excess);
  }
}

/** A digit that is rounded as a rest is: all that rounding asks is how the rest compares with what it lacks to one more. */
function firstDigit(rest: number | bigint, lacking: number | bigint): number {
  if (rest === 0 || rest === 0n) return 0;
  return rest > lacking ? 9 : rest === lacking ? 5 : 1;
}
