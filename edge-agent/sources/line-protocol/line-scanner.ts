import {
  BACKSLASH,
  COMMA,
  CR,
  EQUALS,
  HASH,
  isDigit,
  LF,
  LOWER_I,
  LOWER_U,
  MINUS,
  QUOTE,
  SPACE,
  TAB,
} from '../ascii.ts';
import { beginsNumber, NO_VALUE, scanBoolean, scanNumber } from './scan-value.ts';

/** Bytes of a line, and so of what is unescaped of it: InfluxDB has no longer series keys and strings. */
export const LINE_BYTES_MAX = 65_536;

/** Digits of a timestamp: a 64-bit integer has no more. */
const TIME_DIGITS_MAX = 19;

/** By byte: whether it ends a name where no backslash stands before it. */
function stopsOf(...bytes: readonly number[]): Uint8Array {
  const stops = new Uint8Array(256);
  for (const byte of bytes) stops[byte] = 1;
  return stops;
}

const MEASUREMENT_STOPS = stopsOf(COMMA, SPACE, LF);
const KEY_STOPS = stopsOf(COMMA, EQUALS, SPACE, LF);

/** What a value is. A number's text is a decimal, without what tells integers. */
export type ValueKind = 'number' | 'string' | 'boolean';

/**
 * Who is told of a line while it is scanned, in its order: `bytes[start, end)` is the text, unescaped. Of a line that turns
 * out to be none some is told all the same.
 */
export interface LineListener {
  measurement(bytes: Uint8Array, start: number, end: number): void;
  /** A tag, its key first; gives false where it can't be, since it came before. */
  tagKey(bytes: Uint8Array, start: number, end: number): boolean;
  tagValue(start: number, end: number): void;
  fieldKey(bytes: Uint8Array, start: number, end: number): void;
  fieldValue(kind: ValueKind, start: number, end: number): void;
  /** Whole units of the request's precision since 1970, with an optional sign. */
  time(start: number, end: number): void;
}

/**
 * Takes the line protocol apart as InfluxDB does (InfluxData's reference, "Line protocol", and where that is silent, what
 * its parser takes): names whose commas, equals signs and spaces are escaped, numbers, booleans, quoted strings, which
 * may hold line ends, comments, an optional timestamp. By bytes: only texts with an escape are copied, beside the lines.
 */
export class LineScanner {
  readonly #listener: LineListener;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #to = 0;
  #scratchFirst = 0;
  /** Where the next text of this line that has escapes in it is copied to. */
  #scratchAt = 0;
  #nextLine = 1;
  /** The text that was scanned last. */
  #start = 0;
  #end = 0;
  /** The number of the last line, from 1, and where it lies, without its line end. */
  line = 0;
  lineStart = 0;
  lineEnd = 0;
  /** Why the last line is none. */
  fault = '';

  constructor(listener: LineListener) {
    this.#listener = listener;
  }

  /**
   * Begins with the lines in `bytes[from, to)`. Behind them there is room for two line ends, which end every search, and from
   * `scratchAt` on for LINE_BYTES_MAX bytes.
   */
  begin(bytes: Uint8Array, from: number, to: number, scratchAt: number): void {
    this.#bytes = bytes;
    this.#to = to;
    this.#scratchFirst = scratchAt;
    this.#at = from;
    bytes[to] = LF;
    bytes[to + 1] = LF;
    this.#nextLine = 1;
  }

