import { BatchColumns } from '../batch-columns.ts';
import { liveBatches } from '../live/live-batch.ts';
import { type PendingMessage, PendingMessages } from '../live/pending-messages.ts';
import { BrokerLink } from '../mqtt/broker-link.ts';
import { STOP_TIMEOUT_MS } from '../mqtt/limits.ts';
import { MessageLine, type MqttMessage } from '../mqtt/message-line.ts';
import { RowReader } from '../rows/row-reader.ts';
import { checkDistinct, checkMetrics, missingColumns, missingRemedy, seriesMade } from '../rows/row-references.ts';
import type { SeriesRule } from '../rows/rows-section.ts';
import type { ReferenceFault, SourceKindDefinition, SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceCheckpoint } from '../source.ts';
import type { NodeMessage, TakenMessage } from './edge-node.ts';
import { EdgeNodes, type NodeName } from './edge-nodes.ts';
import { READ_BYTES_PER_BYTE, TICK_MS } from './limits.ts';
import {
  METRIC_COLUMNS,
  MetricRows,
  metricRowsSection,
  metricsOfBatch,
  NAMED_COLUMNS,
  rulesPerMetric,
} from './metric-rows.ts';
import { NameTally } from './metric-table.ts';
import { decodePayload, encodeRebirthRequest } from './payload.ts';
import { describeSparkplug, sparkplugSchema, type SparkplugSection, topicsOf } from './sparkplug-section.ts';
import { SpokenSeries } from './spoken-series.ts';
import { commandTopic, parseMessageTopic, stateTopic } from './topic.ts';

/** What is read, beside what every source is given. */
export interface SparkplugSourceOptions extends Omit<SourceOptions, 'stdin' | 'limits'> {
  readonly name: string;
  readonly section: SparkplugSection;
}

/** A message of an edge node that waits for its turn. */
interface HeardMessage extends NodeMessage {
  /** ms since 1970. */
  readonly receivedMs: number;
  readonly acknowledged: (failure?: Error) => void;
}

/** A message, or a part of a very large one, that waits until a batch is made. */
interface ReadableMessage extends PendingMessage {
  readonly metrics: number;
  /** Adds what it gives to the batch; it is the message of this number. */
  readonly read: (line: number) => void;
}

/** Quality of service of what the source says of itself (tck-id-host-topic-phid-birth-qos), and whether it is retained. */
const STATE = { qos: 1, retain: true } as const;

/** Commands are neither repeated nor retained (tck-id-topics-ncmd-mqtt). */
const COMMAND = { qos: 0, retain: false } as const;

const NOTHING = (): void => undefined;

/**
 * What edge nodes say by Sparkplug B, as a host application hears it (Eclipse Sparkplug 3.0; docs/design.md#sparkplug). The
 * messages of a node are put in order and resolved as they come; rows are made of them when the agent asks for a batch.
 */
export class SparkplugSource implements Source {
  readonly name: string;
  readonly nature = 'live';
  readonly #options: SparkplugSourceOptions;
  readonly #names: NameTally;
  readonly #nodes: EdgeNodes<HeardMessage>;
  readonly #rows: MetricRows;
  readonly #batch = new BatchColumns();
  readonly #spoken = new SpokenSeries();
  readonly #metricsOfBatch: number;
  /** Whose metrics are being read, and from which reading of the batch on they were not yet noted as heard. */
  #reading: { readonly topic: TakenMessage<HeardMessage>['message']['topic']; from: number } | null = null;
  readonly #pending: PendingMessages<ReadableMessage>;
  readonly #line: MessageLine;
  readonly #link: BrokerLink;
  /** When the connection was asked for by which the source says that it is there. */
  #connectedMs = 0;
  #lines = 0;
  #gaps = 0;
  #requests = 0;
  #foreign = 0;

