/** The `time` of a source's section: which columns hold it, and how they are to be read. */
import { z } from 'zod';
import { openZone, UnknownZoneError } from '#core/time/zone.ts';
import { checkedBy, nameField } from '../section-fields.ts';
import { FORMATS_BY_NAME, TIME_COLUMNS_MAX } from './open-time.ts';
import { parseTimePattern, TimePatternError } from './time-pattern.ts';

const zone = z.string().superRefine(checkedBy(openZone, UnknownZoneError));

const timeFormat = z.string().superRefine((value, context) => {
  if (!FORMATS_BY_NAME.includes(value)) checkedBy(parseTimePattern, TimePatternError)(value, context);
});

export const timeSchema = z.strictObject({
  columns: z.array(nameField).min(1).max(TIME_COLUMNS_MAX),
  format: timeFormat.default('iso'),
  zone: zone.default('UTC'),
  /** What becomes of text after the time. */
  rest: z.enum(['refuse', 'ignore']).default('refuse'),
});

export type TimeSection = z.output<typeof timeSchema>;

/** What is meant where the time is simply the text of one column. */
export function timeIn(column: string, format: string): TimeSection {
  return { columns: [column], format, zone: 'UTC', rest: 'refuse' };
}

/** The columns that a section's times are read from, each with the place in the section that names it. */
export function timeColumns(section: TimeSection): readonly { path: readonly (string | number)[]; column: string }[] {
  return section.columns.map((column, i) => ({ path: ['columns', i], column }));
}
