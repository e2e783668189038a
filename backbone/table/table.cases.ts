import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readUintKey, uintKey } from '../keys/order.ts';
import { StoreClosed } from '../storage-errors.ts';
import type { KeyRange, Table, TableOperation, TableRange } from './table.ts';

/** A place for one table. `open` may be called again after the table was disposed of. */
export interface TableHarness extends AsyncDisposable {
  open(): Promise<Table>;
}

/** The laws of the `Table` port, as tests; a new adapter gives its name and a place. */
export function runTableCases(name: string, makeHarness: () => Promise<TableHarness>): void {
  describe(`a table on ${name}`, () => {
    it('gives back what was put, and nothing for what was not or was deleted', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      await table.write([put('a', 'one'), put('b', 'two')], { sync: true });
      await table.write([{ kind: 'delete', key: bytes('a') }, put('b', 'three')], { sync: false });
      expect(await table.get(bytes('a'))).toBeUndefined();
      expect(await table.get(bytes('b'))).toEqual(bytes('three'));
      expect(await table.get(bytes('c'))).toBeUndefined();
    });

    it('keeps values of no bytes, and keys of any bytes', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      const keys = [Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(255), Uint8Array.of(255, 255)];
      await table.write(
        keys.map((key) => ({ kind: 'put', key, value: new Uint8Array(0) })),
        { sync: true },
      );
      expect(await table.get(Uint8Array.of(255, 255))).toEqual(new Uint8Array(0));
      expect((await entriesOf(table, {})).map(([key]) => key)).toEqual(keys);
    });

    it('lets the later of two operations on one key in a write count', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      await table.write([put('a', 'one'), put('a', 'two')], { sync: true });
      expect(await table.get(bytes('a'))).toEqual(bytes('two'));
      await table.write([put('a', 'three'), { kind: 'delete', key: bytes('a') }], { sync: true });
      expect(await table.get(bytes('a'))).toBeUndefined();
    });

    it('keeps everything when it is opened again', async () => {
      await using harness = await makeHarness();
      {
        await using table = await harness.open();
        await table.write([put('a', 'one')], { sync: true });
        await table.write([put('b', 'two')], { sync: false });
      }
      await using table = await harness.open();
      expect(await entriesOf(table, {})).toEqual([
        [bytes('a'), bytes('one')],
        [bytes('b'), bytes('two')],
      ]);
    });

    it('scans the table as it was when the first entry was asked for, and more than one batch of it', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      await writeNumbers(table, 3_000);
      let seen = 0;
      for await (const [key] of table.scan({})) {
        if (seen === 0) await table.write([{ kind: 'delete', key: uintKey(2_999) }, put('z', 'late')], { sync: false });
        expect(key).toEqual(uintKey(seen));
        seen++;
      }
      expect(seen).toBe(3_000);
      expect(await table.get(uintKey(2_999))).toBeUndefined();
    });

    it('gives many ranges as of one moment, and asks for each when those before it are given', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      await writeNumbers(table, 3_000);
      const asked: number[] = [];
      function* ranges() {
        for (const from of [2_000, 10, 2_999, 500]) {
          asked.push(from);
          yield { gte: uintKey(from), lt: uintKey(from + 40) };
        }
      }
      const seen: number[] = [];
      for await (const [key] of table.scanRanges(ranges(), 8)) {
        if (seen.length === 0) await table.write([{ kind: 'delete', key: uintKey(501) }], { sync: false });
        seen.push(readUintKey(key));
        expect(seen.at(-1)).toBeGreaterThanOrEqual(asked.at(-1)!);
        expect(seen.at(-1)).toBeLessThan(asked.at(-1)! + 40);
      }
      const upTo = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, i) => from + i);
      expect(seen).toEqual([...upTo(2_000, 2_040), ...upTo(10, 50), 2_999, ...upTo(500, 540)]);
    });

    it('tells whoever gives ranges the first key behind each, so that what is empty can be left out', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      await table.write(
        [1, 2, 1_000_000].map((n): TableOperation => ({ kind: 'put', key: uintKey(n), value: uintKey(n) })),
        { sync: false },
      );
      const told: (number | undefined)[] = [];
      function* ranges(): Generator<KeyRange, void, Uint8Array | undefined> {
        for (const [from, to] of [
          [0, 2],
          [3, 9],
          [9, 1_000_000],
          [500_000, 1_000_001],
        ] as const) {
          const behind = yield { gte: uintKey(from), lt: uintKey(to) };
          told.push(behind === undefined ? undefined : readUintKey(behind));
        }
      }
      const seen = await Array.fromAsync(table.scanRanges(ranges(), 1), ([key]) => readUintKey(key));
      expect(seen).toEqual([1, 1_000_000]);
      expect(told).toEqual([2, 1_000_000, 1_000_000, undefined]);
    });

    it('has what is left where room is given back, also in a scan that goes on', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      await writeNumbers(table, 3_000);
      const scan = table.scan({})[Symbol.asyncIterator]();
      await scan.next();
      const gone = Array.from({ length: 2_990 }, (_, i): TableOperation => ({ kind: 'delete', key: uintKey(i) }));
      await table.write(gone, { sync: false });
      await table.reclaim({ gte: uintKey(0), lt: uintKey(2_995) });
      expect((await entriesOf(table, {})).map(([key]) => readUintKey(key))).toEqual(
        Array.from({ length: 10 }, (_, i) => 2_990 + i),
      );
      let seen = 1;
      while ((await scan.next()).done !== true) seen++;
      expect(seen).toBe(3_000);
    });

    it('lets a reader leave a scan early, and be closed then', async () => {
      await using harness = await makeHarness();
      const table = await harness.open();
      await table.write([put('a', 'one'), put('b', 'two')], { sync: true });
      for await (const [key] of table.scan({})) {
        expect(key).toEqual(bytes('a'));
        break;
      }
      await table[Symbol.asyncDispose]();
      await expect(table.get(bytes('a'))).rejects.toThrow(StoreClosed);
      await expect(table.write([], { sync: false })).rejects.toThrow(StoreClosed);
      await expect(entriesOf(table, {})).rejects.toThrow(StoreClosed);
    });

    it('gives the bytes that it was given, not the array that the caller changes later', async () => {
      await using harness = await makeHarness();
      await using table = await harness.open();
      const value = bytes('one');
      await table.write([{ kind: 'put', key: bytes('a'), value }], { sync: false });
      value.fill(0);
      expect(await table.get(bytes('a'))).toEqual(bytes('one'));
    });

    it('does what a sorted array would do, for any writes and ranges', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(writes(), { maxLength: 6 }),
          fc.array(range(), { maxLength: 6 }),
          async (batches, ranges) => {
            await using harness = await makeHarness();
            await using table = await harness.open();
            const model = new Map<string, readonly [Uint8Array, Uint8Array]>();
            for (const batch of batches) {
              await table.write(batch, { sync: false });
              for (const operation of batch) {
                const name = Buffer.from(operation.key).toString('hex');
                if (operation.kind === 'delete') model.delete(name);
                else model.set(name, [operation.key, operation.value]);
              }
            }
            const sorted = [...model.values()].sort(([a], [b]) => Buffer.compare(a, b));
            for (const one of ranges) {
              expect(await entriesOf(table, one)).toEqual(within(sorted, one));
              expect((await Array.fromAsync(table.scanBatches(one))).flat()).toEqual(within(sorted, one));
            }
            const closed = ranges.flatMap(({ gte, lt }) =>
              gte === undefined || lt === undefined ? [] : [{ gte, lt }],
            );
            for (const entriesEach of [1, 100])
              expect(await Array.fromAsync(table.scanRanges(closed, entriesEach))).toEqual(
                closed.flatMap((one) => within(sorted, one)),
              );
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}

/** Short keys of few bytes, so that operations and bounds meet. */
function key(): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 1, maxLength: 3 })
    .map((values) => Uint8Array.from(values));
}

