/** What a section of `kind: mqtt` says. */
import { z } from 'zod';
import { checkDoor, describeDoor, DOOR_FIELDS, type DoorSection, formatAddress } from '../doors/door-section.ts';
import { latenessField } from '../section-fields.ts';
import { BROKER_FIELDS, type BrokerSection, checkBroker } from './broker-section.ts';
import { type DeviceRequest, requestsField } from './requests.ts';
import { overlapFilters, parseTopicFilter, withoutCovered } from './topic-filter.ts';
import { type TopicRule, topicsField } from './topic-rule.ts';

const { listen, ...doorFields } = DOOR_FIELDS;
const { url, ...brokerFields } = BROKER_FIELDS;

const fields = z.strictObject({
  kind: z.literal('mqtt').meta({
    description: 'Messages of a broker, which url names, or of devices that publish to the agent itself, at listen.',
    examples: ['mqtt'],
  }),
  url: url.optional(),
  ...brokerFields,
  qos: z
    .literal([0, 1, 2])
    .meta({ description: 'The quality of service of the subscriptions. 1 unless given.', examples: [2] })
    .optional(),
  ask: requestsField.optional(),
  listen: listen.optional(),
  ...doorFields,
  topics: topicsField.meta({
    description: 'Which messages are read, and what is made of them.',
    examples: [
      [
        {
          topic: 'home/+',
          names: ['room'],
          series: [{ metric: 'temperature', value: 'temperature', device: '{room}' }],
        },
      ],
    ],
  }),
  // Devices publish beside each other: one pane's length is left for the slower ones.
  lateness: latenessField.prefault('10s').meta({
    description: 'How far behind the newest reading older ones are still expected, before windows are taken for final.',
    examples: ['1m'],
  }),
});

type Fields = z.output<typeof fields>;

interface Messages {
  readonly kind: 'mqtt';
  readonly topics: readonly TopicRule[];
  readonly lateness: number;
}

/** Messages of a broker that the agent connects to. */
export interface BrokerMessages extends Messages, BrokerSection {
  readonly qos: 0 | 1 | 2;
  readonly ask?: readonly DeviceRequest[] | undefined;
}

/** Messages of devices that connect to the agent. */
export interface DeviceMessages extends Messages, DoorSection {}

export type MqttSection = BrokerMessages | DeviceMessages;

/** The fields that only one of both has a use for. */
const BROKER_ONLY = [...Object.keys(brokerFields), 'qos', 'ask'] as readonly (keyof Fields)[];
const DOOR_ONLY = Object.keys(doorFields) as readonly (keyof Fields)[];

export const mqttSchema = fields
  .superRefine((section, context) => {
    const issue = (field: keyof Fields, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if ((section.url === undefined) === (section.listen === undefined)) {
      const which = section.url === undefined ? 'neither stands here' : 'both stand here';
      issue(
        'url',
        `an mqtt source has either the url of a broker or an address to listen at, and ${which}; write url: mqtt://host or listen: 127.0.0.1:1883`,
      );
      return;
    }
    const isBroker = section.url !== undefined;
    for (const field of isBroker ? DOOR_ONLY : BROKER_ONLY) {
      if (section[field] === undefined) continue;
      issue(
        field,
        `${field} goes with ${isBroker ? 'listen' : 'url'}, not with ${isBroker ? 'url' : 'listen'}; leave it out`,
      );
    }
    if (isBroker) checkOverlaps(section, context);
  })
  .superRefine(checkDoor)
  .superRefine(checkBroker)
  .transform(({ url: broker, listen: at, qos = 1, ...rest }): MqttSection =>
    at === undefined ? { ...rest, url: broker!, qos } : { ...rest, listen: at },
  );

/** A broker may send a message once for each subscription that means it, and each copy would be read by each rule. */
function checkOverlaps({ topics }: Fields, context: z.core.$RefinementCtx): void {
  const filters = withoutCovered(topics.map(({ topic }) => parseTopicFilter(topic)));
  filters.forEach((filter, i) => {
    const other = filters.slice(0, i).find((before) => overlapFilters(before, filter));
    if (other === undefined) return;
    const at = topics.findIndex(({ topic }) => topic === filter.text);
    const message = `topic ${filter.text} means some that ${other.text} means too, so a broker may send their messages twice; write topics of which one holds the other, or none does`;
    context.addIssue({ code: 'custom', path: ['topics', at, 'topic'], message });
  });
}

/** What it reads, in a phrase. */
export function describeMqtt(section: MqttSection): string {
  const topics = section.topics.map(({ topic }) => topic).join(', ');
  if ('url' in section) return `reads ${topics} of the broker ${section.url}`;
  const scheme = section.tls === undefined ? 'mqtt' : 'mqtts';
  return `takes ${topics} at ${scheme}://${formatAddress(section.listen)}${describeDoor(section)}`;
}
