import { describe, expect, it } from 'vitest';
import { asCalled, type Column, formatTable } from './output.ts';
import { formatProgress, ProgressBar } from './progress-bar.ts';

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

describe('a progress bar', () => {
  const drawn = (isTTY: boolean, columns: number) => {
    const texts: string[] = [];
    return { texts, out: { isTTY, columns, write: (text: string) => texts.push(text) } };
  };
  const CLEAR = '\r\u001b[K';

  it('is drawn on a terminal ten times a second at most, and gone at its end', () => {
    const { texts, out } = drawn(true, 80);
    let nowMs = 5;
    {
      using bar = new ProgressBar(out, () => nowMs);
      for (nowMs of [5, 6, 104, 105, 204, 205]) bar.show({ label: `at ${nowMs}`, done: 0 });
    }
    expect(texts).toEqual([`${CLEAR}at 5`, `${CLEAR}at 105`, `${CLEAR}at 205`, CLEAR]);
  });

  it.each([
    [10, 9],
    [0, 79],
  ])('leaves the last of %i cells free', (columns, chars) => {
    const { texts, out } = drawn(true, columns);
    new ProgressBar(out).show({ label: 'x'.repeat(100), done: 0 });
    expect(texts).toEqual([CLEAR + 'x'.repeat(chars)]);
  });

  it('is not drawn in a pipe', () => {
    const { texts, out } = drawn(false, 80);
    {
      using bar = new ProgressBar(out);
      bar.show({ label: 'x', done: 0 });
    }
    expect(texts).toEqual([]);
  });
});

describe('a text that shows commands', () => {
  it.each([
    ['Next:\n  weir up --config a.yaml\n', 'Next:\n  npx weir up --config a.yaml\n'],
    ['see "weir --help"', 'see "npx weir --help"'],
    ['Run `weir batch`: it is made anew', 'Run `npx weir batch`: it is made anew'],
    ['weir init', 'npx weir init'],
    ['give one, as in: weir password < password.txt', 'give one, as in: npx weir password < password.txt'],
  ])('shows %j as it was called', (text, shown) => {
    expect(asCalled(text, 'npx weir')).toBe(shown);
  });

  it.each(['weir 1.2.3 runs', 'where the running weir is', 'weir: there is no x', 'at /srv/weir', 'weir.yaml is'])(
    'leaves %j, which is no command, as it is',
    (text) => {
      expect(asCalled(text, 'npx weir')).toBe(text);
    },
  );
});
