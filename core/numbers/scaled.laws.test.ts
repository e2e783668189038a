import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECIMALS_MAX, formatScaled, lastScaledFault, parseScaled, SCALED_MAX, scaledFromNumber } from './scaled.ts';

/** The slow obvious version: digits · 10^(exponent + decimals) as an exact fraction, rounded half to even. */
function oracle(digits: bigint, exponent: number, decimals: number, round: boolean): number | string {
  const shift = exponent + decimals;
  let scaled: bigint;
  if (shift >= 0) {
    scaled = digits * 10n ** BigInt(shift);
  } else {
    const unit = 10n ** BigInt(-shift);
    const magnitude = digits < 0n ? -digits : digits;
    const floor = magnitude / unit;
    const twice = 2n * (magnitude % unit);
    if (twice !== 0n && !round && floor <= BigInt(SCALED_MAX)) return 'too-many-decimals';
    const up = twice > unit || (twice === unit && floor % 2n === 1n);
    scaled = (up ? floor + 1n : floor) * (digits < 0n ? -1n : 1n);
  }
  const limit = BigInt(SCALED_MAX);
  return scaled > limit || scaled < -limit ? 'out-of-range' : Number(scaled);
}

function outcome(scaled: number): number | string {
  return Number.isNaN(scaled) ? lastScaledFault() : scaled;
}

/** Texts with a point anywhere among their digits and now and then an exponent; many of them ties or near the border. */
const decimalText = fc
  .record({
    negative: fc.boolean(),
    digits: fc.oneof(
      fc.stringMatching(/^[0-9]{1,30}$/),
      fc.stringMatching(/^[0-9]{1,12}50*$/),
      fc.bigInt({ min: 2n ** 53n - 60n, max: 2n ** 53n + 60n }).map(String),
      fc.bigInt({ min: (2n ** 53n - 10n) * 100n, max: (2n ** 53n + 10n) * 100n }).map(String),
    ),
    pointShare: fc.double({ min: 0, max: 1, noNaN: true }),
    exponent: fc.option(fc.integer({ min: -40, max: 40 })),
    sign: fc.constantFrom('', '+'),
  })
  .map(({ negative, digits, pointShare, exponent, sign }) => {
    const pointAt = Math.round(pointShare * digits.length);
    const whole = `${digits.slice(0, pointAt)}.${digits.slice(pointAt)}`;
    const tail = exponent === null ? '' : `e${exponent < 0 ? exponent : sign + String(exponent)}`;
    return {
      text: (negative ? '-' : sign) + whole + tail,
      digits: BigInt(digits) * (negative ? -1n : 1n),
      exponent: (exponent ?? 0) - (digits.length - pointAt),
    };
  });

const decimals = fc.integer({ min: 0, max: DECIMALS_MAX });

describe('laws of scaled integers', () => {
  it('text is read as exact decimal arithmetic reads it', () => {
    fc.assert(
      fc.property(decimalText, decimals, fc.boolean(), (written, places, round) => {
        const scaled = parseScaled(written.text, places, round ? 'round' : 'refuse');
        expect(outcome(scaled)).toBe(oracle(written.digits, written.exponent, places, round));
      }),
      { numRuns: 3_000 },
    );
  });

  it('printing and reading is the identity', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), decimals, (scaled, places) => {
        expect(parseScaled(formatScaled(scaled, places), places, 'refuse')).toBe(scaled);
        expect(JSON.parse(formatScaled(scaled, 0))).toBe(scaled);
      }),
    );
  });

  it('printed text has no superfluous digit and is the exact value', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 160n), 2n ** 160n), decimals, (value, places) => {
        const text = formatScaled(value, places);
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        const [whole, fraction = ''] = text.replace('-', '').split('.');
        const magnitude = BigInt(whole! + fraction.padEnd(places, '0'));
        expect(text.startsWith('-') ? -magnitude : magnitude).toBe(value);
      }),
    );
  });

  it('a double is read as its shortest text', () => {
    const doubles = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: -1e7, max: 1e7, noNaN: true }),
      fc.tuple(fc.maxSafeInteger(), decimals).map(([n, places]) => n / 10 ** places),
      fc.tuple(fc.integer(), decimals).map(([n, places]) => n / 10 ** places),
    );
    fc.assert(
      fc.property(doubles, decimals, fc.constantFrom('round' as const, 'refuse' as const), (value, places, excess) => {
        const scaled = outcome(scaledFromNumber(value, places, excess));
        expect(scaled).toBe(outcome(parseScaled(String(value), places, excess)));
      }),
      { numRuns: 3_000 },
    );
  });

  it('any text is a safe integer or a named fault', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.eE0-9]{0,12}$/)), decimals, (text, places) => {
        const scaled = parseScaled(text, places, 'round');
        const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
        if (Number.isNaN(scaled)) expect(lastScaledFault() === 'not-a-number').toBe(!isNumber);
        else expect(isNumber && Number.isSafeInteger(scaled) && !Object.is(scaled, -0)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
