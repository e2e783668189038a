/**
 * What offsets and local times cost: `node core/time/zone.bench.ts` prints a JSON line for each.
 */
import { parseDuration } from './duration.ts';
import { windowsOverlapping, windowSpec } from './windows.ts';
import { openZone } from './zone.ts';

const LOOKUPS = 2_000_000;
const RUNS = 5;
const YEAR_MS = 365 * 86_400_000;

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

const paris = openZone('Europe/Paris');
const startMs = Date.UTC(2006, 11, 16);
let sink = 0;

measure('offsets, minute by minute', 'look-ups/s', () => {
  for (let i = 0; i < LOOKUPS; i++) sink += paris.offsetAtMs(startMs + i * 60_000);
  return LOOKUPS;
});
measure('offsets, anywhere in ten years', 'look-ups/s', () => {
  for (let i = 0; i < LOOKUPS; i++) sink += paris.offsetAtMs(startMs + ((i * 7_919_777_777) % (10 * YEAR_MS)));
  return LOOKUPS;
});
measure('local times, minute by minute', 'look-ups/s', () => {
  for (let i = 0; i < LOOKUPS; i++) sink += paris.plainLocalToUtc(startMs + i * 60_000) || 0;
  return LOOKUPS;
});
measure('days of a century', 'windows/s', () => {
  let count = 0;
  const days = windowSpec(parseDuration('1d'), undefined, paris);
  for (const { endMs } of windowsOverlapping(days, startMs - 50 * YEAR_MS, startMs + 50 * YEAR_MS)) {
    sink += endMs;
    count++;
  }
  return count;
});
measure('days from every hour of ten years', 'windows/s', () => {
  let count = 0;
  const days = windowSpec(parseDuration('1d'), parseDuration('1h'), paris);
  for (const { endMs } of windowsOverlapping(days, startMs, startMs + 10 * YEAR_MS)) {
    sink += endMs;
    count++;
  }
  return count;
});

if (Number.isNaN(sink)) console.log('a benchmark met a time that it could not place');
