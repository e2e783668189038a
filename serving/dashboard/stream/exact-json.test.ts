import { describe, expect, it } from 'vitest';
import { parseExactJson } from './exact-json.ts';

describe('JSON of the server', () => {
  it('keeps the digits that a double would lose', () => {
    expect(parseExactJson('{"sum":123456789012345678901.234}')).toStrictEqual({ sum: '123456789012345678901.234' });
    expect(parseExactJson('[9007199254740993, -9007199254740993]')).toStrictEqual([
      '9007199254740993',
      '-9007199254740993',
    ]);
  });

  it('gives numbers where a double holds all that was written', () => {
    expect(parseExactJson('{"count":1440,"mean":0.5875965277777778,"min":-0.5,"none":null}')).toStrictEqual({
      count: 1440,
      mean: 0.5875965277777778,
      min: -0.5,
      none: null,
    });
  });

  it('keeps a trailing zero, which says how exact a value is', () => {
    expect(parseExactJson('[1.50, 0.000]')).toStrictEqual(['1.50', '0.000']);
  });

  it('leaves texts alone that look like numbers', () => {
    expect(parseExactJson('{"region":"007"}')).toStrictEqual({ region: '007' });
  });
});
