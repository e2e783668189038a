import { readFileSync } from 'node:fs';
import { ColumnCursor } from '#core/packing/column-cursor.ts';
import { PackReader } from '#core/packing/pack-reader.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import { type Figure, figureOf, measure, printFigures, ratePerSecond } from '../measure.ts';
import { xorshift } from '../workloads/chance.ts';

const RUNS = 200;
const COUNT = 131_072;
const HOUSEHOLD = new URL('../../examples/data/uci-household-power.csv', import.meta.url);
/** Behind the first column, the time. */
const HOUSEHOLD_COLUMNS = 7;

/** What packed columns cost and take: made-up values, and the differences of those of the household file. */
async function* benchPacking(): AsyncGenerator<Figure> {
  const walk = noise(200);
  yield* measureColumn('walk of ±100', walk);
  yield* measureColumn(
    'walk of ±100, one in 100 far off',
    walk.map((value, i) => (i % 100 === 0 ? value * 5000 : value)),
  );
  yield* measureColumn('40 bit', noise(2 ** 40));
  yield* measureColumn('household, value differences', householdDifferences());
}

function noise(spread: number): Float64Array {
  const next = xorshift(1);
  return Float64Array.from({ length: COUNT }, () => Math.round((next() / 2 ** 32 - 0.5) * spread));
}

function householdDifferences(): Float64Array {
  const rows = readFileSync(HOUSEHOLD, 'utf8').split(/\r?\n/).slice(1);
  const scaled = rows.map((row) =>
    row
      .split(',')
      .slice(1)
      .map((text) => Math.round(Number(text) * 1000)),
  );
  const whole = scaled.filter(
    (row) => row.length === HOUSEHOLD_COLUMNS && row.every((value) => Number.isFinite(value)),
  );
  const deltas: number[] = [];
  for (let column = 0; column < HOUSEHOLD_COLUMNS; column++) {
    const differences = whole.slice(1).map((row, i) => row[column]! - whole[i]![column]!);
    const divisor = differences.reduce(commonDivisor, 0);
    for (const difference of differences) deltas.push(difference / divisor);
  }
  return Float64Array.from(deltas);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : commonDivisor(b, a % b);
}

async function* measureColumn(name: string, values: Float64Array): AsyncGenerator<Figure> {
  const writer = new PackWriter();
  writer.plainColumn(values, values.length);
  const bytes = writer.finish(0);
  const reader = new PackReader();
  const cursor = new ColumnCursor();
  const out = new Float64Array(1024);
  const unpack = (): number => {
    reader.open(bytes, 0);
    if (!reader.cursor(cursor, values.length)) throw new Error(`${name} can not be read`);
    let left = values.length;
    for (let at = 0; left > 0; at = (at + 128) & 511) left -= cursor.block(out, at);
    return values.length;
  };
  yield await measure({ name: `unpack: ${name}`, unit: 'values/s', runs: RUNS, run: () => ratePerSecond(unpack) });
  yield figureOf(`size: ${name}`, bytes.length / values.length, 'bytes/value', { decimals: 4 });
}

await printFigures(benchPacking());
