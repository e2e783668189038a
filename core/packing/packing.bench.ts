/**
 * Measures packed columns: `node core/packing/packing.bench.ts [HOUSEHOLD.csv]`, one JSON line each on standard output.
 * The file is the UCI household file with commas; without it only made-up columns are measured.
 */
import { readFileSync } from 'node:fs';
import { ColumnCursor } from './column-cursor.ts';
import { PackReader } from './pack-reader.ts';
import { PackWriter } from './pack-writer.ts';

const RUNS = 200;
const HOUSEHOLD_COLUMNS = 7;

measure('walk of ±100', noise(131_072, 200));
measure(
  'walk of ±100, one in 100 far off',
  noise(131_072, 200).map((value, i) => (i % 100 === 0 ? value * 5000 : value)),
);
measure('40 bit', noise(131_072, 2 ** 40));
const [file] = process.argv.slice(2);
if (file !== undefined) measureHousehold(file);

function noise(count: number, spread: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((state / 2 ** 32 - 0.5) * spread);
  });
}

function measureHousehold(path: string): void {
  const rows = readFileSync(path, 'utf8').split(/\r?\n/).slice(1);
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
  measure('household, value differences', Float64Array.from(deltas));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : commonDivisor(b, a % b);
}

function measure(name: string, values: Float64Array): void {
  const writer = new PackWriter();
  writer.plainColumn(values, values.length);
  const bytes = writer.finish(0);
  const reader = new PackReader();
  const cursor = new ColumnCursor();
  const out = new Float64Array(1024);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const from = performance.now();
    reader.open(bytes, 0);
    if (!reader.cursor(cursor, values.length)) throw new Error(`${name} can not be read`);
    let left = values.length;
    for (let at = 0; left > 0; at = (at + 128) & 511) left -= cursor.block(out, at);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const perSecond = values.length / (times[RUNS >> 1]! / 1000);
  print({ name: `unpack: ${name}`, value: Math.round(perSecond), unit: 'values/s', runs: RUNS });
  print({
    name: `size: ${name}`,
    value: Number((bytes.length / values.length).toFixed(4)),
    unit: 'bytes/value',
    runs: 1,
  });
}

function print(line: { name: string; value: number; unit: string; runs: number }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
