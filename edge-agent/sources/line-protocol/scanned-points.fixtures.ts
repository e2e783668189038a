import { type LineListener, LINE_BYTES_MAX, LineScanner, type ValueKind } from './line-scanner.ts';
import type { OraclePoint, OracleValue } from './lines.oracle.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Writes down what it is told, as the oracle would. */
class Scribe implements LineListener {
  readonly #bytes: Uint8Array;
  #measurement = '';
  #tags: [string, string][] = [];
  #fields: [string, OracleValue][] = [];
  #time: string | undefined;
  #key = '';

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get point(): OraclePoint {
    return { measurement: this.#measurement, tags: this.#tags, fields: this.#fields, time: this.#time };
  }

  measurement(_bytes: Uint8Array, start: number, end: number): void {
    this.#measurement = this.#text(start, end);
    this.#tags = [];
    this.#fields = [];
    this.#time = undefined;
  }

  tagKey(_bytes: Uint8Array, start: number, end: number): boolean {
    this.#key = this.#text(start, end);
    return true;
  }

  tagValue(start: number, end: number): void {
    this.#tags.push([this.#key, this.#text(start, end)]);
  }

  fieldKey(_bytes: Uint8Array, start: number, end: number): void {
    this.#key = this.#text(start, end);
  }

  fieldValue(kind: ValueKind, start: number, end: number): void {
    const text = this.#text(start, end);
    this.#fields.push([this.#key, kind === 'boolean' ? { kind, isTrue: /^t/i.test(text) } : { kind, text }]);
  }

  time(start: number, end: number): void {
    this.#time = this.#text(start, end);
  }

  #text(start: number, end: number): string {
    return decoder.decode(this.#bytes.subarray(start, end));
  }
}

export interface ScannedPoint {
  readonly line: number;
  readonly text: string;
  readonly point: OraclePoint | null;
  readonly fault: string | null;
}

/** All lines of a text that are neither empty nor comments, as the scanner takes them apart. */
export function scanAll(text: string): readonly ScannedPoint[] {
  const lines = new TextEncoder().encode(text);
  const bytes = new Uint8Array(LINE_BYTES_MAX + lines.length + 2);
  bytes.set(lines, LINE_BYTES_MAX);
  const scribe = new Scribe(bytes);
  const scanner = new LineScanner(scribe);
  scanner.begin(bytes, LINE_BYTES_MAX, bytes.length - 2, 0);
  const scanned: ScannedPoint[] = [];
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const { line, fault, lineStart, lineEnd } = scanner;
    const written = decoder.decode(bytes.subarray(lineStart, lineEnd));
    const isPoint = kind === 'point';
    scanned.push({ line, text: written, point: isPoint ? scribe.point : null, fault: isPoint ? null : fault });
  }
  return scanned;
}
