import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { KEPT_RATIOS, measuredRatios } from './measured-ratios.ts';
import { measureRatios, type Ratios, slowerThan } from './ratios.ts';

/** What looks slower is measured again, longer: only what stays slower is. */
const ROUNDS = [40, 120, 300];

describe('the fastest parts', () => {
  it('are no third slower against a fixed loop than they were', async () => {
    const kept = JSON.parse(await readFile(KEPT_RATIOS, 'utf8')) as Ratios;
    let slower: readonly string[] = [];
    for (const rounds of ROUNDS) {
      slower = slowerThan(kept, await measuredRatios(rounds));
      if (slower.length === 0) break;
    }
    expect(slower).toEqual([]);
  }, 180_000);
});

describe('ratios against the fixed loop', () => {
  it('tell work that is twice as long by half the ratio', async () => {
    const spin = (times: number) => (): void => {
      let sum = 0;
      for (let i = 0; i < times * 4_000_000; i++) sum = (sum + Math.imul(i, 31)) | 0;
      if (sum === 1) throw new Error('never');
    };
    const pieces = [
      { name: 'once', run: spin(1) },
      { name: 'twice', run: spin(2) },
    ];
    const { once, twice } = (await measureRatios(pieces, 60)) as { once: number; twice: number };
    expect(once / twice).toBeGreaterThan(1.5);
    expect(once / twice).toBeLessThan(2.7);
  }, 60_000);

  it('say what has fallen by a third, what is not kept, and what was not measured', () => {
    expect(slowerThan({ a: 3, b: 3, gone: 1 }, { a: 2.01, b: 1.99, fresh: 1 })).toEqual([
      'fresh has no ratio that is kept; npm run baseline writes it',
      'b has fallen from 3 to 1.99 of the fixed loop',
      'gone is kept, and was not measured',
    ]);
  });
});
