import { isUtf8 } from 'node:buffer';
import type { Metric } from '#core/metrics/metric.ts';
import { BATCH_READINGS_MAX, type BatchColumns } from '../batch-columns.ts';
import { PointRows } from '../line-protocol/point-rows.ts';
import { MessageFields, RECEIVED_COLUMN, RECEIVED_TIME } from '../live/message-fields.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonText,
  parseJsonText,
  textOfValue,
  truthColumns,
  valueAtPath,
} from '../ndjson/json-fields.ts';
import { RowReader } from '../rows/row-reader.ts';
import { type EntryRegistry, REFUSED_TEXT_CHARS_MAX } from '../source.ts';
import { MESSAGE_ROWS_MAX, TOPICS_REMEMBERED_MAX } from './limits.ts';
import type { MqttMessage } from './message-line.ts';
import { MessageTally } from './message-tally.ts';
import type { PayloadFault, PayloadRow } from './payload-row.ts';
import { senmlRows } from './senml-rows.ts';
import { matchTopic, parseTopicFilter, type TopicFilter } from './topic-filter.ts';
import { PAYLOAD, type TopicRule } from './topic-rule.ts';

export interface MessageReaderOptions {
  readonly topics: readonly TopicRule[];
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly batch: BatchColumns;
  readonly nowMs: () => number;
}

/** A rule that a topic fits, and what its names stand for there. */
interface Match {
  readonly rule: OpenRule;
  readonly names: readonly string[];
}

/** What of a message is the same for all of its rows. */
interface OpenMessage {
  readonly topic: string;
  readonly names: readonly string[];
  readonly received: string;
  /** What stands for it where it is refused. */
  readonly quoted: string;
  /** Its number, from 1. */
  readonly line: number;
  readonly tally: MessageTally;
}

/** Makes readings of messages: every rule whose topic fits reads each, by the rules that rows of files have. */
export class MessageReader {
  readonly tally: MessageTally;
  readonly #rules: readonly OpenRule[];
  readonly #matches = new Map<string, readonly Match[]>();
  readonly #points = new PointRows();
  #count = 0;
  #receivedMs = Number.NaN;
  #receivedText = '';

  constructor({ topics, ...options }: MessageReaderOptions) {
    this.tally = new MessageTally(topics);
    const rules = topics.reduce((total, { series }) => total + series.length, 0);
    const rowsMax = Math.max(1, Math.min(MESSAGE_ROWS_MAX, Math.floor(BATCH_READINGS_MAX / rules)));
    this.#rules = topics.map((topic, i) => new OpenRule(topic, i, rowsMax, options));
  }

  /** How many readings a message gives at most. */
  readingsMax({ topic, payload }: Pick<MqttMessage, 'topic' | 'payload'>): number {
    return this.#matched(topic).reduce((total, { rule }) => total + rule.readingsMax(payload.length), 0);
  }

