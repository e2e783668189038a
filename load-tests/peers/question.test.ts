import { describe, expect, it } from 'vitest';
import { answerKey, checkAnswer, type TrueAnswer } from './question.ts';

const truth: TrueAnswer = new Map([
  [answerKey('a', 0), [2, 3_000, 1_000, 2_000]],
  [answerKey('b', 0), [1, 100, 100, 100]],
]);
const right = [
  { group: 'a', startMs: 0, values: ['2', '3', '1', '2.000'] },
  { group: 'b', startMs: 0, values: ['1', '0.1', '0.1', '0.1'] },
];

describe('checking an answer', () => {
  it('takes numbers in whatever way they are written', () => {
    expect(checkAnswer(truth, right, 3)).toEqual({ rows: 2, different: 0, example: undefined, inexact: 0 });
  });

  it('tells a number that is right only once it is rounded', () => {
    const rows = [right[0]!, { ...right[1]!, values: ['1', '0.10000000000000002', '0.1', '0.1'] }];
    expect(checkAnswer(truth, rows, 3)).toMatchObject({ different: 0, inexact: 1 });
  });

  it.each([
    ['a row that is missing', [right[0]!], 'b 0 is missing'],
    ['a row that is told twice', [...right, right[0]!], 'a 0 is told twice'],
    ['a row that nobody asked for', [...right, { ...right[0]!, startMs: 60_000 }], 'a 60000 is not asked for'],
    ['another count', [{ ...right[0]!, values: ['1', '3', '1', '2'] }, right[1]!], 'a 0 is 1 3 1 2, not 2 3 1 2'],
    [
      'a sum that is off',
      [{ ...right[0]!, values: ['2', '3.001', '1', '2'] }, right[1]!],
      'a 0 is 2 3.001 1 2, not 2 3 1 2',
    ],
    ['a number that is none', [{ ...right[0]!, values: ['2', '', '1', '2'] }, right[1]!], 'a 0 is 2  1 2, not 2 3 1 2'],
  ])('finds %s', (_, rows, example) => {
    expect(checkAnswer(truth, rows, 3)).toMatchObject({ different: 1, example });
  });
});
