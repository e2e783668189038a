import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFactor } from '#core/numbers/factor.ts';
import { parseScaled } from '#core/numbers/scaled.ts';
import { FieldTable } from './key-table.ts';
import type { NumberMarks } from './number-text.ts';
import { type ValueRule, ValueText } from './value-text.ts';

const encoder = new TextEncoder();

/** What a rule makes of a value, and of the factor in a column beside it: the scaled value, or the fault. */
function read(
  text: string,
  marks: NumberMarks,
  { units, ...rule }: Partial<Omit<ValueRule, 'units'>> & { readonly units?: Readonly<Record<string, string>> } = {},
  factor = '',
): number | string {
  const fields = new FieldTable(2);
  const bytes = encoder.encode(text + factor);
  const split = encoder.encode(text).length;
  fields.starts.set([0, split]);
  fields.ends.set([split, bytes.length]);
  const value = new ValueText(
    {
      decimals: 3,
      excess: 'round',
      scale: null,
      ...rule,
      units: units === undefined ? null : new Map(Object.entries(units).map(([name, by]) => [name, parseFactor(by)!])),
    },
    marks,
  );
  const scaled = value.parse(bytes, 0, split, fields);
  return Number.isNaN(scaled) ? value.fault(bytes, 0, split, fields) : scaled;
}

const marks = fc
  .record({
    decimal: fc.constantFrom('.' as const, ',' as const),
    thousands: fc.constantFrom('.', ',', "'", ' ', undefined),
  })
  .filter(({ decimal, thousands }) => decimal !== thousands) as fc.Arbitrary<NumberMarks>;

const SPACES = [' ', '\u00a0', '\u202f'];

