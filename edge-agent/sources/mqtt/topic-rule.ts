/** What a topic's entry in the section says: whose messages are meant, and which readings are made of them. */
import { z } from 'zod';
import { RECEIVED_COLUMN, RECEIVED_TIME } from '../live/message-fields.ts';
import { PAYLOAD } from '../ndjson/json-fields.ts';
import { ROWS_WHEN } from '../rows/row-condition.ts';
import { checkDistinct, checkMetrics, type NeededColumn, neededColumns } from '../rows/row-references.ts';
import { checkRows, ROWS_FIELDS, templateField } from '../rows/rows-section.ts';
import { parseTextTemplate } from '../rows/text-template.ts';
import { nameField } from '../section-fields.ts';
import type { ReferenceFault } from '../source-kind.ts';
import { TOPICS_MAX } from './limits.ts';
import { parseTopicFilter, TopicFilterError } from './topic-filter.ts';

/** A topic filter as it was written; nothing else of its rule is looked at where it is none. */
const topicField = z.string().transform((text, context) => {
  try {
    return parseTopicFilter(text).text;
  } catch (error) {
    if (!(error instanceof TopicFilterError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const fields = z.strictObject({
  topic: topicField.meta({
    title: 'topic filter',
    description: 'The topics that are meant: + stands for one level, # for all that follow.',
    examples: ['home/+'],
  }),
  names: z
    .array(nameField)
    .default([])
    .meta({
      description:
        'Names for what stands in the place of each +, in order, and of #: fields like those of the payload.',
      examples: [['room']],
    }),
  payload: z
    .enum(['json', 'text', 'senml', 'line-protocol', 'p1'])
    .default('json')
    .meta({
      description:
        'What a message holds. JSON or text that is but a value is called payload; a pack of SenML, points of line protocol and a telegram of a P1 port are rows.',
      examples: ['text'],
    }),
  rows: nameField
    .meta({
      description: 'The path of the array of objects that are rows each; payload, where that is all of the message.',
      examples: ['metrics'],
    })
    .optional(),
  gone: z
    .strictObject({
      device: templateField.meta({ description: 'The device that is gone.', examples: ['{room}'] }),
      when: ROWS_WHEN.meta({
        description: 'The messages that say so, by the text of fields. All, unless given.',
        examples: [{ payload: 'offline' }],
      }),
    })
    .meta({
      title: 'device and messages',
      description: 'Messages that say that a device is gone: what its gauges held ends then.',
      examples: [{ device: '{room}', when: { payload: 'offline' } }],
    })
    .optional(),
  ...ROWS_FIELDS,
  series: ROWS_FIELDS.series.default([]),
  /** Left out: the time of receipt. */
  time: ROWS_FIELDS.time
    .meta({
      description: 'Which fields hold the time of a message, and how it is written. The time of receipt unless given.',
      examples: [{ columns: ['Time'], zone: 'Europe/Copenhagen' }],
    })
    .optional(),
});

/** What is made of the messages on some topics. */
export type TopicRule = z.output<typeof fields>;

function checkGone({ gone, payload, series }: TopicRule, context: z.core.$RefinementCtx): void {
  if (gone === undefined && series.length === 0) {
    context.addIssue({ code: 'custom', path: ['series'], message: 'a topic has `series`, or says who is `gone`' });
  }
  if (gone === undefined || payload === 'json' || payload === 'text') return;
  const message = `\`payload: ${payload}\` holds readings alone; say who is gone of a topic that has JSON or text`;
  context.addIssue({ code: 'custom', path: ['gone'], message });
}

function checkNames({ topic, names }: TopicRule, context: z.core.$RefinementCtx): void {
  const issue = (message: string): void => context.addIssue({ code: 'custom', path: ['names'], message });
  const { plusCount, hasRest } = parseTopicFilter(topic);
  const isFit = names.length === plusCount || (hasRest && names.length === plusCount + 1);
  if (names.length !== 0 && !isFit) {
    issue(`topic ${topic} has ${plusCount} +, and ${names.length} names; give a name to each, or to none`);
  }
  if (new Set(names).size < names.length) issue('a name stands there twice; give each + its own');
}

function checkPayload(rule: TopicRule, context: z.core.$RefinementCtx): void {
  const { payload } = rule;
  if (rule.rows !== undefined && payload !== 'json') {
    const message = `\`rows\` says where they are in JSON; leave it out beside \`payload: ${payload}\``;
    context.addIssue({ code: 'custom', path: ['rows'], message });
  }
  if (rule.time !== undefined && payload !== 'json' && payload !== 'text') {
    const message = `\`payload: ${payload}\` says itself where its times are; leave \`time\` out`;
    context.addIssue({ code: 'custom', path: ['time'], message });
  }
  if (payload !== 'text') return;
  const known = [...rule.names, PAYLOAD];
  const needed = neededColumns({ series: rule.series, time: rule.time ?? RECEIVED_TIME });
  for (const { column, path } of [...needed, ...goneColumns(rule.gone)]) {
    if (column === RECEIVED_COLUMN || known.includes(column)) continue;
    const message = `${JSON.stringify(column)} is not in a payload that is text; there are ${known.join(', ')}`;
    context.addIssue({ code: 'custom', path: [...path], message });
  }
}

/** The fields by which it is told who is gone. */
function goneColumns(gone: TopicRule['gone']): readonly NeededColumn[] {
  if (gone === undefined) return [];
  const columns = [...Object.keys(gone.when), ...parseTextTemplate(gone.device).columns];
  return columns.map((column) => ({ column, path: ['gone'] }));
}

export const topicsField = z
  .array(
    fields
      .superRefine((rule, context) => checkRows({ ...rule, time: rule.time ?? RECEIVED_TIME }, context))
      .superRefine(checkGone)
      .superRefine(checkNames)
      .superRefine(checkPayload),
  )
  .min(1)
  .max(TOPICS_MAX);

/** The metrics that topics' rules speak of but nobody has declared, and rules of one topic that make the same series. */
export function checkTopics(topics: readonly TopicRule[], metricNames: readonly string[]): readonly ReferenceFault[] {
  return topics.flatMap((topic, i) =>
    [...checkMetrics(topic, metricNames), ...checkDistinct(topic)].map((fault) => ({
      ...fault,
      path: ['topics', i, ...fault.path],
    })),
  );
}
