import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PlanOptions } from './plan/draw-faults.ts';
import type { Plan } from './plan/plan.ts';
import type { WorldReport, WorldTask } from './report.ts';
import { EVENTS, type EventName } from './run/events.ts';

export interface SweepOptions {
  /** The first seed; the others follow it one by one. */
  readonly from: number;
  /** How many at the most. */
  readonly seeds: number;
  /** When to begin no more, as of `performance.now`. */
  readonly untilMs: number;
  readonly options?: PlanOptions;
  readonly shrinkMs: number;
  /** Called after each world. */
  readonly done: (report: WorldReport) => void;
}

/** What a sweep tells in the end. */
export interface SweepOutcome {
  readonly seeds: number;
  /** Seeds whose world broke a promise. */
  readonly failed: readonly number[];
  readonly events: Readonly<Record<EventName, number>>;
  readonly seconds: number;
}

/** Worlds that break a promise and are shrunk, in one sweep: shrinking takes as long as a hundred worlds. */
const SHRUNK_MAX = 3;

/** Runs the worlds of many seeds, as many at a time as the machine has cores. */
export async function sweep(options: SweepOptions): Promise<SweepOutcome> {
  const startMs = performance.now();
  const failed: number[] = [];
  const events = Object.fromEntries(EVENTS.map((name) => [name, 0])) as Record<EventName, number>;
  let next = options.from;
  let seeds = 0;
  let shrunk = 0;
  const take = (): WorldTask | undefined => {
    if (next >= options.from + options.seeds || performance.now() >= options.untilMs) return undefined;
    const shrinkMs = shrunk < SHRUNK_MAX ? options.shrinkMs : 0;
    return { seed: next++, options: options.options ?? {}, shrinkMs };
  };
  const note = (report: WorldReport): void => {
    seeds++;
    for (const [name, count] of report.events) events[name] += count;
    if (report.broken !== null) failed.push(report.seed);
    if (report.shrunk !== null) shrunk++;
    options.done(report);
  };
  const workers = Math.min(availableParallelism(), options.seeds);
  await Promise.all(Array.from({ length: workers }, () => runWorker(take, note)));
  return { seeds, failed: failed.toSorted((a, b) => a - b), events, seconds: (performance.now() - startMs) / 1000 };
}

/** Runs worlds as they are planned, as many at a time as the machine has cores; gives what became of each, in their order. */
export async function runPlans(plans: readonly Plan[]): Promise<readonly WorldReport[]> {
  const reports: WorldReport[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    let at = 0;
    const take = (): WorldTask | undefined => {
      at = next++;
      const plan = plans[at];
      return plan === undefined ? undefined : { plan, seed: plan.seed, shrinkMs: 0 };
    };
    await runWorker(take, (report) => (reports[at] = report));
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), plans.length) }, run));
  return reports;
}

/** Worlds of one thread: what modules that they share should keep of each goes with the thread. One takes a second to begin. */
const WORLDS_PER_THREAD = 100;

/** Runs worlds in threads of their own: what replaces Node's timers and disks in there is not seen out here. */
async function runWorker(take: () => WorldTask | undefined, note: (report: WorldReport) => void): Promise<void> {
  let task = take();
  while (task !== undefined) {
    const worker = new Worker(new URL('./world.worker.ts', import.meta.url));
    try {
      for (let ran = 0; task !== undefined && ran < WORLDS_PER_THREAD; ran++, task = take()) {
        note(await runOn(worker, task));
      }
    } finally {
      await worker.terminate();
    }
  }
}

function runOn(worker: Worker, task: WorldTask): Promise<WorldReport> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new Error(`the world of seed ${task.seed} ended its simulator`, { cause: error }));
    const end = (): void => fail(new Error('its thread has ended'));
    worker.once('error', fail).once('exit', end);
    worker.once('message', (report: WorldReport) => {
      worker.off('error', fail).off('exit', end);
      resolve(report);
    });
    worker.postMessage(task);
  });
}

/** Seeds from which on a sweep has to have seen every event. */
export const SWEEP_SEEDS_MIN = 200;

/** The events that a sweep should have seen, and has not. */
export function eventsMissed({ seeds, events }: SweepOutcome, excused: ReadonlySet<EventName>): readonly EventName[] {
  if (seeds < SWEEP_SEEDS_MIN) return [];
  return EVENTS.filter((name) => events[name] === 0 && !excused.has(name));
}
