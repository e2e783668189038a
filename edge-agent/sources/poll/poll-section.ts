/** What a section of `kind: poll` says. */
import { z } from 'zod';
import { DAY_MS } from '#core/time/civil.ts';
import { DurationError, formatDuration, nominalMs, parseDuration } from '#core/time/duration.ts';
import { InstantError, parseInstant, parseRelative } from '#core/time/instant.ts';
import { openZone, UnknownZoneError } from '#core/time/zone.ts';
import { checkCsv, CSV_FIELDS } from '../csv/csv-kind.ts';
import { RECEIVED_TIME } from '../live/message-fields.ts';
import { ENCODINGS } from '../records/encoding.ts';
import { checkRows, describeRows, ROWS_FIELDS } from '../rows/rows-section.ts';
import { checkedBy, latenessField, nameField } from '../section-fields.ts';
import type { TimeSection } from '../time/time-section.ts';
import { EVERY_MS_MIN, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from './limits.ts';
import { RANGE_FORMATS } from './range-text.ts';
import { placesIn, serviceName, urlFault } from './service-url.ts';

const url = z.string().superRefine((text, context) => {
  const fault = urlFault(text);
  if (fault !== null) context.addIssue({ code: 'custom', message: fault });
});

const span = z
  .string()
  .superRefine(checkedBy(parseDuration, DurationError))
  .transform((text) => nominalMs(parseDuration(text)));

const every = span.refine(
  (ms) => ms >= EVERY_MS_MIN,
  `every is ${formatDuration({ kind: 'fixed', ms: EVERY_MS_MIN })} at least: a service is not to be hammered`,
);

/** The start of the history that is read first: a time, or a span before the first poll. */
const since = z.string().superRefine(checkedBy((text) => sinceMs(text, 'UTC', 0), InstantError));

const range = z
  .strictObject({
    format: z.enum(RANGE_FORMATS).default('iso-minutes'),
    zone: z.string().superRefine(checkedBy(openZone, UnknownZoneError)).default('UTC'),
    step: span.prefault('7d'),
  })
  .prefault({});

const pages = z.union(
  [
    z.enum(['none', 'link']),
    z.strictObject({ next: nameField }),
    z.strictObject({
      offset: nameField,
      limit: nameField,
      size: z.int().min(1).max(PAGE_ROWS_MAX).default(PAGE_ROWS_DEFAULT),
      total: nameField.optional(),
    }),
  ],
  'pages must be { next: PATH } for a link in the answer, link for one in its header, { offset, limit, size } for the names of parameters, or none',
);

const secretFile = z.strictObject({ file: z.string().min(1) });

const fields = z.strictObject({
  kind: z.literal('poll'),
  url,
  every,
  overlap: latenessField.prefault('1d'),
  since: since.optional(),
  range,
  pages: pages.optional(),
  headers: secretFile.optional(),
  token: secretFile.optional(),
  format: z.enum(['json', 'csv']).optional(),
  rows: nameField.optional(),
  encoding: z.enum(ENCODINGS).optional(),
  ...CSV_FIELDS,
  ...ROWS_FIELDS,
  time: ROWS_FIELDS.time.optional(),
  lateness: latenessField.optional(),
});

type Fields = z.output<typeof fields>;

/** Whose default depends on what else is said: `time` is that of receipt, and as late as may be asked again is expected. */
export interface PollSection extends Omit<Fields, 'time' | 'lateness'> {
  readonly time: TimeSection;
  readonly lateness: number;
}

export type Pages = NonNullable<Fields['pages']>;

export const pollSchema = fields
  .superRefine((section, context) => {
    const issue = (field: keyof Fields, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    const places = placesIn(section.url);
    if (places.has('token') && section.token === undefined)
      issue('token', 'url has {token}; name the file that holds it');
    if (section.format === 'csv' && section.time === undefined)
      issue('time', 'CSV needs `time`: rows have no time of receipt');
    if (section.format === 'csv' && section.rows !== undefined) issue('rows', 'rows is a path in JSON; leave it out');
    if (section.since !== undefined && !places.has('from')) issue('since', 'since needs {from} in the url');
    if (section.time !== undefined) checkRows({ ...section, time: section.time }, context);
    checkCsv(section, context);
  })
  .transform((section): PollSection => ({
    ...section,
    time: section.time ?? RECEIVED_TIME,
    lateness: section.lateness ?? (placesIn(section.url).has('from') ? section.overlap : 0),
  }));

/** The instant that `since` names. Throws InstantError. */
export function sinceMs(text: string, zone: string, nowMs: number): number {
  return parseRelative(text, openZone(zone), nowMs) ?? parseInstant(text, openZone(zone));
}

/** What it reads, in a phrase. */
export function describePoll(section: PollSection): string {
  const { overlap, since: from, time } = section;
  const length = (ms: number): string =>
    formatDuration(ms % DAY_MS === 0 ? { kind: 'calendar', unit: 'day', count: ms / DAY_MS } : { kind: 'fixed', ms });
  const said = [`asks ${serviceName(section.url)} every ${length(section.every)}`];
  if (placesIn(section.url).has('from')) {
    if (overlap > 0) said.push(`${length(overlap)} before it once more`);
    if (from !== undefined) said.push(`first what there is since ${from}`);
  }
  return [...said, ...(time === RECEIVED_TIME ? ['times are those of receipt'] : describeRows(section))].join(', ');
}
