import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernels/kernels.ts';
import { SPAN_SLICES } from '../slices/slice-span.ts';
import { HeldChunk } from './held-chunk.ts';
import { equalSlots } from './merge.ts';
import { StatsTable } from './stats-table.ts';

const room = KERNELS!.takeRoom({})!;
const chunk = new HeldChunk();

/** Values about one that is too large for the kernels beside such times, or for them at all, and what is far below. */
const magnitudes = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 20 }),
  fc.integer({ min: 30, max: 37 }).map((bits) => 2 ** bits),
  fc.integer({ min: 2 ** 30, max: 2 ** 37 }),
);

/** Values whose squares and integrals are carried from limb to limb, take some away again, or are too large for plain doubles. */
const held = fc.oneof(
  fc.integer({ min: -3_000, max: 3_000_000 }),
  fc.constantFrom(
    2 ** 25,
    -(2 ** 25),
    2 ** 25 + 1,
    2 ** 40,
    Number.MAX_SAFE_INTEGER - 400,
    400 - Number.MAX_SAFE_INTEGER,
  ),
);

const times = fc.constantFrom(
  { stepMs: 1_000, sliceMs: 60_000 },
  { stepMs: 60_000, sliceMs: 60_000 },
  { stepMs: 900_000, sliceMs: 900_000 },
  { stepMs: 450_000, sliceMs: 900_000 },
  { stepMs: 86_399_000, sliceMs: 86_400_000 },
  { stepMs: 2_592_000_000, sliceMs: 2_592_000_000 },
);

describe('a chunk of a gauge', () => {
  it('is put into empty slots by the kernels as its pieces are added one by one, however large its values', () => {
    let put = 0;
    fc.assert(
      fc.property(times, magnitudes, fc.boolean(), fc.nat(7), ({ stepMs, sliceMs }, magnitude, isNegative, spread) => {
        const size = Math.min(400, Math.floor((SPAN_SLICES * sliceMs) / stepMs));
        for (let i = 0; i < size; i++) room.values[i] = (isNegative ? -1 : 1) * (magnitude + (i % (spread + 1)));
        const values = Float64Array.from(room.values.subarray(0, size));
        chunk.cut({ values: room.values, room, offset: 0, size, startMs: 5 * sliceMs, stepMs }, sliceMs, false);
        const quick = emptyTable(chunk.pieces);
        const isPut = chunk.putPieces(quick, 0, 0, chunk.pieces);
        if (!isPut) return;
        put++;
        chunk.cut({ values, room: undefined, offset: 0, size, startMs: 5 * sliceMs, stepMs }, sliceMs, false);
        const slow = emptyTable(chunk.pieces);
        for (let piece = 0; piece < chunk.pieces; piece++) {
          chunk.addPiece(slow, piece, piece);
          expect(equalSlots(quick, piece, slow, piece), `piece ${piece}`).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
    expect(put).toBeGreaterThan(100);
  });
});

describe('pieces side by side', () => {
  it('are added to what slots hold as one by one, a reading each and more, however large their values', () => {
    fc.assert(
      fc.property(
        times,
        fc.array(fc.tuple(held, fc.oneof(fc.constant(0), fc.nat(1_000)), fc.option(held)), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.boolean(),
        ({ stepMs, sliceMs }, chunks, quantiles) => {
          const quick = emptyTable(SPAN_SLICES);
          const slow = emptyTable(SPAN_SLICES);
          const size = Math.min(400, Math.floor(((SPAN_SLICES - 1) * sliceMs) / stepMs));
          for (const [value, late, before] of chunks) {
            for (let i = 0; i < size; i++) room.values[i] = i % 3 === 0 ? value : value - i;
            const startMs = 5 * sliceMs + Math.min(late, sliceMs - 1);
            chunk.cut({ values: room.values, room, offset: 0, size, startMs, stepMs }, sliceMs, quantiles);
            if (before !== null) chunk.setBefore(before, startMs % sliceMs);
            chunk.addPieces(quick, 0, 0, chunk.pieces);
            for (let piece = 0; piece < chunk.pieces; piece++) chunk.addPiece(slow, piece, piece);
          }
          for (let slot = 0; slot < SPAN_SLICES; slot++)
            expect(equalSlots(quick, slot, slow, slot), `slot ${slot}`).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});

function emptyTable(slots: number): StatsTable {
  const table = new StatsTable(slots);
  table.allocateMany(slots);
  return table;
}
