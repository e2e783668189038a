import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { civilFromDays, DAY_MS } from '#core/time/civil.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS, InstantError, readInstantText } from '#core/time/instant.ts';
import { IsoTime } from './iso-time.ts';
import { PatternTime } from './pattern-time.ts';
import type { TimeText } from './time-text.ts';
import { UnixTime } from './unix-time.ts';

const instants = fc.integer({ min: INSTANT_MIN_MS, max: INSTANT_MAX_MS });
const two = (n: number): string => String(n).padStart(2, '0');

function parse(time: TimeText, text: string): number {
  // Digits around the text must not be read.
  const bytes = new TextEncoder().encode(`9${text}9`);
  return time.parse(bytes, 1, bytes.length - 1);
}

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
}

function partsOf(atMs: number): Parts {
  const days = Math.floor(atMs / DAY_MS);
  const msOfDay = atMs - days * DAY_MS;
  const seconds = Math.floor(msOfDay / 1_000);
  return {
    ...civilFromDays(days),
    hour: Math.floor(seconds / 3_600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    ms: msOfDay % 1_000,
  };
}

/** Text that is ISO 8601 or nearly: one character of a good one is replaced, or it is cut. */
const nearlyIso = fc
  .tuple(
    instants,
    fc.constantFrom('T', ' ', 't', 'x', ''),
    fc.constantFrom('', ':00', ':59.1', ':07.123', ':07,1230', ':07.1234', ':60', ':07.'),
    fc.constantFrom(
      '',
      'Z',
      'z',
      '+01:00',
      '-0930',
      '+05',
      '+24:00',
      '+1',
      '-01:60',
      ' +02:00',
      ' -0330',
      ' UTC',
      ' z',
      'GMT+02',
      ' ',
    ),
    fc.option(fc.tuple(fc.nat({ max: 30 }), fc.constantFrom('0', '2', '4', '9', '-', ':', ' ', 'T', 'Z', '+')), {
      freq: 2,
    }),
    fc.nat({ max: 40 }),
  )
  .map(([atMs, mark, seconds, offset, changed, length]) => {
    const { year, month, day, hour, minute } = partsOf(atMs);
    const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}${mark}${two(hour)}:${two(minute)}${seconds}${offset}`;
    const cut = text.slice(0, Math.max(10, length));
    return changed === null ? cut : cut.slice(0, changed[0]) + changed[1] + cut.slice(changed[0] + 1);
  });

describe('ISO times', () => {
  it('are read as the slow reader of instants reads them, the same reader used again and again', () => {
    const time = new IsoTime();
    fc.assert(
      fc.property(nearlyIso, (text) => {
        const read = parse(time, text);
        try {
          const expected = readInstantText(text.replace(/ $/, '~'));
          expect(read).toBe(expected.localMs - (expected.offsetMs ?? 0));
          expect(time.local).toBe(expected.offsetMs === undefined);
          expect(time.cut).toBe(expected.cut);
        } catch (error) {
          if (!(error instanceof InstantError)) throw error;
          expect(read).toBeNaN();
          expect(time.fault).not.toBe('');
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

type Writer = (parts: Parts) => string;

const dateFields: readonly (readonly [string, Writer])[] = [
  ['yyyy', ({ year }) => String(year).padStart(4, '0')],
  ['MM', ({ month }) => two(month)],
  ['M', ({ month }) => String(month)],
  ['dd', ({ day }) => two(day)],
  ['d', ({ day }) => String(day)],
];
const timeFields: readonly (readonly [string, Writer])[] = [
  ['HH', ({ hour }) => two(hour)],
  ['H', ({ hour }) => String(hour)],
  ['mm', ({ minute }) => two(minute)],
  ['m', ({ minute }) => String(minute)],
  ['ss', ({ second }) => two(second)],
  ['s', ({ second }) => String(second)],
  ['SSS', ({ ms }) => String(ms).padStart(3, '0')],
  ['SSSSSSSSS', ({ ms }) => `${String(ms).padStart(3, '0')}000000`],
];
const literals = fc.constantFrom('/', '-', ' ', '. ', ':', " 'at' ", "''", "'T'", ' – ');

const patterns = fc
  .record({
    year: fc.constantFrom(dateFields[0]!),
    month: fc.constantFrom(...dateFields.slice(1, 3)),
    day: fc.constantFrom(...dateFields.slice(3, 5)),
    hour: fc.constantFrom(...timeFields.slice(0, 2)),
    minute: fc.constantFrom(...timeFields.slice(2, 4)),
    second: fc.constantFrom(...timeFields.slice(4, 6)),
    fraction: fc.constantFrom(...timeFields.slice(6, 8)),
  })
  .chain(({ year, month, day, hour, minute, second, fraction }) =>
    fc.tuple(
      fc.shuffledSubarray([year, month, day], { minLength: 3, maxLength: 3 }),
      fc.constant([hour, minute, second, fraction]),
      fc.array(literals, { minLength: 7, maxLength: 7 }),
      fc.boolean(),
    ),
  )
  .map(([date, time, marks, dateFirst]) => {
    const fields = dateFirst ? [...date, ...time] : [...time, ...date];
    return {
      pattern: fields.map(([field], i) => field + marks[i]!).join(''),
      write: (parts: Parts): string =>
        fields
          .map(([, writer], i) => writer(parts) + marks[i]!.replaceAll(/'(\w*)'/g, (_, text: string) => text || "'"))
          .join(''),
    };
  });

describe('times in a pattern', () => {
  it('are read as they were written, the same reader used again and again', () => {
    fc.assert(
      fc.property(patterns, fc.array(instants, { minLength: 1, maxLength: 6 }), ({ pattern, write }, some) => {
        const time = new PatternTime(pattern);
        // Twice, so that a date is also read when it is the remembered one.
        for (const atMs of some.flatMap((each) => [each, each])) {
          expect(parse(time, write(partsOf(atMs)))).toBe(atMs);
          expect(time.cut).toBe(false);
        }
      }),
    );
  });

  it('mean the same whatever was read before', () => {
    // So few that dates often differ in one byte, or in how a number is written.
    const texts = fc.stringMatching(/^[0-3]?[12]\/0?[12]\/202[34] [0-2]?[0-9]:[0-6][0-9]$/);
    const used = new PatternTime('d/M/yyyy H:mm');
    fc.assert(
      fc.property(texts, (text) => {
        expect(parse(used, text)).toBe(parse(new PatternTime('d/M/yyyy H:mm'), text));
      }),
    );
  });
});

describe('unix times', () => {
  const PLACES = { s: 3, ms: 0, us: -3, ns: -6 } as const;

  /** A decimal of at most 20 digits with an exponent, as text, and what it is in the 40th part behind the point. */
  const decimals = fc
    .record({
      digits: fc.stringMatching(/^[0-9]{1,20}$/),
      point: fc.nat({ max: 20 }),
      exponent: fc.integer({ min: -12, max: 12 }),
      isNegative: fc.boolean(),
      mark: fc.constantFrom('.', ','),
      letter: fc.constantFrom('e', 'E', 'E+', ''),
    })
    .map(({ digits, point, exponent, isNegative, mark, letter }) => {
      const whole = digits.slice(0, Math.max(1, point));
      const fraction = digits.slice(whole.length);
      const moved = letter === '' ? 0 : letter === 'E+' ? Math.abs(exponent) : exponent;
      const text = whole + (fraction === '' ? '' : mark + fraction) + (letter === '' ? '' : `${letter}${moved}`);
      const exact = BigInt(digits) * 10n ** BigInt(40 - fraction.length + moved);
      return { text: isNegative ? `-${text}` : text, exact: isNegative ? -exact : exact };
    });

  it('are the exact decimal in each unit, finer digits cut toward the past', () => {
    fc.assert(
      fc.property(decimals, fc.constantFrom('s', 'ms', 'us', 'ns'), ({ text, exact }, unit) => {
        const one = 10n ** BigInt(40 - PLACES[unit]);
        const rest = ((exact % one) + one) % one;
        const floor = (exact - rest) / one;
        const time = new UnixTime(unit);
        const read = parse(time, text);
        const magnitude = (exact < 0n ? -exact : exact) / one;
        // Sixteen digits of milliseconds are beyond any calendar.
        if (magnitude >= 10n ** 15n) {
          expect(read).toBeNaN();
          return;
        }
        expect(read).toBe(Number(floor));
        expect(time.cut).toBe(rest !== 0n);
      }),
      { numRuns: 2_000 },
    );
  });
});
