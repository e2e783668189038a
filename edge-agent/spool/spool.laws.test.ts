import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import type { SpoolItem } from './entry.ts';
import { ENTRY_OVERHEAD_BYTES, SPOOL_BYTES_MIN, SPOOL_CACHE_BYTES_MAX } from './limits.ts';
import { Spool } from './spool.ts';

const OPTIONS = { bytesMax: SPOOL_BYTES_MIN, prefix: Uint8Array.of(9) };
/** A few items fill the spool, and its memory. */
const ITEM_BYTES = [0, 10, 400_000, 524_288];

type Step =
  | { readonly kind: 'stage'; readonly sizes: readonly number[]; readonly written: boolean }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'kill' | 'crash' | 'flush' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('stage' as const),
        sizes: fc.array(fc.constantFrom(...ITEM_BYTES), { minLength: 1, maxLength: 3 }),
        written: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'crash' as const, 'flush' as const) }) },
  ),
  { maxLength: 40 },
);

describe('the spool', () => {
  it('gives what was committed in order until it is released, across deaths and power cuts, and keeps its budget', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        let table = new MemoryTable();
        let spool = await Spool.open(table, OPTIONS);
        // The truth: what is committed, by its number, and what of it was acknowledged.
        let sequence = 0;
        const committed: number[] = [];
        const released = new Set<number>();
        for (const step of all) {
          if (step.kind === 'stage') {
            const items: SpoolItem[] = step.sizes.map((size) => {
              sequence++;
              return { channel: 'frame', incarnation: 1, sequence, bytes: new Uint8Array(size).fill(sequence) };
            });
            const hadRoom =
              spool.unreleasedBytes + step.sizes.reduce((sum, size) => sum + size + ENTRY_OVERHEAD_BYTES, 0) <=
              OPTIONS.bytesMax;
            const operations = spool.stage(items);
            if (!step.written) continue;
            await table.write(operations, { sync: true });
            spool.committed(items);
            committed.push(...items.map((item) => item.sequence));
            if (hadRoom) expect(spool.keptBytes).toBeLessThanOrEqual(OPTIONS.bytesMax);
          } else if (step.kind === 'release') {
            const waiting = await unreleased(spool);
            const item = waiting[step.which % Math.max(1, waiting.length)];
            if (item === undefined) continue;
            spool.release(item.place);
            released.add(item.sequence);
          } else if (step.kind === 'flush') {
            await spool.flush();
          } else {
            table = step.kind === 'kill' ? table.kill() : table.crash();
            spool = await Spool.open(table, OPTIONS);
            // What was released may come once more; the truth goes on from what the spool says now.
            for (const item of await unreleased(spool)) released.delete(item.sequence);
          }
          const waiting = await unreleased(spool);
          expect(waiting.map((item) => item.sequence)).toStrictEqual(
            committed.filter((number) => !released.has(number)),
          );
          expect(spool.unreleasedCount).toBe(waiting.length);
          for (const item of waiting) expect(item.bytes.every((byte) => byte === (item.sequence & 0xff))).toBe(true);
          if (committed.length > 0)
            expect(spool.heads()).toStrictEqual([{ incarnation: 1, highestSequence: committed.at(-1) }]);
        }
      }),
      { numRuns: 40 },
    );
    expect(SPOOL_CACHE_BYTES_MAX).toBeGreaterThan(OPTIONS.bytesMax / 2);
  });
});

/** All that the spool still gives. */
async function unreleased(spool: Spool): Promise<{ place: number; sequence: number; bytes: Uint8Array }[]> {
  const items: { place: number; sequence: number; bytes: Uint8Array }[] = [];
  for (let item = await spool.next(0); item !== undefined; item = await spool.next(item.place)) items.push(item);
  return items;
}
