import { describe, expect, it } from 'vitest';
import { readPositionToken, writePositionToken } from './position-token.ts';

function tokenOf(content: unknown): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

const BATCH = { results: [], cut: [7, 0], publishedAtMs: 0 };

describe('a position token', () => {
  it('says the version, the cut and the position of each partition, in one form whatever their order', () => {
    const token = writePositionToken(
      3,
      BATCH,
      new Map([
        [1, 9],
        [0, 12],
      ]),
    );
    expect(token).toBe(
      tokenOf([
        3,
        [7, 0],
        [
          [0, 12],
          [1, 9],
        ],
      ]),
    );
    expect(readPositionToken(token)).toEqual({
      version: 3,
      cut: [7, 0],
      positions: new Map([
        [0, 12],
        [1, 9],
      ]),
    });
  });

  it('may say that nothing was folded yet', () => {
    const empty = { version: 0, cut: [], positions: new Map() };
    expect(readPositionToken(writePositionToken(0, { ...BATCH, cut: [] }, new Map()))).toEqual(empty);
  });

  it.each([
    ['no JSON', '[1,[0],[[0,1]]'],
    ['null', null],
    ['an object', { version: 1 }],
    ['too short', [1, [0]]],
    ['too long', [1, [0], [[0, 1]], 0]],
    ['without a version', [null, [0], [[0, 1]]]],
    ['with a negative version', [-1, [0], [[0, 1]]]],
    ['with a version that is text', ['1', [0], [[0, 1]]]],
    ['with a version that is no integer', [1.5, [0], [[0, 1]]]],
    ['with a version beyond the safe integers', [2 ** 53, [0], [[0, 1]]]],
    ['whose cut is no list', [1, 0, [[0, 1]]]],
    ['whose cut holds something else in one place', [1, [0, '0'], [[0, 1]]]],
    ['whose cut holds a negative position', [1, [0, -1], [[0, 1]]]],
    ['whose positions are no list', [1, [0], 5]],
    ['whose positions hold no pair', [1, [0], [0]]],
    ['whose positions hold something else beside a pair', [1, [0], [[0, 1], 1]]],
    ['whose pair is a single', [1, [0], [[0]]]],
    ['whose pair is a triple', [1, [0], [[0, 1, 2]]]],
    ['whose pair holds no position', [1, [0], [[0, null]]]],
    ['whose pair holds no partition', [1, [0], [['0', 1]]]],
    ['with a zero that has a sign for a version', '[-0,[0],[[0,1]]]'],
    ['whose cut holds a zero that has a sign', '[1,[-0],[[0,1]]]'],
    ['whose pair holds zeros that have a sign', '[1,[0],[[-0,-0]]]'],
  ])('is none where the text is %s', (_, content) => {
    expect(readPositionToken(tokenOf(content))).toBeUndefined();
  });

  it('is read up to 16,384 characters', () => {
    const content = JSON.stringify([1, [0], [[0, 1]]]);
    const tokenOfLength = (length: number): string => tokenOf(content + ' '.repeat((length * 3) / 4 - content.length));
    expect(tokenOfLength(16_384)).toHaveLength(16_384);
    expect(readPositionToken(tokenOfLength(16_384))?.version).toBe(1);
    expect(readPositionToken(tokenOfLength(16_388))).toBeUndefined();
  });
});
