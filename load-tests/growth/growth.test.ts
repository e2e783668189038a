import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logLogPlot } from './log-log-plot.ts';
import { fitPowerLaw } from './power-law.ts';

const SIZES = [1, 10, 100, 1_000];

describe('a power law', () => {
  it('is found again in its own points', () => {
    const exponents = fc.double({ min: -2, max: 3, noNaN: true });
    fc.assert(
      fc.property(exponents, fc.double({ min: 0.01, max: 1_000, noNaN: true }), (exponent, factor) => {
        const fitted = fitPowerLaw(SIZES.map((size) => ({ size, value: factor * size ** exponent })));
        expect(fitted.exponent).toBeCloseTo(exponent, 6);
        expect(fitted.factor / factor).toBeCloseTo(1, 6);
      }),
    );
  });

  it('lies between points that scatter', () => {
    const { exponent } = fitPowerLaw([10, 9, 110, 90].map((value, i) => ({ size: i < 2 ? 10 : 100, value })));
    expect(exponent).toBeCloseTo(1.02, 2);
  });
});

describe('a picture', () => {
  const plot = {
    title: 'a < b & c',
    sizeLabel: 'series',
    lines: [
      { label: 'time, ms', points: SIZES.map((size) => ({ size, value: 3 * size })) },
      { label: 'memory, MB', points: SIZES.map((size) => ({ size, value: 200 })) },
    ],
  };

  it('has a dot for each point, within its borders, and says each exponent', () => {
    const svg = logLogPlot(plot);
    const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(dots).toHaveLength(2 * SIZES.length + plot.lines.length);
    for (const [x, y] of dots) {
      expect(x).toBeGreaterThanOrEqual(70);
      expect(x).toBeLessThanOrEqual(640);
      expect(y).toBeGreaterThanOrEqual(40);
      expect(y).toBeLessThanOrEqual(350);
    }
    expect(svg).toContain('exponent 1.00');
    expect(svg).toContain('exponent 0.00');
    expect(svg).toContain('a &lt; b &amp; c');
  });
});
