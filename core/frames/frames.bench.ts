/**
 * Measures `readings` frames: `node core/frames/frames.bench.ts`, one JSON line each on standard output. Read means:
 * header with checksum, open, all chunks, and the sum of all values.
 */
import { encodeReadings } from './encode-readings.ts';
import type { ReadingsRuns } from './readings.ts';
import { ReadingsReader } from './readings-reader.ts';
import { walkingRuns } from './samples.cases.ts';

const RUNS = 1500;
const ENCODE_RUNS = 20;
const META = { incarnation: 1, sequence: 1, dictionaryVersion: 4096, watermarkMs: null };

for (const [runs, length] of [
  [13, 10_000],
  [130, 1000],
  [2000, 64],
] as const) {
  measure(`runs of ${length} regular readings`, walkingRuns({ runs, length, stepMs: 1000, anchored: false }));
}
measure(
  'runs of 1000 irregular readings',
  jittered(walkingRuns({ runs: 130, length: 1000, stepMs: 1000, anchored: false })),
);
measure(
  '1000 live runs of one reading and its anchor',
  walkingRuns({ runs: 1000, length: 1, stepMs: 1000, anchored: true }),
);

function jittered(runs: ReadingsRuns): ReadingsRuns {
  return { ...runs, timeMs: runs.timeMs.map((atMs, i) => atMs + ((i * 7919) % 23)) };
}

function measure(name: string, runs: ReadingsRuns): void {
  const frame = encodeReadings(META, runs);
  const readings = runs.timeMs.length;
  const reader = new ReadingsReader();
  const reading = median(RUNS, () => {
    const fault = reader.open(frame);
    if (fault !== null) throw new Error(fault.message);
    let sum = 0;
    while (reader.next()) sum += sumOf(reader.values, reader.offset, reader.size);
    if (!Number.isFinite(sum)) throw new Error(`${name} has no sum`);
  });
  const writing = median(ENCODE_RUNS, () => void encodeReadings(META, runs));
  print({ name: `read: ${name}`, value: Math.round(readings / reading), unit: 'readings/s', runs: RUNS });
  print({ name: `write: ${name}`, value: Math.round(readings / writing), unit: 'readings/s', runs: ENCODE_RUNS });
  print({ name: `size: ${name}`, value: Number((frame.length / readings).toFixed(4)), unit: 'bytes/reading', runs: 1 });
}

/** Four sums side by side, so that no addition waits for the one before. */
function sumOf(values: Float64Array, from: number, size: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = from;
  for (const fours = from + (size & ~3); i < fours; i += 4) {
    a += values[i]!;
    b += values[i + 1]!;
    c += values[i + 2]!;
    d += values[i + 3]!;
  }
  for (const end = from + size; i < end; i++) a += values[i]!;
  return a + b + c + d;
}

/** Seconds that `work` takes, in the middle of so many runs. */
function median(runs: number, work: () => void): number {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const from = performance.now();
    work();
    times.push(performance.now() - from);
  }
  return times.toSorted((a, b) => a - b)[runs >> 1]! / 1000;
}

function print(line: { name: string; value: number; unit: string; runs: number }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
