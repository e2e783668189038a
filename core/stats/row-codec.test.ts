import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addAccounted } from './accounted.ts';
import { addHeld } from './additive.ts';
import { addReading, equalSlots } from './merge.ts';
import { decodeRow, encodeRow, ROW_VERSION } from './row-codec.ts';
import { addRegularRun } from './run.ts';
import { StatsDataFault } from './stats-errors.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, steps } from './stats.fixtures.ts';

function tableOf(fold: (table: StatsTable, slot: number) => void): StatsTable {
  const table = new StatsTable(1);
  fold(table, table.allocate());
  return table;
}

/** A typical pane: a minute of one reading per second, around 1.2 kW at three decimals. */
function typicalTable(): StatsTable {
  const values = Float64Array.from({ length: 60 }, (_, i) => 1200 + ((i * 37) % 101));
  const rule = { kind: 'gauge', holdMsMax: 3000, quantiles: false } as const;
  return tableOf((table, slot) => addRegularRun(table, slot, values, 0, 60, 1_700_000_000_000, 1000, rule));
}

describe('a row', () => {
  it('decodes to the stats it was made of, bit by bit, and tells its length among other bytes', () => {
    fc.assert(
      fc.property(steps, fc.uint8Array({ maxLength: 4 }), (list, behind) => {
        const table = foldSteps(list);
        const row = encodeRow(table, 0);
        const into = foldSteps([]);
        addReading(into, 0, 1, 2, true);
        expect(decodeRow(Uint8Array.from([...behind, ...row, ...behind]), into, 0, behind.length)).toBe(row.length);
        expect(equalSlots(into, 0, table, 0)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is small: two bytes for the identity, some eight for held time alone, some forty for a typical pane', () => {
    expect(encodeRow(foldSteps([]), 0)).toHaveLength(2);
    expect(
      encodeRow(
        tableOf((table, slot) => addHeld(table, slot, 1234, 2000)),
        0,
      ).length,
    ).toBeLessThanOrEqual(8);
    expect(encodeRow(typicalTable(), 0).length).toBeLessThanOrEqual(40);
  });

  it('holds covered time beyond the safe integers', () => {
    const table = tableOf((own, slot) => {
      for (let i = 0; i < 5; i++) addHeld(own, slot, 3, Number.MAX_SAFE_INTEGER - i);
    });
    const into = foldSteps([]);
    expect(decodeRow(encodeRow(table, 0), into, 0)).toBeTypeOf('number');
    expect(equalSlots(into, 0, table, 0)).toBe(true);
  });

  it('of version 1 is read still, and accounts for nothing', () => {
    const row = Buffer.from('011378b69309dabbb159e01264003e80a0abfef962f8cc0390d7a546f09907', 'hex');
    const into = foldSteps([]);
    expect(decodeRow(row, into, 0)).toBe(row.length);
    expect(equalSlots(into, 0, typicalTable(), 0)).toBe(true);
  });

  it('takes no byte for what it accounts for where nothing is missing', () => {
    const accounting = (table: StatsTable, ms: number): number => {
      addAccounted(table, 0, ms, 0);
      return encodeRow(table, 0).length;
    };
    const counter = (): StatsTable =>
      tableOf((table, slot) => {
        for (let i = 0; i < 15; i++) addReading(table, slot, i * 60_000, i, false);
      });
    const bare = encodeRow(counter(), 0).length - 3;
    expect([accounting(counter(), 900_000), accounting(counter(), 840_000)]).toEqual([bare, bare + 3]);
    expect(accounting(typicalTable(), 59_000)).toBe(31);
    expect(accounting(typicalTable(), 60_000)).toBe(33);
  });

  it('keeps the format of version 2', () => {
    const everything = typicalTable();
    addReading(everything, 0, -5, -Number.MAX_SAFE_INTEGER, true);
    addReading(everything, 0, 5, Number.MAX_SAFE_INTEGER, true);
    everything.increase[0]![0] = 77;
    everything.unchecked[0] = 3;
    everything.accountedMs[0] = 77;
    const hash = createHash('sha256');
    for (const table of [foldSteps([]), typicalTable(), everything]) hash.update(encodeRow(table, 0));
    expect(hash.digest('hex')).toBe('397525fdd243da67e91fe82f3dc5a866cc98a091d983cbf14c251838a34dd584');
  });
});

describe('bytes that are no row', () => {
  it('of any kind are a fault or a row that encodes to the same bytes', () => {
    const start = fc.tuple(fc.constantFrom(2, 2, 2, 0, 3, 255), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 60 }), (head, tail) => {
        const bytes = Uint8Array.from([...head, ...tail]);
        const table = foldSteps([]);
        const read = decodeRow(bytes, table, 0);
        if (read instanceof StatsDataFault) expect(equalSlots(table, 0, foldSteps([]), 0)).toBe(true);
        else expect(encodeRow(table, 0)).toEqual(bytes.slice(0, read));
      }),
      { numRuns: 2000 },
    );
  });

  it('made of a row by one changed byte never pass for a row in another form', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, at, flip) => {
        const bytes = encodeRow(foldSteps(list), 0);
        bytes[at % bytes.length]! ^= flip;
        const table = foldSteps([]);
        const read = decodeRow(bytes, table, 0);
        // One byte makes it a row of version 1.
        if (bytes[0] === ROW_VERSION && !(read instanceof StatsDataFault))
          expect(encodeRow(table, 0)).toEqual(bytes.slice(0, read));
      }),
      { numRuns: 500 },
    );
  });

  it('but the beginning of one are truncated, at every length', () => {
    const row = encodeRow(typicalTable(), 0);
    for (let length = 0; length < row.length; length++) {
      expect(decodeRow(row.subarray(0, length), foldSteps([]), 0)).toMatchObject({ problem: 'truncated' });
    }
  });

  it.each([
    ['a bucket that stands twice', [64, 2, 2, 2, 0, 2]],
    ['a bucket beyond the largest', [64, 1, 0x80, 0x80, 0x80, 0x01, 2]],
    ['a bucket without a count', [64, 1, 2, 0]],
    ['a histogram without buckets', [64, 0]],
    ['a histogram of more buckets than there are', [64, 0x80, 0x80, 0x01]],
    ['a first value above the largest', [2, 0, 1, 2, 0, 0, 0]],
    ['a last reading before the first, apart', [4, 0, 2, 0, 0, 2, 0]],
    ['numbers apart that are near', [4, 0, 2, 0, 0, 0, 2]],
    ['both forms of the selective part', [6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['an increase of nothing', [8, 0]],
    ['accounted time that was to be expected', [128, 0]],
    ['a count beyond the safe integers', [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0, 0]],
    ['a sum that no table holds', [1, 0, ...Array.from({ length: 26 }, () => 0x80), 1, 0]],
  ])('hold %s: invalid', (_, parts) => {
    const table = foldSteps([]);
    expect(decodeRow(Uint8Array.of(2, ...parts, 0, 0, 0, 0), table, 0)).toMatchObject({ problem: 'invalid' });
    expect(equalSlots(table, 0, foldSteps([]), 0)).toBe(true);
  });

  it('of a newer version are refused by name', () => {
    const fault = decodeRow(Uint8Array.of(3, 0), foldSteps([]), 0);
    expect(fault).toMatchObject({ problem: 'newer-version', kind: 'stats-data' });
    expect((fault as StatsDataFault).message).toContain('format version 3, newer than 2');
    expect(decodeRow(Uint8Array.of(0, 0), foldSteps([]), 0)).toMatchObject({ problem: 'unknown-version' });
  });
});
