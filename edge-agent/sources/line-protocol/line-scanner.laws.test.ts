import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pointOf, type OraclePoint, type OracleValue } from './lines.oracle.ts';
import { scanAll } from './scanned-points.fixtures.ts';

/** What the scanner has to look at, in every order. */
const NAMES = [
  'm',
  'cpu',
  'a b',
  ',',
  '=',
  ' ',
  '  ',
  '\\',
  '\\\\',
  '"',
  '\\"',
  '\\ ',
  '\\,',
  '\\=',
  '\t',
  '\r',
  '#',
  'é',
];
const VALUES = [
  '1',
  '-',
  '.',
  '5',
  'e',
  'E+',
  'i',
  'u',
  't',
  'true',
  'False',
  'f=1',
  'f="x"',
  ' f=1',
  'NaN',
  '+',
  '0x1',
];
const INTEGERS = ['9223372036854775807i', '9223372036854775808i', '18446744073709551616u'];
const TIMES = ['1700000000000000000', ' 1', ' -5'];
const anyPiece = fc.constantFrom(...NAMES, ...VALUES, ...INTEGERS, ...TIMES);
const anyLine = fc.array(anyPiece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const anyNearLine = fc
  .tuple(fc.constantFrom('m', 'm,a=b', 'c\\ d,x\\,y=z\\=', 'm\\'), anyLine, fc.constantFrom('', ' 1', '\r', ' 12 \r'))
  .map(([head, middle, tail]) => `${head} f=1,${middle}=2${tail}`);

/** A line in itself, as a request would hold it: not empty, no comment. */
const isLine = (line: string): boolean => !/^[ \t]*(?:#|\r?$)/.test(line);

const blanksOff = (line: string): string => line.replace(/^[ \t]+/, '');

describe('the scanner of lines', () => {
  it('takes a line for what the reference says it is', () => {
    fc.assert(
      fc.property(fc.oneof(anyLine, anyNearLine).filter(isLine), (line) => {
        const [scanned, ...more] = scanAll(line);
        expect(more).toEqual([]);
        expect(scanned!.point).toEqual(pointOf(blanksOff(line)));
      }),
      { numRuns: 5_000 },
    );
  });

  it('gives back what was written with every escape there is', () => {
    const anyName = fc
      .string({ unit: fc.constantFrom('a', 'B', ' ', ',', '=', '"', '#', 'ü', '表'), minLength: 1 })
      .filter((name) => !/^[ \t#]/.test(name));
    const anyValue = fc.oneof(
      fc
        .string({ unit: fc.constantFrom('a', '"', '\\', '\n', ' ', ',', '=', 'é') })
        .map((text) => value('string', text)),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((whole) => value('number', String(whole))),
      fc.boolean().map((isTrue): OracleValue => ({ kind: 'boolean', isTrue })),
    );
    const anyPoint = fc.record({
      measurement: anyName,
      tags: fc.array(fc.tuple(anyName, anyName), { maxLength: 4 }),
      fields: fc.array(fc.tuple(anyName, anyValue), { minLength: 1, maxLength: 4 }),
      time: fc.option(fc.bigInt(-(2n ** 62n), 2n ** 62n).map(String), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(anyPoint, { maxLength: 5 }),
        fc.constantFrom('\n', '\r\n', '\n\n# none\n  \n'),
        (points, end) => {
          const scanned = scanAll(points.map((point) => written(point) + end).join(''));
          expect(scanned.map(({ point }) => point)).toEqual(points);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('goes on behind a line that is none, and numbers lines as an editor does', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'm\\',
            'm,a=b\\',
            'm f=1 5',
            'm',
            '',
            '# c',
            'm f="a\nb" 5',
            'm f=x',
            ',',
            'm,a f=1',
            'm f="1',
          ),
          {
            maxLength: 9,
          },
        ),
        (lines) => {
          // A quote that nobody closes may be closed by a later line's; the last line has none behind it.
          const whole = lines.filter((line, i) => line !== 'm f="1' || i === lines.length - 1);
          const expected: [number, boolean][] = [];
          let number = 1;
          for (const line of whole) {
            if (isLine(line)) expected.push([number, /^m f=(?:1|"a\nb") 5$/.test(line)]);
            number += line.split('\n').length;
          }
          const scanned = scanAll(whole.join('\n'));
          expect(scanned.map(({ line, point }) => [line, point !== null])).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

function value(kind: 'number' | 'string', text: string): OracleValue {
  return { kind, text };
}

/** A point in the line protocol, each name and text escaped as the reference says. */
function written({ measurement, tags, fields, time }: OraclePoint): string {
  const name = (text: string): string => text.replaceAll(/[,= ]/g, String.raw`\$&`);
  const head = [
    measurement.replaceAll(/[, ]/g, String.raw`\$&`),
    ...tags.map(([key, text]) => `${name(key)}=${name(text)}`),
  ];
  const told = fields.map(([key, given]) => `${name(key)}=${writtenValue(given)}`);
  return `${head.join(',')} ${told.join(',')}${time === undefined ? '' : ` ${time}`}`;
}

function writtenValue(given: OracleValue): string {
  if (given.kind === 'boolean') return String(given.isTrue);
  return given.kind === 'number' ? `${given.text}i` : `"${given.text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
