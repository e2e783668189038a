import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../ascii.ts';
import type { JsonText } from '../ndjson/json-fields.ts';
import { PollError } from './poll-error.ts';

/** Finds its way in bytes of JSON by brackets and quotes alone; what stands between them is for a parser to judge. */
export class JsonBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The index of the first byte from `at` on that is no white space. Throws PollError where the text ends. */
  skipSpace(at: number): number {
    const bytes = this.#bytes;
    let next = at;
    while (next < bytes.length && bytes[next]! <= SPACE) next++;
    if (next >= bytes.length) throw cutOff();
    return next;
  }

  /** The index behind the value that begins at `at`: `at` itself where none does. */
  valueEnd(at: number): number {
    const bytes = this.#bytes;
    if (bytes[at] === QUOTE) return this.#textEnd(at);
    if (bytes[at] === OPEN_BRACKET || bytes[at] === OPEN_BRACE) return this.#bracketEnd(at);
    let next = at;
    while (!this.#isDelimiter(next)) next++;
    return next;
  }

  #bracketEnd(at: number): number {
    const bytes = this.#bytes;
    let depth = 0;
    for (let next = at; next < bytes.length; next++) {
      const byte = bytes[next];
      if (byte === QUOTE) next = this.#textEnd(next) - 1;
      else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++;
      else if ((byte === CLOSE_BRACKET || byte === CLOSE_BRACE) && --depth === 0) return next + 1;
    }
    throw cutOff();
  }

  /** The starts and ends of the elements of the array that begins at `at`. */
  elements(at: number): readonly number[] {
    const found: number[] = [];
    let next = this.skipSpace(at + 1);
    while (this.#bytes[next] !== CLOSE_BRACKET) {
      const end = this.valueEnd(next);
      if (end === next) throw notJson();
      found.push(next, end);
      next = this.#afterComma(end);
    }
    return found;
  }

  /** The fields of the object that begins at `at`: where the names begin and end, and the values. */
  fields(at: number): readonly (readonly [nameAt: number, nameEnd: number, valueAt: number, valueEnd: number])[] {
    const found: (readonly [number, number, number, number])[] = [];
    let next = this.skipSpace(at + 1);
    while (this.#bytes[next] !== CLOSE_BRACE) {
      if (this.#bytes[next] !== QUOTE) throw notJson();
      const nameEnd = this.#textEnd(next);
      const colonAt = this.skipSpace(nameEnd);
      if (this.#bytes[colonAt] !== COLON) throw notJson();
      const valueAt = this.skipSpace(colonAt + 1);
      const end = this.valueEnd(valueAt);
      if (end === valueAt) throw notJson();
      found.push([next, nameEnd, valueAt, end]);
      next = this.#afterComma(end);
    }
    return found;
  }

  /** Where the value of a path begins in the value that begins at `at`; null for none. */
  find(at: number, path: string): number | null {
    const bytes = this.#bytes;
    const dot = path.indexOf('.');
    const first = dot < 0 ? path : path.slice(0, dot);
    const isArray = bytes[at] === OPEN_BRACKET;
    if (!isArray && bytes[at] !== OPEN_BRACE) return null;
    let next = this.skipSpace(at + 1);
    for (let index = 0; bytes[next] !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE); index++) {
      let name = String(index);
      if (!isArray) {
        if (bytes[next] !== QUOTE) throw notJson();
        const nameEnd = this.#textEnd(next);
        const said = parsed(decode(bytes.subarray(next, nameEnd)));
        if (typeof said !== 'string') throw notJson();
        name = said;
        const colonAt = this.skipSpace(nameEnd);
        if (bytes[colonAt] !== COLON) throw notJson();
        next = this.skipSpace(colonAt + 1);
      }
      if (name === path) return next;
      if (name === first && dot >= 0) return this.find(next, path.slice(dot + 1));
      const end = this.valueEnd(next);
      if (end === next) throw notJson();
      next = this.#afterComma(end);
    }
    return null;
  }

  /** Where the next element or field begins, or the bracket that ends them. */
  #afterComma(at: number): number {
    const next = this.skipSpace(at);
    const byte = this.#bytes[next];
    if (byte === COMMA) return this.skipSpace(next + 1);
    if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) return next;
    throw notJson();
  }

  #textEnd(at: number): number {
    const bytes = this.#bytes;
    for (let next = at + 1; next < bytes.length; next++) {
      const byte = bytes[next];
      if (byte === BACKSLASH) next++;
      else if (byte === QUOTE) return next + 1;
    }
    throw cutOff();
  }

  #isDelimiter(at: number): boolean {
    const byte = this.#bytes[at];
    return byte === undefined || byte <= SPACE || byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE;
  }
}

/** As numbers what are numbers: what pages say of themselves is counted with. Undefined for what is not JSON. */
export function parsed(text: string): JsonText | undefined {
  try {
    return JSON.parse(text) as JsonText;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

export function notJson(): PollError {
  return PollError.lasting('its answer is not JSON', 'check the `url`; say `format: csv` where it is CSV');
}

function cutOff(): PollError {
  return PollError.passing('its answer ends in the middle of the JSON');
}

const decoder = new TextDecoder();

export function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
