import { parseDuration } from '#core/time/duration.ts';
import { windowsOverlapping, windowSpec } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import { type Figure, measure, printFigures, ratePerSecond } from '../measure.ts';

const LOOKUPS = 2_000_000;
const RUNS = 5;
const YEAR_MS = 365 * 86_400_000;
const START_MS = Date.UTC(2006, 11, 16);

const paris = openZone('Europe/Paris');
/** Keeps what is measured from being left out as unused. */
let sink = 0;

/** What offsets, local times and calendar windows cost. */
async function* benchZone(): AsyncGenerator<Figure> {
  const lookUps = (name: string, lookUp: (i: number) => number): Promise<Figure> =>
    measured(name, 'look-ups/s', () => {
      for (let i = 0; i < LOOKUPS; i++) sink += lookUp(i);
      return LOOKUPS;
    });
  yield await lookUps('offsets, minute by minute', (i) => paris.offsetAtMs(START_MS + i * 60_000));
  yield await lookUps('offsets, anywhere in ten years', (i) =>
    paris.offsetAtMs(START_MS + ((i * 7_919_777_777) % (10 * YEAR_MS))),
  );
  yield await lookUps('local times, minute by minute', (i) => paris.plainLocalToUtc(START_MS + i * 60_000) || 0);
  yield await measured('days of a century', 'windows/s', () => countDays(undefined, -50, 50));
  yield await measured('days from every hour of ten years', 'windows/s', () => countDays('1h', 0, 10));
}

function countDays(every: string | undefined, fromYears: number, toYears: number): number {
  const days = windowSpec(parseDuration('1d'), every === undefined ? undefined : parseDuration(every), paris);
  let count = 0;
  for (const { endMs } of windowsOverlapping(days, START_MS + fromYears * YEAR_MS, START_MS + toYears * YEAR_MS)) {
    sink += endMs;
    count++;
  }
  return count;
}

function measured(name: string, unit: string, work: () => number): Promise<Figure> {
  return measure({ name, unit, runs: RUNS, run: () => ratePerSecond(work) });
}

await printFigures(benchZone());
if (Number.isNaN(sink)) throw new Error('a time could not be placed');
