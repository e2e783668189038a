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
}

export type MeasureName = 'mean' | 'sum' | 'band' | 'count' | 'increase';

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

/** Kinds of metric whose readings are positions of a register: their sum means nothing. */
const REGISTERS: ReadonlySet<string | null> = new Set(['counter', 'total']);

/** The measures of a kind of metric, the most telling first. */
export function measuresOf(kind: string | null): readonly Measure[] {
  if (kind === 'delta') return [SUM, MEAN, BAND, COUNT];
  return REGISTERS.has(kind) ? [INCREASE, BAND, COUNT] : [MEAN, BAND, SUM, COUNT];
}

/** The measure of that name, where the kind has it, else its first. */
export function measureNamed(name: string | undefined, kind: string | null): Measure {
  const measures = measuresOf(kind);
  return measures.find((measure) => measure.name === name) ?? measures[0]!;
}

/** All statistics that the page may show of a kind: asked for at once, so that another measure is there at once. */
export function statsOf(kind: string | null): readonly string[] {
  return REGISTERS.has(kind) ? ['count', 'mean', 'min', 'max', 'increase'] : ['count', 'sum', 'mean', 'min', 'max'];
}
