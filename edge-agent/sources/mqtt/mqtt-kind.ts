import { seriesMade } from '../rows/row-references.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { describeMqtt, mqttSchema, type MqttSection } from './mqtt-section.ts';
import { MqttSource } from './mqtt-source.ts';
import { checkTopics } from './topic-rule.ts';

/** Messages that devices publish: to a broker which the agent reads, or to the agent itself. */
export const MQTT: SourceKindDefinition<MqttSection> = {
  schema: mqttSchema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: describeMqtt,
  faults: ({ topics }, metricNames) => checkTopics(topics, metricNames),
  makes: ({ topics }) => topics.flatMap(seriesMade),
  open: (name, section, options) => new MqttSource({ ...options, name, section }),
};
