import { describe, expect, it } from 'vitest';
import { REFUSED_BYTES_MAX, REFUSED_DROPS_MAX, REFUSED_ROWS_MAX, RefusedRetention } from './refused-retention.ts';

describe('what was refused', () => {
  it('is kept up to so many rows, the newest', () => {
    const retention = new RefusedRetention();
    for (let position = 1; position <= REFUSED_ROWS_MAX; position++) retention.add(position, 1);
    expect(retention.takeExcess()).toEqual([]);
    retention.add(REFUSED_ROWS_MAX + 5, 1);
    retention.add(REFUSED_ROWS_MAX + 6, 1);
    expect(retention.takeExcess()).toEqual([1, 2]);
    expect(retention.takeExcess()).toEqual([]);
  });

  it('is kept up to so many bytes, and the newest always', () => {
    const retention = new RefusedRetention();
    retention.add(1, REFUSED_BYTES_MAX - 10);
    retention.add(2, 10);
    expect(retention.takeExcess()).toEqual([]);
    retention.add(3, 1);
    expect(retention.takeExcess()).toEqual([1]);
    retention.add(4, REFUSED_BYTES_MAX + 1);
    expect(retention.takeExcess()).toEqual([2, 3]);
  });

  it('goes in pieces where there is much more of it', () => {
    const retention = new RefusedRetention();
    for (let position = 1; position <= REFUSED_ROWS_MAX + REFUSED_DROPS_MAX + 3; position++) retention.add(position, 1);
    expect(retention.takeExcess()).toHaveLength(REFUSED_DROPS_MAX);
    expect(retention.takeExcess()).toEqual([REFUSED_DROPS_MAX + 1, REFUSED_DROPS_MAX + 2, REFUSED_DROPS_MAX + 3]);
  });
});
