/** What the section of a file of rows says, whatever its format. */
import { z } from 'zod';
import { pathField } from '#backbone/disk/path-fields.ts';
import { checkRows, describeRows, ROWS_FIELDS, type RowsSection } from '../rows/rows-section.ts';
import { latenessField } from '../section-fields.ts';
import type { SourceSupport } from '../source.ts';
import { type Encoding, ENCODINGS } from './encoding.ts';

/** What `file` says for standard input. */
const STDIN = '-';

/** The fields of every kind of file. */
export const FILE_FIELDS = {
  file: pathField('The file that is read, from the folder of the configuration; - is standard input.', 'meters.csv'),
  /** UTF-8, or UTF-16 by its mark, where it isn't said. */
  encoding: z
    .enum(ENCODINGS)
    .meta({
      description: 'How text is written. UTF-8, or UTF-16 by its mark, unless given.',
      examples: ['windows-1252'],
    })
    .optional(),
  ...ROWS_FIELDS,
  lateness: latenessField.prefault('0s').meta({
    description: 'How far behind the newest reading older ones are still expected, before windows are taken for final.',
    examples: ['1h'],
  }),
  follow: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether the file is read on as it grows.', examples: [true] }),
};

/** What every section of a file says. */
export interface FileSection extends RowsSection {
  readonly file: string;
  readonly encoding?: Encoding | undefined;
  readonly lateness: number;
  readonly follow: boolean;
}

/** What no single field of a file can check. */
export function checkFile(section: FileSection, context: z.core.$RefinementCtx): void {
  checkRows(section, context);
  const { file, follow } = section;
  if (!follow || file !== STDIN) return;
  const message = 'standard input (`file: "-"`) is read as it comes; leave `follow` out';
  context.addIssue({ code: 'custom', path: ['follow'], message });
}

/** A file ends and can be read again, one that is followed doesn't end, and what comes through a pipe comes once. */
export function fileSupport({ file, follow }: FileSection): SourceSupport {
  return { nature: follow ? 'live' : 'file', resumes: file !== STDIN };
}

/** Which file is read, and how it is written where that isn't plain, in a phrase. */
export function describeFile(section: FileSection): string {
  const { file, encoding, follow } = section;
  const read = file === STDIN ? 'standard input, read as it comes' : follow ? `${file}, followed as it grows` : file;
  const written = encoding === undefined ? [] : [`in ${encoding}`];
  return [read, ...written, ...describeRows(section)].join(', ');
}
