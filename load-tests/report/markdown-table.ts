/** A table of Markdown whose columns are as wide as they have to be. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |\n`;
  return line(headings) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}
