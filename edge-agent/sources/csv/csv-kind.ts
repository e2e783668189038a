import { z } from 'zod';
import { checkFile, describeFile, FILE_FIELDS, fileSupport } from '../records/file-section.ts';
import { RecordSource } from '../records/record-source.ts';
import { checkColumns, checkDistinct, checkMetrics, seriesMade } from '../rows/row-references.ts';
import { CELLS_SERIES, COLUMNS_MAX } from '../rows/rows-section.ts';
import { nameField } from '../section-fields.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { CsvOpener, type CsvSection, SKIPPED_LINES_MAX } from './csv-opener.ts';

/** How CSV is written, wherever it comes from. */
export const CSV_FIELDS = {
  delimiter: z
    .string()
    .refine(
      (mark) => /^[\t -~]$/.test(mark) && mark !== '"',
      'delimiter must be one ASCII character, not a quote or a line end',
    )
    .default(',')
    .meta({ description: 'What stands between the fields of a row.', examples: [';'] }),
  columns: z
    .array(nameField)
    .min(1)
    .max(COLUMNS_MAX)
    .meta({
      description: 'The names of the columns, of a file that has no heading or another one.',
      examples: [['time', 'kw']],
    })
    .optional(),
  header: z
    .boolean()
    .meta({ description: 'Whether there is a heading. There is one unless columns names them.', examples: [false] })
    .optional(),
  skip: z
    .int()
    .min(0)
    .max(SKIPPED_LINES_MAX)
    .default(0)
    .meta({ description: 'How many lines stand before the heading.', examples: [3] }),
  comment: z
    .string()
    .regex(/^[^\s"].{0,7}$/u, 'comment must be what a line begins with that is no row, such as "#"')
    .meta({ description: 'What lines begin with that are no rows.', examples: ['#'] })
    .optional(),
};

/** What no single field of CSV can check. */
export function checkCsv(
  { columns, header }: Pick<CsvSection, 'columns' | 'header'>,
  context: z.core.$RefinementCtx,
): void {
  if (header === false && columns === undefined) {
    const message = 'a file without a heading needs `columns` to name them';
    context.addIssue({ code: 'custom', path: ['columns'], message });
  }
  const repeated = columns?.find((column, i) => columns.indexOf(column) !== i);
  if (repeated !== undefined) {
    const message = `column ${JSON.stringify(repeated)} is named twice`;
    context.addIssue({ code: 'custom', path: ['columns'], message });
  }
}

const schema = z
  .strictObject({
    kind: z.literal('csv').meta({ description: 'A CSV file, or standard input.', examples: ['csv'] }),
    ...FILE_FIELDS,
    series: CELLS_SERIES,
    ...CSV_FIELDS,
  })
  .superRefine((section, context) => {
    checkCsv(section, context);
    checkFile(section, context);
  });

/** CSV files, and standard input where `file` is `-`. */
export const CSV: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: fileSupport,
  describe: (section) => {
    const { skip, comment } = section;
    const lines = skip === 0 ? '' : `, its first ${skip === 1 ? 'line' : `${skip} lines`} skipped`;
    const comments = comment === undefined ? '' : `, lines with ${JSON.stringify(comment)} left out`;
    return describeFile(section) + lines + comments;
  },
  faults: (section, metricNames) => [
    ...checkMetrics(section, metricNames),
    ...checkDistinct(section),
    ...(section.columns === undefined ? [] : checkColumns(section, section.columns)),
  ],
  makes: seriesMade,
  open: (name, section, options) => new RecordSource({ ...options, name, section, opener: new CsvOpener(section) }),
};
