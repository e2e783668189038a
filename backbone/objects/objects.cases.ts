import { describe, expect, it } from 'vitest';
import { NameNotAllowed, StoreClosed, TooLarge } from '../storage-errors.ts';
import { ObjectDiffers, OBJECT_BYTES_MAX, type Objects } from './objects.ts';

/** A place for objects. `open` may be called again, also while the store is open elsewhere. */
export interface ObjectsHarness extends AsyncDisposable {
  open(): Promise<Objects>;
}

/** The laws of the `Objects` port, as tests; a new adapter gives its name and a place. */
export function runObjectsCases(name: string, makeHarness: () => Promise<ObjectsHarness>): void {
  describe(`objects on ${name}`, () => {
    it('gives back the very bytes, from none to several chunks', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      for (const bytes of [0, 1, 131_072, 1_000_003]) {
        await objects.put(`size/${bytes}`, patternOf(bytes));
        expect(Buffer.compare((await objects.get(`size/${bytes}`))!, patternOf(bytes))).toBe(0);
      }
      expect(await objects.get('size/2')).toBeUndefined();
    });

    it('gives parts of an object, as far as it reaches', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      const bytes = patternOf(300_000);
      await objects.put('parts', bytes);
      for (const [offset, length] of [
        [0, 10],
        [131_000, 200],
        [299_990, 50],
        [300_000, 1],
        [7, 0],
      ] as const)
        expect(await objects.getParts('parts', [{ offset, bytes: length }])).toEqual([
          bytes.slice(offset, offset + length),
        ]);
      const several = [10, 0, 290_000].map((offset) => ({ offset, bytes: 20_000 }));
      expect(await objects.getParts('parts', several)).toEqual(
        several.map((part) => bytes.slice(part.offset, part.offset + part.bytes)),
      );
      expect(await objects.getParts('parts', [])).toEqual([]);
      expect(await objects.getParts('none', several)).toBeUndefined();
      await objects.remove('parts');
      expect(await objects.getParts('parts', several)).toBeUndefined();
    });

    it('takes an object of the largest size and refuses a larger one', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      await objects.put('largest', new Uint8Array(OBJECT_BYTES_MAX).fill(7));
      expect(await objects.list('')).toEqual([{ name: 'largest', bytes: OBJECT_BYTES_MAX }]);
      const larger = objects.put('larger', new Uint8Array(OBJECT_BYTES_MAX + 1));
      await expect(larger).rejects.toThrow(TooLarge);
    });

    it('takes the same bytes again, and refuses others by name, changing nothing', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      await objects.put('a/b', patternOf(10));
      await objects.put('a/b', patternOf(10));
      for (const other of [patternOf(9), patternOf(10).fill(1), new Uint8Array(0)]) {
        await expect(objects.put('a/b', other)).rejects.toThrow(ObjectDiffers);
      }
      expect(await objects.get('a/b')).toEqual(patternOf(10));
    });

    it('lets exactly one of many different puts of a name win, and all of the same', async () => {
      await using harness = await makeHarness();
      await using one = await harness.open();
      await using other = await harness.open();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? one : other).put('raced', patternOf(1_000 + index))),
      );
      const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ObjectDiffers);
      }
      expect(await other.get('raced')).toEqual(patternOf(1_000 + winners[0]!));
      await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 ? one : other).put('same', patternOf(5_000))),
      );
      expect(await one.get('same')).toEqual(patternOf(5_000));
    });

    it('lists names and sizes by prefix, sorted', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      for (const name of ['seg/2', 'seg/10', 'segment', 'result/1', 'Seg/1'])
        await objects.put(name, patternOf(name.length));
      expect(await objects.list('seg/')).toEqual([
        { name: 'seg/10', bytes: 6 },
        { name: 'seg/2', bytes: 5 },
      ]);
      expect((await objects.list('')).map(({ name }) => name)).toEqual([
        'Seg/1',
        'result/1',
        'seg/10',
        'seg/2',
        'segment',
      ]);
      expect(await objects.list('none')).toEqual([]);
    });

    it('removes an object, harmlessly when there is none, and lets the name be put anew', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      await objects.put('a', patternOf(3));
      await objects.remove('a');
      await objects.remove('a');
      expect(await objects.get('a')).toBeUndefined();
      expect(await objects.list('')).toEqual([]);
      await objects.put('a', patternOf(4));
      expect(await objects.get('a')).toEqual(patternOf(4));
    });

    it('keeps objects when it is opened again', async () => {
      await using harness = await makeHarness();
      {
        await using objects = await harness.open();
        await objects.put('a', patternOf(300_000));
      }
      await using objects = await harness.open();
      expect(await objects.get('a')).toEqual(patternOf(300_000));
    });

    it('takes names of its alphabet only, on every adapter alike', async () => {
      await using harness = await makeHarness();
      await using objects = await harness.open();
      for (const name of ['a', 'A-Z/0=9_.b/..c', 'x'.repeat(120)]) {
        await objects.put(name, patternOf(2));
        expect((await objects.list(name)).map((listing) => listing.name)).toEqual([name]);
      }
      for (const name of [
        '',
        '.',
        '..',
        '../a',
        'a/..',
        'a//b',
        '/a',
        'a/',
        'a b',
        'a%2Fb',
        'ä',
        'a\\b',
        'x'.repeat(121),
      ]) {
        await expect(objects.put(name, patternOf(2))).rejects.toThrow(NameNotAllowed);
        await expect(objects.get(name)).rejects.toThrow(NameNotAllowed);
        await expect(objects.remove(name)).rejects.toThrow(NameNotAllowed);
      }
    });

    it('refuses everything by name after it was closed', async () => {
      await using harness = await makeHarness();
      const objects = await harness.open();
      await objects[Symbol.asyncDispose]();
      await expect(objects.put('a', patternOf(1))).rejects.toThrow(StoreClosed);
      await expect(objects.get('a')).rejects.toThrow(StoreClosed);
      await expect(objects.list('')).rejects.toThrow(StoreClosed);
    });
  });
}

function patternOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8) + bytes) & 0xff);
}
