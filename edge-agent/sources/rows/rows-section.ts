/** What the section of a source of rows says, whatever they come in: its times, and the series that its columns give. */
import { z } from 'zod';
import { parseFactor } from '#core/numbers/factor.ts';
import { SERIES_TAGS_MAX } from '#core/series/series.ts';
import { DAY_MS } from '#core/time/civil.ts';
import { DurationError, formatDuration, nominalMs, parseDuration } from '#core/time/duration.ts';
import { checkedBy, expectedSinceField, nameField, seriesNameField, textField } from '../section-fields.ts';
import type { CellsCounted } from '../time/cell-times.ts';
import { describeTime, timeSchema, type TimeSection } from '../time/time-section.ts';
import { DECIMAL_MARKS, type NumberMarks, THOUSANDS_MARKS } from './number-text.ts';
import { ROWS_WHEN } from './row-condition.ts';
import { OWN_COLUMN, parseTextTemplate, TextTemplateError } from './text-template.ts';

/** Series rules of one source: no file is wider, and each costs a look at every row. */
export const SERIES_RULES_MAX = 4_096;

/** Columns that a file may have. */
export const COLUMNS_MAX = 16_384;

/** Texts that may stand for no reading. */
const MISSING_TEXTS_MAX = 64;

/** Text in which {column} stands for that column. */
export const templateField = textField
  .superRefine(checkedBy(parseTextTemplate, TextTemplateError))
  .meta({ title: 'text with {names}' });

/** A factor as it is written: `0.001` or `1/1000`. */
const factorField = z.union([z.number().transform(String), textField]).meta({ title: 'number, or column' });

const scale = factorField.pipe(z.string().min(1)).superRefine((value, context) => {
  if (parseFactor(value)?.numerator === 0n) {
    context.addIssue({ code: 'custom', message: 'scale 0 makes every reading 0; leave it out, or name a factor' });
  }
});

/** A unit that stands behind numbers; it doesn't begin with what a number may end in. */
const UNIT = /^(?:[^\d\s.,+-].{0,31})?$/u;

const unit = z
  .union([nameField.transform((name) => ({ [name]: '1', '': '1' })), z.record(z.string(), factorField)])
  .superRefine((units: Readonly<Record<string, string>>, context) => {
    for (const [name, factor] of Object.entries(units)) {
      const fault = UNIT.test(name)
        ? (parseFactor(factor)?.numerator ?? 0n) === 0n &&
          `unit ${JSON.stringify(name)} needs the factor that makes the metric's unit of it, such as 0.001 or 1/1000`
        : `${JSON.stringify(name)} is no unit; it begins with a letter or a sign like % and has at most 32 characters`;
      if (fault !== false) context.addIssue({ code: 'custom', path: [name], message: fault });
    }
  });

const NUMERIC = /^\s*[+-]?[\d.,]/;

const seriesRuleFields = {
  metric: nameField.meta({ description: 'The metric that readings are of.', examples: ['power'] }),
  value: nameField.meta({
    description:
      'The column that holds the value; a path in JSON, a measurement and field of line protocol, a metric of Sparkplug.',
    examples: ['kw'],
  }),
  scale: scale
    .meta({
      description: 'What values are multiplied by, exactly: a number, a fraction, or the column that holds it.',
      examples: ['1/1000'],
    })
    .optional(),
  unit: unit
    .meta({
      title: 'text, or numbers by unit',
      description: "A unit that may stand behind values; or several, with what each makes of the metric's own.",
      examples: [{ kWh: 1, Wh: '1/1000' }],
    })
    .optional(),
  texts: z
    .record(nameField, z.number())
    .superRefine((texts, context) => {
      for (const text of Object.keys(texts)) {
        if (!NUMERIC.test(text)) continue;
        const message = `${JSON.stringify(text)} is a number itself; multiply numbers by \`scale\``;
        context.addIssue({ code: 'custom', path: [text], message });
      }
    })
    .meta({
      title: 'numbers by text',
      description: 'Texts that stand for a number each. In JSON true is 1 and false is 0 unless they are among them.',
      examples: [{ ON: 1, OFF: 0 }],
    })
    .optional(),
  when: ROWS_WHEN.meta({
    description:
      'The rows that the rule is for, by the text of columns: one, one of a list, or any other than { not: … } says.',
    examples: [{ type: 'import', state: { not: ['invalid', 'missing'] } }],
  }),
  since: expectedSinceField.optional(),
  device: templateField.pipe(z.string().min(1)).meta({
    description: 'The device that was measured. {column} stands for the text of that column.',
    examples: ['{meter}'],
  }),
  tags: z
    .record(seriesNameField, templateField)
    .refine((tags) => !Object.hasOwn(tags, 'device'), 'tag "device" is given by `device`; leave it out')
    .refine(
      (tags) => Object.keys(tags).length < SERIES_TAGS_MAX,
      `a series has at most ${SERIES_TAGS_MAX - 1} tags beside its device`,
    )
    .default({})
    .meta({
      description: 'Further tags of the series, by name. {column} stands for the text of that column.',
      examples: [{ region: '{area}' }],
    }),
};