  /** The highest event time that has been read, or null before the first reading. */
  get highestMs(): number | null {
    const highest = Math.max(...this.#rules.map(({ reader }) => reader.highestMs ?? Number.NEGATIVE_INFINITY));
    return Number.isFinite(highest) ? highest : null;
  }

  takeAmbiguous(): number {
    return this.#rules.reduce((total, { reader }) => total + reader.takeAmbiguous(), 0);
  }

  /** Adds what a message gives to the batch, and counts it where it gives nothing. */
  read({ topic, payload, isKept, isWhole, receivedMs }: MqttMessage): void {
    this.#count++;
    if (isKept) {
      this.tally.kept++;
      return;
    }
    const matches = this.#matched(topic);
    if (!isWhole || matches.length === 0) {
      this.tally.unfit(topic, isWhole ? 'no-rule' : 'too-long');
      return;
    }
    // By an empty message a broker is told to keep none.
    if (payload.length === 0) {
      this.tally.unfit(topic, 'no-value');
      return;
    }
    if (receivedMs !== this.#receivedMs) {
      this.#receivedMs = receivedMs;
      this.#receivedText = String(receivedMs);
    }
    const text = isUtf8(payload) ? payload.toString('utf8') : undefined;
    const quoted = `${topic} ${(text ?? '').slice(0, REFUSED_TEXT_CHARS_MAX)}`;
    // Parsed once, and not where no rule wants it; null can't stand for "not yet", since it is JSON.
    let json: { readonly value: JsonText | undefined } | undefined;
    let isRead = false;
    for (const { rule, names } of matches) {
      const message = { topic, names, received: this.#receivedText, quoted, line: this.#count, tally: this.tally };
      if (rule.isPoints) {
        const isFit = rule.readRows(message, this.#points.read(payload));
        isRead ||= isFit;
        continue;
      }
      if (rule.isJson && json === undefined) json = { value: text === undefined ? undefined : parseJsonText(text) };
      const root = rule.isJson ? asObject(json?.value) : text === undefined ? undefined : { [PAYLOAD]: text };
      if (rule.isJson) this.tally.looked(rule.index, root);
      const isPack = rule.isSenml && json?.value !== undefined;
      const isFit = isPack ? rule.readRows(message, senmlRows(json!.value!, receivedMs)) : rule.read(message, root);
      isRead ||= isFit;
    }
    if (!isRead) this.tally.unfit(topic, 'no-value');
  }

  #matched(topic: string): readonly Match[] {
    const known = this.#matches.get(topic);
    if (known !== undefined) return known;
    if (this.#matches.size >= TOPICS_REMEMBERED_MAX) this.#matches.clear();
    const matches = this.#rules.flatMap((rule) => {
      const names = matchTopic(rule.filter, topic);
      return names === null ? [] : [{ rule, names }];
    });
    this.#matches.set(topic, matches);
    return matches;
  }
}

/** A plain value stands for itself under the name of the payload; so does an array, whose elements then follow it. */
function asObject(value: JsonText | undefined): JsonObject | undefined {
  return value === undefined || isJsonObject(value) ? value : { [PAYLOAD]: value };
}

/** A rule of the section, with the row reader that reads its messages. */
class OpenRule {
  readonly index: number;
  readonly filter: TopicFilter;
  readonly isJson: boolean;
  readonly isSenml: boolean;
  readonly isPoints: boolean;
  readonly reader: RowReader;
  readonly #series: number;
  /** Where the rows are of a message that has several, and how many it may have. */
  readonly #rowsPath: string | undefined;
  readonly #rowsMax: number;
  readonly #fields: MessageFields;
  /** Where the names of the topic go; undefined for one that no rule asks for. */
  readonly #names: readonly (number | undefined)[];
  readonly #paths: readonly {
    readonly path: string;
    readonly position: number;
    readonly isValue: boolean;
    readonly isTruth: boolean;
  }[];
  readonly #received: number | undefined;

