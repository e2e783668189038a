import { cpus, totalmem } from 'node:os';

/** A measured figure: one line of what `weir bench` prints. */
export interface Figure {
  /** A benchmark's own name stands for it; longer names are for what it measures beside. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many runs the value is the middle of. */
  readonly runs: number;
  /** What the value is compared with, and how many times that it is. */
  readonly against?: string;
  readonly ratio?: number;
}

/** What is measured, and how often. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  readonly runs: number;
  /** Runs before those that count: what has been running for a while is what is asked for. None by default. */
  readonly warmUps?: number;
  /** Decimals of the value; none by default. */
  readonly decimals?: number;
  /** One run: what it measured, in `unit`. */
  readonly run: (run: number) => number | Promise<number>;
}

/** Runs a measurement, one run after the other; the run in the middle is its figure. */
export async function measure({ name, unit, runs, warmUps = 0, decimals, run }: Measurement): Promise<Figure> {
  const values: number[] = [];
  for (let i = 0; i < warmUps + runs; i++) {
    const value = await run(i);
    if (i >= warmUps) values.push(value);
  }
  return figureOf(name, median(values), unit, { runs, decimals });
}

/**
 * Runs a measurement and its reference in turn, so that what else the machine does meets both alike. Gives the figures of both; the
 * first says how it compares.
 */
export async function measureInTurn(measured: Measurement, reference: Measurement): Promise<readonly Figure[]> {
  const both = [measured, reference];
  const values: number[][] = both.map(() => []);
  for (let i = 0; i < (measured.warmUps ?? 0) + measured.runs; i++) {
    for (const [which, { run }] of both.entries()) {
      const value = await run(i);
      if (i >= (measured.warmUps ?? 0)) values[which]!.push(value);
    }
  }
  const [figure, beside] = both.map(({ name, unit, decimals }, which) =>
    figureOf(name, median(values[which]!), unit, { runs: measured.runs, decimals }),
  ) as [Figure, Figure];
  const ratio = Number((median(values[0]!) / median(values[1]!)).toFixed(3));
  return [{ ...figure, against: `${reference.name} in turn with it`, ratio }, beside];
}

/** A figure of a value that is known already: a size, or the middle of `runs` runs. */
export function figureOf(
  name: string,
  value: number,
  unit: string,
  { runs = 1, decimals = 0 }: { readonly runs?: number; readonly decimals?: number | undefined } = {},
): Figure {
  return { name, value: Number(value.toFixed(decimals)), unit, runs };
}

/** A figure beside the goal that it is to reach. */
export function besideGoal(figure: Figure, goal: number): Figure {
  return { ...figure, against: `goal of ${goal} ${figure.unit}`, ratio: Number((figure.value / goal).toFixed(3)) };
}

/** Runs `work` once; gives how much of it is done in a second, where `work` says how much it did. */
export function ratePerSecond(work: () => number): number {
  const startMs = performance.now();
  const done = work();
  return (done / (performance.now() - startMs)) * 1_000;
}

/** Milliseconds until `work` is done. */
export async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The value in the middle; of an even number the upper of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Writes each figure as a line of JSON, as soon as it is there: what a `*.bench.ts` prints when it runs alone. */
export async function printFigures(figures: AsyncIterable<Figure> | Iterable<Figure>): Promise<void> {
  for await (const figure of figures) process.stdout.write(`${JSON.stringify(figure)}\n`);
}

/** On what something was measured, for people. */
export function describeMachine(): string {
  const [first] = cpus();
  return `${cpus().length} cores (${first?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 1024 ** 3)} GiB`;
}