const seriesRuleSchema = z.strictObject(seriesRuleFields);

/** Not a transform, so that what is wrong with it is told and not that nothing fits. */
const cellsEvery = z.string().superRefine((text, context) => {
  checkedBy(parseDuration, DurationError)(text, context);
  if (context.issues.length > 0) return;
  const every = parseDuration(text);
  if (every.kind === 'fixed' && every.ms <= DAY_MS) return;
  context.addIssue({ code: 'custom', message: `every ${text} is no part of a day; write a length like 15m or 1h` });
});

/** A rule whose readings may stand in neighbouring cells of a row: for formats whose columns have an order. */
const cellsRuleSchema = z
  .strictObject({
    ...seriesRuleFields,
    value: z
      .union(
        [
          nameField,
          z.strictObject({
            from: nameField.meta({
              description: 'The first of several columns that hold a reading each.',
              examples: ['h1'],
            }),
            to: nameField.meta({ description: 'The last of them.', examples: ['h24'] }),
            every: cellsEvery
              .meta({
                title: 'length of time',
                description:
                  'How much later each is than the one before. Each is of a series of its own, unless given.',
                examples: ['1h'],
              })
              .optional(),
            counted: z
              .enum(['clock', 'elapsed'])
              .meta({
                description:
                  'Whether columns go by the time of day, or by elapsed time. By the clock where they make up 24 hours, unless given.',
                examples: ['clock'],
              })
              .optional(),
          }),
        ],
        'value must be a column, the columns of several readings: { from, to, every }, and counted: clock or elapsed, or those of several series: { from, to }',
      )
      .meta({
        description:
          'The column that holds the value; or the first and the last of several that hold a reading each, every so much later, or a series each.',
        examples: ['kw', { from: 'h1', to: 'h24', every: '1h' }, { from: 'meter 1', to: 'meter 400' }],
      }),
  })
  .superRefine(({ value, ...rule }, context) => {
    if (typeof value === 'string' || value.every !== undefined) return;
    if (value.counted !== undefined) {
      const message = 'counted says how columns that follow each other in time are; say `every` too';
      context.addIssue({ code: 'custom', path: ['value', 'counted'], message });
    }
    const templates = [rule.device, ...Object.values(rule.tags)];
    if (templates.some((text) => text.includes(`{${OWN_COLUMN}}`))) return;
    const message = `a series of each column is told by its name; write {${OWN_COLUMN}} for that, as in \`device: "{${OWN_COLUMN}}"\``;
    context.addIssue({ code: 'custom', path: ['device'], message });
  })
  .transform(({ value, ...rule }): SeriesRule => {
    if (typeof value === 'string') return { ...rule, value };
    const { from, to, every, counted } = value;
    if (every === undefined) return { ...rule, value: from, across: to };
    return { ...rule, value: from, cells: { to, everyMs: nominalMs(parseDuration(every)), counted } };
  });

