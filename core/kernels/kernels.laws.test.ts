import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeReadings } from '../frames/encode-readings.ts';
import { ReadingsReader } from '../frames/readings-reader.ts';
import { NO_LINKS, type ReadingsRuns } from '../frames/readings.ts';
import { accumulate } from '../frames/run-columns.ts';
import { BLOCK_OVERREAD_WORDS, BLOCK_VALUES, blockWords, packBlock, unpackBlock } from '../packing/block.ts';
import { measurePieces, pieceEnds, pieceMeasures } from '../stats/piece.ts';
import { runValues } from '../stats/stats.fixtures.ts';
import { type Kernels, KERNELS, PIECE_MEASURES, type Room } from './kernels.ts';

/** The laws compare: where there are no kernels, which no machine that tests are run on is without, they fail. */
function kernelsHere(): Kernels {
  if (KERNELS === undefined) throw new Error('this runtime has no WebAssembly with SIMD');
  return KERNELS;
}

const kernels = kernelsHere();
const owner = {};
const room: Room = kernels.takeRoom(owner)!;

describe('the kernels', () => {
  it('unpack what a full block of any width holds as JavaScript does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.integer(), fc.nat(3), (width, seed, from) => {
        const half = 2 ** (width - 1);
        const fields = Int32Array.from({ length: BLOCK_VALUES }, (_, i) => {
          const noise = Math.imul(seed + i, 0x9e37_79b1) >> (32 - width);
          return i % 7 === 0 ? -half : i % 7 === 1 ? half - 1 : noise;
        });
        const words = new Int32Array(blockWords(BLOCK_VALUES, width) + BLOCK_OVERREAD_WORDS);
        packBlock(fields, fields, BLOCK_VALUES, width, words, 0);
        const slow = new Float64Array(BLOCK_VALUES);
        unpackBlock(words, 0, BLOCK_VALUES, width, slow, 0);
        // What lies behind a block is the next one.
        kernels.desk.words.fill(-1);
        kernels.desk.words.set(words.subarray(0, blockWords(BLOCK_VALUES, width)));
        kernels.functions.unpackFull(kernels.desk.wordsAt, width, room.differencesAt + 4 * from);
        expect([...room.differences.subarray(from, from + BLOCK_VALUES)]).toEqual([...slow]);
        expect([...slow]).toEqual([...fields]);
      }),
      { numRuns: 500 },
    );
  });

  it('add up differences as JavaScript does', () => {
    const differences = fc.oneof(
      fc.array(fc.integer({ min: -(2 ** 20), max: 2 ** 20 }), { maxLength: 1024 }),
      fc.nat(1024).map((length) => Array.from({ length }, () => 2 ** 20)),
      fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 9 }),
    );
    const before = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
    fc.assert(
      fc.property(differences, before, fc.constantFrom(1, 5, 1000, 4096), fc.nat(5), (list, start, divisor, at) => {
        const slow = Float64Array.from(list);
        const end = accumulate(slow, 0, list.length, start, divisor);
        room.differences.set(list, at);
        const { accumulate: quick } = kernels.functions;
        const from = room.differencesAt + 4 * at;
        expect(quick(from, list.length, start, divisor, room.valuesAt + 8 * at)).toBe(end);
        expect(room.values.slice(at, at + list.length)).toEqual(slow);
      }),
      { numRuns: 300 },
    );
  });

  it('measure pieces as JavaScript does, wherever that is exact', () => {
    fc.assert(
      fc.property(runValues(1024), fc.array(fc.nat(1023), { maxLength: 40 }), fc.nat(3), (list, cuts, at) => {
        const ends = [...new Set([...cuts.map((cut) => 1 + (cut % list.length)), list.length])].sort((a, b) => a - b);
        room.values.set(list, at);
        pieceEnds.set(ends);
        measurePieces(room.values, at, ends.length, room);
        const quick = pieceMeasures.slice(0, PIECE_MEASURES * ends.length);
        pieceEnds.set(ends);
        measurePieces(Float64Array.from([...Array.from({ length: at }, () => 7), ...list]), at, ends.length, undefined);
        const slow = pieceMeasures.slice(0, PIECE_MEASURES * ends.length);
        for (let i = 0; i < quick.length; i += PIECE_MEASURES) {
          const [fast, exact] = [quick.slice(i, i + PIECE_MEASURES), slow.slice(i, i + PIECE_MEASURES)];
          if (fast[1]! < 2 ** 53 || exact[1]! < 2 ** 53) expect(fast).toEqual(exact);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('let a reader give the same chunks of long runs, whatever is wide in them', () => {
    const [quick, slow] = [new ReadingsReader(kernels), new ReadingsReader(undefined)];
    expect(quick.room).toBeDefined();
    fc.assert(
      fc.property(longRuns, (runs) => {
        const meta = { incarnation: 0, sequence: 1, dictionaryVersion: 3, watermarkMs: null };
        const frame = encodeReadings(meta, runs);
        expect([quick.open(frame), slow.open(frame)]).toEqual([null, null]);
        while (slow.next()) {
          expect(quick.next()).toBe(true);
          expect([quick.run, quick.first, quick.size]).toEqual([slow.run, slow.first, slow.size]);
          expect(valuesOf(quick)).toEqual(valuesOf(slow));
        }
        expect(quick.next()).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('keep what readers hold apart, and leave those that find no room to JavaScript', () => {
    const readers = Array.from({ length: 100 }, () => new ReadingsReader(kernels));
    const withRoom = readers.filter((reader) => reader.room !== undefined);
    expect(withRoom.length).toBeGreaterThan(1);
    expect(withRoom.length).toBeLessThan(readers.length);
    expect(new Set(withRoom.map((reader) => reader.room!.valuesAt)).size).toBe(withRoom.length);
    const frames = readers.map((_, i) => encodeReadings(META, steadyRun(i)));
    for (const [i, reader] of readers.entries()) {
      expect(reader.open(frames[i]!)).toBe(null);
      expect(reader.next()).toBe(true);
    }
    for (const [i, reader] of readers.entries()) {
      expect([...valuesOf(reader)]).toEqual([...steadyRun(i).value]);
    }
  });
});

const META = { incarnation: 0, sequence: 1, dictionaryVersion: 3, watermarkMs: null };

function valuesOf({ values, offset, size }: ReadingsReader): Float64Array {
  return values.slice(offset, offset + size);
}

function steadyRun(step: number): ReadingsRuns {
  return runsOf([Array.from({ length: 300 }, (_, i) => i * step + (i % 3))]);
}

function runsOf(lists: readonly (readonly number[])[]): ReadingsRuns {
  return {
    runCount: lists.length,
    entry: Int32Array.from(lists, (_, i) => i),
    length: Int32Array.from(lists, (list) => list.length),
    anchored: new Uint8Array(lists.length),
    anchorTimeMs: new Float64Array(lists.length),
    anchorValue: new Float64Array(lists.length),
    unchecked: new Uint8Array(lists.length),
    timeMs: Float64Array.from(lists.flatMap((list) => list.map((_, i) => i * 1000))),
    value: Float64Array.from(lists.flat()),
    links: NO_LINKS,
  };
}

/** Up to three runs, of several chunks some of them; at times a jump makes a column too wide for the kernels. */
const longRuns: fc.Arbitrary<ReadingsRuns> = fc
  .array(
    fc.record({
      length: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 900, max: 3500 })),
      first: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
      spread: fc.constantFrom(0, 1, 7, 20, 21, 34),
      unit: fc.constantFrom(1, 10),
      jump: fc.option(fc.constantFrom(2 ** 19, 2 ** 30, 2 ** 45), { freq: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((shapes) =>
    runsOf(
      shapes.map(({ length, first, spread, unit, jump }) => {
        let value = first;
        let state = 1;
        return Array.from({ length }, (_, i) => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          value += Math.round((state / 2 ** 32 - 0.5) * 2 ** spread) * unit;
          return i === length >> 1 ? value + (jump ?? 0) : value;
        });
      }),
    ),
  );