  /** Scans the next line that is not empty and no comment: 'point' for a good one, 'fault' for a bad one. */
  next(): 'point' | 'fault' | 'end' {
    for (;;) {
      this.#skipBlanks();
      if (this.#at >= this.#to) return 'end';
      this.line = this.#nextLine;
      this.lineStart = this.#at;
      if (!this.#isLineEnd() && this.#bytes[this.#at] !== HASH) break;
      this.#skipLine();
    }
    this.#scratchAt = this.#scratchFirst;
    const isPoint = this.#point();
    this.#skipLine();
    return isPoint ? 'point' : 'fault';
  }

  #point(): boolean {
    const listener = this.#listener;
    let stop = this.#name(MEASUREMENT_STOPS);
    if (this.#start === this.#end) return this.#refuse('missing measurement');
    listener.measurement(this.#bytes, this.#start, this.#end);
    while (stop === COMMA) {
      this.#at++;
      stop = this.#name(KEY_STOPS);
      if (this.#start === this.#end) return this.#refuse('missing tag key');
      if (stop !== EQUALS) return this.#refuse('missing tag value');
      if (!listener.tagKey(this.#bytes, this.#start, this.#end)) return this.#refuse('duplicate tags');
      this.#at++;
      stop = this.#name(KEY_STOPS);
      if (stop === EQUALS) return this.#refuse('invalid tag format');
      if (this.#start === this.#end) return this.#refuse('missing tag value');
      listener.tagValue(this.#start, this.#end);
    }
    this.#skipBlanks();
    if (stop !== SPACE || this.#isLineEnd()) return this.#refuse('missing fields');
    return this.#fields() && this.#time() && this.#isShort();
  }

  #fields(): boolean {
    const bytes = this.#bytes;
    for (;;) {
      const stop = this.#name(KEY_STOPS);
      if (this.#start === this.#end) return this.#refuse('missing field key');
      if (stop !== EQUALS) return this.#refuse('invalid field format');
      this.#listener.fieldKey(bytes, this.#start, this.#end);
      this.#at++;
      if (!this.#value()) return false;
      if (this.#isLineEnd() || bytes[this.#at] === SPACE) return true;
      if (bytes[this.#at] !== COMMA) return this.#refuse('invalid field format');
      this.#at++;
    }
  }

  #value(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const first = bytes[start]!;
    if (first === QUOTE) return this.#string();
    if (beginsNumber(first)) {
      const end = scanNumber(bytes, start);
      if (end === NO_VALUE) return this.#refuse('invalid number');
      this.#at = end;
      const last = bytes[end - 1]!;
      const textEnd = last === LOWER_I || last === LOWER_U ? end - 1 : end;
      this.#listener.fieldValue('number', start, textEnd);
      return true;
    }
    if (first === COMMA || first === SPACE || this.#isLineEnd()) return this.#refuse('missing field value');
    const end = scanBoolean(bytes, start, this.#to);
    if (end === NO_VALUE) return this.#refuse('invalid boolean');
    this.#at = end;
    this.#listener.fieldValue('boolean', start, end);
    return true;
  }

  /** A quoted string: only a quote and a backslash are escaped in it. One that nobody closes ends with its first line. */
  #string(): boolean {
    const bytes = this.#bytes;
    const openAt = this.#at;
    let isEscaped = false;
    let lines = 0;
    for (let at = openAt + 1; at < this.#to; at++) {
      const byte = bytes[at]!;
      if (byte === BACKSLASH) {
        isEscaped = true;
        at++;
        if (bytes[at] === LF) lines++;
      } else if (byte === LF) lines++;
      else if (byte === QUOTE) {
        this.#nextLine += lines;
        this.#at = at + 1;
        this.#start = openAt + 1;
        this.#end = at;
        if (isEscaped) this.#unescape(STRING_ESCAPED);
        this.#listener.fieldValue('string', this.#start, this.#end);
        return true;
      }
    }
    return this.#refuse('unbalanced quotes');
  }

  /** The timestamp, where there is one, and the end of the line. */
  #time(): boolean {
    const bytes = this.#bytes;
    this.#skipBlanks();
    if (this.#isLineEnd()) return true;
    const start = this.#at;
    const digitsAt = bytes[start] === MINUS ? start + 1 : start;
    let at = digitsAt;
    while (isDigit(bytes[at]!)) at++;
    if (at === digitsAt || at - digitsAt > TIME_DIGITS_MAX) return this.#refuse('bad timestamp');
    this.#at = at;
    this.#skipBlanks();
    if (!this.#isLineEnd()) return this.#refuse('bad timestamp');
    this.#listener.time(start, at);
    return true;
  }

  #isShort(): boolean {
    return (
      this.#at - this.lineStart <= LINE_BYTES_MAX || this.#refuse(`the line is longer than ${LINE_BYTES_MAX} bytes`)
    );
  }

  /** Scans a name to `#start` and `#end`, unescaped, up to the byte that ends it, which is given: LF at the end. */
  #name(stops: Uint8Array): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let isEscaped = false;
    for (;;) {
      while (stops[bytes[at]!] === 0) at++;
      if (at === start || bytes[at - 1] !== BACKSLASH || bytes[at] === LF) break;
      isEscaped = true;
      at++;
    }
    this.#at = at;
    this.#start = start;
    this.#end = at;
    if (isEscaped) this.#unescape(stops);
    return bytes[at]!;
  }

  /** Copies the last text without the backslashes before what is escaped in it. */
  #unescape(escaped: Uint8Array): void {
    const bytes = this.#bytes;
    const start = this.#scratchAt;
    // A longer line is refused whatever its texts are.
    const end = Math.min(this.#end, this.#start + LINE_BYTES_MAX - (start - this.#scratchFirst));
    let at = start;
    for (let from = this.#start; from < end; from++) {
      if (bytes[from] === BACKSLASH && from + 1 < end && escaped[bytes[from + 1]!] === 1) from++;
      bytes[at++] = bytes[from]!;
    }
    this.#scratchAt = this.#end = at;
    this.#start = start;
  }

  #skipBlanks(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (bytes[at] === SPACE || bytes[at] === TAB) at++;
    this.#at = at;
  }

  #isLineEnd(): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    return bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF);
  }

  /** Goes behind the end of the line, which is told. */
  #skipLine(): void {
    const bytes = this.#bytes;
    const end = bytes[this.#at] === LF ? this.#at : Math.min(bytes.indexOf(LF, this.#at), this.#to);
    this.lineEnd = end > this.lineStart && bytes[end - 1] === CR ? end - 1 : end;
    this.#at = end + 1;
    this.#nextLine++;
  }

  #refuse(fault: string): false {
    this.fault = fault;
    return false;
  }
}

const STRING_ESCAPED = stopsOf(QUOTE, BACKSLASH);
