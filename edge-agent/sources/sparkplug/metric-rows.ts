import { SPACE } from '../ascii.ts';
import { BATCH_READINGS_MAX } from '../batch-columns.ts';
import { ABSENT, FieldTable } from '../rows/key-table.ts';
import { isText } from '../rows/row-condition.ts';
import type { RowReader } from '../rows/row-reader.ts';
import type { RowsSection, SeriesRule } from '../rows/rows-section.ts';
import { timeSchema } from '../time/time-section.ts';
import type { NodeMessage, TakenMessage, TakenMetric } from './edge-node.ts';
import { TOPIC_CHARS_MAX } from './limits.ts';
import { metricText } from './metric-text.ts';

/** Bytes of what a topic says, and of what a metric does: no name and no number has more. */
const TOPIC_BYTES_MAX = 4 * TOPIC_CHARS_MAX;
const FIELDS_BYTES_MAX = 65_536;

/** What a rule can name, beside metrics as its `value`. */
export const NAMED_COLUMNS = ['group', 'node', 'device', 'metric'] as const;

const COLUMNS = [...NAMED_COLUMNS, 'time', 'value'] as const;
const GROUP = 0;
const NODE = 1;
const DEVICE = 2;
const METRIC = 3;
const TIME = 4;
const VALUE = 5;

const encoder = new TextEncoder();

/** The columns of a metric's row, by position, as its row reader is to be opened with. */
export const METRIC_COLUMNS: readonly string[] = COLUMNS;

/** A source's rules as those of a long file: one row per metric, told apart by its name. */
export function metricRowsSection({ missing, series }: Pick<RowsSection, 'missing' | 'series'>): RowsSection {
  const time = timeSchema.parse({ columns: [COLUMNS[TIME]], format: 'unix-ms' });
  return { missing, decimal: '.', thousands: undefined, time, series: series.map(ofLongFile) };
}

function ofLongFile(rule: SeriesRule): SeriesRule {
  return { ...rule, value: COLUMNS[VALUE], when: { ...rule.when, [COLUMNS[METRIC]]: isText(rule.value) } };
}

/** How many readings a metric gives at most: rules may share a name, and differ in `when`. */
export function rulesPerMetric(series: readonly SeriesRule[]): number {
  const rules = new Map<string, number>();
  for (const { value } of series) rules.set(value, (rules.get(value) ?? 0) + 1);
  return Math.max(...rules.values());
}

/** Metrics whose readings surely fit into a batch. */
export function metricsOfBatch(series: readonly SeriesRule[]): number {
  return Math.floor(BATCH_READINGS_MAX / rulesPerMetric(series));
}

/**
 * Writes the metrics of messages as rows, and hands these to the row reader that files have. In memory a row is one text,
 * which also stands for it where it is refused: `group node device metric time value`.
 */
export class MetricRows {
  readonly #reader: RowReader;
  readonly #fields = new FieldTable(COLUMNS.length);
  readonly #bytes = new Uint8Array(TOPIC_BYTES_MAX + FIELDS_BYTES_MAX);
  /** What follows the texts that all rows of a message share. */
  #tail = this.#bytes;

  constructor(reader: RowReader) {
    this.#reader = reader;
    this.#fields.count = COLUMNS.length;
  }

  /** Reads what was taken of a message, the one of this number from 1 on. */
  read({ message, metrics, refused }: Omit<TakenMessage, 'ends'>, line: number): void {
    const end = this.#begin(message);
    if (refused !== null) this.#refuse(`the message ${refused}`, line, end);
    for (const metric of metrics) this.#row(metric, line, end);
  }

  /** Quarantines a message of which a text says more, for a reason. */
  refuseText(reason: string, line: number, text: string): void {
    this.#refuse(reason, line, encoder.encodeInto(text, this.#bytes).written);
  }

  #refuse(reason: string, line: number, end: number): void {
    this.#reader.refuseUnread(reason, this.#bytes, line, 0, end);
  }

  /** Writes what the topic says; gives where it ends. */
  #begin({ topic: { group, node, device } }: NodeMessage): number {
    const { starts, ends } = this.#fields;
    let at = 0;
    for (const [column, text] of [
      [GROUP, group],
      [NODE, node],
      [DEVICE, device ?? ''],
    ] as const) {
      starts[column] = at;
      at += encoder.encodeInto(text.trim(), this.#bytes.subarray(at, TOPIC_BYTES_MAX)).written;
      ends[column] = at;
      this.#bytes[at++] = SPACE;
    }
    this.#tail = this.#bytes.subarray(at, at + FIELDS_BYTES_MAX);
    return at;
  }

  #row({ definition, metric, atMs }: TakenMetric, line: number, from: number): void {
    const { name, datatype } = definition;
    const text = metricText(metric, datatype);
    const value = typeof text === 'string' ? text.trim() : '';
    const time = Number.isNaN(atMs) ? '' : String(atMs);
    const row = `${name} ${time} ${value}`;
    const { read, written } = encoder.encodeInto(row, this.#tail);
    const end = from + written;
    const fields = this.#fields;
    const { starts, ends } = fields;
    fields.fault = null;
    if (read < row.length) fields.fault = `the name and value of the metric have more than ${FIELDS_BYTES_MAX} bytes`;
    else if (text !== null && typeof text !== 'string') fields.fault = `the metric ${text.reason}`;
    else if (time === '') fields.fault = 'neither the metric nor its message has a timestamp';
    // Texts of ASCII, as nearly all are, have a byte for each character.
    const valueBytes = written === row.length ? value.length : encodedBytes(value);
    starts[METRIC] = from;
    starts[VALUE] = text === null ? ABSENT : end - valueBytes;
    ends[VALUE] = text === null ? ABSENT : end;
    ends[TIME] = end - valueBytes - 1;
    starts[TIME] = ends[TIME] - time.length;
    ends[METRIC] = starts[TIME] - 1;
    this.#reader.row(this.#bytes, fields, line, 0, end);
  }
}

function encodedBytes(text: string): number {
  return Buffer.byteLength(text);
}
