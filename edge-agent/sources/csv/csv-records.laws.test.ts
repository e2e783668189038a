import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BROKEN, INCOMPLETE } from '../records/record-format.ts';
import { CsvRecords } from './csv-records.ts';

/** Text of the characters that matter, so that they meet in every order. */
const csvText = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'bc', '1.5', 'é', '') },
      { weight: 4, arbitrary: fc.constantFrom(',', '\n', '\r\n', '"', ' ') },
      { weight: 1, arbitrary: fc.constantFrom('#', '\n#,"', '\uFEFF', '\na,bc\r\n', '\n"a" , bc', '\n\uFEFFa,bc\n') },
      { weight: 1, arbitrary: fc.constantFrom('""', '\r', '",', ',"', '"\n', '"a""b"', '"x\ny"', '"a""b","c""d"') },
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

type Outcome = readonly string[] | 'broken' | 'blank';

interface Columns {
  readonly count: number;
  readonly lastIsOptional: boolean;
  readonly comment: string | undefined;
}

/** What stands on top of the columns, where rows may repeat it. */
const HEADING = ['a', 'bc'];

/** RFC 4180 and our kindnesses beyond it, by regular expressions on a string. */
function slowly(text: string, from: number, oneLine: boolean, columns: Columns): { outcome: Outcome; next: number } {
  const fields: string[] = [];
  const begin = text[from] === '\uFEFF' ? from + 1 : from;
  if (columns.comment !== undefined && text.startsWith(columns.comment, begin))
    return { outcome: 'blank', next: /[^\n]*\n?/y[Symbol.match](text.slice(from))![0].length + from };
  let at = begin;
  for (;;) {
    const quoted = / *"((?:[^"]|"")*)" *(?=,|\r?\n|\r?$)/y;
    const opened = / *"/y;
    const plain = /[^,\n]*/y;
    quoted.lastIndex = opened.lastIndex = plain.lastIndex = at;
    if (opened.test(text)) {
      const match = quoted.exec(text);
      if (match === null || (oneLine && match[1]!.includes('\n'))) return { outcome: 'broken', next: at };
      fields.push(trim(match[1]!.replaceAll('""', '"')));
      at = quoted.lastIndex;
      if (text[at] === '\r' && (text[at + 1] === '\n' || at + 1 === text.length)) at++;
    } else {
      let field = plain.exec(text)![0];
      at += field.length;
      if (text[at] !== ',') field = field.replace(/\r$/, '');
      fields.push(trim(field));
    }
    if (text[at] !== ',') break;
    at++;
  }
  const line = text.slice(begin, at).replace(/\r$/, '');
  if (fields.length === columns.count + 1 && fields.at(-1) === '') fields.pop();
  else if (fields.length === columns.count - 1 && columns.lastIsOptional) fields.push('');
  const isHeading = columns.count === HEADING.length && JSON.stringify(fields) === JSON.stringify(HEADING);
  const outcome = /^[ ,]*$/.test(line) || isHeading ? 'blank' : fields;
  return { outcome, next: Math.min(at + 1, text.length) };
}

function trim(field: string): string {
  return field.replaceAll(/^ +| +$/g, '');
}

function read(format: CsvRecords, bytes: Uint8Array): Outcome {
  if (format.blank) return 'blank';
  const { count, starts, ends } = format.fields;
  return Array.from({ length: count }, (_, i) =>
    i < starts.length
      ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(starts[i], ends[i]))
      : 'not kept',
  );
}

function load(text: string): { bytes: Uint8Array; to: number } {
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(2 * encoded.length + 1);
  bytes.set(encoded);
  return { bytes, to: encoded.length };
}

const COLUMNS = 64;
const columnsOf = fc.record({
  count: fc.constantFrom(1, 2, 3, COLUMNS),
  lastIsOptional: fc.boolean(),
  comment: fc.constantFrom('#', undefined),
});

describe('CSV records', () => {
  it('are taken apart as the slow reader does, each where the one before ended', () => {
    fc.assert(
      fc.property(csvText, fc.boolean(), columnsOf, (text, oneLine, columns) => {
        const format = new CsvRecords(',', columns.count, {
          ...columns,
          heading: columns.count === HEADING.length ? HEADING.map((name) => new TextEncoder().encode(name)) : [],
        });
        const { bytes, to } = load(text);
        const indexOf = (textIndex: number): number => new TextEncoder().encode(text.slice(0, textIndex)).length;
        for (let from = 0; from < text.length;) {
          const slow = slowly(text, from, oneLine, columns);
          const end = format.next(bytes, indexOf(from), to, true, oneLine);
          if (slow.outcome === 'broken') {
            expect(end).toBe(BROKEN);
            expect(format.fault).not.toBe('');
            return;
          }
          const { outcome } = slow;
          const kept =
            outcome === 'blank' ? outcome : outcome.map((field, i) => (i < columns.count ? field : 'not kept'));
          expect(read(format, bytes)).toEqual(kept);
          expect(end).toBe(indexOf(slow.next));
          expect(format.lineEnds).toBe(text.slice(from, slow.next).split('\n').length - 1);
          from = slow.next;
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('are the same however many of their bytes were loaded before', () => {
    fc.assert(
      fc.property(csvText, fc.nat({ max: 40 }), (text, cut) => {
        const { bytes, to } = load(text);
        fc.pre(to > 0);
        const whole = new CsvRecords(',', COLUMNS);
        const end = whole.next(bytes, 0, to, true, false);
        const part = new CsvRecords(',', COLUMNS);
        const torn = bytes.slice();
        const early = part.next(torn, 0, Math.min(cut, to), false, false);
        if (early === INCOMPLETE) return;
        expect(early).toBe(end);
        if (end === BROKEN) expect([part.brokenAt, part.fault]).toEqual([whole.brokenAt, whole.fault]);
        else expect(read(part, torn)).toEqual(read(whole, bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it('write nothing but behind the data', () => {
    fc.assert(
      fc.property(csvText, (text) => {
        const { bytes, to } = load(text);
        fc.pre(to > 0);
        new CsvRecords(',', COLUMNS).next(bytes, 0, to, true, false);
        expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, to))).toBe(text);
      }),
    );
  });
});