function writes(): fc.Arbitrary<TableOperation[]> {
  const value = fc.uint8Array({ maxLength: 3 });
  return fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('put'), key: key(), value } as const) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), key: key() } as const) },
    ),
    { maxLength: 12 },
  );
}

function range(): fc.Arbitrary<TableRange> {
  const bound = fc.option(key(), { nil: undefined });
  return fc.record({
    gte: bound,
    lt: bound,
    reverse: fc.option(fc.boolean(), { nil: undefined }),
    limit: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  });
}

function within<T>(sorted: readonly (readonly [Uint8Array, T])[], asked: TableRange): (readonly [Uint8Array, T])[] {
  const inside = sorted.filter(
    ([one]) =>
      (asked.gte === undefined || Buffer.compare(one, asked.gte) >= 0) &&
      (asked.lt === undefined || Buffer.compare(one, asked.lt) < 0),
  );
  const ordered = asked.reverse === true ? inside.reverse() : inside;
  return ordered.slice(0, asked.limit);
}

async function entriesOf(table: Table, asked: TableRange): Promise<(readonly [Uint8Array, Uint8Array])[]> {
  const entries: (readonly [Uint8Array, Uint8Array])[] = [];
  for await (const entry of table.scan(asked)) entries.push(entry);
  return entries;
}

/** Writes the numbers below `count` as keys, each with itself. */
async function writeNumbers(table: Table, count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, index) => uintKey(index));
  await table.write(
    keys.map((key) => ({ kind: 'put', key, value: key })),
    { sync: false },
  );
}

function put(name: string, value: string): TableOperation {
  return { kind: 'put', key: bytes(name), value: bytes(value) };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
