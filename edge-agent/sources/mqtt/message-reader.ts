import { isUtf8 } from 'node:buffer';
import { BATCH_READINGS_MAX, type BatchColumns } from '../batch-columns.ts';
import { PointRows } from '../line-protocol/point-rows.ts';
import { isJsonObject, type JsonObject, type JsonText, parseJsonText, PAYLOAD } from '../ndjson/json-fields.ts';
import { telegramRows } from '../p1/telegram.ts';
import { byteOrderMarkBytes } from '../records/record-format.ts';
import { REFUSED_TEXT_CHARS_MAX } from '../source.ts';
import { DeviceSeries } from './device-series.ts';
import { MESSAGE_ROWS_MAX, TOPICS_REMEMBERED_MAX } from './limits.ts';
import type { MqttMessage } from './message-line.ts';
import { MessageTally } from './message-tally.ts';
import { OpenRule, type OpenRuleOptions } from './open-rule.ts';
import { senmlRows } from './senml-rows.ts';
import { matchTopic } from './topic-filter.ts';
import type { TopicRule } from './topic-rule.ts';

export interface MessageReaderOptions extends OpenRuleOptions {
  readonly topics: readonly TopicRule[];
}

/** A rule that a topic fits, and what its names stand for there. */
interface Match {
  readonly rule: OpenRule;
  readonly names: readonly string[];
}

/** Makes readings of messages: every rule whose topic fits reads each, by the rules that rows of files have. */
export class MessageReader {
  readonly tally: MessageTally;
  readonly #rules: readonly OpenRule[];
  readonly #matches = new Map<string, readonly Match[]>();
  readonly #points = new PointRows();
  readonly #batch: BatchColumns;
  /** Null where no rule says who is gone. */
  readonly #devices: DeviceSeries | null;
  #count = 0;
  #receivedMs = Number.NaN;
  #receivedText = '';

  constructor({ topics, ...options }: MessageReaderOptions) {
    this.tally = new MessageTally(topics);
    const rules = topics.reduce((total, { series }) => total + series.length, 0);
    const rowsMax = Math.max(1, Math.min(MESSAGE_ROWS_MAX, Math.floor(BATCH_READINGS_MAX / rules)));
    const devices = topics.some(({ gone }) => gone !== undefined) ? new DeviceSeries(options.registry) : null;
    this.#devices = devices;
    this.#batch = options.batch;
    const opened = { ...options, registry: devices ?? options.registry };
    this.#rules = topics.map((topic, i) => new OpenRule(topic, i, rowsMax, opened));
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
    const text = isUtf8(payload) ? unpadded(payload).toString('utf8') : undefined;
    const quoted = `${topic} ${(text ?? '').slice(0, REFUSED_TEXT_CHARS_MAX)}`;
    // Parsed once, and not where no rule wants it; null can't stand for "not yet", since it is JSON.
    let json: { readonly value: JsonText | undefined } | undefined;
    const { count } = this.#batch;
    const gone: string[] = [];
    let isRead = false;
    for (const { rule, names } of matches) {
      const message = { topic, names, received: this.#receivedText, quoted, line: this.#count, tally: this.tally };
      if (rule.isPoints) {
        const isFit = rule.readRows(message, this.#points.read(payload));
        isRead ||= isFit;
        continue;
      }
      if (rule.isTelegram && text !== undefined) {
        const isFit = rule.readRows(message, telegramRows(text, rule.values));
        isRead ||= isFit;
        continue;
      }
      if (rule.isJson && json === undefined) json = { value: text === undefined ? undefined : parseJsonText(text) };
      const root = rule.isJson ? asObject(json?.value) : text === undefined ? undefined : { [PAYLOAD]: text };
      if (rule.gone !== null && root !== undefined) {
        isRead = true;
        gone.push(...rule.gone(names, root));
      }
      if (!rule.hasSeries) continue;
      if (rule.isJson) this.tally.looked(rule.index, root);
      const isPack = rule.isSenml && json?.value !== undefined;
      const isFit = isPack ? rule.readRows(message, senmlRows(json!.value!, receivedMs)) : rule.read(message, root);
      isRead ||= isFit;
    }
    if (!isRead) this.tally.unfit(topic, 'no-value');
    if (this.#devices !== null) this.#end(this.#devices, gone, count, receivedMs);
  }

  /** Notes what a message gave from `from` on, and ends what those held that it says are gone. */
  #end(devices: DeviceSeries, gone: readonly string[], from: number, atMs: number): void {
    const { entry, timeMs, count } = this.#batch;
    devices.heard(entry, timeMs, from, count);
    for (const device of gone) this.#batch.breakOff(devices.end(device, atMs));
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

/** A text without what devices put around it: the mark of its encoding before it, and what ends it in C behind. */
function unpadded(text: Buffer): Buffer {
  const start = byteOrderMarkBytes(text, 0, text.length);
  let end = text.length;
  while (end > start && text[end - 1] === 0) end--;
  return start === 0 && end === text.length ? text : text.subarray(start, end);
}

/** A plain value stands for itself under the name of the payload; so does an array, whose elements then follow it. */
function asObject(value: JsonText | undefined): JsonObject | undefined {
  return value === undefined || isJsonObject(value) ? value : { [PAYLOAD]: value };
}
