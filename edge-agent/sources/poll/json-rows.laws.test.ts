import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeJsonRows } from './json-rows.ts';
import { PollError } from './poll-error.ts';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** The rows and the rest, as their parser sees them. */
function taken(text: string, path?: string, receivedMs?: number) {
  const { bytes, end, count, rest } = takeJsonRows(bytesOf(text), path, { receivedMs });
  const lines = Buffer.from(bytes.subarray(0, end)).toString().split('\n').slice(0, -1);
  expect(lines).toHaveLength(count);
  return { rows: lines.map((line) => JSON.parse(line) as unknown), rest };
}

/** JSON as some writer may lay it out: on one line or indented, with texts that look like brackets. */
const value = fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });
const layout = fc.constantFrom(undefined, 1, '\t');
const name = fc.constantFrom('a', 'b', 'rows', '"', ']', '}', '\\', 'é');

describe('rows in JSON', () => {
  it('are those that a parser finds at their path, and the rest is the answer without them', () => {
    fc.assert(
      fc.property(
        fc.array(value),
        fc.dictionary(name, value),
        fc.dictionary(name, value),
        layout,
        (rows, before, after, space) => {
          const answer = { ...before, data: { ...before, list: rows, ...after }, z: 1 };
          const { rows: found, rest } = taken(JSON.stringify(answer, null, space), 'data.list');
          expect(found).toEqual(JSON.parse(JSON.stringify(rows)));
          expect(rest).toEqual(JSON.parse(JSON.stringify({ ...answer, data: { ...answer.data, list: null } })));
        },
      ),
    );
  });

  it('are the elements of the answer itself where no path is named, or the one object that it is', () => {
    fc.assert(
      fc.property(fc.array(value), layout, (rows, space) => {
        expect(taken(JSON.stringify(rows, null, space)).rows).toEqual(JSON.parse(JSON.stringify(rows)));
      }),
    );
    expect(taken(' {"a":[1]} ').rows).toEqual([{ a: [1] }]);
    expect(taken('{"a":null}', 'a').rows).toEqual([]);
    expect(taken('{"a":[[{"b":1}],[{"b":2}]]}', 'a.1').rows).toEqual([{ b: 2 }]);
  });

  it('are the elements at one place of columns, and the fields of an object that are named by their times', () => {
    const columns = { time: ['t'], all: ['t', 'v', 'w.x'] };
    const row = fc.record({ t: value, v: value, x: value });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), layout, (rows, space) => {
        const held = { t: rows.map(({ t }) => t), v: rows.map(({ v }) => v), w: { x: rows.map(({ x }) => x) } };
        const text = JSON.stringify({ u: 1, held }, null, space);
        const { bytes, end, count } = takeJsonRows(bytesOf(text), 'held', { columns });
        const lines = Buffer.from(bytes.subarray(0, end)).toString().split('\n').slice(0, count);
        const expected = rows.map(({ t, v, x }) => ({ t, v, 'w.x': x }));
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.constant({}), value)), layout, (fields, space) => {
        fc.pre(!Object.hasOwn(fields, 'key'));
        const text = JSON.stringify(fields, null, space);
        const { bytes, end, count } = takeJsonRows(bytesOf(text), undefined, {
          columns: { time: ['key'], all: ['key', 'value'] },
        });
        const lines = Buffer.from(bytes.subarray(0, end)).toString().split('\n').slice(0, count);
        const expected = Object.entries(fields).map(([key, each]) => {
          const isObject = typeof each === 'object' && each !== null && !Array.isArray(each);
          return isObject ? { key, ...each } : { key, value: each };
        });
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });

  it('get the time of receipt as a field of their own', () => {
    expect(taken('[{}, { } ,{"a":1},{"a":{"":2}\n}, 3]', undefined, 17).rows).toEqual([
      { '': 17 },
      { '': 17 },
      { a: 1, '': 17 },
      { a: { '': 2 }, '': 17 },
      3,
    ]);
  });

  it('are not taken out of an answer that ends too early, wherever that is', () => {
    const answer = '{"total": 2, "records": [{"a": "x\\"]"}, {"a": [1.5, null]}], "next": "/?page=2"}';
    for (let end = 1; end < answer.length; end++) {
      const cut = (): unknown => takeJsonRows(bytesOf(answer.slice(0, end)), 'records');
      expect(cut).toThrow(PollError);
      expect(cut).toThrow('ends in the middle');
    }
    expect(taken(answer, 'records')).toEqual({
      rows: [{ a: 'x"]' }, { a: [1.5, null] }],
      rest: { total: 2, records: null, next: '/?page=2' },
    });
  });

  it('are refused where there are none', () => {
    for (const [text, path, why] of [
      ['{"a": 5}', 'a', 'is neither an array nor an object'],
      ['"text"', undefined, 'is neither an array nor an object'],
      ['{"value": [], "a": {"list": []}}', 'valeu', 'did you mean value?'],
      ['{"a": {"list": []}}', 'rows', 'it has a.list'],
      ['[1]', 'rows', 'leave `rows` out'],
      ['<html>', 'rows', 'is not JSON'],
      ['[1] x', undefined, 'is not JSON'],
      ['[1 2]', undefined, 'is not JSON'],
      ['{"a" [1]}', 'a', 'is not JSON'],
      ['{a: [1]}', 'a', 'is not JSON'],
    ] as const) {
      expect(() => takeJsonRows(bytesOf(text), path)).toThrow(why);
    }
  });
});
