/** What the section of a source of rows says, whatever they come in: its times, and the series that its columns give. */
import { z } from 'zod';
import { SERIES_TAGS_MAX } from '#core/series/series.ts';
import { checkedBy, latenessField, nameField, seriesNameField, textField } from '../section-fields.ts';
import type { SourceSupport } from '../source.ts';
import { type TimeSection, timeSchema } from '../time/time-section.ts';
import { parseTextTemplate, TextTemplateError } from './text-template.ts';

/** Series rules of one source: no file is wider, and each costs a look at every row. */
export const SERIES_RULES_MAX = 4_096;

/** Columns that a file may have. */
export const COLUMNS_MAX = 16_384;

/** Texts that may stand for no reading. */
const MISSING_TEXTS_MAX = 64;

/** What `file` says for standard input. */
const STDIN = '-';

const template = textField.superRefine(checkedBy(parseTextTemplate, TextTemplateError));

const seriesRuleSchema = z.strictObject({
  metric: nameField,
  value: nameField,
  when: z.record(nameField, textField).default({}),
  device: template.pipe(z.string().min(1)),
  tags: z
    .record(seriesNameField, template)
    .refine((tags) => !Object.hasOwn(tags, 'device'), 'tag "device" is given by `device`; leave it out')
    .refine(
      (tags) => Object.keys(tags).length < SERIES_TAGS_MAX,
      `a series has at most ${SERIES_TAGS_MAX - 1} tags beside its device`,
    )
    .default({}),
});

/** What becomes of rows, whatever they come in: the fields of every source whose rows a RowReader reads. */
export const ROWS_FIELDS = {
  missing: z.array(textField).max(MISSING_TEXTS_MAX).default(['']),
  time: timeSchema,
  series: z.array(seriesRuleSchema).min(1).max(SERIES_RULES_MAX),
};

/** The fields of every kind of file. */
export const FILE_FIELDS = {
  file: z.string().min(1),
  ...ROWS_FIELDS,
  lateness: latenessField.prefault('0s'),
  follow: z.boolean().default(false),
};

export type SeriesRule = z.output<typeof seriesRuleSchema>;

/** What a row reader goes by. */
export interface RowsSection {
  readonly missing: readonly string[];
  readonly time: TimeSection;
  readonly series: readonly SeriesRule[];
}

/** What every section of a file says. */
export interface FileSection extends RowsSection {
  readonly file: string;
  readonly lateness: number;
  readonly follow: boolean;
}

/** What no single field can check. */
export function checkFollow({ file, follow }: FileSection, context: z.core.$RefinementCtx): void {
  if (!follow || file !== STDIN) return;
  const message = 'standard input (`file: "-"`) is read as it comes; leave `follow` out';
  context.addIssue({ code: 'custom', path: ['follow'], message });
}

/** A file ends and can be read again, one that is followed doesn't end, and what comes through a pipe comes once. */
export function fileSupport({ file, follow }: FileSection): SourceSupport {
  return { nature: follow ? 'live' : 'file', resumes: file !== STDIN };
}

/** Which file is read, in a phrase. */
export function describeFile({ file, follow }: FileSection): string {
  if (file === STDIN) return 'standard input, read as it comes';
  return follow ? `${file}, followed as it grows` : file;
}
