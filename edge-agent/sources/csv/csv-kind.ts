import { z } from 'zod';
import { RecordSource } from '../records/record-source.ts';
import { checkColumns, checkMetrics } from '../rows/row-references.ts';
import { checkFile, COLUMNS_MAX, describeFile, FILE_FIELDS, fileSupport } from '../rows/rows-section.ts';
import { nameField } from '../section-fields.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { CsvOpener } from './csv-opener.ts';

const schema = z
  .strictObject({
    kind: z.literal('csv'),
    ...FILE_FIELDS,
    delimiter: z
      .string()
      .refine(
        (mark) => /^[\t -~]$/.test(mark) && mark !== '"',
        'delimiter must be one ASCII character, not a quote or a line end',
      )
      .default(','),
    columns: z.array(nameField).min(1).max(COLUMNS_MAX).optional(),
    header: z.boolean().optional(),
  })
  .superRefine((section, context) => {
    const { columns, header } = section;
    if (header === false && columns === undefined) {
      const message = 'a file without a heading needs `columns` to name them';
      context.addIssue({ code: 'custom', path: ['columns'], message });
    }
    const repeated = columns?.find((column, i) => columns.indexOf(column) !== i);
    if (repeated !== undefined) {
      const message = `column ${JSON.stringify(repeated)} is named twice`;
      context.addIssue({ code: 'custom', path: ['columns'], message });
    }
    checkFile(section, context);
  });

/** CSV files, and standard input where `file` is `-`. */
export const CSV: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: fileSupport,
  describe: describeFile,
  faults: (section, metricNames) => [
    ...checkMetrics(section, metricNames),
    ...(section.columns === undefined ? [] : checkColumns(section, section.columns)),
  ],
  open: (name, section, options) => new RecordSource({ ...options, name, section, opener: new CsvOpener(section) }),
};
