import { describe, expect, it } from 'vitest';
import { readPositionToken, writePositionToken } from './position-token.ts';

function tokenOf(content: unknown): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

describe('a position token', () => {
  it('says run, version, cut and the position of each partition, in one form whatever their order', () => {
    const said = { run: 'r-1', version: 3, cut: [7, 0] };
    const token = writePositionToken({
      ...said,
      positions: new Map([
        [1, 9],
        [0, 12],
      ]),
    });
    expect(token).toBe(
      tokenOf([
        'r-1',
        3,
        [7, 0],
        [
          [0, 12],
          [1, 9],
        ],
      ]),
    );
    expect(readPositionToken(token)).toEqual({
      ...said,
      positions: new Map([
        [0, 12],
        [1, 9],
      ]),
    });
  });

  it('may say that nothing was folded yet', () => {
    const empty = { run: '', version: 0, cut: [], positions: new Map() };
    expect(readPositionToken(writePositionToken(empty))).toEqual(empty);
  });

  it.each([
    ['no JSON', '["r",1,[0],[[0,1]]'],
    ['of a run that is no text', [5, 1, [0], [[0, 1]]]],
    ['without a run', [1, [0], [[0, 1]]]],
    ['null', null],
    ['an object', { version: 1 }],
    ['too short', ['r', 1, [0]]],
    ['too long', ['r', 1, [0], [[0, 1]], 0]],
    ['without a version', ['r', null, [0], [[0, 1]]]],
    ['with a negative version', ['r', -1, [0], [[0, 1]]]],
    ['with a version that is text', ['r', '1', [0], [[0, 1]]]],
    ['with a version that is no integer', ['r', 1.5, [0], [[0, 1]]]],
    ['with a version beyond the safe integers', ['r', 2 ** 53, [0], [[0, 1]]]],
    ['whose cut is no list', ['r', 1, 0, [[0, 1]]]],
    ['whose cut holds something else in one place', ['r', 1, [0, '0'], [[0, 1]]]],
    ['whose cut holds a negative position', ['r', 1, [0, -1], [[0, 1]]]],
    ['whose positions are no list', ['r', 1, [0], 5]],
    ['whose positions hold no pair', ['r', 1, [0], [0]]],
    ['whose positions hold something else beside a pair', ['r', 1, [0], [[0, 1], 1]]],
    ['whose pair is a single', ['r', 1, [0], [[0]]]],
    ['whose pair is a triple', ['r', 1, [0], [[0, 1, 2]]]],
    ['whose pair holds no position', ['r', 1, [0], [[0, null]]]],
    ['whose pair holds no partition', ['r', 1, [0], [['0', 1]]]],
    ['with a zero that has a sign for a version', '["r",-0,[0],[[0,1]]]'],
    ['whose cut holds a zero that has a sign', '["r",1,[-0],[[0,1]]]'],
    ['whose pair holds zeros that have a sign', '["r",1,[0],[[-0,-0]]]'],
  ])('is none where the text is %s', (_, content) => {
    expect(readPositionToken(tokenOf(content))).toBeUndefined();
  });

  it('is read up to 16,384 characters', () => {
    const content = JSON.stringify(['r', 1, [0], [[0, 1]]]);
    const tokenOfLength = (length: number): string => tokenOf(content + ' '.repeat((length * 3) / 4 - content.length));
    expect(tokenOfLength(16_384)).toHaveLength(16_384);
    expect(readPositionToken(tokenOfLength(16_384))?.version).toBe(1);
    expect(readPositionToken(tokenOfLength(16_388))).toBeUndefined();
  });
});
