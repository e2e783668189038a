/**
 * What one cell, one addition and one product cost: `node core/numbers/numbers.bench.ts` prints a JSON line for each.
 */
import { bucketOf } from './log-buckets.ts';
import { parseScaledBytes, scaledFromNumber } from './scaled.ts';
import { addProduct, addSafe, makeWide, SQUARE_LIMBS, SUM_LIMBS } from './wide.ts';

const COUNT = 1 << 16;
const ROUNDS = 60;
const RUNS = 5;

/** The best of some runs: what disturbs a measurement only ever makes it slower. */
function measure(name: string, round: () => void): void {
  let bestNs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const startNs = process.hrtime.bigint();
    for (let i = 0; i < ROUNDS; i++) round();
    bestNs = Math.min(bestNs, Number(process.hrtime.bigint() - startNs) / (ROUNDS * COUNT));
  }
  console.log(JSON.stringify({ name, value: Number(bestNs.toFixed(2)), unit: 'ns', runs: RUNS }));
}

/** Park and Miller's minimal standard generator (1988): the same values in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647);
}

function cells(write: (random: number) => string): { bytes: Uint8Array; starts: Int32Array } {
  const random = seeded(7);
  const starts = new Int32Array(COUNT + 1);
  let text = '';
  for (let i = 0; i < COUNT; i++) {
    starts[i] = text.length;
    text += write(random());
  }
  starts[COUNT] = text.length;
  return { bytes: new TextEncoder().encode(text), starts };
}

let sink = 0;

function measureParsing(name: string, write: (random: number) => string): void {
  const { bytes, starts } = cells(write);
  measure(name, () => {
    for (let i = 0; i < COUNT; i++) sink += parseScaledBytes(bytes, starts[i]!, starts[i + 1]!, 3, 'round');
  });
}

measureParsing('parse 1.234', (random) => ((random % 10_000) / 1_000).toFixed(3));
measureParsing('parse 17 digits', (random) => (random / 99_991).toPrecision(17));
measureParsing('parse exponent', (random) => (random / 1e9).toExponential(4));

const values = Float64Array.from({ length: COUNT }, seeded(11));
const doubles = values.map((value) => value / 1_000);
measure('scaled from double', () => {
  for (let i = 0; i < COUNT; i++) sink += scaledFromNumber(doubles[i]!, 3, 'round');
});

const sums = makeWide(SUM_LIMBS, 1_024);
const squares = makeWide(SQUARE_LIMBS, 1_024);
measure('add 31 bits, one state', () => {
  for (let i = 0; i < COUNT; i++) addSafe(sums, 5, values[i]!);
});
measure('add 31 bits, 1,024 states', () => {
  for (let i = 0; i < COUNT; i++) addSafe(sums, i & 1_023, values[i]!);
});
measure('add squares of 31 bits', () => {
  for (let i = 0; i < COUNT; i++) addProduct(squares, i & 1_023, values[i]!, values[i]!);
});
measure('add squares of 20 bits', () => {
  for (let i = 0; i < COUNT; i++) addProduct(squares, i & 1_023, values[i]! >> 11, values[i]! >> 11);
});
measure('add products of 52 bits', () => {
  for (let i = 0; i < COUNT; i++) addProduct(squares, i & 1_023, values[i]! * 2 ** 21, values[i]! * 2 ** 21);
});
measure('bucket', () => {
  for (let i = 0; i < COUNT; i++) sink += bucketOf(values[i]!);
});

if (Number.isNaN(sink)) console.log('a benchmark met a value that it could not read');
