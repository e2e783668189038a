/** What a section of `kind: sparkplug` says. */
import { z } from 'zod';
import { BROKER_FIELDS, type BrokerSection, checkBroker } from '../mqtt/broker-section.ts';
import { ROWS_FIELDS, type SeriesRule } from '../rows/rows-section.ts';
import { latenessField, nameField } from '../section-fields.ts';
import { MESSAGE_TYPES, NAMESPACE } from './topic.ts';

/** Groups of one source: there are six subscriptions for each. */
const GROUPS_MAX = 64;

/** The id of a group, a node or a host application is one level of a topic. */
const idField = nameField.refine((id) => !/[+#/]/.test(id), 'an id of Sparkplug has no +, # or /');

const fields = z.strictObject({
  kind: z
    .literal('sparkplug')
    .meta({ description: 'What edge nodes say by Sparkplug B, at a broker.', examples: ['sparkplug'] }),
  ...BROKER_FIELDS,
  /** Left out: those of all groups. */
  groups: z
    .array(idField)
    .min(1)
    .max(GROUPS_MAX)
    .meta({ description: 'The groups whose edge nodes are heard. All unless given.', examples: [['press-shop']] })
    .optional(),
  /** As which primary host application the source says that it is there; left out, it says nothing. */
  host: idField
    .meta({
      description:
        'The id of the primary host application as which the source says that it is there. It says nothing unless given.',
      examples: ['weir'],
    })
    .optional(),
  /** Whether edge nodes are asked for their births. */
  rebirth: z
    .boolean()
    .default(true)
    .meta({
      description: 'Whether edge nodes are asked for their births where something is missing.',
      examples: [false],
    }),
  reorder: latenessField
    .prefault('2s')
    .meta({ description: 'How long a message that is missing is waited for.', examples: ['5s'] }),
  missing: ROWS_FIELDS.missing,
  series: ROWS_FIELDS.series.meta({
    description: 'Which metrics of edge nodes and devices are read: a rule for each.',
    examples: [[{ metric: 'temperature', value: 'Inputs/Temperature', device: '{device}' }]],
  }),
  // Nodes send beside each other: one pane's length is left for the slower ones.
  lateness: latenessField.prefault('10s').meta({
    description: 'How far behind the newest reading older ones are still expected, before windows are taken for final.',
    examples: ['1m'],
  }),
});

export interface SparkplugSection extends BrokerSection {
  readonly kind: 'sparkplug';
  readonly groups?: readonly string[] | undefined;
  readonly host?: string | undefined;
  readonly rebirth: boolean;
  /** How long a message that is missing is waited for, in ms. */
  readonly reorder: number;
  readonly missing: readonly string[];
  readonly series: readonly SeriesRule[];
  readonly lateness: number;
}

export const sparkplugSchema = fields.superRefine(checkBroker);

/** The topics of what the edge nodes of a section say. */
export function topicsOf({ groups = ['+'] }: Pick<SparkplugSection, 'groups'>): readonly string[] {
  return groups.flatMap((group) =>
    MESSAGE_TYPES.map((type) => `${NAMESPACE}/${group}/${type}/${type.startsWith('D') ? '+/+' : '+'}`),
  );
}

/** What it reads, in a phrase. */
export function describeSparkplug({ url, groups, host }: SparkplugSection): string {
  const whose = groups === undefined ? 'all edge nodes' : `the edge nodes of ${groups.join(', ')}`;
  const as = host === undefined ? '' : `, as host application ${host}`;
  return `reads Sparkplug B of ${whose} at the broker ${url}${as}`;
}
