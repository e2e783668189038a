import { LOWER_T, UPPER_T } from '../ascii.ts';
import { quote } from '../batch-columns.ts';
import type { PayloadFault, PayloadRow } from '../rows/payload-row.ts';
import { LINE_BYTES_MAX, type LineListener, LineScanner, type ValueKind } from './line-scanner.ts';

/** What the scanner needs behind the lines, before it copies there what it unescapes. */
const ROOM_BEHIND = 2;

const NS_PER_MS = 1_000_000n;

const decoder = new TextDecoder();

/**
 * Points of line protocol as rows, where they don't come as a request but in a message: by the names that its rules have,
 * `measurement.field` and the names of tags. Times are nanoseconds, as Telegraf writes them.
 */
export class PointRows implements LineListener {
  readonly #scanner = new LineScanner(this);
  #bytes = new Uint8Array(ROOM_BEHIND + LINE_BYTES_MAX);
  #fields: Record<string, string | boolean> = {};
  #measurement = '';
  #key = '';
  #atMs: number | null = null;

  read(lines: Uint8Array): readonly (PayloadRow | PayloadFault)[] {
    const scratchAt = lines.length + ROOM_BEHIND;
    if (this.#bytes.length < scratchAt + LINE_BYTES_MAX) this.#bytes = new Uint8Array(2 * scratchAt + LINE_BYTES_MAX);
    const bytes = this.#bytes;
    bytes.set(lines);
    const scanner = this.#scanner;
    scanner.begin(bytes, 0, lines.length, scratchAt);
    const rows: (PayloadRow | PayloadFault)[] = [];
    for (let scanned = scanner.next(); scanned !== 'end'; scanned = scanner.next()) {
      if (scanned === 'point') rows.push({ kind: 'row', fields: this.#fields, atMs: this.#atMs });
      else rows.push({ kind: 'fault', reason: scanner.fault, text: quote(bytes, scanner.lineStart, scanner.lineEnd) });
    }
    return rows;
  }

  measurement(bytes: Uint8Array, start: number, end: number): void {
    this.#measurement = textIn(bytes, start, end);
    this.#fields = {};
    this.#atMs = null;
  }

  tagKey(bytes: Uint8Array, start: number, end: number): boolean {
    this.#key = textIn(bytes, start, end);
    return !Object.hasOwn(this.#fields, this.#key);
  }

  tagValue(start: number, end: number): void {
    this.#set(textIn(this.#bytes, start, end));
  }

  fieldKey(bytes: Uint8Array, start: number, end: number): void {
    this.#key = `${this.#measurement}.${textIn(bytes, start, end)}`;
  }

  fieldValue(kind: ValueKind, start: number, end: number): void {
    const first = this.#bytes[start];
    this.#set(kind === 'boolean' ? first === LOWER_T || first === UPPER_T : textIn(this.#bytes, start, end));
  }

  time(start: number, end: number): void {
    const ns = BigInt(textIn(this.#bytes, start, end));
    this.#atMs = Number(ns / NS_PER_MS - (ns % NS_PER_MS < 0n ? 1n : 0n));
  }

  /** A name of a foreign sender is a field like any other, also where an object has another use for it. */
  #set(value: string | boolean): void {
    Object.defineProperty(this.#fields, this.#key, { value, enumerable: true, configurable: true, writable: true });
  }
}

function textIn(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
