/** The `time` of a source's section: which columns hold it, and how they are to be read. */
import { z } from 'zod';
import { DAY_MS } from '#core/time/civil.ts';
import { DurationError, formatDuration, parseDuration } from '#core/time/duration.ts';
import { formatInstant } from '#core/time/instant.ts';
import { openZone, UnknownZoneError, type Zone } from '#core/time/zone.ts';
import { cellTextField, checkedBy, nameField } from '../section-fields.ts';
import { ExcelTime } from './excel-time.ts';
import { IsoTime } from './iso-time.ts';
import { LocalOrder, type Stamp } from './local-order.ts';
import { PatternTime } from './pattern-time.ts';
import { parseTimePattern, TimePatternError } from './time-pattern.ts';
import type { AfterTime, TimeText } from './time-text.ts';
import { UnixTime } from './unix-time.ts';

/** Columns that together may make up a time: no file spreads it wider than year, month, day, hour, minute, second, zone. */
export const TIME_COLUMNS_MAX = 8;

/** Formats that have a name; any other is a pattern. */
export const FORMATS_BY_NAME: readonly string[] = ['iso', 'unix', 'unix-ms', 'unix-us', 'unix-ns', 'excel'];

/** The reader of a format's name, or of a pattern, whose names of offsets are those of the zone. Throws TimePatternError. */
export function openTimeText(format: string, after: AfterTime, zone?: Zone): TimeText {
  switch (format) {
    case 'iso':
      return new IsoTime(after);
    case 'unix':
      return new UnixTime('s', after);
    case 'unix-ms':
      return new UnixTime('ms', after);
    case 'unix-us':
      return new UnixTime('us', after);
    case 'unix-ns':
      return new UnixTime('ns', after);
    case 'excel':
      return new ExcelTime(after);
    default:
      return new PatternTime(format, after, zone);
  }
}

/** The order that resolves local times of a zone, or null where wall clock and UTC are the same. */
export function openLocalOrder(zone: string, stamp: Stamp): LocalOrder | null {
  return isUtc(zone) ? null : new LocalOrder(openZone(zone), stamp);
}

/** Whether a zone is UTC, under whichever of its names; a formatter costs a millisecond, and most sources have none. */
function isUtc(zone: string): boolean {
  return zone === 'UTC' || new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone === 'UTC';
}

/**
 * How far ahead of the agent's clock a reading may be. The broker refuses a whole frame that holds a reading more than
 * five minutes ahead of its own clock, so a single wrong time has to be caught here, and a little earlier.
 */
export const FUTURE_MS_MAX = 240_000;

export function describeFuture(atMs: number): string {
  return `time ${formatInstant(atMs)} is more than ${FUTURE_MS_MAX / 60_000} minutes ahead of this agent's clock`;
}

/** Texts that may stand for the second pass. */
const PASS_TEXTS_MAX = 16;

const zone = z.string().superRefine(checkedBy(openZone, UnknownZoneError));

const timeFormat = z.string().superRefine((value, context) => {
  if (!FORMATS_BY_NAME.includes(value)) checkedBy(parseTimePattern, TimePatternError)(value, context);
});

/** A span with a sign by which times are moved, in ms: `-15s`, `1h`. A day is 24 h of it. */
const shift = z.string().transform((text, context) => {
  const [, sign, span] = /^([+-]?)(.*)$/s.exec(text)!;
  const ms = fixedMs(span!, context, 'a shift moves by elapsed time; write it in hours, like -24h');
  return sign === '-' ? 0 - ms : ms;
});