  constructor(topic: TopicRule, index: number, rowsMax: number, options: Omit<MessageReaderOptions, 'topics'>) {
    const section = { ...topic, time: topic.time ?? RECEIVED_TIME };
    this.index = index;
    this.filter = parseTopicFilter(topic.topic);
    this.isSenml = topic.payload === 'senml';
    this.isPoints = topic.payload === 'line-protocol';
    this.isJson = topic.payload === 'json' || this.isSenml;
    this.#series = topic.series.length;
    this.#rowsPath = topic.rows;
    this.#rowsMax = rowsMax;
    this.#fields = new MessageFields(section);
    const { columns } = this.#fields;
    // A point has the fields that were measured.
    const absent = this.isPoints ? 'passed-over' : 'missing';
    this.reader = new RowReader({ ...options, section, columns, absent });
    this.#names = topic.names.map((name) => this.#fields.positionOf(name));
    this.#received = this.#fields.positionOf(RECEIVED_COLUMN);
    const values = new Set(topic.series.map(({ value }) => value));
    const truths = new Set(truthColumns(topic.series));
    this.#paths = columns.flatMap((path, position) =>
      topic.names.includes(path) || path === RECEIVED_COLUMN
        ? []
        : [{ path, position, isValue: values.has(path), isTruth: truths.has(path) }],
    );
  }

  /** How many readings a payload of so many bytes gives at most: an element of an array takes two. */
  readingsMax(payloadBytes: number): number {
    const isOne = this.#rowsPath === undefined && !this.isSenml && !this.isPoints;
    return this.#series * (isOne ? 1 : Math.min(this.#rowsMax, 1 + (payloadBytes >> 1)));
  }

  /**
   * Reads a message, whose root is undefined where its payload can't be read. False where it holds no value that a rule
   * wants.
   */
  read(message: OpenMessage, root: JsonObject | undefined): boolean {
    if (root === undefined || this.#rowsPath === undefined) return this.#row(message, root, undefined);
    const rows = valueAtPath(root, this.#rowsPath);
    if (rows === undefined) return false;
    const elements: readonly JsonText[] = Array.isArray(rows) ? (rows as readonly JsonText[]) : [rows];
    if (this.#holdsTooMany(elements.length, message)) return true;
    let isRead = false;
    for (const element of elements) {
      const row = isJsonObject(element) ? element : { [PAYLOAD]: element };
      const quoted = `${message.topic} ${JSON.stringify(element).slice(0, REFUSED_TEXT_CHARS_MAX)}`;
      isRead = this.#row({ ...message, quoted }, root, row) || isRead;
    }
    return isRead;
  }

  /** Reads the rows that a payload holds by its own format. */
  readRows(message: OpenMessage, rows: readonly (PayloadRow | PayloadFault)[]): boolean {
    if (this.#holdsTooMany(rows.length, message)) return true;
    let isRead = false;
    for (const row of rows) {
      if (row.kind === 'fault') {
        this.#refuse(row.reason, `${message.topic} ${row.text}`, message.line);
        isRead = true;
        continue;
      }
      const received = row.atMs === null ? message.received : String(row.atMs);
      isRead = this.#row({ ...message, received }, row.fields, undefined) || isRead;
    }
    return isRead;
  }

  #holdsTooMany(rows: number, { quoted, line }: OpenMessage): boolean {
    if (rows <= this.#rowsMax) return false;
    this.#refuse(`it holds ${rows} rows, ${this.#rowsMax} is the limit; send fewer in a message`, quoted, line);
    return true;
  }

  #refuse(reason: string, quoted: string, line: number): void {
    this.#fields.begin(quoted);
    this.#fields.refuse(reason);
    this.#fields.read(this.reader, line);
  }

  /** Reads a message, or a row of it, whose fields come before those of the message. */
  #row(
    { names, received, quoted, line, tally }: OpenMessage,
    root: JsonObject | undefined,
    row: JsonObject | undefined,
  ): boolean {
    const fields = this.#fields;
    fields.begin(quoted);
    let holdsValue = root === undefined;
    if (root === undefined) fields.refuse(`the payload is not ${this.isJson ? 'JSON' : 'UTF-8 text'}`);
    else {
      for (const { path, position, isValue, isTruth } of this.#paths) {
        const own = row === undefined ? undefined : valueAtPath(row, path);
        const value = own === undefined ? valueAtPath(root, path) : own;
        if (value === undefined) continue;
        if (isValue) {
          holdsValue = true;
          tally.found(this.index, path);
        }
        if (value === null) continue;
        if (typeof value === 'object')
          fields.refuse(`field ${JSON.stringify(path)} holds ${describe(value)} where a value is wanted`);
        else fields.set(position, textOfValue(value, isTruth));
      }
    }
    if (!holdsValue) return false;
    names.forEach((name, i) => {
      const position = this.#names[i];
      if (position !== undefined) fields.set(position, name);
    });
    if (this.#received !== undefined) fields.set(this.#received, received);
    fields.read(this.reader, line);
    return true;
  }
}

function describe(value: object): string {
  return Array.isArray(value) ? 'an array' : 'an object';
}
