/**
 * What folding, merging and reading stats costs on one core: `node core/stats/stats.bench.ts` prints a JSON line each.
 *
 * Readings of one second, minutes of sixty as pieces; scaled values of 31 bits, as a random walk (steps below 1000) and
 * fully random.
 */
import { decodeBlock, encodeBlock } from './block-codec.ts';
import { addLink } from './link.ts';
import { mergeInto } from './merge.ts';
import { mergePairs } from './merge-pairs.ts';
import { decodeRow, encodeRow } from './row-codec.ts';
import { addRegularRun, addRun, addTimedRun } from './run.ts';
import { StatsTable } from './stats-table.ts';

const MINUTES = 6000;
const PIECE = 60;
const READINGS = MINUTES * PIECE;
const GROUPS = 300;
const BLOCK_ROWS = 4096;
const RUNS = 25;

const GAUGE = { kind: 'gauge', holdMsMax: 3000, quantiles: false } as const;
const COUNTER = { kind: 'counter', rollover: null, quantiles: false } as const;
const QUANTILES = { ...GAUGE, quantiles: true };

/** The best of some runs: what disturbs a measurement only ever makes it slower. */
function measure(name: string, unit: string, run: () => number): void {
  let best = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const startNs = process.hrtime.bigint();
    const done = run();
    best = Math.max(best, done / (Number(process.hrtime.bigint() - startNs) / 1e9));
  }
  console.log(JSON.stringify({ name, value: Math.round(best), unit, runs: RUNS }));
}

/** Marsaglia's xorshift, 32 bits: the same numbers in every run. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

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

function eachMinute(fold: (slot: number, start: number) => void): number {
  for (let slot = 0; slot < MINUTES; slot++) fold(slot, slot * PIECE);
  return READINGS;
}

for (const [kind, values] of Object.entries({ walk, random })) {
  measure(`runs, ${kind}`, 'readings/s', () =>
    eachMinute((slot, start) => addRun(table, slot, values, start, start + PIECE)),
  );
  measure(`regular gauge runs, ${kind}`, 'readings/s', () =>
    eachMinute((slot, start) => addRegularRun(table, slot, values, start, start + PIECE, start * 1000, 1000, GAUGE)),
  );
  measure(`timed gauge runs, ${kind}`, 'readings/s', () =>
    eachMinute((slot, start) => addTimedRun(table, slot, values, times, start, start + PIECE, GAUGE)),
  );
  measure(`regular gauge runs with quantiles, ${kind}`, 'readings/s', () =>
    eachMinute((slot, start) =>
      addRegularRun(table, slot, values, start, start + PIECE, start * 1000, 1000, QUANTILES),
    ),
  );
}
measure('regular counter runs, growing', 'readings/s', () =>
  eachMinute((slot, start) => addRegularRun(table, slot, growing, start, start + PIECE, start * 1000, 1000, COUNTER)),
);
measure('runs of one reading and its link, walk', 'readings/s', () => {
  const sink = { table, slotOf: (slice: number) => slice };
  for (let i = 1; i < READINGS; i++) {
    addRegularRun(table, Math.floor(i / PIECE), walk, i, i + 1, i * 1000, 1000, GAUGE);
    addLink(sink, GAUGE, 60_000, 1, i * 1000 - 1000, walk[i - 1]!, i * 1000, walk[i]!);
  }
  return READINGS;
});

eachMinute((slot, start) => addRegularRun(minutes, slot, walk, start, start + PIECE, start * 1000, 1000, GAUGE));
measure('merges', 'stats/s', () => {
  for (let slot = 0; slot < MINUTES; slot++) mergeInto(table, slot % GROUPS, minutes, slot);
  return MINUTES;
});

const targets = Int32Array.from({ length: MINUTES }, (_, slot) => slot % GROUPS);
const sources = Int32Array.from({ length: MINUTES }, (_, slot) => slot);
measure('merges, many at once', 'stats/s', () => {
  mergePairs(table, targets, minutes, sources);
  return MINUTES;
});

const slots = Int32Array.from({ length: BLOCK_ROWS }, (_, slot) => slot);
const block = encodeBlock(minutes, slots);
const rows = Array.from(slots, (slot) => encodeRow(minutes, slot));
const decoded = new StatsTable(BLOCK_ROWS);
measure('rows encoded', 'rows/s', () => {
  for (const slot of slots) encodeRow(minutes, slot);
  return BLOCK_ROWS;
});
measure('rows decoded', 'rows/s', () => {
  decoded.truncate(0);
  decoded.allocateMany(BLOCK_ROWS);
  rows.forEach((row, slot) => decodeRow(row, decoded, slot));
  return BLOCK_ROWS;
});
measure('rows encoded in blocks', 'rows/s', () => {
  encodeBlock(minutes, slots);
  return BLOCK_ROWS;
});
measure('rows decoded from blocks', 'rows/s', () => {
  decoded.truncate(0);
  decodeBlock(block, decoded);
  return BLOCK_ROWS;
});
const rowBytes = rows.reduce((sum, row) => sum + row.length, 0);
for (const [name, bytes] of Object.entries({ 'size of a row': rowBytes, 'size of a row in a block': block.length })) {
  console.log(JSON.stringify({ name, value: Number((bytes / BLOCK_ROWS).toFixed(1)), unit: 'bytes', runs: 1 }));
}
