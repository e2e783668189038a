import type { AddressInfo } from 'node:net';
import { BatchColumns } from '../batch-columns.ts';
import { liveBatches } from '../live/live-batch.ts';
import { PendingMessages } from '../live/pending-messages.ts';
import { seriesMade } from '../rows/row-references.ts';
import type { SourceKindDefinition, SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceCheckpoint } from '../source.ts';
import { BrokerLink } from './broker-link.ts';
import { DeviceDoor } from './device-door.ts';
import { STOP_TIMEOUT_MS } from './limits.ts';
import { MessageLine, type MqttMessage } from './message-line.ts';
import { MessageReader } from './message-reader.ts';
import { describeMqtt, mqttSchema, type MqttSection } from './mqtt-section.ts';
import { Requests } from './requests.ts';
import { parseTopicFilter, withoutCovered } from './topic-filter.ts';
import { checkTopics } from './topic-rule.ts';

/** What is read, beside what every source is given. */
export interface MqttSourceOptions extends Omit<SourceOptions, 'stdin' | 'limits'> {
  readonly name: string;
  readonly section: MqttSection;
}

/** Requests are said again anyway, and are for who hears them now. */
const REQUEST = { qos: 0, retain: false } as const;

/**
 * Messages that devices publish by MQTT (docs/design.md#messages): those of a broker, of which the agent is a client, or
 * those that devices publish to the agent itself. Each is acknowledged after the journal has synced what it gave.
 */
export class MqttSource implements Source {
  readonly name: string;
  readonly nature = 'live';
  readonly #reader: MessageReader;
  readonly #pending: PendingMessages<MqttMessage>;
  readonly #line: MessageLine;
  readonly #end: BrokerLink | DeviceDoor;
  readonly #requests: Requests;

  constructor(options: MqttSourceOptions) {
    const { name, section, nowMs } = options;
    this.name = name;
    const batch = new BatchColumns();
    const reader = new MessageReader({ ...options, topics: section.topics, batch });
    this.#reader = reader;
    this.#pending = new PendingMessages<MqttMessage>({
      batch,
      read: (message) => reader.read(message),
      readingsMax: (message) => reader.readingsMax(message),
      highestMs: () => reader.highestMs,
      takeAmbiguous: () => reader.takeAmbiguous(),
      latenessMs: section.lateness,
      nowMs,
    });
    const line = new MessageLine(this.#pending, nowMs);
    this.#line = line;
    if ('listen' in section) {
      this.#end = new DeviceDoor({ ...options, section, line });
      this.#requests = new Requests([], () => undefined);
      return;
    }
    // Who only looks asks for nothing that would have to be acknowledged.
    const qos = options.isPreview === true ? 0 : section.qos;
    const filters = withoutCovered(section.topics.map(({ topic }) => parseTopicFilter(topic)));
    const subscriptions = filters.map(({ text }) => ({ topic: text, qos }));
    const link = new BrokerLink({
      ...options,
      section,
      line,
      subscriptions,
      onSubscribed: () => this.#requests.begin(),
    });
    this.#requests = new Requests(section.ask ?? [], (topic, payload) => link.say(topic, payload, REQUEST));
    this.#end = link;
  }

  /** Where the source listens, once it does; undefined where it listens nowhere. */
  get listening(): Promise<AddressInfo> | undefined {
    return this.#end instanceof DeviceDoor ? this.#end.listening : undefined;
  }

  inspect(): Promise<void> {
    return this.#end.inspect();
  }

  remarks(): readonly string[] {
    const { repeats } = this.#line;
    const again =
      repeats === 0
        ? []
        : [
            `${repeats === 1 ? '1 message' : `${repeats} messages`} that came again after a connection was lost, and were known`,
          ];
    return [...this.#reader.tally.remarks(), ...again];
  }

  /** Messages until the signal. Throws SourceError where address, broker or files can't be had. Has no checkpoint. */
  async *batches(_from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const pending = this.#pending;
    const end = this.#end;
    let running: Promise<void> = Promise.resolve();
    if (end instanceof DeviceDoor) await end.open();
    else running = end.run().catch((error: unknown) => pending.fail(error as Error));
    const stop = (): void => {
      this.#line.stop();
      this.#requests.stop();
      end.stop();
      pending.stop();
    };
    const leave = async (): Promise<void> => {
      await pending.settled(STOP_TIMEOUT_MS);
      await (end instanceof DeviceDoor ? end.close() : (end.leave(), running));
    };
    yield* liveBatches({ next: () => pending.next(), stop, end: leave }, signal);
  }
}

/** Messages that devices publish: to a broker which the agent reads, or to the agent itself. */
export const MQTT: SourceKindDefinition<MqttSection> = {
  schema: mqttSchema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: describeMqtt,
  faults: ({ topics }, metricNames) => checkTopics(topics, metricNames),
  makes: ({ topics }) => topics.flatMap(seriesMade),
  open: (name, section, options) => new MqttSource({ ...options, name, section }),
};
