import type { Metric } from '#core/metrics/metric.ts';
import type { BatchColumns } from '../batch-columns.ts';
import { MessageFields, RECEIVED_COLUMN, RECEIVED_TIME } from '../live/message-fields.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonText,
  PAYLOAD,
  textOfValue,
  truthColumns,
  valueAtPath,
} from '../ndjson/json-fields.ts';
import { TELEGRAM_HABITS } from '../p1/p1-opener.ts';
import type { PayloadFault, PayloadRow } from '../rows/payload-row.ts';
import { fulfils } from '../rows/row-condition.ts';
import { RowReader } from '../rows/row-reader.ts';
import { fillTextTemplate, parseTextTemplate } from '../rows/text-template.ts';
import { type EntryRegistry, REFUSED_TEXT_CHARS_MAX } from '../source.ts';
import type { MessageTally } from './message-tally.ts';
import { parseTopicFilter, type TopicFilter } from './topic-filter.ts';
import type { TopicRule } from './topic-rule.ts';

/** What of a message is the same for all of its rows. */
export interface OpenMessage {
  readonly topic: string;
  readonly names: readonly string[];
  readonly received: string;
  /** What stands for it where it is refused. */
  readonly quoted: string;
  /** Its number, from 1. */
  readonly line: number;
  readonly tally: MessageTally;
}

/** What the rules of a source share. */
export interface OpenRuleOptions {
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly batch: BatchColumns;
  readonly nowMs: () => number;
}

/** A rule of the section, with the row reader that reads its messages. */
export class OpenRule {
  readonly index: number;
  readonly filter: TopicFilter;
  readonly isJson: boolean;
  readonly isSenml: boolean;
  readonly isPoints: boolean;
  /** The columns that its series take for values. */
  readonly values: ReadonlySet<string>;
  readonly isTelegram: boolean;
  readonly reader: RowReader;
  /** The device of which a message says that it is gone, if any; null where no message of the rule does. */
  readonly gone: ((names: readonly string[], root: JsonObject) => readonly string[]) | null;
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
  readonly #decimal: string;

  constructor(topic: TopicRule, index: number, rowsMax: number, options: OpenRuleOptions) {
    const section = { ...topic, time: topic.time ?? RECEIVED_TIME };
    this.index = index;
    this.filter = parseTopicFilter(topic.topic);
    this.isSenml = topic.payload === 'senml';
    this.isPoints = topic.payload === 'line-protocol';
    this.isTelegram = topic.payload === 'p1';
    this.isJson = topic.payload === 'json' || this.isSenml;
    this.#series = topic.series.length;
    this.#decimal = topic.decimal;
    this.gone = topic.gone === undefined ? null : goneBy(topic, topic.gone);
    this.#rowsPath = topic.rows;
    this.#rowsMax = rowsMax;
    this.#fields = new MessageFields(section);
    const { columns } = this.#fields;
    // A point has the fields that were measured.
    const habits = this.isTelegram ? TELEGRAM_HABITS : ({ absent: this.isPoints ? 'passed-over' : 'missing' } as const);
    this.reader = new RowReader({ ...options, ...habits, section, columns });
    this.#names = topic.names.map((name) => this.#fields.positionOf(name));
    this.#received = this.#fields.positionOf(RECEIVED_COLUMN);
    const values = new Set(topic.series.map(({ value }) => value));
    this.values = values;
    const truths = new Set(truthColumns(topic.series));
    this.#paths = columns.flatMap((path, position) =>
      topic.names.includes(path) || path === RECEIVED_COLUMN
        ? []
        : [{ path, position, isValue: values.has(path), isTruth: truths.has(path) }],
    );
  }

  get hasSeries(): boolean {
    return this.#series > 0;
  }

  /** How many readings a payload of so many bytes gives at most: an element of an array takes two. */
  readingsMax(payloadBytes: number): number {
    const isOne = this.#rowsPath === undefined && !this.isSenml && !this.isPoints && !this.isTelegram;
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

  /** The text of a value, with the decimal mark that texts of the rule have: a number of JSON has its own. */
  #textOf(value: string | number | boolean, isTruth: boolean): string {
    const text = textOfValue(value, isTruth);
    return typeof value === 'number' && this.#decimal !== '.' ? text.replace('.', this.#decimal) : text;
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
        else fields.set(position, this.#textOf(value, isTruth));
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

function goneBy(topic: TopicRule, { device, when }: NonNullable<TopicRule['gone']>): OpenRule['gone'] {
  const template = parseTextTemplate(device);
  const conditions = Object.entries(when);
  return (names, root) => {
    const textOf = (column: string): string => {
      const name = names[topic.names.indexOf(column)];
      const value = name ?? valueAtPath(root, column) ?? '';
      return typeof value === 'object' ? '' : String(value).trim();
    };
    const isGone = conditions.every(([column, condition]) => fulfils(condition, textOf(column)));
    return isGone ? [fillTextTemplate(template, textOf)] : [];
  };
}

function describe(value: object): string {
  return Array.isArray(value) ? 'an array' : 'an object';
}
