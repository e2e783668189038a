import { decodeBlock, encodeBlock } from '#core/stats/block-codec.ts';
import { addLink } from '#core/stats/link.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { decodeRow, encodeRow } from '#core/stats/row-codec.ts';
import { addRegularRun, addTimedRun } from '#core/stats/run.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { type Figure, figureOf, measure, printFigures, ratePerSecond } from '../measure.ts';
import { xorshift } from '../workloads/chance.ts';

const MINUTES = 6000;
const PIECE = 60;
const READINGS = MINUTES * PIECE;
const GROUPS = 300;
const BLOCK_ROWS = 4096;
const RUNS = 25;

const GAUGE = { kind: 'gauge', holdMsMax: 3000, quantiles: false } as const;
const COUNTER = { kind: 'counter', rollover: null, quantiles: false } as const;
const QUANTILES = { ...GAUGE, quantiles: true };

/** Readings of one second, minutes of sixty as pieces; scaled values of 31 bits. */
const next = xorshift(1);
const random = Float64Array.from({ length: READINGS }, () => next() >>> 1);
let level = 2 ** 30;
const walk = Float64Array.from({ length: READINGS }, () => (level += (next() % 1999) - 999));
const growing = Float64Array.from({ length: READINGS }, () => (level += next() % 1000));
const times = Float64Array.from({ length: READINGS }, (_, i) => i * 1000);

const table = new StatsTable(MINUTES);
table.allocateMany(MINUTES);
const minutes = new StatsTable(MINUTES);
minutes.allocateMany(MINUTES);

/** What folding, merging and reading stats costs on one core. */
async function* benchStats(): AsyncGenerator<Figure> {
  yield* benchRuns();
  yield* benchMerges();
  yield* benchRows();
}

/** Pieces of random walks (steps below 1000), of random values, and of a counter. */
async function* benchRuns(): AsyncGenerator<Figure> {
  for (const [kind, values] of Object.entries({ walk, random })) {
    yield await measured(`regular gauge runs, ${kind}`, 'readings/s', () =>
      eachMinute((slot, start) => addRegularRun(table, slot, values, start, start + PIECE, start * 1000, 1000, GAUGE)),
    );
    yield await measured(`timed gauge runs, ${kind}`, 'readings/s', () =>
      eachMinute((slot, start) => addTimedRun(table, slot, values, times, start, start + PIECE, GAUGE)),
    );
    yield await measured(`regular gauge runs with quantiles, ${kind}`, 'readings/s', () =>
      eachMinute((slot, start) =>
        addRegularRun(table, slot, values, start, start + PIECE, start * 1000, 1000, QUANTILES),
      ),
    );
  }
  yield await measured('regular counter runs, growing', 'readings/s', () =>
    eachMinute((slot, start) => addRegularRun(table, slot, growing, start, start + PIECE, start * 1000, 1000, COUNTER)),
  );
  yield await measured('runs of one reading and its link, walk', 'readings/s', () => {
    const sink = { table, slotOf: (slice: number) => slice };
    for (let i = 1; i < READINGS; i++) {
      addRegularRun(table, Math.floor(i / PIECE), walk, i, i + 1, i * 1000, 1000, GAUGE);
      addLink(sink, GAUGE, 60_000, 1, i * 1000 - 1000, walk[i - 1]!, i * 1000, walk[i]!);
    }
    return READINGS;
  });
}

async function* benchMerges(): AsyncGenerator<Figure> {
  eachMinute((slot, start) => addRegularRun(minutes, slot, walk, start, start + PIECE, start * 1000, 1000, GAUGE));
  yield await measured('merges', 'stats/s', () => {
    for (let slot = 0; slot < MINUTES; slot++) mergeInto(table, slot % GROUPS, minutes, slot);
    return MINUTES;
  });
}

/** Rows of the minutes that the merges have filled. */
async function* benchRows(): AsyncGenerator<Figure> {
  const slots = Int32Array.from({ length: BLOCK_ROWS }, (_, slot) => slot);
  const block = encodeBlock(minutes, slots);
  const rows = Array.from(slots, (slot) => encodeRow(minutes, slot));
  const decoded = new StatsTable(BLOCK_ROWS);
  yield await measured('rows encoded', 'rows/s', () => {
    for (const slot of slots) encodeRow(minutes, slot);
    return BLOCK_ROWS;
  });
  yield await measured('rows decoded', 'rows/s', () => {
    decoded.truncate(0);
    decoded.allocateMany(BLOCK_ROWS);
    rows.forEach((row, slot) => decodeRow(row, decoded, slot));
    return BLOCK_ROWS;
  });
  yield await measured('rows encoded in blocks', 'rows/s', () => {
    encodeBlock(minutes, slots);
    return BLOCK_ROWS;
  });
  yield await measured('rows decoded from blocks', 'rows/s', () => {
    decoded.truncate(0);
    decodeBlock(block, decoded);
    return BLOCK_ROWS;
  });
  const rowBytes = rows.reduce((sum, row) => sum + row.length, 0);
  yield figureOf('size of a row', rowBytes / BLOCK_ROWS, 'bytes', { decimals: 1 });
  yield figureOf('size of a row in a block', block.length / BLOCK_ROWS, 'bytes', { decimals: 1 });
}

function eachMinute(fold: (slot: number, start: number) => void): number {
  for (let slot = 0; slot < MINUTES; slot++) fold(slot, slot * PIECE);
  return READINGS;
}

function measured(name: string, unit: string, work: () => number): Promise<Figure> {
  return measure({ name, unit, runs: RUNS, run: () => ratePerSecond(work) });
}

await printFigures(benchStats());
