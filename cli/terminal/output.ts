import { once } from 'node:events';

const GAP = '  ';

/** Writes a piece of a result to standard output; resolves when more may be written. */
export async function writeOut(piece: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
}

/** How a list is written: a table is for people, JSON for scripts. */
export type ListFormat = 'table' | 'json';

/** Writes an answer in one line of JSON, or as the text that `textOf` makes of it. */
export async function writeList<Answer>(
  format: ListFormat,
  answer: Answer,
  textOf: (answer: Answer) => string,
): Promise<void> {
  await writeOut(format === 'json' ? `${JSON.stringify(answer)}\n` : textOf(answer));
}

/** A column of a table for people: its heading, and what it shows of a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

/** Rows as lines in columns under their headings, ending with a line break; a sentence instead where there are none. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], whenEmpty: string): string {
  if (rows.length === 0) return `${asCalled(whenEmpty)}\n`;
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

/** A command of weir where a text shows one to type: at the start of a line, in quotes, or set apart. */
const SHOWN = /(?<=^|["'`]|: | {2})weir (?=[a-z-])/gm;

/**
 * A text for people whose commands work where they are read: as `weir.sh` was called, which is not by its bare name in
 * a checkout.
 */
export function asCalled(text: string, called: string = process.env['WEIR_COMMAND'] ?? 'weir'): string {
  return text.replaceAll(SHOWN, () => `${called} `);
}
