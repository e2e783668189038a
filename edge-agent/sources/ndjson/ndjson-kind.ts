import { z } from 'zod';
import { checkFile, describeFile, FILE_FIELDS, fileSupport } from '../records/file-section.ts';
import { RecordSource } from '../records/record-source.ts';
import { checkDistinct, checkMetrics, seriesMade } from '../rows/row-references.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { NdjsonOpener } from './ndjson-opener.ts';

const schema = z
  .strictObject({
    kind: z.literal('ndjson').meta({
      description: 'A file of JSON texts, a line each, or standard input. A column is a path, such as ENERGY.Total.0.',
      examples: ['ndjson'],
    }),
    ...FILE_FIELDS,
  })
  .superRefine(checkFile);

/** NDJSON files, and standard input where `file` is `-`. */
export const NDJSON: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: fileSupport,
  describe: describeFile,
  faults: (section, metricNames) => [...checkMetrics(section, metricNames), ...checkDistinct(section)],
  makes: seriesMade,
  open: (name, section, options) => new RecordSource({ ...options, name, section, opener: new NdjsonOpener(section) }),
};
