/** The `sources:` section of the configuration: one schema per kind, from which the types follow. */
import { z } from 'zod';
import { DurationError, nominalMs, parseDuration } from '#core/time/duration.ts';
import { openZone, UnknownZoneError } from '#core/time/zone.ts';
import { parseTextTemplate, TextTemplateError } from './rows/text-template.ts';
import { TIME_COLUMNS_MAX } from './time/open-time.ts';
import { parseTimePattern, TimePatternError } from './time/time-pattern.ts';

/** Series rules of one source: no file is wider, and each costs a look at every row. */
export const SERIES_RULES_MAX = 4_096;

/** Columns that a configuration may name. */
export const COLUMNS_MAX = 16_384;

const NAME_CHARS_MAX = 256;

/** YAML reads a bare 1 as a number; where text is wanted, a whole number is as good as its digits. */
const text = z.union([z.string(), z.int().transform(String)]).pipe(z.string().max(NAME_CHARS_MAX));
const name = text.pipe(z.string().min(1));

/** Runs a parser for its errors: those of the given class become issues, any other is a mistake of ours. */
function checkedBy(parse: (value: string) => unknown, errorClass: abstract new (...args: never[]) => Error) {
  return (value: string, context: z.core.$RefinementCtx<string>): void => {
    try {
      parse(value);
    } catch (error) {
      if (!(error instanceof errorClass)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  };
}

const template = text.superRefine(checkedBy(parseTextTemplate, TextTemplateError));

const zone = z.string().superRefine(checkedBy(openZone, UnknownZoneError));

const FORMATS_BY_NAME: readonly string[] = ['iso', 'unix', 'unix-ms'];

const timeFormat = z.string().superRefine((value, context) => {
  if (!FORMATS_BY_NAME.includes(value)) checkedBy(parseTimePattern, TimePatternError)(value, context);
});

const lateness = z.string().transform((value, context) => {
  if (/^0(ms|s|m|h|d)?$/.test(value)) return 0;
  try {
    return nominalMs(parseDuration(value));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** How far behind the newest reading of a file its older ones may stand before its watermark has passed them. */
const fileLatenessMs = lateness.prefault('0s');

/** Devices that send for themselves send beside each other: one pane's length is left for the slower ones. */
const liveLatenessMs = lateness.prefault('10s');

const timeSchema = z.strictObject({
  columns: z.array(name).min(1).max(TIME_COLUMNS_MAX),
  format: timeFormat.default('iso'),
  zone: zone.default('UTC'),
});

const seriesRuleSchema = z.strictObject({
  metric: name,
  value: name,
  when: z.record(name, text).default({}),
  device: template.pipe(z.string().min(1)),
  tags: z
    .record(name, template)
    .refine((tags) => !Object.hasOwn(tags, 'device'), 'tag "device" is given by `device`; leave it out')
    .default({}),
});

const rowFields = {
  file: z.string().min(1),
  missing: z.array(text).max(64).default(['']),
  time: timeSchema,
  series: z.array(seriesRuleSchema).min(1).max(SERIES_RULES_MAX),
  lateness: fileLatenessMs,
  follow: z.boolean().default(false),
};

const FOLLOWED_STDIN = 'standard input (`file: "-"`) is read as it comes; leave `follow` out';

const csvSchema = z
  .strictObject({
    kind: z.literal('csv'),
    ...rowFields,
    delimiter: z
      .string()
      .refine(
        (mark) => /^[\t -~]$/.test(mark) && mark !== '"',
        'delimiter must be one ASCII character, not a quote or a line end',
      )
      .default(','),
    columns: z.array(name).min(1).max(COLUMNS_MAX).optional(),
    header: z.boolean().optional(),
  })
  .superRefine((config, context) => {
    if (config.header === false && config.columns === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['columns'],
        message: 'a file without a heading needs `columns` to name them',
      });
    }
    const repeated = config.columns?.find((column, i) => config.columns!.indexOf(column) !== i);
    if (repeated !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['columns'],
        message: `column ${JSON.stringify(repeated)} is named twice`,
      });
    }
    if (config.follow && config.file === '-')
      context.addIssue({ code: 'custom', path: ['follow'], message: FOLLOWED_STDIN });
  });

const ndjsonSchema = z.strictObject({ kind: z.literal('ndjson'), ...rowFields }).superRefine((config, context) => {
  if (config.follow && config.file === '-')
    context.addIssue({ code: 'custom', path: ['follow'], message: FOLLOWED_STDIN });
});

const LISTEN = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/;

/** `host:port`, an IPv6 address in brackets, port 0 for any free one. */
const listen = z.string().transform((value, context) => {
  const match = LISTEN.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({
      code: 'custom',
      message: `listen ${JSON.stringify(value)} is not host:port with a port up to 65535; write it like 127.0.0.1:8090`,
    });
    return z.NEVER;
  }
  return { host: (match[1] ?? match[2])!, port };
});

const httpSchema = z.strictObject({ kind: z.literal('http'), listen, lateness: liveLatenessMs });

const simulateSchema = z.strictObject({
  kind: z.literal('simulate'),
  scenario: name,
  seed: z.int().min(0).optional(),
});

/** One source of the `sources:` section. Unknown keys are errors. */
export const sourceConfigSchema = z.discriminatedUnion('kind', [csvSchema, ndjsonSchema, httpSchema, simulateSchema]);

/** The `sources:` section, by name. */
export const sourcesSchema = z.record(name, sourceConfigSchema);

export type SourceConfig = z.output<typeof sourceConfigSchema>;
export type CsvConfig = z.output<typeof csvSchema>;
export type NdjsonConfig = z.output<typeof ndjsonSchema>;
export type HttpConfig = z.output<typeof httpSchema>;
export type SimulateConfig = z.output<typeof simulateSchema>;
export type SeriesRule = z.output<typeof seriesRuleSchema>;

/** What a source whose rows have named fields says of them, whatever the format of the file. */
export type RowsConfig = Pick<CsvConfig, 'missing' | 'time' | 'series'>;
