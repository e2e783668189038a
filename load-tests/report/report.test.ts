import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CATALOG } from './catalog.ts';
import { figureText, performancePage, readmeTable, withMeasured } from './performance-page.ts';
import { readResults } from './stored-run.ts';

const ROOT = new URL('../../', import.meta.url);
const results = await readResults();

describe('what is told of performance', () => {
  it('is what the kept runs say: where this fails, npm run docs:performance writes it', async () => {
    expect(await readFile(new URL('docs/performance.md', ROOT), 'utf8')).toBe(performancePage(results));
    const readme = await readFile(new URL('README.md', ROOT), 'utf8');
    expect(readme).toBe(withMeasured(readme, readmeTable(results)));
  });

  it('shows a figure once', () => {
    const names = CATALOG.flatMap(({ entries }) => entries.map(({ run, name }) => `${run} ${name}`));
    expect(new Set(names).size).toBe(names.length);
  });

  it('says that no run is kept, and shows the README no row, of what was not measured', () => {
    const nothing = { runs: new Map(), comparison: undefined };
    expect(performancePage(nothing)).toContain('no run is kept');
    expect(readmeTable(nothing).trim().split('\n')).toHaveLength(2);
  });

  it.each([
    [200_345_678, 'readings/s', '200 M readings/s'],
    [1_234_567, 'readings/s', '1.23 M readings/s'],
    [535_123, 'lines/s', '535,000 lines/s'],
    [1_500, 'ms', '1,500 ms'],
    [4.56, 'ms', '4.56 ms'],
    [0.6701, 'bytes/reading', '0.67 bytes a reading'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(figureText({ value, unit })).toBe(text);
  });
});
