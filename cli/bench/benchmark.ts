/** A measured figure: one line of what `weir bench` prints. */
export interface Figure {
  /** The benchmark's own name for the figure that stands for it; longer names for what it measures beside. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many runs the value is the middle of. */
  readonly runs: number;
  /** What the value is compared with, and how many times that it is. */
  readonly against?: string;
  readonly ratio?: number;
}

/** A measurement that `weir bench` knows. */
export interface Benchmark {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** Measures; what it needs on disk it makes in a temporary directory and removes. */
  readonly run: () => Promise<readonly Figure[]>;
}

/** The value in the middle; of an even number the upper of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** A figure beside the goal that it is to reach. */
export function besideGoal(figure: Omit<Figure, 'against' | 'ratio'>, goal: number): Figure {
  return { ...figure, against: `goal of ${goal} ${figure.unit}`, ratio: Number((figure.value / goal).toFixed(3)) };
}
