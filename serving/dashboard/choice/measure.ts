/** What is drawn of a window. */
export interface Measure {
  readonly name: MeasureName;
  readonly words: string;
  /** The statistic whose value stands for the window. */
  readonly stat: string;
  /** Drawn around it, where there is a band. */
  readonly band?: { readonly low: string; readonly high: string };
  /** Grows while the window runs: a window that has not ended says too little. */
  readonly adds: boolean;
  readonly hasUnit: boolean;
  /** The statistic is one of unit · seconds, and is told per second of its window: so it is in the metric's unit again. */
  readonly isPerSecond?: boolean;
  /** What is told of a window, where `words` alone would not say it. */
  readonly caption?: string;
}

export type MeasureName = 'mean' | 'sum' | 'band' | 'count' | 'increase' | 'amount' | 'load';

const MEAN: Measure = { name: 'mean', words: 'Mean', stat: 'mean', adds: false, hasUnit: true };
const SUM: Measure = { name: 'sum', words: 'Sum', stat: 'sum', adds: true, hasUnit: true };
const BAND: Measure = {
  name: 'band',
  words: 'Min–max',
  stat: 'mean',
  band: { low: 'min', high: 'max' },
  adds: false,
  hasUnit: true,
};
const COUNT: Measure = { name: 'count', words: 'Count', stat: 'count', adds: true, hasUnit: false };
const INCREASE: Measure = { name: 'increase', words: 'Increase', stat: 'increase', adds: true, hasUnit: true };
/** What all series of the group came to together, on average over the window: of power the load. */
const LOAD: Measure = {
  name: 'load',
  words: 'Total',
  stat: 'integral',
  adds: true,
  hasUnit: true,
  isPerSecond: true,
  caption: 'total on average',
};
const AMOUNT: Measure = { name: 'amount', words: 'Amount', stat: 'amount', adds: true, hasUnit: true };

/** What the page needs to know of a view's metric to tell of it what means something. */
export interface Measured {
  readonly kind: string | null;
  /** What it comes to over time is told in this unit: of a gauge, that it is a rate. */
  readonly amountUnit?: string | null;
}

/**
 * The measures of a kind of metric, the most telling first. Samples of a level, such as a power, a temperature or the
 * position of a register, add up to nothing: how much it was is told by the amount, and how much of it there was at a
 * time by the total.
 */
export function measuresOf({ kind, amountUnit = null }: Measured): readonly Measure[] {
  switch (kind) {
    case 'counter':
    case 'total':
      return [INCREASE, BAND, COUNT];
    case 'delta':
      return [SUM, MEAN, BAND, COUNT];
    default:
      return amountUnit === null ? [MEAN, BAND, COUNT] : [MEAN, BAND, LOAD, AMOUNT, COUNT];
  }
}

/** The measure of that name, where the metric has it, else its first. */
export function measureNamed(name: string | undefined, metric: Measured): Measure {
  const measures = measuresOf(metric);
  return measures.find((measure) => measure.name === name) ?? measures[0]!;
}

/** The statistics of a window that are told in figures, beside how many readings it has. */
export function columnsOf({ kind }: Measured, chosen: Measure): readonly string[] {
  switch (kind) {
    case 'counter':
    case 'total':
      return ['increase', 'min', 'max'];
    case 'delta':
      return ['sum', 'mean', 'min', 'max'];
    default:
      return chosen === AMOUNT || chosen === LOAD ? [chosen.stat, 'mean', 'min', 'max'] : ['mean', 'min', 'max'];
  }
}

/**
 * All statistics that the page may show of a metric: asked for at once, so that another measure is there at once. But for
 * what a rate came to: windows that tell it are final only once it is known for how long their last value held.
 */
export function statsOf(metric: Measured, chosen: Measure): readonly string[] {
  return [...new Set(['count', 'mean', 'min', 'max', ...columnsOf(metric, chosen)])];
}
