import { describe, expect, it } from 'vitest';
import { PIECE_OVERHEAD_BYTES, Receiving } from './receiving.ts';

/** So many bytes, with what a piece costs beside them. */
const piece = (bytes: number): number => bytes - PIECE_OVERHEAD_BYTES;

describe('bodies that are being received', () => {
  it('are given up, the oldest first, when there is no room for all that has come', () => {
    const receiving = new Receiving(10_000);
    const givenUp: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => receiving.begin(() => givenUp.push(name)));
    a!.add(piece(4_000));
    b!.add(piece(4_000));
    c!.add(piece(2_000));
    expect([receiving.bytes, givenUp]).toEqual([10_000, []]);
    c!.add(piece(1_000));
    expect([receiving.bytes, givenUp]).toEqual([7_000, ['a']]);
    c!.add(piece(8_000));
    expect([receiving.bytes, givenUp]).toEqual([0, ['a', 'b', 'c']]);
    c!.add(1);
    c!.end();
    expect(receiving.bytes).toBe(0);
  });

  it('leave their room when they have come', () => {
    const receiving = new Receiving(1_000);
    const body = receiving.begin(() => undefined);
    body.add(piece(900));
    body.end();
    expect(receiving.bytes).toBe(0);
  });

  it('cost something, however small their pieces', () => {
    const receiving = new Receiving(1_000);
    let isGivenUp = false;
    const body = receiving.begin(() => (isGivenUp = true));
    for (let i = 0; i < 4; i++) body.add(1);
    expect(isGivenUp).toBe(true);
  });
});
