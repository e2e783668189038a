import { strict as assert } from 'node:assert';

/** What was measured at one size. */
export interface Point {
  readonly size: number;
  readonly value: number;
}

/** `value = factor · size ^ exponent`. */
export interface PowerLaw {
  readonly exponent: number;
  readonly factor: number;
}

/** The power law that comes nearest to two points or more, by least squares of their logarithms. All numbers are above 0. */
export function fitPowerLaw(points: readonly Point[]): PowerLaw {
  assert(points.length >= 2, 'a line has two points');
  const logs = points.map(({ size, value }) => {
    assert(size > 0 && value > 0, 'only what is above 0 has a logarithm');
    return [Math.log(size), Math.log(value)] as const;
  });
  const mean = (index: 0 | 1): number => logs.reduce((sum, log) => sum + log[index], 0) / logs.length;
  const [meanSize, meanValue] = [mean(0), mean(1)];
  let together = 0;
  let alone = 0;
  for (const [size, value] of logs) {
    together += (size - meanSize) * (value - meanValue);
    alone += (size - meanSize) ** 2;
  }
  const exponent = together / alone;
  return { exponent, factor: Math.exp(meanValue - exponent * meanSize) };
}