  constructor(options: SparkplugSourceOptions) {
    const { name, section, metrics, registry, nowMs } = options;
    this.name = name;
    this.#options = options;
    const { series } = section;
    const names = new NameTally(series.map(({ value }) => value.trim()));
    this.#names = names;
    this.#nodes = new EdgeNodes<HeardMessage>({
      isTaken: (metric) => names.isTaken(metric),
      reorderMs: section.reorder,
      deliver: (taken) => this.#deliver(taken),
      onGap: () => void this.#gaps++,
    });
    const batch = this.#batch;
    const rows = metricRowsSection(section);
    const reader = new RowReader({
      section: rows,
      columns: METRIC_COLUMNS,
      metrics,
      registry,
      batch,
      nowMs,
      onMissing: (entry, atMs) => this.#lapse(entry, atMs),
    });
    this.#rows = new MetricRows(reader);
    this.#metricsOfBatch = metricsOfBatch(series);
    const rules = rulesPerMetric(series);
    const pending = new PendingMessages<ReadableMessage>({
      batch,
      read: ({ read }) => read(++this.#lines),
      readingsMax: (message) => message.metrics * rules,
      highestMs: () => reader.highestMs,
      takeAmbiguous: () => reader.takeAmbiguous(),
      latenessMs: section.lateness,
      nowMs,
    });
    this.#pending = pending;
    const heard = {
      push: (message: MqttMessage) => this.#hear(message),
      whenRoom: (goOn: () => void) => pending.whenRoom(goOn),
      get isFull(): boolean {
        return pending.isFull;
      },
    };
    this.#line = new MessageLine(heard, nowMs);
    this.#link = new BrokerLink({ ...options, line: this.#line, ...this.#client() });
  }

  inspect(): Promise<void> {
    return this.#link.inspect();
  }

  remarks(): readonly string[] {
    const counted: readonly (readonly [string, number])[] = [
      ['messages of edge nodes that were missing for too long', this.#gaps],
      ['requests to edge nodes for their births', this.#requests],
      ['messages that the broker had kept, or that are none of an edge node', this.#foreign],
    ];
    return [
      ...counted.flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`])),
      ...this.#names.remarks(),
    ];
  }

  /** Messages until the signal. Throws SourceError where broker or files can't be had. Has no checkpoint. */
  async *batches(_from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const pending = this.#pending;
    const link = this.#link;
    const running = link.run().catch((error: unknown) => pending.fail(error as Error));
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    const stop = (): void => {
      clearInterval(ticking);
      this.#line.stop();
      link.stop();
      pending.stop();
    };
    const end = async (): Promise<void> => {
      await pending.settled(STOP_TIMEOUT_MS);
      this.#sayState(false);
      link.leave();
      await running;
    };
    yield* liveBatches({ next: () => pending.next(), stop, end }, signal);
  }

  get #isPreview(): boolean {
    return this.#options.isPreview === true;
  }

  /** As whom, and for what, the source connects. Its session ends with its connection (tck-id-message-flow-phid-sparkplug-clean-session-311). */
  #client(): Pick<ConstructorParameters<typeof BrokerLink>[0], 'subscriptions' | 'isClean' | 'will' | 'onSubscribed'> {
    const { section } = this.#options;
    const topics = [...topicsOf(section), ...(this.#state === null ? [] : [this.#state])];
    // Who only looks asks for nothing that would have to be acknowledged.
    const qos = this.#isPreview ? 0 : 1;
    return {
      isClean: true,
      subscriptions: topics.map((topic) => ({ topic, qos })),
      will: () => this.#will(),
      onSubscribed: () => this.#connected(),
    };
  }

  /** The topic by which it says that it is there; null where it doesn't. */
  get #state(): string | null {
    const { host } = this.#options.section;
    return host === undefined || this.#isPreview ? null : stateTopic(host);
  }

  /** What the broker says when the source is gone (tck-id-host-topic-phid-death-payload). Asked for at each connection. */
  #will(): { topic: string; payload: Buffer; qos: 1; retain: true } | undefined {
    this.#connectedMs = this.#options.nowMs();
    const topic = this.#state;
    return topic === null ? undefined : { topic, payload: statePayload(false, this.#connectedMs), ...STATE };
  }

  /** Says that the source is there, with the time of the will, or that it leaves (tck-id-host-topic-phid-birth-payload-timestamp). */
  #sayState(online: boolean): void {
    const topic = this.#state;
    const atMs = online ? this.#connectedMs : this.#options.nowMs();
    if (topic !== null) this.#link.say(topic, statePayload(online, atMs), STATE);
  }

  #connected(): void {
    this.#sayState(true);
    // What was said meanwhile was not heard. Nodes that wait for a host are born by themselves.
    this.#nodes.leave(performance.now() + this.#options.section.reorder);
  }

  #tick(): void {
    // While nothing is read, nothing can come in time.
    if (this.#pending.isFull) return;
    const atMs = performance.now();
    this.#nodes.tick(atMs);
    if (!this.#options.section.rebirth || this.#isPreview || !this.#link.isIn) return;
    for (const node of this.#nodes.takeRebirths(atMs)) this.#askForBirths(node);
  }

  #askForBirths({ group, node }: NodeName): void {
    const { logger, nowMs } = this.#options;
    this.#requests++;
    this.#link.say(commandTopic(group, node), Buffer.from(encodeRebirthRequest(nowMs())), COMMAND);
    logger?.info({ source: this.name, group, node }, 'an edge node was asked for its births');
  }

  #hear({ topic, payload, isKept, isWhole, receivedMs, bytes, acknowledged }: MqttMessage): void {
    const parsed = parseMessageTopic(topic);
    if (isKept || parsed === null) {
      if (topic === this.#state) this.#hearState(payload);
      else this.#foreign++;
      return this.#pending.push({ bytes, acknowledged, metrics: 0, read: NOTHING });
    }
    const decoded = isWhole ? decodePayload(payload) : 'is too long to be read';
    const heldBytes = bytes + payload.length * READ_BYTES_PER_BYTE;
    if (typeof decoded !== 'string') {
      return this.#nodes.receive(
        { topic: parsed, payload: decoded, receivedMs, bytes: heldBytes, acknowledged },
        performance.now(),
      );
    }
    const read = (line: number): void => this.#rows.refuseText(`the message ${decoded}`, line, topic);
    this.#pending.push({ bytes, acknowledged, metrics: 0, read });
  }

  /** Somebody says of this host that it is gone: it says that it is there (tck-id-message-flow-hid-sparkplug-state-message-delivered). */
  #hearState(payload: Buffer): void {
    if (/"online"\s*:\s*false/.test(payload.toString('utf8'))) this.#sayState(true);
  }

  #deliver(taken: TakenMessage<HeardMessage>): void {
    const { metrics, message } = taken;
    const most = this.#metricsOfBatch;
    let from = 0;
    for (; metrics.length - from > most; from += most) {
      const part = { ...taken, refused: null, ends: false, metrics: metrics.slice(from, from + most) };
      this.#pending.push({
        bytes: 0,
        acknowledged: NOTHING,
        metrics: most,
        read: (line) => this.#read(part, line),
      });
    }
    const rest = from === 0 ? taken : { ...taken, metrics: metrics.slice(from) };
    const { bytes, acknowledged } = message;
    this.#pending.push({
      bytes,
      acknowledged,
      metrics: rest.metrics.length,
      read: (line) => this.#read(rest, line),
    });
  }

  #read(taken: TakenMessage<HeardMessage>, line: number): void {
    const batch = this.#batch;
    const { topic } = taken.message;
    this.#reading = { topic, from: batch.count };
    this.#rows.read(taken, line);
    this.#noteHeard();
    if (taken.ends) batch.breakOff(this.#spoken.end(topic, deathMs(taken.message)));
  }

  /** Notes which readings of the present message were said since the last time. */
  #noteHeard(): void {
    const { topic, from } = this.#reading!;
    const { count } = this.#batch;
    this.#spoken.heard(topic, this.#batch, from, count);
    this.#reading!.from = count;
  }

  /** A metric has no value at a time: its series breaks off. */
  #lapse(entry: number, atMs: number): void {
    this.#noteHeard();
    const one = this.#spoken.lapse(entry, atMs);
    if (one !== undefined) this.#batch.breakOff([one]);
  }
}

/** When somebody died. A node says so of its device; of a node the broker does, with what that had left before it began. */
function deathMs({ topic, payload, receivedMs }: HeardMessage): number {
  return topic.device === null || Number.isNaN(payload.atMs) ? receivedMs : Math.min(payload.atMs, receivedMs);
}

function statePayload(online: boolean, timestamp: number): Buffer {
  return Buffer.from(JSON.stringify({ online, timestamp }));
}

/** What edge nodes say by Sparkplug B, by way of a broker. */
export const SPARKPLUG: SourceKindDefinition<SparkplugSection> = {
  schema: sparkplugSchema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: describeSparkplug,
  faults: checkNames,
  makes: seriesMade,
  open: (name, section, options) => new SparkplugSource({ ...options, name, section }),
};

function checkNames(section: SparkplugSection, metricNames: readonly string[]): readonly ReferenceFault[] {
  const rows = metricRowsSection(section);
  const unknown = missingColumns(rows, METRIC_COLUMNS).map((missing) => ({
    path: missing.path,
    subject: 'field',
    value: `${JSON.stringify(missing.column)} is none of a Sparkplug metric`,
    remedy: missingRemedy([missing], NAMED_COLUMNS),
  }));
  const twice = section.series.flatMap(({ when }, i) => (Object.hasOwn(when, 'metric') ? [namedByWhen(i)] : []));
  const distinct = checkDistinct({ series: section.series.map(withMetricNamed) });
  return [...checkMetrics(rows, metricNames), ...unknown, ...twice, ...distinct];
}

/** A rule is for one metric: what names it in a template is known, and tells its series from those of other rules. */
function withMetricNamed(rule: SeriesRule): SeriesRule {
  const named = (template: string): string => template.replaceAll('{metric}', rule.value);
  const tags = Object.entries(rule.tags).map(([tag, template]) => [tag, named(template)] as const);
  return { ...rule, device: named(rule.device), tags: Object.fromEntries(tags) };
}

function namedByWhen(rule: number): ReferenceFault {
  return {
    path: ['series', rule, 'when', 'metric'],
    subject: 'when',
    value: 'names a metric',
    remedy: '`value` does that already; leave it out',
  };
}
