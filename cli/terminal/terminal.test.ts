import { describe, expect, it } from 'vitest';
import { type Column, formatTable } from './output.ts';
import { formatProgress } from './progress-bar.ts';

describe('a table', () => {
  const columns: readonly Column<{ readonly name: string; readonly count: number }>[] = [
    { heading: 'name', cell: ({ name }) => name },
    { heading: 'count', align: 'right', cell: ({ count }) => String(count) },
  ];

  it('is as wide as its widest cells, numbers to the right', () => {
    expect(
      formatTable(
        [
          { name: 'a', count: 1 },
          { name: 'longer', count: 12_345 },
        ],
        columns,
        '',
      ),
    ).toBe('name    count\na           1\nlonger  12345\n');
  });

  it('without rows is a sentence', () => {
    expect(formatTable([], columns, 'nothing yet')).toBe('nothing yet\n');
  });
});

describe('a progress line', () => {
  it('fills its bar with what is done', () => {
    expect(formatProgress({ label: 'x', done: 0, total: 8 })).toBe(`${'░'.repeat(24)}   0 %  x`);
    expect(formatProgress({ label: 'x', done: 4, total: 8 })).toBe(`${'█'.repeat(12)}${'░'.repeat(12)}  50 %  x`);
    expect(formatProgress({ label: 'x', done: 9, total: 8 })).toBe(`${'█'.repeat(24)} 100 %  x`);
  });

  it('has words alone where nobody knows how much there is', () => {
    expect(formatProgress({ label: '12 rows', done: 12 })).toBe('12 rows');
  });
});
