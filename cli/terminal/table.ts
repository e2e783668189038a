const GAP = '  ';

/** A column of a table for people: its heading, and what it shows of a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

/** Rows as lines in columns under their headings, ending with a line break; a sentence instead where there are none. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], whenEmpty: string): string {
  if (rows.length === 0) return `${whenEmpty}\n`;
  const lines = [columns.map(({ heading }) => heading), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, i) => padded(text, widths[i]!, columns[i]!.align))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}

function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}