const every = z.string().transform((text, context) => {
  const ms = fixedMs(text, context, 'a period is a part of a day; write it like 30m');
  if (ms <= DAY_MS && DAY_MS % ms === 0) return ms;
  const message = `periods of ${text} do not make up a day; write a length that does, like 5m, 15m, 30m or 1h`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function fixedMs(text: string, context: z.core.$RefinementCtx, remedy: string): number {
  let message = `${JSON.stringify(text)} follows a calendar; ${remedy}`;
  try {
    const duration = parseDuration(text);
    if (duration.kind === 'fixed') return duration.ms;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    message = error.message;
  }
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

const passTexts = z
  .union([cellTextField, z.array(cellTextField).min(1).max(PASS_TEXTS_MAX)])
  .transform((texts) => (typeof texts === 'string' ? [texts] : texts));

export const timeSchema = z
  .strictObject({
    columns: z
      .array(nameField)
      .min(1)
      .max(TIME_COLUMNS_MAX)
      .meta({ description: 'The columns that hold the time, joined by a space.', examples: [['date', 'hour']] }),
    format: timeFormat.default('iso').meta({
      title: 'text',
      description:
        'How it is written: iso, unix, unix-ms, unix-us, unix-ns, excel (days since 1899-12-30), or a pattern of yyyy yy MM dd HH mm ss SSS and an offset.',
      examples: ['dd/MM/yyyy HH:mm'],
    }),
    zone: zone.default('UTC').meta({
      title: 'time zone',
      description: 'The time zone of times without an offset of their own.',
      examples: ['Europe/Copenhagen'],
    }),
    /** What becomes of text after the time. */
    rest: z
      .enum(['refuse', 'ignore'])
      .default('refuse')
      .meta({
        description: 'What becomes of text after the time: the row goes to quarantine, or the text is passed over.',
        examples: ['ignore'],
      }),
    /** Where in the interval of its metric a time stands. */
    stamp: z
      .enum(['start', 'end'])
      .default('start')
      .meta({ description: "Which end of the metric's interval the time names.", examples: ['end'] }),
    /** Moves every time, in ms. */
    shift: shift.default(0).meta({
      title: 'length of time with a sign',
      description: 'By how much times are moved: - moves them back.',
      examples: ['-15s'],
    }),
    /** The number of a stretch of the day, counted from 1 at the start of the local day that `columns` name. */
    period: z
      .strictObject({
        column: nameField.meta({ description: 'The column that holds the number.', examples: ['SettlementPeriod'] }),
        every: every.meta({
          title: 'length of time',
          description: 'How long a period is, a whole part of a day.',
          examples: ['30m'],
        }),
      })
      .meta({
        description: 'Where rows are numbered through the local day from 1: which column says so.',
        examples: [{ column: 'SettlementPeriod', every: '30m' }],
      })
      .optional(),
    /** The texts of a column that say that a local time which comes twice is the second of them. */
    repeated: z
      .strictObject({
        column: nameField.meta({ description: 'The column that tells.', examples: ['dst'] }),
        second: passTexts.meta({
          title: 'text, or list of text',
          description: 'The texts that say that it is the second time.',
          examples: [['B']],
        }),
      })
      .meta({
        description: 'Where a column tells which of two local times is meant that come twice in autumn.',
        examples: [{ column: 'dst', second: 'B' }],
      })
      .optional(),
  })
  .superRefine(({ stamp, period, repeated }, context) => {
    if (period === undefined) return;
    const length = formatDuration({ kind: 'fixed', ms: period.every });
    if (stamp === 'end') {
      const message = `a period's number names its ${length} whole, whichever end is meant; leave \`stamp\` out`;
      context.addIssue({ code: 'custom', path: ['stamp'], message });
    }
    if (repeated !== undefined) {
      const message = 'periods are numbered on through the repeated hour; leave `repeated` out';
      context.addIssue({ code: 'custom', path: ['repeated'], message });
    }
  });

export type TimeSection = z.output<typeof timeSchema>;

/** What is meant where the time is simply the text of one column. */
export function timeIn(column: string, format: string): TimeSection {
  return { columns: [column], format, zone: 'UTC', rest: 'refuse', stamp: 'start', shift: 0 };
}

/** The columns that a section's times are read from, each with the place in the section that names it. */
export function timeColumns(section: TimeSection): readonly { path: readonly (string | number)[]; column: string }[] {
  const { columns, period, repeated } = section;
  return [
    ...columns.map((column, i) => ({ path: ['columns', i], column })),
    ...(period === undefined ? [] : [{ path: ['period', 'column'], column: period.column }]),
    ...(repeated === undefined ? [] : [{ path: ['repeated', 'column'], column: repeated.column }]),
  ];
}

/** How the times are read, beyond a format and a zone, in a phrase; undefined where there is nothing to say. */
export function describeTime({ zone, rest, stamp, shift, period, repeated }: TimeSection): string | undefined {
  const said: string[] = [];
  const length = (ms: number): string => formatDuration({ kind: 'fixed', ms });
  if (period !== undefined) {
    said.push(`times by periods of ${length(period.every)} counted from midnight in ${zone} (column ${period.column})`);
  }
  if (stamp === 'end') said.push('each time the end of its interval');
  if (repeated !== undefined) {
    const texts = repeated.second.map((text) => JSON.stringify(text)).join(' or ');
    said.push(`in the repeated hour of ${zone} the second pass where column ${repeated.column} is ${texts}`);
  }
  if (shift !== 0) said.push(`times moved ${length(Math.abs(shift))} ${shift < 0 ? 'back' : 'ahead'}`);
  if (rest === 'ignore') said.push('text after a time ignored');
  return said.length === 0 ? undefined : said.join(', ');
}
