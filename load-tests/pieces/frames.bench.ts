import { encodeReadings } from '#core/frames/encode-readings.ts';
import { ReadingsReader } from '#core/frames/readings-reader.ts';
import type { ReadingsRuns } from '#core/frames/readings.ts';
import { walkingRuns } from '#core/frames/sample-frames.fixtures.ts';
import { KERNELS } from '#core/kernels/kernels.ts';
import { type Figure, figureOf, measure, printFigures, ratePerSecond } from '../measure.ts';

const RUNS = 1_500;
const ENCODE_RUNS = 20;
const META = { incarnation: 1, sequence: 1, dictionaryVersion: 4096, watermarkMs: null };

/** What `readings` frames cost; read means: header with checksum, open, all chunks, and the sum of all values. */
async function* benchFrames(): AsyncGenerator<Figure> {
  for (const [runs, length] of [
    [13, 10_000],
    [130, 1000],
    [2000, 64],
  ] as const) {
    const regular = walkingRuns({ runs, length, stepMs: 1000, anchored: false });
    yield* measureFrame(`runs of ${length} regular readings`, regular);
  }
  const long = walkingRuns({ runs: 130, length: 1000, stepMs: 1000, anchored: false });
  yield* measureFrame('runs of 1000 irregular readings', jittered(long));
  const live = walkingRuns({ runs: 1000, length: 1, stepMs: 1000, anchored: true });
  yield* measureFrame('1000 live runs of one reading and its anchor', live);
}

function jittered(runs: ReadingsRuns): ReadingsRuns {
  return { ...runs, timeMs: runs.timeMs.map((atMs, i) => atMs + ((i * 7919) % 23)) };
}

async function* measureFrame(name: string, runs: ReadingsRuns): AsyncGenerator<Figure> {
  const frame = encodeReadings(META, runs);
  const readings = runs.timeMs.length;
  const reader = new ReadingsReader(KERNELS);
  const read = (): number => {
    const fault = reader.open(frame);
    if (fault !== null) throw new Error(fault.message);
    let sum = 0;
    while (reader.next()) sum += sumOf(reader.values, reader.offset, reader.size);
    if (!Number.isFinite(sum)) throw new Error(`${name} has no sum`);
    return readings;
  };
  const write = (): number => {
    encodeReadings(META, runs);
    return readings;
  };
  const unit = 'readings/s';
  yield await measure({ name: `read: ${name}`, unit, runs: RUNS, run: () => ratePerSecond(read) });
  yield await measure({ name: `write: ${name}`, unit, runs: ENCODE_RUNS, run: () => ratePerSecond(write) });
  yield figureOf(`size: ${name}`, frame.length / readings, 'bytes/reading', { decimals: 4 });
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

await printFigures(benchFrames());
