import { describe, expect, test } from 'vitest';
import { AppendWindow } from './append-window.ts';

describe('an append window', () => {
  function enterAll(window: AppendWindow, sizes: readonly number[]): number[] {
    const admitted: number[] = [];
    for (const [index, bytes] of sizes.entries()) window.enter(bytes, () => admitted.push(index));
    return admitted;
  }

  test('lets in as many as its count', () => {
    expect(enterAll(new AppendWindow({ count: 2, bytes: 100 }), [1, 1, 1])).toEqual([0, 1]);
  });

  test('lets in as many bytes as its limit, to the byte', () => {
    expect(enterAll(new AppendWindow({ count: 10, bytes: 10 }), [4, 6, 1])).toEqual([0, 1]);
  });

  test('keeps the order of coming, even where a later one would fit', () => {
    const window = new AppendWindow({ count: 10, bytes: 10 });
    const admitted = enterAll(window, [8, 5, 1]);
    expect(admitted).toEqual([0]);
    window.leave(8);
    expect(admitted).toEqual([0, 1, 2]);
  });

  test('lets in what is larger than the whole limit, alone', () => {
    const window = new AppendWindow({ count: 10, bytes: 10 });
    const admitted = enterAll(window, [50, 1]);
    expect(admitted).toEqual([0]);
    window.leave(50);
    expect(admitted).toEqual([0, 1]);
  });
});
