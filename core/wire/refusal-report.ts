import { strict as assert } from 'node:assert';
import { FRAME_BYTES_MAX } from '../frames/limits.ts';
import type { RefusalReport, RefusedItem } from '../records/record.ts';
import { INCARNATION_MAX } from './heartbeat.ts';
import {
  isIntegerWithin,
  isObject,
  isTextUpTo,
  type MessageFault,
  messageFault,
  parseObject,
} from './message-fault.ts';

/** A report is a message like a frame and takes no more room in spool, broker and log. */
export const REPORT_BYTES_MAX = FRAME_BYTES_MAX;

/** Refused rows of one report; an agent with more sends several. */
export const REPORT_ITEMS_MAX = 4096;

/** Characters of a source's name, of a reason, and of what is quoted of a refused row: to be read by people. */
export const REPORT_TEXT_MAX = 1024;

const utf8 = new TextEncoder();

/** A character of text takes six bytes at most in JSON, as a control character: `\u0000`. */
const TEXT_BYTES_MAX = 6 * REPORT_TEXT_MAX;

/** Bytes of a report without its items: the source's name, two numbers and the names of the fields. */
const REPORT_HEAD_BYTES_MAX = TEXT_BYTES_MAX + 128;

assert(REPORT_HEAD_BYTES_MAX + 2 * TEXT_BYTES_MAX + 128 <= REPORT_BYTES_MAX, 'the longest item fits a report');

/** The body of a `refused` message: JSON of at most REPORT_BYTES_MAX bytes. */
export function encodeRefusalReport(report: RefusalReport): Uint8Array {
  const { incarnation, sequence, source } = report;
  const items = report.items.map(({ line, readings, reason, text }) => ({ line, readings, reason, text }));
  return utf8.encode(JSON.stringify({ incarnation, sequence, source, items }));
}

/**
 * Divides a report into as many as its items need, each within every limit of {@link parseRefusalReport}: no broker
 * refuses what this gives. Texts are made well-formed, and cut where they are too long; `sequence` is that of the first.
 */
export function splitRefusalReport(report: RefusalReport): readonly RefusalReport[] {
  const source = shortText(report.source);
  const reports: RefusalReport[] = [];
  let items: RefusalReport['items'][number][] = [];
  let bytes = REPORT_HEAD_BYTES_MAX;
  const close = (): void => {
    const sequence = report.sequence + reports.length;
    if (items.length > 0) reports.push({ incarnation: report.incarnation, sequence, source, items });
    items = [];
    bytes = REPORT_HEAD_BYTES_MAX;
  };
  for (const { line, readings, reason, text } of report.items) {
    const item = { line, readings, reason: shortText(reason), text: shortText(text) };
    const itemBytes = utf8.encode(JSON.stringify(item)).length + 1;
    if (items.length === REPORT_ITEMS_MAX || bytes + itemBytes > REPORT_BYTES_MAX) close();
    items.push(item);
    bytes += itemBytes;
  }
  close();
  return reports;
}

function shortText(text: string): string {
  return text.slice(0, REPORT_TEXT_MAX).toWellFormed();
}

/** Reads what {@link encodeRefusalReport} wrote; fields it doesn't know are passed over. */
export function parseRefusalReport(bytes: Uint8Array): RefusalReport | MessageFault {
  if (bytes.length > REPORT_BYTES_MAX) {
    return messageFault(`refusal report has ${bytes.length} bytes, the limit is ${REPORT_BYTES_MAX}`);
  }
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('refusal report is no JSON object in UTF-8');
  const { incarnation, sequence, source, items } = value;
  if (!isIntegerWithin(incarnation, 0, INCARNATION_MAX))
    return messageFault('refusal report: incarnation must be a u32');
  if (!isIntegerWithin(sequence, 0, Number.MAX_SAFE_INTEGER)) {
    return messageFault('refusal report: sequence must be an integer from 0 on');
  }
  if (!isTextUpTo(source, REPORT_TEXT_MAX)) {
    return messageFault(`refusal report: source must be text of at most ${REPORT_TEXT_MAX} characters`);
  }
  if (!Array.isArray(items) || items.length > REPORT_ITEMS_MAX) {
    return messageFault(`refusal report: items must be a list of at most ${REPORT_ITEMS_MAX}`);
  }
  const parsed: RefusedItem[] = [];
  for (const item of items as readonly unknown[]) {
    const row = parseItem(item);
    if (row === undefined)
      return messageFault(`refusal report: item ${parsed.length} is no line, readings, reason, text`);
    parsed.push(row);
  }
  return { incarnation, sequence, source, items: parsed };
}

function parseItem(item: unknown): RefusedItem | undefined {
  if (!isObject(item)) return undefined;
  const { line, readings, reason, text } = item;
  if (!isIntegerWithin(line, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  if (!isIntegerWithin(readings, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  if (!isTextUpTo(reason, REPORT_TEXT_MAX) || !isTextUpTo(text, REPORT_TEXT_MAX)) return undefined;
  return { line, readings, reason, text };
}