describe('laws of written numbers', () => {
  it('a number means the same with whatever marks it is written', () => {
    fc.assert(
      fc.property(
        marks,
        fc.bigInt({ min: 0n, max: 10n ** 10n }),
        fc.stringMatching(/^[0-9]{0,6}$/),
        fc.constantFrom(['', ''], ['-', ''], ['+', ''], ['\u2212', ''], ['\u2013', ''], ['', '-']),
        fc.constantFrom('', 'e2', 'E-3'),
        fc.constantFrom(...SPACES),
        ({ decimal, thousands }, whole, fraction, [before, behind], exponent, space) => {
          const mark = thousands === ' ' ? space : thousands;
          const grouped = mark === undefined ? String(whole) : String(whole).replaceAll(/\B(?=(?:\d{3})+$)/g, mark);
          const tail = (fraction === '' ? '' : decimal + fraction) + exponent;
          const sign = before === '\u2212' || before === '\u2013' || behind === '-' ? '-' : before;
          expect(read(before + grouped + tail + behind, { decimal, thousands })).toBe(
            parseScaled(`${sign}${whole}.${fraction}${exponent}`, 3, 'round'),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('text is a number of some marks only where these could have written it', () => {
    // The slow obvious version: the whole grammar as one expression, the plain number by taking the marks out.
    fc.assert(
      fc.property(marks, fc.stringMatching(/^-?[0-9.,' ]{0,8}[0-9.,]$/), (given, text) => {
        const mark = given.thousands === undefined ? '(?!)' : `[${given.thousands}]`;
        const grammar = new RegExp(`^-?(\\d*|[1-9]\\d{0,2}(${mark}\\d{2,3})*${mark}\\d{3})(\\${given.decimal}\\d*)?$`);
        const plain = text.replaceAll(given.thousands ?? '', '').replace(given.decimal, '.');
        const isNumber = grammar.test(text) && /\d/.test(text);
        const got = read(text, given);
        if (isNumber) expect(got).toBe(parseScaled(plain, 3, 'round'));
        else expect(got).toMatch(/is not a decimal number/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the value of a rule', () => {
  it('is no number where a decimal mark might be meant by what is said to stand between thousands', () => {
    for (const text of ['0.067', '1.5', '12.34', '1234.567', '.500', '1.234.56'])
      expect(read(text, { decimal: ',', thousands: '.' })).toMatch(/not a decimal number/);
    expect(read('1.234', { decimal: ',' })).toMatch(/say `thousands: "."`/);
    expect(read('12,34,567.5', { decimal: '.', thousands: ',' })).toBe(1_234_567_500);
  });

  it('is told both marks where it has both, and no unit that is none', () => {
    const plain: NumberMarks = { decimal: '.' };
    expect(read('1.234,56', plain)).toMatch(/say `decimal: ","` and `thousands: "."`/);
    expect(read('-1\u202f234\u202f567,8', plain)).toMatch(/say `decimal: ","` and `thousands: " "`/);
    for (const text of ['0x1F', '1_000', '12:30']) expect(read(text, plain)).not.toContain('unit');
  });

  it('has one sign at most, and no sign for a unit', () => {
    for (const text of ['-5-', '+5-', '\u22125-', '-', '\u2212', '5--'])
      expect(read(text, { decimal: ',' })).toMatch(/is not a decimal number(?!.*say `unit)/);
    expect(read('12,5- kWh', { decimal: ',' }, { units: { kWh: '1' } })).toBe(-12_500);
  });

  it('may have its unit behind it, each with a factor of its own', () => {
    const plain: NumberMarks = { decimal: '.' };
    const units = { Wh: '0.001', kWh: '1', MWh: '1000' };
    expect(read('950 Wh', plain, { units })).toBe(950);
    expect(read('1.2kWh', plain, { units })).toBe(1_200);
    expect(read('1.2\u00a0MWh', plain, { units })).toBe(1_200_000);
    expect(read('1.2 GWh', plain, { units })).toBe(
      'value "1.2 GWh" is not in Wh, kWh, MWh; name its unit under `unit`, with its factor',
    );
    expect(read('1.2', plain, { units })).toMatch(/is not in Wh/);
    expect(read('1.2', plain, { units: { '°C': '1', '': '1' } })).toBe(1_200);
    expect(read('21,4 °C', { decimal: ',' }, { units: { '°C': '1', '': '1' } })).toBe(21_400);
  });

  it('is multiplied by the factor of its column, which has the marks of all numbers', () => {
    const scale = { column: 1, name: 'factor' };
    const comma: NumberMarks = { decimal: ',' };
    expect(read('35089902', comma, { scale }, '0,001')).toBe(35_089_902);
    expect(read('7,439', comma, { scale }, '1')).toBe(7_439);
    expect(read('5 Wh', comma, { scale, units: { Wh: '1/1000' } }, '10')).toBe(50);
    expect(read('1', comma, { scale }, '')).toBe('its factor in column "factor" is "", which is no number');
    expect(read('1', comma, { scale }, '1.0')).toMatch(/is "1.0", which is no number/);
  });

  it('says what would make a number of what is none', () => {
    const plain: NumberMarks = { decimal: '.' };
    for (const [text, remedy] of [
      ['0,067', 'decimal: ","'],
      ['-1,5', 'decimal: ","'],
      ['1 234.5', 'thousands: " "'],
      ["12'345", 'thousands: "\'"'],
      ['1,234.5', 'thousands: ","'],
      ['1.234 kWh', 'unit: kWh'],
      ['21.4°C', 'unit: °C'],
      ['1\ufffd234', 'encoding: windows-1252'],
      ['n/a', '`missing`'],
    ] as const)
      expect(read(text, { decimal: plain.decimal })).toContain(remedy);
  });
});

describe('a value that is no number', () => {
  it('is told with the key that would read it, and with the marks that it is looked at with', () => {
    const plain = { decimal: '.', thousands: undefined } as const;
    const comma = { decimal: ',', thousands: '.' } as const;
    for (const [text, marks, remedy] of [
      ['much', plain, "write digits with '.' as the decimal mark, or name it under `missing`"],
      ['much', comma, 'with "," as its decimal mark and "." between thousands; name it under `missing`'],
      ['much', { ...comma, thousands: undefined }, 'with "," as its decimal mark; name it under `missing`'],
      ['0,067', plain, 'say `decimal: ","`'],
      ['1 234.5', plain, 'say `thousands: " "`'],
      ['12 kWh', plain, 'say `unit: kWh`'],
      ['1\ufffd2', plain, 'say how the file is written, as in `encoding: windows-1252`'],
    ] as const) {
      expect(read(text, marks)).toContain(remedy);
    }
  });
});