/** What becomes of rows, whatever they come in: the fields of every source whose rows a RowReader reads. */
export const ROWS_FIELDS = {
  missing: z
    .array(textField)
    .max(MISSING_TEXTS_MAX)
    .default([''])
    .meta({ description: 'Texts that stand for no value.', examples: [['', '?']] }),
  decimal: z
    .enum(DECIMAL_MARKS)
    .default('.')
    .meta({ description: 'The decimal mark of numbers.', examples: [','] }),
  thousands: z
    .enum(THOUSANDS_MARKS)
    .meta({
      description: 'The mark between groups of digits. A space stands for no-break spaces too.',
      examples: ['.'],
    })
    .optional(),
  time: timeSchema.meta({
    description: 'Which columns hold the time of a row, and how it is written.',
    examples: [{ columns: ['time'] }],
  }),
  series: z
    .array(seriesRuleSchema)
    .min(1)
    .max(SERIES_RULES_MAX)
    .meta({
      description: 'Which readings a row holds: a rule for each.',
      examples: [[{ metric: 'power', value: 'kw', device: 'roof' }]],
    }),
};

/** `series` where rows have an order of columns. */
export const CELLS_SERIES = z
  .array(cellsRuleSchema)
  .min(1)
  .max(SERIES_RULES_MAX)
  .meta({
    description: 'Which readings a row holds: a rule for each.',
    examples: [[{ metric: 'power', value: 'kw', device: 'roof' }]],
  });

export interface SeriesRule extends z.output<typeof seriesRuleSchema> {
  /** Where the rule takes several readings of a row: `value` is the column of the first one. */
  readonly cells?: CellsRule;
  /** Where the rule takes a series of each of several columns: the last, `value` being the first. */
  readonly across?: string;
}

/** Readings in the columns up to one, each a length of time after the one before. */
export interface CellsRule {
  readonly to: string;
  readonly everyMs: number;
  /** By elapsed time where it isn't said, but by the clock where the cells have one for each time of a day. */
  readonly counted?: CellsCounted | undefined;
}

/** What a row reader goes by. */
export interface RowsSection extends NumberMarks {
  readonly missing: readonly string[];
  readonly time: TimeSection;
  readonly series: readonly SeriesRule[];
}

/** What no single field of rows can check. */
export function checkRows({ decimal, thousands, series, time }: RowsSection, context: z.core.$RefinementCtx): void {
  if (thousands === decimal) {
    const message = `${JSON.stringify(thousands)} is the decimal mark already; say \`decimal\` too`;
    context.addIssue({ code: 'custom', path: ['thousands'], message });
  }
  if (!series.some(({ cells }) => cells !== undefined)) return;
  const other = time.period !== undefined ? 'period' : time.stamp === 'end' ? 'stamp' : undefined;
  if (other === undefined) return;
  const message = `the cells of a row count from its time, each from its own start; leave \`${other}\` out`;
  context.addIssue({ code: 'custom', path: ['time', other], message });
}

/** How the times and numbers of rows are written, phrases where that isn't plain. */
export function describeRows({ time, decimal, thousands, series }: RowsSection): readonly string[] {
  const timed = describeTime(time);
  const cells = series.flatMap((rule) => (rule.cells === undefined ? [] : [describeCells(rule.value, rule.cells)]));
  const across = series.flatMap(({ value, across: to }) =>
    to === undefined ? [] : [`a series of each of the columns ${JSON.stringify(value)} to ${JSON.stringify(to)}`],
  );
  const isPlain = decimal === '.' && thousands === undefined;
  return [
    ...(timed === undefined ? [] : [timed]),
    ...new Set([...cells, ...across]),
    ...(isPlain ? [] : [`numbers like 1${thousands ?? ''}234${decimal}5`]),
  ];
}

function describeCells(from: string, { to, everyMs, counted }: CellsRule): string {
  const every = formatDuration({ kind: 'fixed', ms: everyMs });
  const by = counted === undefined ? '' : counted === 'clock' ? ' of the clock' : ' of elapsed time';
  return `a reading each ${every}${by} in the columns ${JSON.stringify(from)} to ${JSON.stringify(to)}`;
}
