/** What a section of `kind: poll` says. */
import { z } from 'zod';
import { secretFile } from '#backbone/disk/path-fields.ts';
import { DAY_MS } from '#core/time/civil.ts';
import { DurationError, formatDuration, nominalMs, parseDuration } from '#core/time/duration.ts';
import { InstantError, parseInstant, parseRelative } from '#core/time/instant.ts';
import { openZone, UnknownZoneError } from '#core/time/zone.ts';
import { checkCsv, CSV_FIELDS } from '../csv/csv-opener.ts';
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
  .transform((text) => nominalMs(parseDuration(text)))
  .meta({ title: 'length of time' });

const every = span.refine(
  (ms) => ms >= EVERY_MS_MIN,
  `every is ${formatDuration({ kind: 'fixed', ms: EVERY_MS_MIN })} at least: a service is not to be hammered`,
);

/** The start of the history that is read first: a time, or a span before the first poll. */
const since = z.string().superRefine(checkedBy((text) => sinceMs(text, 'UTC', 0), InstantError));

const range = z
  .strictObject({
    format: z
      .enum(RANGE_FORMATS)
      .default('iso-minutes')
      .meta({ description: 'How times are written in the URL.', examples: ['date'] }),
    zone: z
      .string()
      .superRefine(checkedBy(openZone, UnknownZoneError))
      .default('UTC')
      .meta({ title: 'time zone', description: 'By the clock of which zone.', examples: ['Europe/Copenhagen'] }),
    step: span.prefault('7d').meta({ description: 'The longest range that is asked for at once.', examples: ['31d'] }),
  })
  .prefault({});

const pages = z.union(
  [
    z.enum(['none', 'link']),
    z.strictObject({
      next: nameField.meta({
        title: 'path in JSON',
        description: 'The path of the link to the next page in the answer.',
        examples: ['links.next'],
      }),
    }),
    z.strictObject({
      offset: nameField.meta({
        description: 'The parameter that says how many rows are skipped.',
        examples: ['offset'],
      }),
      limit: nameField.meta({ description: 'The parameter that says how many rows are wanted.', examples: ['limit'] }),
      size: z
        .int()
        .min(1)
        .max(PAGE_ROWS_MAX)
        .default(PAGE_ROWS_DEFAULT)
        .meta({ description: 'How many rows are asked for at a time.', examples: [500] }),
      total: nameField
        .meta({
          title: 'path in JSON',
          description: 'The path in the answer of how many there are. Without it pages are read until one is empty.',
          examples: ['total'],
        })
        .optional(),
    }),
  ],
  'pages must be { next: PATH } for a link in the answer, link for one in its header, { offset, limit, size } for the names of parameters, or none',
);

const fields = z.strictObject({
  kind: z
    .literal('poll')
    .meta({ description: 'A service that is asked by HTTP, again and again.', examples: ['poll'] }),
  url: url.meta({
    title: 'URL',
    description: 'What is asked: {from} and {to} stand for the range of time that is wanted, {token} for the token.',
    examples: ['https://api.example.org/meters?start={from}&end={to}'],
  }),
  every: every.meta({ description: 'How often the service is asked.', examples: ['5m'] }),
  overlap: latenessField.prefault('1d').meta({
    description:
      'How much before the time that everything was read up to is asked for once more, so that corrections come in.',
    examples: ['2d'],
  }),
  since: since
    .meta({
      title: 'time',
      description: 'Where the first poll begins: a time, or a span before now. At the overlap unless given.',
      examples: ['-30d'],
    })
    .optional(),
  range: range.meta({ description: 'How a range is written in the URL.', examples: [{ format: 'date' }] }),
  pages: pages
    .meta({
      description:
        'Where more of an answer is: none, link for one in its header, { next } for one in the answer, { offset, limit, size, total } for the names of parameters.',
      examples: ['link', { next: 'links.next' }],
    })
    .optional(),
  headers: secretFile('service.headers')
    .meta({ description: 'Headers that let the agent in, a line each.', examples: [{ file: 'service.headers' }] })
    .optional(),
  token: secretFile('service.token')
    .meta({
      description: 'The text of {token} in the URL, or else a bearer token.',
      examples: [{ file: 'service.token' }],
    })
    .optional(),
  format: z
    .enum(['json', 'csv', 'p1'])
    .meta({
      description: 'What the service answers. As the answer says, or as it looks, unless given.',
      examples: ['csv'],
    })
    .optional(),
  rows: nameField
    .meta({
      title: 'path in JSON',
      description:
        'The path of the array of rows in JSON, or of an object that holds them by its fields. The answer itself unless given.',
      examples: ['result.records'],
    })
    .optional(),
  encoding: z
    .enum(ENCODINGS)
    .meta({ description: 'How text is written. As the answer says unless given.', examples: ['iso-8859-1'] })
    .optional(),
  ...CSV_FIELDS,
  ...ROWS_FIELDS,
  time: ROWS_FIELDS.time
    .meta({
      description: 'Which columns hold the time of a row, and how it is written. The time of receipt unless given.',
      examples: [{ columns: ['HourUTC'] }],
    })
    .optional(),
  lateness: latenessField
    .meta({
      description:
        'How far behind the newest reading older ones are still expected, before windows are taken for final. The overlap unless given.',
      examples: ['1d'],
    })
    .optional(),
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
    if (section.format === 'p1' && (section.time ?? section.rows) !== undefined)
      issue(
        section.time === undefined ? 'rows' : 'time',
        'telegrams say themselves where their times are; leave it out',
      );
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
