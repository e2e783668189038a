import { bucketOf } from '#core/numbers/log-buckets.ts';
import { parseScaledBytes, scaledFromNumber } from '#core/numbers/scaled.ts';
import { addProduct, addSafe, makeWide, SQUARE_LIMBS, SUM_LIMBS } from '#core/numbers/wide.ts';
import { type Figure, measure, printFigures, ratePerSecond } from '../measure.ts';
import { xorshift } from '../workloads/chance.ts';

const COUNT = 1 << 16;
const ROUNDS = 60;
const RUNS = 5;
const STATES = 1_024;

/** Keeps what is measured from being left out as unused. */
let sink = 0;

/** What one cell, one addition and one product cost. */
async function* benchNumbers(): AsyncGenerator<Figure> {
  yield await measureParsing('parse 1.234', (random) => ((random % 10_000) / 1_000).toFixed(3));
  yield await measureParsing('parse 17 digits', (random) => (random / 99_991).toPrecision(17));
  yield await measureParsing('parse exponent', (random) => (random / 1e9).toExponential(4));
  const values = Float64Array.from({ length: COUNT }, positive(11));
  const doubles = values.map((value) => value / 1_000);
  yield await measureRound('scaled from double', () => {
    for (let i = 0; i < COUNT; i++) sink += scaledFromNumber(doubles[i]!, 3, 'round');
  });
  const sums = makeWide(SUM_LIMBS, STATES);
  const squares = makeWide(SQUARE_LIMBS, STATES);
  yield await measureRound('add 31 bits, one state', () => {
    for (let i = 0; i < COUNT; i++) addSafe(sums, 5, values[i]!);
  });
  yield await measureRound('add 31 bits, 1,024 states', () => {
    for (let i = 0; i < COUNT; i++) addSafe(sums, i & (STATES - 1), values[i]!);
  });
  yield await measureRound('add squares of 31 bits', () => {
    for (let i = 0; i < COUNT; i++) addProduct(squares, i & (STATES - 1), values[i]!, values[i]!);
  });
  yield await measureRound('add squares of 20 bits', () => {
    for (let i = 0; i < COUNT; i++) addProduct(squares, i & (STATES - 1), values[i]! >> 11, values[i]! >> 11);
  });
  yield await measureRound('add products of 52 bits', () => {
    for (let i = 0; i < COUNT; i++) addProduct(squares, i & (STATES - 1), values[i]! * 2 ** 21, values[i]! * 2 ** 21);
  });
  yield await measureRound('bucket', () => {
    for (let i = 0; i < COUNT; i++) sink += bucketOf(values[i]!);
  });
}

function measureParsing(name: string, write: (random: number) => string): Promise<Figure> {
  const { bytes, starts } = cells(write);
  return measureRound(name, () => {
    for (let i = 0; i < COUNT; i++) sink += parseScaledBytes(bytes, starts[i]!, starts[i + 1]!, 3, 'round');
  });
}

/** Nanoseconds of one of the COUNT that a round does. */
function measureRound(name: string, round: () => void): Promise<Figure> {
  const run = (): number =>
    1e9 /
    ratePerSecond(() => {
      for (let i = 0; i < ROUNDS; i++) round();
      return ROUNDS * COUNT;
    });
  return measure({ name, unit: 'ns', runs: RUNS, decimals: 2, run });
}

/** Cells one behind the other, and where each begins. */
function cells(write: (random: number) => string): { bytes: Uint8Array; starts: Int32Array } {
  const random = positive(7);
  const starts = new Int32Array(COUNT + 1);
  let text = '';
  for (let i = 0; i < COUNT; i++) {
    starts[i] = text.length;
    text += write(random());
  }
  starts[COUNT] = text.length;
  return { bytes: new TextEncoder().encode(text), starts };
}

/** Numbers of 31 bits. */
function positive(seed: number): () => number {
  const next = xorshift(seed);
  return () => next() >>> 1;
}

await printFigures(benchNumbers());
if (Number.isNaN(sink)) throw new Error('a value could not be read');
